"""From the forms that fit to findings: one for all tensors alike, or one for those that go another way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.optimizers.fit import Fit, Known, Run, scheduled, search
from handgrad.check.diagnosis.optimizers.intent import means_average
from handgrad.check.diagnosis.optimizers.rules import Variant
from handgrad.check.diagnosis.optimizers.seen import Seen, chunked, together
from handgrad.check.diagnosis.optimizers.variants import USED, decayed, variants
from handgrad.check.subject import UpdateSubject

_RATE_WORDS = {"η": "learning_rate_twice", "1/η": "learning_rate_missing"}
_POWERS = r"\*\*\s*\(?[a-zA-Z]|power\([^()]*,\s*[a-zA-Z]|pow\("
_SCHEDULES = r"decay|iteration|schedul|anneal|epoch"
_LOOKS_AHEAD = r"look_?ahead|ahead|interim|projected|future"


@dataclass(frozen=True)
class Judged:
    """An item and whether it is a mistake, a convention or undecided."""

    item: Item
    verdict: str = "mistake"


def mistake(key: str, tensors: Sequence[str] = (), detail: str = "") -> Judged:
    """An item that needs no more than its key."""
    return Judged(Item(key, tuple(tensors), None, detail))


def judge_tensors(
    subject: UpdateSubject, kind: str, seen: Sequence[Seen], moved: Sequence[str], known: Known
) -> tuple[list[Judged], Fit | None]:
    """All tensors by one form if one fits, else each by its own."""
    runs = [together(s, moved) for s in seen]
    if (
        known.rate_known
        and re.search(_SCHEDULES, subject.source, re.IGNORECASE)
        and scheduled(runs, _right(kind), known.constants, falls=True) is not None
    ):
        return [Judged(Item("rate_schedule", tuple(moved)), "convention")], None
    fit = search(kind, runs, known, _of_several(kind, seen[0], moved))
    if fit is not None:
        found = _judge(subject, kind, fit, known, moved)
        return ([found] if found else []), fit
    if len(moved) > 1:
        apart = _apart(subject, kind, seen, moved, known)
        if apart is not None:
            return apart
    if fit is None and known.rate_known and scheduled(runs, _right(kind), known.constants) is not None:
        return [Judged(Item("rate_schedule", tuple(moved)), "convention")], None
    return [Judged(Item("", tuple(moved)), "undecided")], None


def _right(kind: str) -> list[Variant]:
    return [v for v in variants(kind) if not v.key or v.convention]


def _of_several(kind: str, seen: Seen, names: Sequence[str]) -> list[Variant]:
    """Mistakes that only several tensors can show: one memory for all, one t for each."""
    sizes = [seen.before[name].size for name in names]
    if len(sizes) == 1:
        return []
    rule, made = variants(kind)[0].rule, list[Variant]()
    if len({seen.before[name].shape for name in names}) == 1:
        made += [
            Variant("memory_for_all", chunked(rule, sizes, shared=True, counted=counted)) for counted in (False, True)
        ]
    words = f"{len(sizes)} a step"
    for form in _right(kind) if kind.startswith(("adam", "nadam")) else []:
        for turns in _turns(names):
            counted = chunked(form.rule, sizes, shared=False, counted=True, turns=turns)
            made.append(Variant("adam_steps_per_tensor", counted, False, words))
    return made


def _turns(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Orders in which a loop may come to the tensors: as they are, backwards, the last layer first, weights first."""
    orders = [
        list(names),
        list(reversed(names)),
        sorted(names, key=lambda n: n[1:], reverse=True),
        sorted(names, key=lambda n: n[:1]),
    ]
    return list(dict.fromkeys(tuple(order.index(name) for name in names) for order in orders))


def _judge(subject: UpdateSubject, kind: str, fit: Fit, known: Known, tensors: Sequence[str]) -> Judged | None:
    """What a form that fits means; None where all is well."""
    variant, factor, named = fit.variant, fit.factor, tuple(tensors)
    if variant.key == "momentum_average" and means_average(subject):
        return Judged(Item("momentum_is_average", named), "convention")
    if variant.key == "nesterov_is_momentum" and re.search(_LOOKS_AHEAD, subject.source, re.IGNORECASE):
        return Judged(Item("nesterov_first_form", named), "convention")
    if variant.detail == "t stays 1" and not re.search(_POWERS, subject.source):
        return mistake("adam_power_missing", named)
    if variant.key:
        return Judged(Item(variant.key, named, None, variant.detail), "convention" if variant.convention else "mistake")
    if factor.value < 0 and (factor.name == "−1" or not known.rate_known):
        return mistake("optimizer_climbs", named)
    slip = _slip_of_constants(kind, fit, known)
    if slip:
        return Judged(Item(slip, named))
    if factor.name != "1" and known.rate_known:
        return _of_factor(subject, kind, fit, named)
    if known.given.get("weight_decay") and "weight_decay" not in fit.variant.extra and decayed(kind):
        return mistake("decay_missing", named)
    if fit.guessed:
        other = ", ".join(f"{n} {v:g}" for n, v in fit.constants.items() if v != known.constants[n])
        return Judged(Item("optimizer_other_constants", named, None, other), "convention") if other else None
    return None


