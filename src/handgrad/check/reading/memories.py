"""A step that moves the weights by a memory: what the object keeps are velocities or moments, and no gradients.

After a first call a velocity or a moment is a multiple of the gradient, and looks like one that is wrong by a factor.
A second call with the same weights and images tells them apart; the gradients are then local variables of the step.
"""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np

from handgrad.check.reading.places import name_of, walk
from handgrad.check.reading.plan import Plan, Trial, Where, locate_gradients, run_plan
from handgrad.check.reading.roles import looks_like_gradient
from handgrad.kernels.types import Array

_RATE = 0.05
_TELLING = re.compile(r"^(d|g|grad|gradient|nabla)s?_?\w+$|grad", re.IGNORECASE)


def are_memories(plan: Plan, trial: Trial, found: dict[str, Where]) -> bool:
    """Whether weights' gradients, as they were located, are arrays of the state that remember the call before."""
    kept = {
        n: w for n, w in found.items() if n[0] == "W" and w.step < 0 and not looks_like_gradient(name_of(w.path[1:]))
    }
    if not kept:
        return False
    with suppress(Exception), np.errstate(all="ignore"):
        first = {n: np.array(w.find(trial.returned, trial.env), float) for n, w in kept.items()}
        again = run_plan(plan, trial.env, trial.before, trial.batch, _RATE, record=True)
        second = {n: np.array(w.find(again.returned, again.env), float) for n, w in kept.items()}
        return any(not _repeats(first[n], second[n]) for n in kept)
    return False


def _repeats(first: Array, second: Array) -> bool:
    """The same once more, or added to it: a gradient that is kept, or never cleared."""
    return any(first.shape == second.shape and np.allclose(second, k * first, rtol=1e-6) for k in (1.0, 2.0))


def local_gradients(plan: Plan, trial: Trial) -> dict[str, Where]:
    """Gradients among the step's local variables, by names that say whose they are; {} unless all weights have one."""
    candidates: list[tuple[Where, str, Array]] = []
    seen = {f"{function}.{name}": value for function, values in trial.locals for name, value in values.items()}
    for name, value in seen.items():
        own = name.split(".")[-1]
        if own == "return" or not _TELLING.search(own):
            continue
        for path, array in walk(value):
            where = Where(-1, (("item", "locals"), ("item", name), *path))
            candidates.append((where, f"{own}.{name_of(path)}".rstrip("."), array))
    found, count = locate_gradients(plan, trial, candidates)
    weights = [name for name in plan.world.slots if name[0] == "W"]
    return found if count == len(weights) and all(name in found for name in weights) else {}


__all__ = ["are_memories", "local_gradients"]
