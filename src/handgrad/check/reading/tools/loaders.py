"""Classes that hand out batches: made with images and labels, then iterated over or asked for the next batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from handgrad.check.reading.program import Program
from handgrad.check.reading.tools.calls import Way, bind, chance
from handgrad.check.reading.tools.names import Candidate, kind_of, snake

_OWNERS = re.compile(r"data_?(set|loader|iter\w*|feeder|provider)|(mini_?)?batch\w*|loader|iterator", re.IGNORECASE)


def loader_ways(program: Program, candidate: Candidate) -> Iterator[Way]:
    """An epoch of batches from `__iter__`, or from as many calls of `next_batch` as an epoch has."""
    owner, name = candidate.function.owner, candidate.name
    maker = program.methods.get(owner, {}).get("__init__")
    if maker is None or not _OWNERS.search(snake(owner)):
        return
    if name != "__iter__" and kind_of(name) not in ("batch", "batches"):
        return

    def epoch(space: dict[str, Any], x: Any, t: Any, size: Any, _: Any) -> Any:
        given = {"x": x, "t": t, "size": int(size), **chance()}
        made = space[owner](**bind(maker, given, ("x", "t", "size")))
        if name == "__iter__":
            return list(made)
        asked = bind(candidate.function, {"size": int(size)}, ("size",))
        first = getattr(made, name)(**asked)
        if hasattr(first, "__next__"):
            return first
        return [first, *(getattr(made, name)(**asked) for _ in range(len(x) // int(size) - 1))]

    yield Way("batches", epoch)
