"""The gradient of a program's own loss by central differences, where no description of that loss is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.probes import Asked, own_loss
from handgrad.check.subject import Diagnosis, NetSubject, TensorVerdict
from handgrad.kernels.types import Array

_DIRECTIONS = 6  # a tensor; a wrong gradient agrees along none of them
_STEP = 1e-5
_CLOSE, _FAR = 1e-4, 0.02


@dataclass(frozen=True)
class Compared:
    """A tensor's gradient and its loss's own slopes along random directions.

    Attributes:
        apart: their distance, relative to what the gradient promises.
        factor, decay: what makes the slopes, and the parameter itself, into the gradient, in the least-squares sense.
        rest: what this leaves over, relative.
    """

    name: str
    shape: tuple[int, ...]
    apart: float
    factor: float
    decay: float
    rest: float


def compare_slopes(subject: NetSubject, one: Asked) -> list[Compared]:
    """All tensors against the slopes of the program's own loss; empty where these cannot be had.

    Works for any loss that answers the same when asked the same; the description of the net is not used.
    """
    first, again = own_loss(subject, one.probe), own_loss(subject, one.probe)
    if first is None or first != again or not np.isfinite(first):
        return []
    found = []
    for name, values in one.answer.gradients.items():
        made = _compared(subject, one, name, np.asarray(values, float))
        if made is None:
            return []
        found.append(made)
    return found


def _compared(subject: NetSubject, one: Asked, name: str, given: Array) -> Compared | None:
    values = one.probe.parameters[name]
    if given.size != values.size or not np.isfinite(given).all():
        return None
    given, rng = given.reshape(values.shape), np.random.default_rng(11)
    rows = []
    for _ in range(_DIRECTIONS):
        direction = rng.standard_normal(values.shape)
        ends = [
            own_loss(subject, one.probe, {**one.probe.parameters, name: values + step * direction})
            for step in (_STEP, -_STEP)
        ]
        if ends[0] is None or ends[1] is None or not np.isfinite(ends[0] + ends[1]):
            return None
        slope = (ends[0] - ends[1]) / (2 * _STEP)
        rows.append((slope, float((values * direction).sum()), float((given * direction).sum())))
    table = np.array(rows)
    size = max(float(np.linalg.norm(table[:, 2])), float(np.linalg.norm(table[:, 0])), 1e-12)
    solved = np.linalg.lstsq(table[:, :2], table[:, 2], rcond=None)[0]
    rest = float(np.linalg.norm(table[:, :2] @ solved - table[:, 2])) / size
    apart = float(np.linalg.norm(table[:, 2] - table[:, 0])) / size
    return Compared(name, values.shape, apart, float(solved[0]), float(solved[1]), rest)


def right_by_own_loss(
    subject: NetSubject, asked: Sequence[Asked], notes: Sequence[str], compared: Sequence[Compared]
) -> Diagnosis | None:
    """A clean verdict if every gradient is the slope of the program's own loss, whatever that loss is."""
    names = [name for name in asked[0].truth.gradients if name[0] == "W"]
    if any(name not in asked[0].answer.gradients for name in names) or not compared:
        return None
    if any(one.apart > _CLOSE for one in compared):
        return None
    if any(one.apart > _CLOSE for one in compare_slopes(subject, asked[1])):
        return None
    note = "agrees with the slopes of the program's own loss"
    lines = [TensorVerdict(one.name, one.shape, one.apart, True, note) for one in compared]
    return Diagnosis(tuple(lines), (), tuple(notes))


def items_by_own_loss(compared: Sequence[Compared]) -> list[Item]:
    """The tensors that are surely wrong, whatever the net: beside one that is right, so that the loss is the one meant.

    A multiple of the parameter beside the right slopes is weight decay, and no matter for this; one that is missing
    is a mistake only where another weight has it.
    """
    if not any(one.apart <= _CLOSE and one.factor for one in compared):
        return []
    items = []
    weights_right = any(one.apart <= _CLOSE for one in compared if one.name[0] == "W")
    for one in compared:
        decayed = abs(one.factor - 1) < 1e-2 and one.rest < 1e-3
        if decayed and one.decay < -_CLOSE and one.apart > _CLOSE and one.name[0] == "W" and weights_right:
            items.append(Item("penalty_missing", (one.name,), int(one.name[1:]), "0"))
        if one.apart <= _FAR or decayed:
            continue
        items.append(Item(_key_of(one), (one.name,), int(one.name[1:]), factor=f"{one.factor:.4g}", value=one.factor))
    return items


def shared_factor(asked: Sequence[Asked], both: Sequence[Sequence[Compared]]) -> Item | None:
    """One factor that all tensors of two questions have, N or 1/N, beside what a penalty may add."""
    factors = []
    for compared in both:
        values = [one.factor for one in compared]
        if not values or any(one.rest > _CLOSE for one in compared) or np.ptp(values) > 1e-3 * abs(values[0]):
            return None
        factors.append(values[0])
    names = tuple(one.name for one in both[0])
    counts = [one.probe.samples for one in asked]
    for key, factor, power in (("one_over_n_missing", "N", 1), ("one_over_n_twice", "1/N", -1)):
        if all(abs(f / n**power - 1) < 1e-3 for f, n in zip(factors, counts, strict=False)):
            return Item(key, names, int(names[0][1:]), factor=factor, value=factors[0])
    return None


def _key_of(one: Compared) -> str:
    if one.rest > 1e-3 or abs(one.decay) > 1e-3:
        return ""
    if abs(one.factor) < 1e-9:
        return "layer_skipped" if one.name[0] == "W" else "bias_skipped"
    return "sign_one_tensor" if abs(one.factor + 1) < 1e-3 else "factor_one_tensor"
