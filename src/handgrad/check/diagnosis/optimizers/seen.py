"""What was seen of an update of several tensors, and the same as one vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.check.diagnosis.optimizers.fit import Run
from handgrad.check.diagnosis.optimizers.rules import Memory, Rule
from handgrad.kernels.types import Array


@dataclass(frozen=True)
class Seen:
    """One run: tensors before it, the gradients of each step, and the tensors after each."""

    before: Mapping[str, Array]
    gradients: Sequence[Mapping[str, Array]]
    after: Sequence[Mapping[str, Array]]


def together(seen: Seen, names: Sequence[str]) -> Run:
    """These tensors as one vector: rules work on each entry by itself."""

    def flat(values: Mapping[str, Array]) -> Array:
        return np.concatenate([np.asarray(values[name], float).ravel() for name in names])

    return flat(seen.before), [flat(g) for g in seen.gradients], [flat(a) for a in seen.after]


def chunked(rule: Rule, sizes: Sequence[int], *, shared: bool, counted: bool, turns: Sequence[int] = ()) -> Rule:
    """A rule for several tensors in a row: with one memory for all of them, or with t advancing at each.

    `turns`: which of the tensors comes first, second … where t advances; () in their own order.
    """
    ends = list(np.cumsum(sizes))
    starts = [0, *ends[:-1]]

    def each(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        steps = []
        for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
            memory = m if shared else m.setdefault(place, {})
            turn = turns[place] if turns else place
            now = len(sizes) * (t - 1) + turn + 1 if counted else t
            steps.append(rule(memory, g[start:end], now, theta[start:end], c))
        return np.concatenate(steps)

    return each
