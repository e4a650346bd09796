"""Numbers of samples in a script: `m = 60000` beside `X[:m]`, and the batch size, are what the question's batch has."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.check.reading.loops.find import Loop

COUNT = "handgrad_samples"
_DRAWS = ("choice", "randint", "integers", "sample")


def count_samples(x: Any, t: Any) -> int:
    """N of images and targets in either orientation; 1 for a single vector.

    >>> count_samples(np.zeros((5, 3)), np.zeros((5, 2))), count_samples(np.zeros((3, 5)), np.zeros((2, 5)))
    (5, 5)
    """
    first, second = np.shape(x), np.shape(t)
    if len(first) < 2:
        return 1
    columns = len(second) > 1 and first[1] == second[1] and first[0] != second[0]
    return int(first[1] if columns else first[0])


def counting_names(loop: Loop, data: Sequence[str], namespace: Mapping[str, Any]) -> list[str]:
    """Names of whole numbers that say how many samples a round has, and that the round reads."""
    inside = {n.id for part in loop.inner.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    picked = any(
        isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and n.value.id in data
        for n in ast.walk(loop.loops[0])
    )
    nodes: Sequence[ast.AST] = [loop.loops[0]] if picked else loop.before
    names = {name for node in nodes for name in _lengths(node)}
    if not picked:
        sizes = {size for name in data for size in np.shape(namespace.get(name, ()))[:1]}
        names |= {n for n in inside if isinstance(namespace.get(n), int) and namespace[n] in sizes and n in _LETTERS}
    return sorted(n for n in names & inside if _is_count(namespace.get(n)))


_LETTERS = ("m", "n", "N", "M", "n_samples", "num_samples", "num_examples", "n_examples", "samples", "instances")


def _is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) > 1


def _lengths(node: ast.AST) -> Iterator[str]:
    """m of X[:m] and X[:, :m], size of X[i:i + size], of perm[s:s + size] and of choice(n, size)."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Slice) and inner.upper is not None:
            upper, lower = inner.upper, inner.lower
            if isinstance(upper, ast.Name) and lower is None:
                yield upper.id
            elif isinstance(upper, ast.BinOp) and lower is not None and isinstance(upper.op, ast.Add):
                sides = [s for s in (upper.left, upper.right) if ast.unparse(s) != ast.unparse(lower)]
                yield from (s.id for s in sides if len(sides) == 1 and isinstance(s, ast.Name))
        elif isinstance(inner, ast.Call) and ast.unparse(inner.func).split(".")[-1] in _DRAWS:
            last = [*inner.args, *(k.value for k in inner.keywords if k.arg == "size")][-1:]
            yield from (n.id for n in last if isinstance(n, ast.Name))
        elif isinstance(inner, ast.Call) and ast.unparse(inner.func) == "range" and len(inner.args) == 3:
            yield from (n.id for n in inner.args[2:] if isinstance(n, ast.Name))
