"""What is said of a training round: a diagnosis with a line for each tensor that it moves."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from handgrad.check.diagnosis.texts import name_of, text_of
from handgrad.check.reading.program import Program
from handgrad.check.reading.rounds.find import judged_round
from handgrad.check.reading.rounds.judge import Compared, Verdict, adaptive, compare, likely_losses, plausible
from handgrad.check.reading.rounds.launch import Launch
from handgrad.check.reading.rounds.measure import Measured, claims_of
from handgrad.check.reading.rounds.repair import Repair, Tried, Try, repaired
from handgrad.check.reading.rounds.switch import Choices
from handgrad.check.subject import Diagnosis, Finding, TensorVerdict
from handgrad.kernels.types import Array

Piece = tuple[str, str, list[str], Diagnosis]


def round_part(program: Program) -> Piece | None:
    """Name, kind, what was done, and the diagnosis; None where nothing in the program trains."""
    found = judged_round(program)
    if found is None or not found[1].compared:
        return None
    launch, verdict = found
    repair = None
    if verdict.kind != "right" and not verdict.key:
        found_repair = _repair(launch, verdict)
        if found_repair is not None:
            repair, verdict = found_repair
    return "training loop", "net", _said(verdict), _diagnosis(launch, verdict, repair)


_DOUBTFUL = {
    "",
    "random_gradient",
    "unexplained",
    "sign",
    "learning_rate_inside",
    "learning_rate_divided",
}


_QUESTION = "Which line makes the gradient of {name}, and is everything that depends on {name} in it?"
_WORDS = (
    "What the other tensors do follows from the loss, so the start of the backward pass is right; look at what is "
    "particular about this one: which array it is multiplied with, which slope, which sum."
)


def doubtful(diagnosis: Diagnosis) -> bool:
    """Whether a net's diagnosis rests on numbers that no explanation fits, or that a wrong reading gives as well."""
    accused = bool(diagnosis.findings) and all(f.explanation in _DOUBTFUL for f in diagnosis.findings)
    return accused or diagnosis.verdict == "undecided"


def outweighs(diagnosis: Diagnosis, net: Diagnosis) -> bool:
    """Whether the program's own run says more than the reading of its net: that it is right, or what is wrong."""
    named = any(f.explanation for f in diagnosis.findings)
    unnamed = not any(f.explanation for f in net.findings)
    return diagnosis.verdict == "right" or (diagnosis.verdict == "mistake" and named and unnamed)


def _repair(launch: Launch, verdict: Verdict) -> tuple[Repair, Verdict] | None:
    """The edit that makes every tensor follow a loss: the one judged by, or where none was, one that is named so."""
    measured = verdict.measured
    names = [verdict.loss] if verdict.loss and verdict.hits else likely_losses(measured)
    if not verdict.hits and (not names or adaptive(launch.nodes)):
        return None
    for name in names[:2]:
        make = partial(_try, launch, measured, name, verdict.scale if verdict.hits else None)
        before = make(launch.nodes)({})
        found = before and repaired(launch.nodes, make, before.right, len(measured.tensors), measured.real.shapes)
        if found:
            compared = compare(measured, name)
            return found, replace(verdict, kind="wrong", key=found.key, loss=name, compared=compared)
    return None


def _try(launch: Launch, measured: Measured, name: str, scale: float | None, nodes: Sequence[ast.stmt]) -> Try:
    return partial(_attempt, launch.with_nodes(nodes), measured, name, scale)


def _attempt(launch: Launch, measured: Measured, name: str, scale: float | None, choices: Choices) -> Tried | None:
    """Which tensors an edited program has right and which it changes, for one loss."""
    claims = claims_of(launch, measured, name, choices)
    if claims is None:
        return None
    noise = 1e-9 * max(1.0, abs(measured.losses[name]))
    factor = scale or (1.0 if name.startswith("own ") else _fitted(claims, measured, name))
    right = {
        place for place, (c, s) in enumerate(zip(claims, measured.slopes[name], strict=True))
        if _close(c[np.isfinite(s)], factor * s[np.isfinite(s)], noise)
    }  # fmt: skip
    moved = {
        i for i, (c, t) in enumerate(zip(claims, measured.tensors, strict=True)) if not np.array_equal(c, t.claims)
    }
    return Tried(frozenset(right), frozenset(moved))


def _close(a: Array, b: Array, noise: float) -> bool:
    return bool(np.linalg.norm(a - b) <= 2e-4 * np.linalg.norm(b) + noise * a.size)


