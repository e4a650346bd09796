"""What a program keeps and when it stops: best weights, early stopping, the course of the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

_BY_REFERENCE = "best_kept_by_reference"
_EPOCHS = np.arange(150.0)


def keep(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(W)` → the kept W, which must stay when W is changed in place afterwards."""
    W = rng.standard_normal((4, 3))
    before = W.copy()
    kept = np.asarray(subject.call(W))
    if kept.shape != W.shape or not np.array_equal(kept, before):
        return UNKNOWN
    W += 1.0
    return RIGHT if np.array_equal(kept, before) else (_BY_REFERENCE, "")


def early_stopping(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(values (n,))` → (the epoch at which it stops or None, whether what it kept is by reference, sense).

    Sense: 1 where the names say that larger is better, −1 where smaller is, 0 where they do not say.
    """
    falls, rises = _stops(subject, 500.0 - _EPOCHS), _stops(subject, 100.0 + _EPOCHS)
    answer: Any = subject.call(np.array([3.0, 2.0, 1.0]))
    sense = int(answer[2]) or (-1 if falls is None else 1)
    better, worse = (rises, falls) if sense > 0 else (falls, rises)
    if better is not None:
        return ("stopping_wrong_sense", "") if answer[2] or worse is None else UNKNOWN
    if worse is None:
        return "stopping_never", ""
    turns = 100.0 + _EPOCHS - 5.0 * (_EPOCHS % 2)  # better than ever at every second epoch, worse in between
    if _stops(subject, turns if sense > 0 else 500.0 - turns) is not None:
        return "stopping_never_resets", ""
    kept: Any = subject.call(sense * np.array([3.0, 2.0, 1.5, 1.0]))
    return (_BY_REFERENCE, "") if kept[1] else RIGHT


def _stops(subject: ToolSubject, values: Array) -> int | None:
    answer: Any = subject.call(values)
    return None if answer[0] is None else int(answer[0])


def schedule(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(epoch)` → the rate: a decay does not rise at every step."""
    rates = np.array([float(np.asarray(subject.call(np.asarray(e)), float).reshape(-1)[0]) for e in range(0, 200, 5)])
    if np.isfinite(rates).all() and bool(np.all(np.diff(rates) > 1e-15)):
        return "schedule_rises", f"{rates[0]:.3g} at first, {rates[-1]:.3g} after 195 epochs"
    return RIGHT


def schedule_between(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(share of the epochs)` → (rate, the first rate, the last rate): it has to begin and to end there."""
    answers: list[Any] = [subject.call(np.asarray(share)) for share in (0.0, 0.5, 1.0)]
    rates, (_, first, last) = [float(answer[0]) for answer in answers], answers[0]
    room = 0.05 * (first - last)
    if abs(rates[0] - last) < room and abs(rates[2] - first) < room:
        return "schedule_rises", f"{rates[0]:.3g} at first, {rates[2]:.3g} at the end"
    off = [abs(rates[0] - first) > room, abs(rates[2] - last) > room]
    if not all(off) and any(off):
        return "schedule_ends", f"{rates[0]:.3g} and {rates[2]:.3g}, asked for {first:g} and {last:g}"
    return UNKNOWN if any(off) else RIGHT


def schedule_in_steps(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(epoch, epochs between two steps)` → the rate: it does not rise, and heeds the number of epochs."""
    made = [
        [
            float(np.asarray(subject.call(np.asarray(e), np.asarray(every)), float).reshape(-1)[0])
            for e in range(0, 60, 3)
        ]
        for every in (5, 20)
    ]
    if all(b > a for a, b in zip(made[0], made[0][1:], strict=False)):
        return "schedule_rises", f"{made[0][0]:.3g} at first, {made[0][-1]:.3g} after 57 epochs"
    return ("schedule_without_interval", "") if made[0] == made[1] and made[0][0] > made[0][-1] else RIGHT
