"""The diagnosis of what uses a right backward pass: sums over samples, batches, and the update of the weights.

A step of the caller is written as Σₖ cₖ gₖ with the exact gradients gₖ of the single samples. The weights cₖ tell what
it does: all equal is right; one alone means that `=` stands for `+=`; N, N − 1, … 1 that it updates inside the sum.
Where no such cₖ exist (Adam, a penalty, several steps), nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.texts import finding, introduced
from handgrad.check.subject import Arrays, Diagnosis, Finding, TensorVerdict
from handgrad.kernels.types import Array

_CLOSE = 1e-3


@dataclass(frozen=True)
class CallerStep:
    """What a caller did with one batch.

    Attributes:
        step: before less after, or the gradient that it returned, by tensor.
        samples: the exact gradient of each sample alone, by tensor.
        again: the second of two calls in a row, {} where there was none.
        outputs: P.
    """

    step: Arrays
    samples: Sequence[Arrays]
    again: Arrays
    inputs: int
    outputs: int


def diagnose_caller(steps: Sequence[CallerStep], caller: str, below: str, *, has_memory: bool) -> Diagnosis:
    """What a caller does wrong with right gradients.

    Args:
        steps: at least two, with other numbers of samples.
        caller, below: its name, and the backward pass's.
        has_memory: momentum or the like stands in the caller, so that two steps in a row may differ.
    """
    coefficients = [_coefficients(step) for step in steps]
    names = list(steps[0].step)
    lines = tuple(TensorVerdict(name, steps[0].step[name].shape, 0.0, True) for name in names)
    if any(found is None for found in coefficients):
        return Diagnosis(lines, ())
    items = _judge(steps, [found for found in coefficients if found is not None], has_memory)
    wrong = {name for item in items for name in item.tensors}
    lines = tuple(replace(line, right=line.tensor not in wrong, relative=float(line.tensor in wrong)) for line in lines)
    return Diagnosis(lines, tuple(_finding(item, caller, below) for item in items))


def _finding(item: Item, caller: str, below: str) -> Finding:
    names = {"l": str(item.layer or ""), "below": "", "above": "", "h": "x", "f": "", "loss": "", "kind": "update"}
    made = introduced(finding(item, "mistake", names, ()), "net")
    where = f"The gradient from {below} is right; {caller}, which uses it, is not." if below != caller else ""
    return replace(made, symptom=f"{where} {made.symptom}".strip())


def _coefficients(step: CallerStep) -> dict[str, Array] | None:
    """The c (N,) of each tensor; None where the step is no such sum."""
    found: dict[str, Array] = {}
    wanted = sorted(step.step, key=lambda n: -step.step[n].size)
    for name in wanted:
        target = np.asarray(step.step[name], float).reshape(-1)
        columns = np.stack([np.asarray(s[name], float).reshape(-1) for s in step.samples], axis=1)
        if target.shape[0] != columns.shape[0] or not np.isfinite(target).all():
            return None
        if not target.any():
            found[name] = np.zeros(columns.shape[1])
        elif np.linalg.matrix_rank(columns) < columns.shape[1]:
            known = _like_others(target, columns, list(found.values()))
            if known is None:
                return None
            found[name] = known
        else:
            c = np.linalg.lstsq(columns, target, rcond=None)[0]
            if np.linalg.norm(columns @ c - target) > _CLOSE * np.linalg.norm(target):
                return None
            found[name] = np.where(np.abs(c) < _CLOSE * np.abs(c).max(), 0.0, c)
    return found


def _like_others(target: Array, columns: Array, others: Sequence[Array]) -> Array | None:
    """A small tensor's c is not determined: another tensor's, up to a factor, or one sample alone."""
    N = columns.shape[1]
    for c in [*others, np.ones(N), np.eye(N)[-1], np.eye(N)[0]]:
        made = columns @ c
        factor = float(made @ target / max(float(made @ made), 1e-300))
        if np.linalg.norm(factor * made - target) < _CLOSE * np.linalg.norm(target):
            return np.asarray(factor * c)
    return None


def _judge(steps: Sequence[CallerStep], found: Sequence[dict[str, Array]], has_memory: bool) -> list[Item]:
    names = sorted(found[0], key=lambda n: (-int(n[1:]), n[0] == "b"))
    shapes = {name: {_shape(c[name]) for c in found} for name in names}
    items: list[Item] = []
    for shape, key in (("last", "last_sample_only"), ("first", "first_sample_only"), ("falls", "updated_inside_sum")):
        odd = tuple(n for n in names if shapes[n] == {shape})
        if odd:
            items.append(_item(key, odd))
    even = [n for n in names if shapes[n] == {"even"}]
    still = tuple(n for n in names if shapes[n] == {"zero"})
    if still and even:
        biases = all(n[0] == "b" for n in still) and len(still) == sum(n[0] == "b" for n in names)
        items.append(_item("biases_never_move" if biases else "tensor_never_moves", still))
    items += _factors(even, found)
    if not items and even == names:
        items += _whole(names, steps, found)
        items += [] if items or has_memory else _kept(names, steps, found)
    return items


def _item(key: str, tensors: tuple[str, ...]) -> Item:
    return Item(key, tensors, int(tensors[0][1:]))


def _shape(c: Array) -> str:
    """How the samples are weighted: even, last, first, falls, zero, or other."""
    if not c.any():
        return "zero"
    if np.allclose(c, c[0], rtol=5e-3):
        return "even"
    single = np.flatnonzero(c)
    if len(single) == 1:
        return {0: "first", len(c) - 1: "last"}.get(int(single[0]), "other")
    return "falls" if np.allclose(c / c[-1], np.arange(len(c), 0, -1), rtol=2e-2) else "other"


def _factors(even: Sequence[str], found: Sequence[dict[str, Array]]) -> list[Item]:
    """Tensors whose factor is not the others': a sign, twice, N times, 1/N."""
    if len(even) < 2:
        return []
    values = {n: tuple(float(c[n][0]) for c in found) for n in even}
    usual = _usual(even, values)
    items = []
    sizes = np.array([len(next(iter(c.values()))) for c in found], float)
    groups: dict[str, list[str]] = {}
    for name in even:
        ratio = np.array(values[name]) / np.array(values[usual])
        for key, due in (
            ("update_sign", -np.ones_like(sizes)), ("updated_twice", 2 * np.ones_like(sizes)),
            ("times_n", sizes), ("over_n", 1 / sizes),
        ):  # fmt: skip
            if np.allclose(ratio, due, rtol=5e-3):
                groups.setdefault(key, []).append(name)
    for key, tensors in groups.items():
        biases = all(n[0] == "b" for n in tensors)
        own = {
            "times_n": "bias_sum_weights_mean" if biases else "factor_one_tensor",
            "over_n": "bias_mean_weights_sum" if biases else "factor_one_tensor",
        }
        items.append(_item(own.get(key, key), tuple(tensors)))
    return items


