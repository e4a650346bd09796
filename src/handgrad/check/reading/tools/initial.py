"""The ways to call a function that makes weights: with two sizes, several, a list of them, a shape, or none."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from handgrad.check.reading.tools.calls import Way, chance, plays
from handgrad.check.reading.tools.names import Candidate

_SWITCH = re.compile(r"\w*(flag|mode|method|scheme|kind|type|strategy|init)\w*|how", re.IGNORECASE)
_SETTINGS: tuple[Any, ...] = (1, 2, 0, "random", "he", "xavier")


def initial_ways(candidate: Candidate) -> list[Way]:
    """By the sizes that are required; where one argument chooses among several ways, with each of its usual values."""
    switch = next((name for name in candidate.function.required if _SWITCH.fullmatch(name)), "")
    if not switch:
        return _ways(candidate, {})
    return [way for value in _SETTINGS for way in _ways(candidate, {switch: value})]


def _ways(candidate: Candidate, chosen: dict[str, Any]) -> list[Way]:
    """By the number of arguments that are left, a seed or a generator left out."""
    others = [name for name in candidate.function.required if name not in chosen]
    required = [name for name in others if not plays(name, "rng") and not plays(name, "seed")]

    def made(space: dict[str, Any], *sizes: Any) -> Any:
        before = {name: id(value) for name, value in space.items()}
        arguments = {**chosen, **_chance(candidate), **dict(zip(required, sizes, strict=True))}
        value = candidate.get(space)(**arguments)
        if value is not None:
            return value
        return {k: v for k, v in space.items() if isinstance(v, np.ndarray) and before.get(k) != id(v)}  # globals

    def separate(space: dict[str, Any], D: Any, M: Any) -> Any:
        sizes = (int(D), int(M), int(M) // 3, int(M) // 6)
        return made(space, *sizes[: len(required)])

    if len(required) == 1:
        return [
            Way("initialize", lambda space, D, M: made(space, (int(D), int(M)))),
            Way("initialize", lambda space, D, M: made(space, [int(D), int(M)])),
            Way("initialize", lambda space, D, M: made(space, [int(D), int(M), int(M) // 3])),
            Way("initialize", lambda space, D, M: made(space, int(D))),
        ]
    return [Way("initialize", separate)] if len(required) in (0, 2, 3, 4) else []


def _chance(candidate: Candidate) -> dict[str, Any]:
    """A generator or a seed, where one is required."""
    made = {}
    for name in candidate.function.required:
        role = next((r for r in ("rng", "seed") if plays(name, r)), "")
        if role:
            made[name] = chance()[role]
    return made