def _slip_of_constants(kind: str, fit: Fit, known: Known) -> str:
    """Constants in each other's place: the rule has the right form, with numbers that belong elsewhere."""
    c = fit.constants
    if "beta2" in USED[kind] and c["beta1"] >= 0.99 and c["beta2"] <= 0.95:
        return "adam_betas_exchanged"
    old, new = c["momentum"], 1 - c["momentum"]
    swapped = old < 0.35 and any(abs(v - new) < 1e-9 for v in known.literals) and "momentum" not in known.given
    return "momentum_exchanged" if kind == "momentum" and swapped else ""


def _of_factor(subject: UpdateSubject, kind: str, fit: Fit, named: tuple[str, ...]) -> Judged:
    factor = fit.factor
    if kind in ("momentum", "nesterov", "sgd") and abs(factor.value - (1 - fit.constants["momentum"])) < 1e-6:
        if means_average(subject):
            return Judged(Item("momentum_is_average", named), "convention")
        return Judged(Item("momentum_average", named))
    key = _RATE_WORDS.get(factor.name, "optimizer_climbs" if factor.value < 0 else "optimizer_rate_factor")
    verdict = "mistake"
    if key == "optimizer_rate_factor" and _divides(subject, factor.value):
        verdict = "convention"
    return Judged(Item(key, named, None, "", factor.name, factor.value), verdict)


def _divides(subject: UpdateSubject, value: float) -> bool:
    """A step divided by a number that stands in the program is a mean over samples."""
    return any(v > 1 and abs(value * v - 1) < 1e-6 for v in subject.literals)


def _apart(
    subject: UpdateSubject, kind: str, seen: Sequence[Seen], moved: Sequence[str], known: Known
) -> tuple[list[Judged], Fit | None] | None:
    """Each tensor by itself; None where that explains none of them."""
    fits = {name: search(kind, [together(s, [name]) for s in seen], known, usual=False) for name in moved}
    if all(fit is None for fit in fits.values()):
        return None
    found: dict[str, Judged] = {}
    some_decay = any(fit is not None and not fit.variant.key and fit.variant.extra for fit in fits.values())
    for name, fit in fits.items():
        judged = _foreign(kind, seen, name, known) if fit is None else _odd(subject, kind, fit, known, name)
        if judged is None or (judged.item.key == "decay_missing" and some_decay):
            continue  # decay of the weights and not of the biases is usual
        key = judged.item.key
        same = found.get(key)
        tensors = (*(same.item.tensors if same else ()), name)
        found[key] = Judged(Item(key, tensors, None, judged.item.detail, judged.item.factor), judged.verdict)
    return list(found.values()), next((fit for fit in fits.values() if fit is not None and not fit.variant.key), None)


def _odd(subject: UpdateSubject, kind: str, fit: Fit, known: Known, name: str) -> Judged | None:
    judged = _judge(subject, kind, fit, known, [name])
    if judged is None:
        return None
    if judged.item.key == "optimizer_climbs":
        return mistake("update_sign", [name])
    if judged.item.key == "updated_twice" and 2.0 in subject.literals:
        judged = Judged(Item("optimizer_rate_factor", (name,), None, "", "2"))
    if judged.item.key == "optimizer_rate_factor":
        return Judged(Item("update_rate_one_tensor", (name,), None, "", judged.item.factor))
    return judged


def _foreign(kind: str, seen: Sequence[Seen], name: str, known: Known) -> Judged:
    """A tensor that no form explains: by another one's gradient, perhaps."""
    shape = seen[0].before[name].shape
    for other in seen[0].before:
        if other == name or seen[0].before[other].shape != shape:
            continue
        runs: list[Run] = []
        for s in seen:
            theta, _, after = together(s, [name])
            runs.append((theta, [np.asarray(g[other], float).ravel() for g in s.gradients], after))
        fit = search(kind, runs, known)
        if fit is not None and not fit.variant.key:
            return mistake("update_wrong_gradient", [name], f"that of {other}")
    return Judged(Item("", (name,)), "undecided")


__all__ = ["Judged", "judge_tensors", "mistake"]
