"""Functions that take all weights in one vector, as optimisers want it: called with the matrices cut from it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from handgrad.check.reading.program import MODULE, Function, Program, describe
from handgrad.kernels.types import Array

_CALL = "handgrad_call_packed"


@dataclass(frozen=True)
class Packed:
    """A vector argument and the pieces cut from it, in their order.

    Attributes:
        argument: the vector's name.
        pieces: a name for each piece, W1, b1, …, and the lengths of its axes as expressions.
        order: "F" where the pieces are read column by column.
    """

    argument: str
    pieces: tuple[tuple[str, tuple[ast.expr, ...]], ...]
    order: Literal["C", "F"]


def packed_program(program: Program) -> Program | None:
    """The program with each such function under its own name taking and returning matrices; None without any."""
    found = {name: packed for name, f in program.functions.items() if (packed := _packed(program, f)) is not None}
    if not found:
        return None
    other = replace(program, code=list(program.code), functions=dict(program.functions))
    other.given = program.given | {_CALL: call_packed}
    for name, packed in found.items():
        function = program.functions[name]
        known = _solvable(function, packed)
        wrapper = ast.parse(_text(function, packed, known)).body
        line = function.node.lineno
        for node in wrapper:
            other.code.append((compile(ast.Module([node], []), MODULE, "exec"), line))
            if isinstance(node, ast.FunctionDef):
                other.functions[name] = describe(node, "", {})
    return other


def call_packed(
    function: Any,
    arguments: dict[str, Any],
    argument: str,
    pieces: Sequence[Array],
    axes: Sequence[Any],
    order: Literal["C", "F"],
) -> Any:
    """The function's value with the pieces as one vector, and a vector of that length in it cut into pieces again.

    `axes` says for each piece's axes what its length is: (name of an argument, place in it or −1, what is added).
    """
    vector = np.concatenate([np.ravel(piece, order) for piece in pieces])
    sizes: dict[str, Any] = {}
    for piece, names in zip(pieces, axes, strict=True):
        for length, (name, place, added) in zip(np.shape(piece), names, strict=False):
            if name and place < 0:
                sizes[name] = length - added
            elif name:
                sizes.setdefault(name, {})[place] = length - added
    sized = {k: [v[i] for i in sorted(v)] if isinstance(v, dict) else v for k, v in sizes.items()}
    value = function(**arguments, **sized, **{argument: vector})
    parts = value if isinstance(value, tuple) else (value,)
    gradient = next((part for part in parts if np.ndim(part) and np.size(part) == vector.size), None)
    if gradient is None:
        return value
    cuts = np.cumsum([np.size(piece) for piece in pieces])[:-1]
    made = [
        part.reshape(np.shape(piece), order=order)
        for part, piece in zip(np.split(np.ravel(gradient), cuts), pieces, strict=True)
    ]
    return (*(part for part in parts if np.size(part) == 1), *made)


def _packed(program: Program, function: Function) -> Packed | None:
    """What a function cuts out of one of its arguments, itself or by a helper that returns the pieces."""
    for name in function.parameters:
        own = _cuts(function, name)
        if len(own.pieces) > 1 and _weights(own) > 1:
            return own
        for helper in program.functions.values():
            place = _hands_on(function, name, helper)
            if place is not None:
                cut = _cuts(helper, place)
                if len(cut.pieces) > 1 and _weights(cut) > 1 and helper.name != function.name:
                    return replace(cut, argument=name)
    return None


def _weights(packed: Packed) -> int:
    return sum(name[0] == "W" for name, _ in packed.pieces)


def _cuts(function: Function, name: str) -> Packed:
    pieces: list[tuple[str, tuple[ast.expr, ...]]] = []
    order: Literal["C", "F"] = "C"
    weights = biases = 0
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Assign) or not _is_cut(node.value, name):
            continue
        shape = _shape(node.value)
        order = "F" if "'F'" in ast.unparse(node.value) else order
        if len(shape) == 2 and not any(isinstance(s, ast.Constant) and s.value == 1 for s in shape):
            weights += 1
            pieces.append((f"W{weights}", shape))
        else:
            biases += 1
            pieces.append((f"b{biases}", shape))
    return Packed(name, tuple(pieces), order)


def _is_cut(value: ast.expr, name: str) -> bool:
    """`theta[:n].reshape(…)`, `np.reshape(theta[n:], …)`, `theta[n:m]`."""
    return any(
        isinstance(n, ast.Subscript)
        and isinstance(n.value, ast.Name)
        and n.value.id == name
        and isinstance(n.slice, ast.Slice)
        for n in ast.walk(value)
    )


def _shape(value: ast.expr) -> tuple[ast.expr, ...]:
    """The axes that a reshape gives; () without one."""
    for call in (n for n in ast.walk(value) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "reshape":
            plain = isinstance(call.func.value, ast.Name) and call.func.value.id in ("np", "numpy")
            given = call.args[1:] if plain else call.args
            if len(given) == 1 and isinstance(given[0], ast.Tuple | ast.List):
                return tuple(given[0].elts)
            return tuple(given)
    return ()


def _hands_on(function: Function, name: str, helper: Function) -> str | None:
    """The argument of a helper that a function hands its own argument `name` to."""
    for node in ast.walk(function.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == helper.name:
            for place, value in enumerate(node.args):
                if isinstance(value, ast.Name) and value.id == name and place < len(helper.parameters):
                    return helper.parameters[place]
    return None


def _solvable(function: Function, packed: Packed) -> list[list[tuple[str, int, int]]]:
    """For each piece's axes the argument that holds its length, the place in it (−1: all of it), and what is added."""
    aliases = _aliases(function)
    made = []
    for _, axes in packed.pieces:
        made.append([_solved(axis, function, aliases) for axis in axes])
    return made


