"""Nets that a program puts together of its own layers: `Sequential(Linear(784, 100), ReLU(), …)`, `build_model()`.

Where that stands in main() or among the training it is not executed; here it is, with other sizes.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

from handgrad.check.reading.program import MODULE, Program
from handgrad.check.reading.roles import BACKWARD, FORWARD, INITIALIZES
from handgrad.check.reading.worlds import Make, World, constructor_ways, with_chains

_ADDS = ("add", "append", "use", "compile", "add_layer", "set_loss")
Recipe = tuple[str, list[ast.stmt]]  # the object's name, and the statements that put it together


def stack_worlds(program: Program, sizes: Sequence[int]) -> Iterator[World]:
    """Objects of the program's own container class, as one of its functions or its main part builds them."""
    for make, said in (*_built(program), *_put_together(program, sizes)):
        with suppress(Exception):
            owner = type(make(program.fresh(), sizes)).__name__
            if _is_container(program, owner):
                for world in with_chains(program, "object", "self", make, sizes, sizes):
                    world.owner, world.said = owner, f"class {owner}, {said}"
                    world.scalable = True
                    yield world


def _is_container(program: Program, name: str) -> bool:
    """A class that passes forwards and backwards, or that has a list of layers."""
    methods = program.methods.get(name, {})
    return any(FORWARD.search(m) for m in methods) and any(BACKWARD.search(m) for m in methods)


def _built(program: Program) -> Iterator[tuple[Make, str]]:
    """`build_model(n_in, n_hidden, n_out)`."""
    for function in program.functions.values():
        if INITIALIZES.search(function.name):
            for make in constructor_ways(function):
                yield make, f"from {function.name}()"


def _put_together(program: Program, sizes: Sequence[int]) -> Iterator[tuple[Make, str]]:
    for name, statements in _recipes(program):
        if sum(len(_sized_calls(program, node)) for node in statements) == len(sizes) - 1:
            yield partial(_made, program, name, statements), f"put together as in line {statements[0].lineno}"


def _recipes(program: Program) -> Iterator[Recipe]:
    for scope in ast.walk(program.tree):
        body: Any = getattr(scope, "body", ())
        for place, node in enumerate(body if isinstance(body, list) else ()):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            if isinstance(node.value, ast.Call) and _is_container(program, _called(node.value)):
                name = node.targets[0].id
                yield name, [node, *(n for n in body[place + 1 :] if _adds_to(n, name))]


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _adds_to(node: ast.stmt, name: str) -> bool:
    """`net.add(Dense(784, 100))`."""
    call = node.value if isinstance(node, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _ADDS
        and isinstance(function.value, ast.Name)
        and function.value.id == name
    )


def _sized_calls(program: Program, node: ast.AST) -> list[ast.Call]:
    """Calls of the program's classes with two numbers in front: the layers with weights, in their order."""
    found = [n for n in ast.walk(node) if isinstance(n, ast.Call) and _called(n) in program.methods]
    found = [n for n in found if len(_first_two(program, n)) == 2 and not _holds_call(program, n)]
    return sorted(found, key=lambda n: (n.lineno, n.col_offset))


def _holds_call(program: Program, node: ast.Call) -> bool:
    inner = [n for n in ast.walk(node) if n is not node and isinstance(n, ast.Call)]
    return any(_called(n) in program.methods for n in inner)


def _first_two(program: Program, node: ast.Call) -> list[ast.expr]:
    """The first two arguments, if they may be sizes."""
    values = [*node.args, *(k.value for k in node.keywords)][:2]
    return [v for v in values if _is_size(program, v)]


def _is_size(program: Program, node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp)
    return plain and not (isinstance(node, ast.Name) and node.id in {*program.functions, *program.methods})


def _made(program: Program, name: str, statements: Sequence[ast.stmt], namespace: dict[str, Any],
          sizes: Sequence[int]) -> Any:  # fmt: skip
    """The object, put together with these sizes."""
    copies = [copy.deepcopy(node) for node in statements]
    calls = [call for node in copies for call in _sized_calls(program, node)]
    for call, wanted in zip(calls, pairwise(sizes), strict=True):
        numbers: list[ast.expr] = [ast.copy_location(ast.Constant(int(n)), call) for n in wanted]
        given = min(len(call.args), 2)
        call.args[:given] = numbers[:given]
        for keyword, number in zip(call.keywords, numbers[given:], strict=False):
            keyword.value = number
    exec(compile(ast.Module(copies, []), MODULE, "exec"), namespace)
    return namespace[name]
