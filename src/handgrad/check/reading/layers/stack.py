"""Nets that a program puts together of its own layers: `Sequential(Linear(784, 100), ReLU(), …)`, `build_model()`.

Where that stands in main() or among the training it is not executed; here it is, with other sizes.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

from handgrad.check.reading.layers.find import kind_of
from handgrad.check.reading.layers.formats import IMAGES
from handgrad.check.reading.program import MODULE, Program
from handgrad.check.reading.rate_places import rate_paths
from handgrad.check.reading.roles import BACKWARD, FORWARD, INITIALIZES
from handgrad.check.reading.worlds import Make, World, constructor_ways, with_chains

_ADDS = ("add", "append", "use", "compile", "add_layer", "set_loss")
_TAKER = re.compile(r"(\w*_)?(net(work)?|layers?|model|nn|modules?|stack)s?", re.IGNORECASE)
Recipe = tuple[str, list[ast.stmt]]  # the object's name, and the statements that put it together


def stack_worlds(program: Program, sizes: Sequence[int]) -> Iterator[World]:
    """Objects of the program's own container class, and lists of layers, as the program builds them."""
    yield from _listed(program, sizes, _lists(program))
    for make, said in (*_built(program), *_put_together(program, sizes)):
        with suppress(Exception):
            owner = type(make(program.fresh(), sizes)).__name__
            if _is_container(program, owner):
                for world in with_chains(program, "object", "self", make, sizes, sizes):
                    world.owner, world.said = owner, f"class {owner}, {said}"
                    world.scalable = world.layered = True
                    yield world


def imagined_worlds(program: Program, sizes: Sequence[int]) -> Iterator[World]:
    """A small net of the program's layers where it builds none itself: a framework in a file of its own."""
    yield from _listed(program, sizes, _imagined(program, len(sizes) - 1))


def _listed(program: Program, sizes: Sequence[int], recipes: Iterable[Recipe]) -> Iterator[World]:
    """`network = [Dense(784, 100), ReLU(), …]`, which functions take as an argument; or an imagined container."""
    for name, statements in recipes:
        if sum(len(_sized_calls(program, node)) for node in statements) != len(sizes) - 1:
            continue
        make = partial(_made, program, name, statements)
        with suppress(Exception):
            made = make(program.fresh(), sizes)
            root = "made" if isinstance(made, list) else "self"
            for world in with_chains(program, "made" if root == "made" else "object", root, make, sizes, sizes):
                world.said = "layers in a list" if root == "made" else f"class {type(made).__name__}, with two layers"
                world.owner = "" if root == "made" else type(made).__name__
                world.aliases, world.scalable, world.layered = _takers(program) if root == "made" else (), True, True
                layers = made if isinstance(made, list) else []
                starts = [(("item", "made"), ("item", place)) for place in range(len(layers))]
                world.rates += tuple(p for start, a in zip(starts, layers, strict=True) for p in rate_paths(a, start))
                yield world


def _takers(program: Program) -> tuple[str, ...]:
    """What the program's functions call a list of layers that they are given."""
    names = {p for f in program.functions.values() for p in f.required}
    return tuple(n for n in names if _TAKER.fullmatch(n))


def _lists(program: Program) -> Iterator[Recipe]:
    for scope in ast.walk(program.tree):
        body: Any = getattr(scope, "body", ())
        for place, node in enumerate(body if isinstance(body, list) else ()):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            if isinstance(node.value, ast.List) and all(isinstance(e, ast.Call) for e in node.value.elts):
                name = node.targets[0].id
                layers: list[ast.expr | None] = [
                    *node.value.elts,
                    *(_added(n) for n in body[place + 1 :] if _adds_to(n, name)),
                ]
                kept: list[ast.expr] = [
                    e for e in layers if isinstance(e, ast.Call) and _goes_with_dense(program, _called(e))
                ]
                while kept and not _sized_calls(program, kept[0]):
                    kept.pop(0)  # what came behind a convolution
                if len(kept) > 1:
                    listed = ast.Assign([ast.Name(name, ast.Store())], ast.List(kept, ast.Load()))
                    yield name, [ast.fix_missing_locations(ast.copy_location(listed, node))]


def _added(node: ast.stmt) -> ast.expr | None:
    call = node.value if isinstance(node, ast.Expr) else None
    return call.args[0] if isinstance(call, ast.Call) and call.args else None


def _goes_with_dense(program: Program, name: str) -> bool:
    """A layer that passes vectors on: no convolution, no pooling, nothing that reshapes images."""
    return _is_container(program, name) and kind_of(name) not in (*IMAGES, "flatten", "dropout", "batchnorm")


def _imagined(program: Program, layers: int) -> Iterator[Recipe]:
    if layers != 2 or program.source.text.count("\nclass ") < 2 or next(_recipes(program), next(_lists(program), None)):
        return
    dense = next((n for n in program.methods if kind_of(n) == "dense" and _is_container(program, n)), "")
    slopes = [n for n in program.methods if kind_of(n) in ("relu", "tanh", "sigmoid") and _is_container(program, n)]
    between = [f"{n}()" for n in slopes if not _needs(program, n)]
    if not dense or not between or len(_needs(program, dense)) != 2:
        return
    parts = [f"{dense}(1, 1)", between[0], f"{dense}(1, 1)"]
    for name, own in program.methods.items():
        if _is_container(program, name) and not kind_of(name):
            adds = next((m for m in ("add", "append", "add_layer") if m in own), "")
            lines = [f"net = {name}()", *(f"net.{adds}({part})" for part in parts)] if adds else []
            init = own.get("__init__")
            if init is not None and init.node.args.vararg is not None:
                lines = lines or [f"net = {name}({', '.join(parts)})"]
            elif init is not None and len(init.required) == 1:
                lines = lines or [f"net = {name}([{', '.join(parts)}])"]
            if lines:
                yield "net", ast.parse("\n".join(lines)).body
    if _takers(program):
        yield "net", ast.parse(f"net = [{', '.join(parts)}]").body


def _needs(program: Program, name: str) -> tuple[str, ...]:
    init = program.methods[name].get("__init__")
    return init.required if init is not None else ()


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
    whole = node.value if isinstance(node, ast.Assign) else None  # Network(784, 100) is no layer of itself
    found = [n for n in ast.walk(node) if isinstance(n, ast.Call) and _called(n) in program.methods and n is not whole]
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
    for node in copies:
        _widen(program, node, sizes[0])
    exec(compile(ast.Module(copies, []), MODULE, "exec"), namespace)
    return namespace[name]


def _widen(program: Program, node: ast.stmt, width: int) -> None:
    """`BatchNorm1d(100)` gets the width of the layer that it follows."""
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and not _holds_call(program, n)]
    for call in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
        values = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, int)]
        if kind_of(_called(call)) in ("batchnorm", "layernorm") and call.args and _is_size(program, call.args[0]):
            call.args[0] = ast.copy_location(ast.Constant(width), call)
        elif _called(call) in program.methods and len(values) > 1:
            width = values[1]
