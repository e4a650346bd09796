"""Products of matrices in a function: what is multiplied with what, and how deep in the net."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

Scope = ast.FunctionDef | ast.Module
_PRODUCTS = ("dot", "matmul")
_DRAWS = ("randn", "rand", "normal", "uniform", "standard_normal", "random", "random_sample", "zeros", "ones", "full")


@dataclass(frozen=True)
class Product:
    """a @ b: the names of its operands ("" for anything else), whether each is turned, and the operands themselves."""

    left: str
    right: str
    left_turned: bool
    right_turned: bool
    operands: tuple[ast.expr, ast.expr]


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope in the order of the source, without functions and classes defined in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from own_nodes(child)


def products(scope: ast.AST) -> list[Product]:
    """`a @ b`, `a.dot(b)`, `np.dot(a, b)`, in the order of the source."""
    found: list[tuple[tuple[int, int], Product]] = []
    for node in own_nodes(scope):
        pair = _operands(node)
        if pair is not None:
            (left, left_turned), (right, right_turned) = (bare(side) for side in pair)
            place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
            found.append((place, Product(left, right, left_turned, right_turned, pair)))
    return [product for _, product in sorted(found, key=lambda pair: pair[0])]


def _operands(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return node.left, node.right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PRODUCTS:
        if len(node.args) == 2:
            return node.args[0], node.args[1]
        if len(node.args) == 1:
            return node.func.value, node.args[0]
    summed = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "einsum"
    if summed and isinstance(node, ast.Call) and len(node.args) == 3:
        return node.args[1], node.args[2]
    return None


def bare(node: ast.expr) -> tuple[str, bool]:
    """The name that an operand has, without slices, reshapes and transposes, and whether it is transposed."""
    turned = False
    while True:
        if isinstance(node, ast.Attribute) and node.attr == "T":
            node, turned = node.value, True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            kind = node.func.attr
            turned = turned or kind == "transpose"
            if kind not in ("transpose", "reshape", "astype", "copy"):
                return "", turned
            node = node.args[0] if node.args and _is_numpy(node.func.value) else node.func.value
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
            node = node.value
        else:
            return (node.id if isinstance(node, ast.Name) else ""), turned


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy")


def names_in(node: ast.AST) -> set[str]:
    """Variables read in an expression."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def called_in(node: ast.AST) -> set[str]:
    """Functions and methods that are called, by their bare names."""
    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls}


def parameters_of(scope: Scope) -> list[str]:
    """A function's arguments without self; none of a module."""
    if isinstance(scope, ast.Module):
        return []
    return [a.arg for a in [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs] if a.arg != "self"]


def depths(scope: Scope) -> dict[str, int]:
    """How many products of matrices a variable has been through; 0 for what comes from outside."""
    found: dict[str, int] = dict.fromkeys(parameters_of(scope), 0)
    for node in own_nodes(scope):
        if isinstance(node, ast.Assign):
            depth = max((found.get(name, 0) for name in names_in(node.value)), default=0)
            depth += any(_operands(n) is not None for n in ast.walk(node.value))
            for target in node.targets:
                found |= {name: max(depth, found.get(name, 0)) for name in _stored(target)}
    return found


def _stored(target: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def weights_in(scope: Scope, known: set[str]) -> set[str]:
    """Variables that hold weights: taken out of a container by a key, drawn, or a loop's variable over containers."""
    found = set(known)
    for node in own_nodes(scope):
        if isinstance(node, ast.Assign):
            value = node.value
            values = value.elts if isinstance(value, ast.Tuple) else [value]
            targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else [node.targets[0]]
            for target, part in zip(
                targets, values if len(values) == len(targets) else values * len(targets), strict=False
            ):
                if isinstance(target, ast.Name) and (is_kept(part) or draws(part)):
                    found.add(target.id)
        elif isinstance(node, ast.For | ast.comprehension):
            found |= _stored(node.target)
    return found


def is_kept(node: ast.expr) -> bool:
    """`params["W1"]`, `self.W1`, `self.W[l]`."""
    if isinstance(node, ast.Subscript):
        keyed = isinstance(node.slice, ast.Constant | ast.BinOp | ast.JoinedStr)
        return keyed or is_kept(node.value)
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def draws(node: ast.AST) -> bool:
    """Whether arrays are made: random, or of zeros."""
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in _DRAWS
               for n in ast.walk(node))  # fmt: skip