def _fitted(claims: list[Array], measured: Measured, name: str) -> float:
    """The factor between an assumed loss and the claims, where it is one that a mean or a half explains; else 1."""
    c, s = np.concatenate(claims), np.concatenate(measured.slopes[name])
    usable = np.isfinite(s) & np.isfinite(c)
    factor = float(c[usable] @ s[usable]) / (float(s[usable] @ s[usable]) or 1.0)
    return factor if factor > 0 and plausible(factor, measured) else 1.0


def _said(verdict: Verdict) -> list[str]:
    line, number = verdict.measured.loop[0], verdict.measured.entry + 1
    names = ", ".join(dict.fromkeys(t.name for t in verdict.measured.tensors))
    return [f"the program was run up to round {number} of the loop in line {line}, which updates {names}",
            f"its steps were compared with difference quotients of {_loss_words(verdict)}"]  # fmt: skip


def _loss_words(verdict: Verdict) -> str:
    kind, _, rest = verdict.loss.partition(" ")
    if kind == "own":
        return f"its own loss ({rest.split(':')[-1]})"
    words = {"squared": "½ Σ (p − t)²", "binary": "the two-class cross-entropy", "classes": "the cross-entropy"}
    return (
        f"{words.get(kind, 'a loss')} of the error in line {rest.split(':')[0]} (assumed)"
        if rest
        else "every loss that might be meant"
    )


def _diagnosis(launch: Launch, verdict: Verdict, repair: Repair | None) -> Diagnosis:
    lines = [_line(c, c not in verdict.wrong or verdict.kind == "right") for c in verdict.compared]
    if verdict.kind == "right":
        return Diagnosis(tuple(lines), ())
    if verdict.kind == "undecided":
        return Diagnosis(tuple(lines), (_unknown(verdict),))
    wrong = [c for c in (verdict.wrong or verdict.compared) if not c.silent] or verdict.compared
    if verdict.key and not verdict.wrong:
        lines = [_line(c, False) for c in verdict.compared]
    return Diagnosis(tuple(lines), (_finding(launch, verdict, wrong, repair),))


def _line(c: Compared, right: bool) -> TensorVerdict:
    size = float(np.linalg.norm(c.claims) + np.linalg.norm(c.slopes))
    relative = float(np.linalg.norm(c.claims - c.slopes)) / size if size and not right else 0.0
    return TensorVerdict(c.tensor.name, (len(c.tensor.entries),), relative, right, "zero here" if c.silent else "")


def _unknown(verdict: Verdict) -> Finding:
    names = ", ".join(dict.fromkeys(c.tensor.name for c in verdict.compared))
    return Finding(
        "", "undecided",
        symptom=f"The steps of {names} go down no loss that your program computes, and none that its errors imply.",
        question="Which loss are these updates meant to lower, and does the program compute it?",
    )  # fmt: skip


def _finding(launch: Launch, verdict: Verdict, wrong: list[Compared], repair: Repair | None) -> Finding:
    """The words of the explanation, with the numbers at the worst entry and, where an edit proved it, the edit."""
    c = wrong[0]
    name, key = c.tensor.name, verdict.key
    place = int(np.abs(c.claims - verdict.scale * c.slopes).argmax())
    expected, received = verdict.scale * float(c.slopes[place]), float(c.claims[place])
    values = {"tensor": name, "tensors": ", ".join(dict.fromkeys(w.tensor.name for w in wrong)), "layer": "this layer",
              "layer_above": "the layer above", "h": "its input", "f": "the activation", "detail": "another one",
              "l": "", "above": "", "below": "", "factor": "a factor", "value": "", "loss": "the loss"}  # fmt: skip
    symptom = (
        f"We ran your program as far as round {verdict.measured.entry + 1} of its loop, moved {name} by a little, and "
        f"looked at {_loss_words(verdict)}: its slope is {expected:.4g}; your update goes by {received:.4g}."
    )
    if repair is not None:
        symptom += f" With one change in line {repair.line} every number agrees."
    change = (
        f"Line {repair.line}: `{repair.new}` instead of `{repair.old}`." if repair else text_of(key, "change", values)
    )
    relative = abs(expected - received) / (abs(expected) + abs(received) or 1.0)
    return Finding(
        key, "mistake", name, None, (), expected, received, relative, repair.line if repair else c.tensor.line,
        symptom=f"{symptom} That is: {name_of(key)}." if key else symptom,
        question=text_of(key, "question", values) or _QUESTION.format(name=name),
        words=text_of(key, "words", values) or _WORDS,
        change=change,
    )  # fmt: skip
