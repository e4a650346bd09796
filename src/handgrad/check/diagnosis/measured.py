"""The gradient of a program's own loss by central differences, where no description of that loss is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.probes import Asked, own_loss
from handgrad.check.subject import Diagnosis, NetSubject, TensorVerdict
from handgrad.kernels.types import Array

_MOST = 1500  # parameters: two evaluations of the loss each
_STEP = 1e-5
_CLOSE = 1e-4


def right_by_own_loss(subject: NetSubject, asked: Sequence[Asked], notes: Sequence[str]) -> Diagnosis | None:
    """A clean verdict if every gradient is the slope of the program's own loss, whatever that loss is."""
    one = asked[0]
    names = [name for name in one.truth.gradients if name in one.answer.gradients]
    if sum(one.probe.parameters[name].size for name in names) > _MOST:
        return None
    lines = []
    for name in names:
        slopes = _slopes(subject, one, name)
        given = np.asarray(one.answer.gradients[name], float)
        given = given.reshape(slopes.shape) if slopes is not None and given.size == slopes.size else given
        if slopes is None or relative(given, slopes) > _CLOSE:
            return None
        note = "agrees with the slopes of the program's own loss"
        lines.append(TensorVerdict(name, slopes.shape, relative(given, slopes), True, note))
    return Diagnosis(tuple(lines), (), tuple(notes))


def _slopes(subject: NetSubject, one: Asked, name: str) -> Array | None:
    base = one.probe.parameters[name]
    slopes = np.zeros(base.shape)
    for index in np.ndindex(base.shape):
        ends = []
        for step in (_STEP, -_STEP):
            moved = base.copy()
            moved[index] += step
            ends.append(own_loss(subject, one.probe, {**one.probe.parameters, name: moved}))
        if ends[0] is None or ends[1] is None:
            return None
        slopes[index] = (ends[0] - ends[1]) / (2 * _STEP)
    return slopes
