"""A call of what trains, for a file that defines it and leaves the calling to others: `Model(…).fit(x, t)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from handgrad.check.reading.loops.data import data_role, scalar_for
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.rounds.instrument import is_update

_WIDTH = 3  # for a size or a count that no name explains


def training_calls(program: Program) -> Iterator[Sequence[ast.stmt]]:
    """For each function or method with a loop and an update in it, or with what updates beside it, its call."""
    for function in program.functions.values():
        if _trains(function.node):
            yield _lines(f"{function.name}({_arguments(function)})")
    for owner, methods in program.methods.items():
        updates = any(is_update(n) for m in methods.values() for n in ast.walk(m.node) if isinstance(n, ast.stmt))
        made = methods.get("__init__")
        for method in methods.values():
            loops = any(isinstance(n, ast.For | ast.While) for n in ast.walk(method.node))
            if updates and loops and method.name[:2] != "__" and any(data_role(p) == "x" for p in method.parameters):
                start = f"handgrad_object = {owner}({_arguments(made) if made else ''})"
                yield _lines(f"{start}\nhandgrad_object.{method.name}({_arguments(method)})")


def _trains(node: ast.FunctionDef) -> bool:
    loops = [n for n in ast.walk(node) if isinstance(n, ast.For | ast.While)]
    return any(is_update(inner) for loop in loops for inner in ast.walk(loop) if isinstance(inner, ast.stmt))


def _arguments(function: Function) -> str:
    """What its names ask for; what has a default keeps it."""
    return ", ".join(f"{name}={_value(name)}" for name in function.required)


def _value(name: str) -> str:
    role = data_role(name)
    if role:
        return f"handgrad_{role}.copy()"
    value = scalar_for(name)
    return repr(_WIDTH if value is None else 3 if value == 1 else value)


def _lines(text: str) -> Sequence[ast.stmt]:
    return ast.parse(text).body
