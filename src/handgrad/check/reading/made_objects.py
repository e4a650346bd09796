"""Objects whose constructor leaves things to be done: weights that another method makes, rounds that it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from handgrad.check.reading.places import Path
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import INITIALIZES

Make = Callable[[dict[str, Any], Sequence[int]], Any]
Ways = Callable[[Function], list[Callable[[list[int]], dict[str, Any]]]]
_ROUNDS = re.compile(r"epo[cq]|ephoc|iter|passes|rounds|steps|maxit", re.IGNORECASE)


def initialized(
    program: Program, name: str, makers: Sequence[tuple[Make, bool]], ways: Ways
) -> Iterator[tuple[Make, bool]]:
    """The makers of a class's objects followed by a method that makes the weights; those with sizes for it first."""
    own = [f for f in program.methods[name].values() if INITIALIZES.search(f.name) and f.name[:2] != "__"]
    for function in own[:2]:
        given = ways(function) if function.required else []
        for make, scalable in makers:
            yield from ((partial(_made_and_called, make, function.name, way), True) for way in given)
            if not function.required:
                yield partial(_made_and_called, make, function.name, _nothing), scalable


def _nothing(sizes: list[int]) -> dict[str, Any]:
    return {}


def _made_and_called(
    make: Make, method: str, way: Callable[[list[int]], dict[str, Any]], namespace: dict[str, Any], sizes: Sequence[int]
) -> Any:
    made = make(namespace, sizes)
    given = way(list(sizes))
    getattr(made, method)(*given.pop("*", ()), **given)
    return made


def round_paths(made: Any, start: Path) -> tuple[tuple[Path, Any], ...]:
    """Attributes that hold how often a method that trains goes through its data, and 1, which will do."""
    values = vars(made) if hasattr(made, "__dict__") else {}
    named = [k for k, v in values.items() if type(v) is int and v > 20 and _ROUNDS.search(k)]
    return tuple(((*start, ("attr", key)), 1) for key in named)
