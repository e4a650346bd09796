"""What makes or hands on gradients in a program and was not read: a file with such a thing is not said to be right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from handgrad.check.reading.program import Function, Program

_BACKWARD = re.compile(r"back_?(ward|prop)|retro_?propag|(compute|get|calc\w*)_?grad", re.IGNORECASE)
_CALLED = re.compile(r"back|bwd|bprop|retro", re.IGNORECASE)
_CHECKS = re.compile(r"check|test|numeric|demo|example|plot", re.IGNORECASE)
_PRODUCTS = ("dot", "matmul", "outer", "einsum")
_MANY = 3  # products of matrices: dW2, δ1, dW1


def unread_gradients(program: Program, read: Iterable[str]) -> Iterator[str]:
    """Functions and methods that make or hand on gradients and belong to nothing that was read.

    Args:
        program: the program.
        read: names of functions, classes, methods, and the stems of `stem_forward` and `stem_backward`.
    """
    known = {name.split(".")[0] for name in read}
    for name, function in program.functions.items():
        stem = any(name.startswith(f"{k}_") or name.endswith(f"_{k}") for k in known)
        if name not in known and not stem and _makes_gradients(function):
            yield name
    top = [node for node in program.tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    if _multiplies(ast.Module(top, [])) and any(_steps(node) for part in top for node in ast.walk(part)):
        yield "the statements at the top level"
    for owner, methods in program.methods.items():
        if owner not in known:
            yield from (f"{owner}.{name}" for name, function in methods.items() if _makes_gradients(function))


def _makes_gradients(function: Function) -> bool:
    if _CHECKS.search(function.name):
        return False
    return bool(_BACKWARD.search(function.name)) or _multiplies(function.node) or _hands_on(function.node)


def _multiplies(node: ast.FunctionDef | ast.Module) -> bool:
    """Three products of matrices, a transpose among them."""
    products = sum(isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult) for n in ast.walk(node))
    products += sum(isinstance(n, ast.Call) and _last(n.func) in _PRODUCTS for n in ast.walk(node))
    turned = any(isinstance(n, ast.Attribute) and n.attr in ("T", "transpose", "outer") for n in ast.walk(node))
    return products >= _MANY and turned


def _steps(node: ast.AST) -> bool:
    """`W -= …`, or `new_W = W + rate * …`."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Add | ast.Sub)
    value = node.value if isinstance(node, ast.Assign) else None
    sums = isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub)
    return sums and isinstance(value, ast.BinOp) and isinstance(value.left, ast.Name | ast.Attribute | ast.Subscript)


def _hands_on(node: ast.FunctionDef) -> bool:
    """Backward passes of several things in a row, or of each layer from the last to the first."""
    calls = {ast.unparse(n.func) for n in ast.walk(node) if isinstance(n, ast.Call) and _CALLED.search(_last(n.func))}
    if len(calls) > 1:
        return True
    loops = [n for n in ast.walk(node) if isinstance(n, ast.For) and re.search(r"reversed|-1", ast.unparse(n.iter))]
    return any(ast.unparse(n.func) in calls for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Call))


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
