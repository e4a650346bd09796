"""Early stopping as a class or a function of the history: asked epoch by epoch with weights that change in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from handgrad.check.reading.places import walk
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.tools.calls import Call, bind, plays
from handgrad.check.reading.tools.evidence import rebinds_weights
from handgrad.check.reading.tools.names import Candidate

_METHODS = (
    "should_stop",
    "__call__",
    "step",
    "check",
    "update",
    "stop",
    "early_stop",
    "is_done",
    "on_epoch_end",
    "register",
    "add",
)
_FLAGS = re.compile(r"(early_?)?stop(ped|ping)?|should_stop|done|finished|early_stop", re.IGNORECASE)
_SMALLER = re.compile(r"loss|err|cost|verlust|perdida", re.IGNORECASE)
_LARGER = re.compile(r"acc|score", re.IGNORECASE)


class Model:
    """Something with weights, for `early_stopping(val_loss, model)`."""

    def __init__(self, W: Any) -> None:
        self.W1 = W
        self.params = self.weights = {"W1": W}

    def get_weights(self) -> dict[str, Any]:
        """The same arrays that training changes."""
        return self.weights


def stopping_way(program: Program, candidate: Candidate) -> Iterator[Call]:
    """`call(space, values)` → (epoch of the stop or None, whether the kept weights are by reference, sense)."""
    owner = candidate.function.owner
    if not owner:
        yield lambda space, values: _by_history(candidate, space, values)
        return
    method = next((m for m in _METHODS if m in program.methods[owner]), "")
    if method == candidate.name:
        yield lambda space, values: _by_object(program, candidate, space, values)


def _sense(function: Function) -> int:
    name = next((n for n in function.parameters if plays(n, "value")), "")
    return -1 if _SMALLER.search(name) else 1 if _LARGER.search(name) else 0


def _by_history(candidate: Candidate, space: dict[str, Any], values: Any) -> tuple[int | None, bool, int]:
    for epoch in range(1, len(values) + 1):
        given = {"patience": 3, "value": [float(v) for v in values[:epoch]]}
        if bool(candidate.get(space)(**bind(candidate.function, given, ("value", "patience")))):
            return epoch, False, _sense(candidate.function)
    return None, False, _sense(candidate.function)


def _by_object(
    program: Program, candidate: Candidate, space: dict[str, Any], values: Any
) -> tuple[int | None, bool, int]:
    function, owner = candidate.function, candidate.function.owner
    maker = program.methods[owner].get("__init__")
    made = space[owner](**(bind(maker, {"patience": 3}, ()) if maker else {}))
    W, stopped = np.zeros((4, 3)), None
    for epoch, value in enumerate(values, start=1):
        W[...] = epoch
        given = {"value": float(value), "weights": {"W1": W}, "model": Model(W), "epoch": epoch}
        answer = getattr(made, function.name)(**bind(function, given, ("value", "weights")))
        if stopped is None and (answer is True or answer is np.True_ or _says_stop(made)):
            stopped = epoch
    kept = [a for path, a in walk(made) if a.shape == W.shape and not _is_model(path)]
    shared = any(np.shares_memory(a, W) for a in kept) and not rebinds_weights(program)
    return stopped, shared, _sense(function)


def _says_stop(made: Any) -> bool:
    return any(value is True for name, value in vars(made).items() if _FLAGS.fullmatch(name))


def _is_model(path: Any) -> bool:
    return any(re.fullmatch(r"model|net\w*|nn", str(key)) for _, key in path)