def _usual(even: Sequence[str], values: Mapping[str, tuple[float, ...]]) -> str:
    """A tensor whose factor most share; one that descends before one that climbs, weights before biases."""

    def shared(name: str) -> int:
        return sum(np.allclose(values[other], values[name], rtol=5e-3) for other in even)

    return max(even, key=lambda n: (shared(n), values[n][0] > 0, n[0] == "W"))


def _whole(names: Sequence[str], steps: Sequence[CallerStep], found: Sequence[dict[str, Array]]) -> list[Item]:
    """One factor for all: climbing, or divided by a wrong number."""
    values = np.array([float(c[names[0]][0]) for c in found])
    if (values < 0).all():
        return [_item("optimizer_climbs", tuple(names))]
    sizes = np.array([len(step.samples) for step in steps], float)
    if np.allclose(values, 1 / sizes**2, rtol=5e-3):
        return [_item("one_over_n_twice", tuple(names))]
    for divisor in ([step.inputs for step in steps], [step.outputs for step in steps]):
        plain = np.allclose(values, 1.0) or np.allclose(values, 1 / sizes, rtol=5e-3)
        if not plain and len(set(divisor)) > 1 and np.allclose(values, 1 / np.array(divisor, float), rtol=5e-3):
            return [replace(_item("divided_by_other_number", tuple(names)), detail=str(divisor[0]))]
    return []


def _kept(names: Sequence[str], steps: Sequence[CallerStep], found: Sequence[dict[str, Array]]) -> list[Item]:
    """The second call's step is twice the first one's: the sums were not cleared."""
    kept = []
    for name in names:
        again = [step.again.get(name) for step in steps]
        if all(
            a is not None and np.allclose(a, 2 * s.step[name], rtol=1e-2, atol=1e-14)
            for a, s in zip(again, steps, strict=True)
        ):
            kept.append(name)
    return [_item("never_cleared", tuple(kept))] if kept else []
