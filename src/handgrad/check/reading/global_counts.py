"""Counts of samples that a program takes from its loaded data at the top level: `m, n = data.shape`, `m = len(X)`.

Data are not loaded, so these names would have no value; where a function divides by one, it is the batch's size.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from typing import Any

from handgrad.check.reading.batches import Batch

KEY = "__handgrad_counts__"


def counting_globals(tree: ast.Module, known: Set[str]) -> tuple[str, ...]:
    """Names taken from the size of something at the top level, without a value in `known`, that functions divide by.

    >>> tree = ast.parse("m, n = data.shape\\ndef f(d):\\n    return 1 / m * d")
    >>> counting_globals(tree, set())
    ('m',)
    """
    counted = {name for node in tree.body for name in _counted(node)} - known
    divisors: set[str] = set()
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        own = {a.arg for a in function.args.args} | _stored(function)
        divisors |= _divisors(function) - own
    return tuple(sorted(counted & divisors))


def set_counts(namespace: dict[str, Any], batch: Batch) -> None:
    """Give these names the number of samples of a batch."""
    names = namespace.get(KEY, ())
    samples = 1 if batch.x.ndim < 2 else batch.x.shape[0 if batch.rows else 1]
    namespace |= dict.fromkeys(names, samples)


def as_value(names: tuple[str, ...]) -> dict[str, Any]:
    """What a namespace holds for `set_counts`."""
    return {KEY: names} if names else {}


def _counted(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.If | ast.With | ast.Try):
        for inner in node.body:
            yield from _counted(inner)
    if not isinstance(node, ast.Assign) or not _is_size(node.value):
        return
    for target in node.targets:
        yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def _is_size(value: ast.expr) -> bool:
    """`X.shape`, `X.shape[1]`, `X.size`, `len(X)`, also within float() or int()."""
    if isinstance(value, ast.Subscript):
        value = value.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
        return value.func.id == "len" or (value.func.id in ("float", "int") and _is_size(value.args[0]))
    return isinstance(value, ast.Attribute) and value.attr in ("shape", "size")


def _divisors(function: ast.FunctionDef) -> set[str]:
    """Names in what something is divided by."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            right = node.right if isinstance(node, ast.BinOp) else node.value
            found |= {n.id for n in ast.walk(right) if isinstance(n, ast.Name)}
    return found


def _stored(function: ast.FunctionDef) -> set[str]:
    return {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
