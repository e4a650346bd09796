"""The diagnosis of an update rule: step by step against its forms, right and wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from handgrad.check.diagnosis.optimizers.fit import Fit, known_from, steps_of
from handgrad.check.diagnosis.optimizers.intent import intended
from handgrad.check.diagnosis.optimizers.judge import Judged, judge_tensors, mistake
from handgrad.check.diagnosis.optimizers.rules import simulate
from handgrad.check.diagnosis.optimizers.seen import Seen, together
from handgrad.check.diagnosis.optimizers.variants import variants
from handgrad.check.diagnosis.texts import finding, introduced, name_of
from handgrad.check.subject import Diagnosis, Finding, OptimizerSubject, TensorVerdict, UpdateSubject
from handgrad.kernels.types import Array

_STEPS, _SIZE = 7, 6
_CLIPS, _SMALL = r"clip|norm", 0.01  # where a rule clips, gradients too small for that


@dataclass
class _Flat:
    """An `OptimizerSubject` as an `UpdateSubject` of one tensor."""

    subject: OptimizerSubject
    kind: str
    options: Mapping[str, float]
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: {"θ": (_SIZE,)})
    source: str = ""
    literals: tuple[float, ...] = ()

    def run(self, tensors: Mapping[str, Array], gradients: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
        """See `UpdateSubject.run`."""
        after = self.subject.run(tensors["θ"].copy(), [g["θ"].copy() for g in gradients])
        return [{"θ": np.asarray(a).reshape(-1)} for a in after]


def diagnose_optimizer(subject: OptimizerSubject, seed: int = 20242) -> Diagnosis:
    """Which form an update rule has, and which mistake is in it.

    Options that are not given are taken at their usual values, then tried at other usual ones; the rate is fitted
    where it is not given.

    Args:
        subject: the rule, run from fresh state.
        seed: of parameters and gradients.

    Raises:
        ValueError: an unknown kind.

    >>> class Uphill:
    ...     kind, options = "sgd", {"learning_rate": 0.1}
    ...
    ...     def run(self, theta, gradients):
    ...         return [theta + 0.1 * sum(gradients[: t + 1]) for t in range(len(gradients))]
    >>> diagnose_optimizer(Uphill()).findings[0].explanation
    'optimizer_climbs'
    """
    return diagnose_update(_Flat(subject, subject.kind, subject.options), seed)


def diagnose_update(subject: UpdateSubject, seed: int = 20242) -> Diagnosis:
    """The same for an update of several tensors at once: also whether each of them moves, and by its own gradient.

    Args:
        subject: the update, run from fresh state. With the kind "" what it is meant to be is taken from its words and
            its steps.
        seed: of parameters and gradients.

    Raises:
        ValueError: an unknown kind.
    """
    clips = re.search(_CLIPS, subject.source) is not None
    diagnosis = _diagnose(subject, seed, _SMALL if clips else 1.0)
    return _diagnose(subject, seed, 1.0) if clips and diagnosis.verdict == "undecided" else diagnosis


def _diagnose(subject: UpdateSubject, seed: int, scale: float) -> Diagnosis:
    seen = [_observe(subject, np.random.default_rng(seed + turn), turn, scale) for turn in range(2)]
    names = list(subject.shapes)
    if _state_leaks(subject, seen[0]):
        return _diagnosis(subject, seen, [mistake("optimizer_state_shared")], None)
    turned = [n for n in names if any(np.shape(a[n]) != tuple(subject.shapes[n]) for s in seen for a in s.after)]
    if turned:
        return _diagnosis(subject, seen, [mistake("update_changes_shape", turned)], None)
    still = [n for n in names if all(np.array_equal(a[n], s.before[n]) for s in seen for a in s.after)]
    moved = [n for n in names if n not in still]
    if not moved:
        return _diagnosis(subject, seen, [mistake("update_lost", names)], None)
    known = known_from(subject.options, subject.literals)
    kind = intended(subject, seen, moved, known)
    found, fit = judge_tensors(subject, kind, seen, moved, known)
    return _diagnosis(subject, seen, [*_of_still(still, names), *found], fit, kind)


def _of_still(still: list[str], names: list[str]) -> list[Judged]:
    if not still:
        return []
    biases = [n for n in names if n[0] == "b"]
    return [mistake("biases_never_move" if still == biases else "tensor_never_moves", still)]


def _observe(subject: UpdateSubject, rng: np.random.Generator, turn: int, scale: float) -> Seen:
    """One run: gradients of mixed sizes, some of them as small as ε, or those that the subject has of its own."""
    own = getattr(subject, "observed", None)
    if own is not None:
        seen: Seen = own(turn, _STEPS)
        return seen
    sizes = np.array([1.0, 0.3, 2.0, 1e-2, 1e-4, 5.0]) * (1 + turn) * scale
    before = {n: rng.uniform(0.5, 2.0, s) * rng.choice([-1.0, 1.0], s) for n, s in subject.shapes.items()}
    spread = {n: np.resize(sizes, s) for n, s in subject.shapes.items()}
    gradients = [{n: spread[n] * rng.standard_normal(s) for n, s in subject.shapes.items()} for _ in range(_STEPS)]
    return Seen(before, gradients, _run(subject, before, gradients))


def _run(
    subject: UpdateSubject, before: Mapping[str, Array], gradients: Sequence[Mapping[str, Array]]
) -> list[dict[str, Array]]:
    copied = [{n: g.copy() for n, g in step.items()} for step in gradients]
    after = subject.run({n: a.copy() for n, a in before.items()}, copied)
    return [{n: np.array(a, float) for n, a in step.items()} for step in after]


def _state_leaks(subject: UpdateSubject, seen: Seen) -> bool:
    """Whether a second run from fresh state goes another way."""
    if hasattr(subject, "observed"):
        return False
    again = _run(subject, seen.before, seen.gradients)
    return not all(
        np.shape(a[n]) == np.shape(b[n]) and np.allclose(a[n], b[n], rtol=1e-6, atol=1e-12, equal_nan=True)
        for a, b in zip(again, seen.after, strict=True)
        for n in a
    )


def _diagnosis(
    subject: UpdateSubject, seen: list[Seen], found: list[Judged], fit: Fit | None, kind: str = ""
) -> Diagnosis:
    known = known_from(subject.options, subject.literals)
    kind = kind or subject.kind or "sgd"
    due = _due(seen[0], kind, fit.constants if fit is not None else known.constants)
    lines = tuple(_line(seen[0], due, name, kind, found) for name in subject.shapes)
    return Diagnosis(lines, tuple(_finding(seen[0], due, judged, kind) for judged in found))


def _due(seen: Seen, kind: str, constants: Mapping[str, float]) -> list[dict[str, Array]]:
    """Where the published rule would have gone."""
    made: list[dict[str, Array]] = [{} for _ in seen.after]
    for name, before in seen.before.items():
        theta, gradients, _ = together(seen, [name])
        for place, values in enumerate(simulate(variants(kind)[0].rule, theta, gradients, constants)):
            made[place][name] = values.reshape(before.shape)
    return made


def _line(seen: Seen, due: list[dict[str, Array]], name: str, kind: str, found: Sequence[Judged]) -> TensorVerdict:
    shape = seen.before[name].shape
    fine = all(j.verdict == "convention" or (j.item.tensors and name not in j.item.tensors) for j in found)
    relative = 1.0
    if all(np.shape(a[name]) == shape for a in seen.after):
        theta, _, after = together(seen, [name])
        steps, right = steps_of(theta, after), steps_of(theta, [a[name].ravel() for a in due])
        relative = float(np.linalg.norm(steps - right) / (np.linalg.norm(steps) + np.linalg.norm(right)))
    note = f"{kind}, {len(due)} steps"
    return TensorVerdict(name, shape, relative if np.isfinite(relative) else 1.0, fine, note)


def _finding(seen: Seen, due: list[dict[str, Array]], judged: Judged, kind: str) -> Finding:
    item, verdict = judged.item, judged.verdict
    names = {"kind": kind, "l": "", "h": "", "f": ""}
    tried = () if item.key else tuple(dict.fromkeys(name_of(v.key) for v in variants(kind) if v.key))
    made = finding(item, verdict, names, tried, "unexplained_rule")
    name = item.tensors[0] if item.tensors else next(iter(seen.before))
    if all(np.shape(a[name]) == seen.before[name].shape for a in seen.after):
        _, _, after = together(seen, [name])
        right = [a[name].ravel() for a in due]
        off = [np.nan_to_num(np.abs(a - r), nan=np.inf) for a, r in zip(after, right, strict=True)]
        worst = max(range(len(off)), key=lambda t: float(off[t].max()))
        index = int(np.argmax(off[worst]))
        made = replace(made, index=(worst, index), expected=float(right[worst][index]))
        made = replace(made, received=float(after[worst][index]))
    return introduced(made, "optimizer")
