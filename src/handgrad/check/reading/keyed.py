"""Dictionaries by the keys that a function reads from its arguments: `paras["W1"]` wants what has a W1."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from handgrad.check.reading.program import Function


def keyed_arguments(function: Function, env: Mapping[str, Any]) -> dict[str, Any]:
    """For each argument read by string keys the first dictionary at hand that has them all; parameters come first."""
    wanted = {name: keys for name in function.parameters if name not in env and (keys := _keys(function.node, name))}
    found: dict[str, Any] = {}
    for name, keys in wanted.items():
        value = next((d for d in _dictionaries(env) if keys <= set(d)), None)
        if value is not None:
            found[name] = value
    return found


@lru_cache(maxsize=4096)
def _keys(node: ast.FunctionDef, name: str) -> frozenset[str]:
    """Constant string keys that are read from an argument before the function writes any of its own."""
    read: set[str] = set()
    written: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Name) and inner.value.id == name:
            key = inner.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                (read if isinstance(inner.ctx, ast.Load) else written).add(key.value)
    return frozenset(read - written or read)


def _dictionaries(env: Mapping[str, Any]) -> Iterator[dict[Any, Any]]:
    roles = env.get("roles", {})
    likely = [env.get("params"), env.get("made"), roles.get("grads"), roles.get("cache")]
    others = [v for k, v in env.items() if k not in ("globals", "roles", "own", "locals", "self")]
    yield from (value for value in [*likely, *others] if isinstance(value, dict))