def _solved(axis: ast.expr, function: Function, aliases: Mapping[str, ast.expr]) -> tuple[str, int, int]:
    added = 0
    if isinstance(axis, ast.BinOp) and isinstance(axis.op, ast.Add):
        constant, other = (axis.left, axis.right) if isinstance(axis.left, ast.Constant) else (axis.right, axis.left)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, int):
            axis, added = other, constant.value
    if isinstance(axis, ast.Name):
        axis = aliases.get(axis.id, axis)
    if isinstance(axis, ast.Name) and axis.id in function.parameters:
        return axis.id, -1, added
    if not isinstance(axis, ast.Subscript) or not isinstance(axis.value, ast.Name):
        return "", -1, 0
    if (
        axis.value.id in function.parameters
        and isinstance(axis.slice, ast.Constant)
        and isinstance(axis.slice.value, int)
    ):
        return axis.value.id, axis.slice.value, added
    return "", -1, 0


def _aliases(function: Function) -> dict[str, ast.expr]:
    """`Dx, H = dimensions[0], dimensions[1]`, `n_in, n_hidden, n_out = sizes`."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name) and isinstance(value, ast.Subscript):
            found[target.id] = value
        elif isinstance(target, ast.Tuple):
            parts = value.elts if isinstance(value, ast.Tuple) else [
                ast.Subscript(value, ast.Constant(i)) for i in range(len(target.elts))
            ]  # fmt: skip
            found |= {t.id: v for t, v in zip(target.elts, parts, strict=False)
                      if isinstance(t, ast.Name) and isinstance(v, ast.Subscript)}  # fmt: skip
    return found


def _text(function: Function, packed: Packed, axes: Sequence[Sequence[tuple[str, int, int]]]) -> str:
    """The function under another name, and one under its own that takes the pieces."""
    solved = {name for piece in axes for name, _, _ in piece if name}
    names = [name for name, _ in packed.pieces]
    rest = [p for p in function.parameters if p != packed.argument and p not in solved]
    required = [p for p in rest if p in function.required]
    optional = [f"{p}={_default(function, p)}" for p in rest if p not in function.required]
    inner = f"handgrad_inner_{function.name}"
    returned = [f"d{name}" for name in names]
    value = "loss, " * (len(function.returns) > 1) + ", ".join(returned)
    return (
        f"{inner} = {function.name}\n"
        f"def {function.name}({', '.join([*names, *required, *optional])}):\n"
        f"    made = {_CALL}({inner}, dict({', '.join(f'{p}={p}' for p in rest)}), {packed.argument!r}, "
        f"[{', '.join(names)}], {[list(a) for a in axes]!r}, {packed.order!r})\n"
        f"    if not isinstance(made, tuple) or len(made) != {len(names) + (len(function.returns) > 1)}:\n"
        f"        return made\n"
        f"    {value} = made\n"
        f"    return {value}\n"
    )


def _default(function: Function, name: str) -> str:
    arguments = function.node.args
    names = [a.arg for a in arguments.args]
    if name in names:
        return ast.unparse(arguments.defaults[names.index(name) - len(names) + len(arguments.defaults)])
    place = [a.arg for a in arguments.kwonlyargs].index(name)
    default = arguments.kw_defaults[place]
    return ast.unparse(default) if default is not None else "None"
