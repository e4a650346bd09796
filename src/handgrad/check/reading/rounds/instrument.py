"""A program's text rewritten so that a watcher sees its loops, its updates, its losses and its differences.

Places are (line, column), which edits of single expressions leave as they are.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Sequence

from handgrad.check.reading.loops.find import METRIC, base_name, changed_names
from handgrad.check.reading.roles import LOSS, NOT_LOSS, looks_like_buffer, looks_like_gradient, role_of

WATCHER = "handgrad_watcher"
_RATE = re.compile(
    r"(^|_)(lr|eta|alpha|lrate|learn\w*|tasa|taux|lernrate|step_?size|lambda_?w)(_|\d|$)|rate", re.IGNORECASE
)
_STEP = re.compile(r"update|step|veloc|change|adjust|delta_?[wb]|\b[wb]\w*_?delta|(^|\W)v_?[dwb]|\bv\b", re.IGNORECASE)
_LOSSES = re.compile(r"loss|cost|err|mse|hist|coste?s|perdidas", re.IGNORECASE)


def instrumented(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A copy of these statements that tells the watcher what happens in them."""
    return [ast.fix_missing_locations(_Watched().visit(copy.deepcopy(node))) for node in body]


def is_loss_name(name: str) -> bool:
    """Whether a variable's name says that it is a loss."""
    return name == "L" or (LOSS.search(name) is not None and NOT_LOSS.search(name) is None)


def rate_in(node: ast.expr) -> ast.expr | None:
    """What stands for the learning rate in a step: a name, or a number below 1."""
    for inner in ast.walk(node):
        name = _last_name(inner)
        if name and (role_of(name) == "lr" or _RATE.search(name)) and not isinstance(inner, ast.Call):
            return inner if isinstance(inner, ast.expr) else None
    for inner in ast.walk(node):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult):
            for side in (inner.left, inner.right):
                if isinstance(side, ast.Constant) and isinstance(side.value, float) and 1e-6 <= side.value < 1:
                    return side
    return None


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return ""


def is_update(node: ast.stmt) -> bool:
    """Whether a statement moves a parameter: T -= E, T += rate E, T = T ± E; not one that adds up."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        target: ast.expr = node.target
        value = node.value
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and changed_names(node):
        target, value = node.targets[0], node.value
    else:
        return False
    if not isinstance(target, ast.Name | ast.Attribute | ast.Subscript) or isinstance(value, ast.Constant):
        return False
    name = base_name(target).split(".")[-1]
    rated = rate_in(value) is not None
    if rated and len(name) == 1 and name not in "vms":
        return True  # a coefficient: a, b, c, d
    if looks_like_buffer(name) or is_loss_name(name) or METRIC.search(name):
        return False
    if rated:
        return True
    moved = ast.unparse(value)
    sinks = isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub)
    return not looks_like_gradient(name) and bool(_STEP.search(moved) or (sinks and looks_like_gradient(moved)))


class _Watched(ast.NodeTransformer):
    def __init__(self) -> None:
        self.scopes: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        self.scopes.append(node.name)
        self.generic_visit(node)
        self.scopes.pop()
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> ast.stmt:
        return self._loop(node)

    def _loop(self, node: ast.For | ast.While) -> ast.stmt:
        place = (node.lineno, node.col_offset)
        own = {n.id for part in node.body for n in _moved_names(part)} if self.scopes else set()
        self.generic_visit(node)
        text = f"{WATCHER}.enter({place!r})\n"
        for name in sorted(own):  # a number in a local variable can only be moved from inside
            text += f"try:\n    {name} = {WATCHER}.local({place!r}, {name!r}, {name})\nexcept NameError:\n    pass\n"
        leave = ast.parse(f"{WATCHER}.leave({place!r})").body
        node.body = [*ast.parse(text).body, ast.Try(node.body, [], [], leave)]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        moves = is_update(node)
        rate = copy.deepcopy(rate_in(node.value)) if moves else None
        scope, name = ".".join(self.scopes), base_name(node.target).split(".")[-1]
        self.generic_visit(node)
        if moves:
            node.value = _update_call(node, node.target, node.value, rate, isinstance(node.op, ast.Sub))
        elif isinstance(node.op, ast.Add) and is_loss_name(name):
            node.value = _call("loss", ast.Constant(f"{scope}:{name}"), ast.Constant("add"), node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(node.targets) == 1:
            return self._tuple(node, target, node.value)
        moves = is_update(node)
        rate = copy.deepcopy(rate_in(node.value)) if moves else None
        name = base_name(target).split(".")[-1] if isinstance(target, ast.expr) else ""
        again = name in changed_names(node)
        self.generic_visit(node)
        if moves:
            node.value = _moved(node, target, node.value, rate)
        elif len(node.targets) == 1 and name and is_loss_name(name):
            kind = "again" if again else "set"
            label = ast.Constant(f"{'.'.join(self.scopes)}:{name}")
            node.value = _call("loss", label, ast.Constant(kind), node.value)
        return node

    def _tuple(self, node: ast.Assign, target: ast.Tuple, value: ast.Tuple) -> ast.stmt:
        """`w, b = w - lr * dw, b - lr * db`."""
        singles = [ast.Assign([t], v, lineno=node.lineno) for t, v in zip(target.elts, value.elts, strict=False)]
        moves = [is_update(single) for single in singles]
        rates = [copy.deepcopy(rate_in(single.value)) for single in singles]
        self.generic_visit(node)
        value.elts = [
            _moved(node, t, v, rate) if move else v
            for t, v, rate, move in zip(target.elts, value.elts, rates, moves, strict=False)
        ] + value.elts[len(moves) :]
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        self.generic_visit(node)
        scope = self.scopes[-1] if self.scopes else ""
        if node.value is not None and is_loss_name(scope) and not isinstance(node.value, ast.Tuple):
            node.value = _call("loss", ast.Constant(f"{scope}()"), ast.Constant("value"), node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "append" and len(node.args) == 1:
            held = ast.unparse(node.func.value)
            if _LOSSES.search(held):
                node.args = [_call("loss", ast.Constant(f"{held}.append"), ast.Constant("value"), node.args[0])]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        constant = isinstance(node.left, ast.Constant) or isinstance(node.right, ast.Constant)
        if isinstance(node.op, ast.Sub) and not constant:
            return ast.copy_location(_call("difference", _place(node), node.left, node.right), node)
        return node


def _moved_names(node: ast.stmt) -> list[ast.Name]:
    found = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name) and is_update(inner):
            found.append(inner.target)
        elif isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name) and is_update(inner):
            found.append(inner.targets[0])
        elif isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Tuple):
            found += [n for n in inner.targets[0].elts if isinstance(n, ast.Name)]
    return found


def _call(method: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(WATCHER, ast.Load()), method, ast.Load()), list(arguments), [])


def _place(node: ast.expr) -> ast.expr:
    return ast.Tuple([ast.Constant(node.lineno), ast.Constant(node.col_offset)], ast.Load())


def _moved(node: ast.Assign, target: ast.expr, value: ast.expr, rate: ast.expr | None) -> ast.expr:
    """T + update(value - T): the step of an assignment of any form."""
    step = ast.BinOp(value, ast.Sub(), _loaded(target))
    return ast.BinOp(_loaded(target), ast.Add(), _update_call(node, target, step, rate, False))


def _update_call(node: ast.stmt, target: ast.expr, step: ast.expr, rate: ast.expr | None, sinks: bool) -> ast.Call:
    """update(place, text, step, rate, sinks, current value, container, key)."""
    container: ast.expr = ast.Constant(None)
    key: ast.expr = ast.Constant(target.id if isinstance(target, ast.Name) else None)
    if isinstance(target, ast.Attribute):
        container, key = _loaded(target.value), ast.Constant(target.attr)
    elif isinstance(target, ast.Subscript):
        container = _loaded(target.value)
        at = ast.Attribute(ast.Name(WATCHER, ast.Load()), "at", ast.Load())
        key = ast.Subscript(at, copy.deepcopy(target.slice), ast.Load())
    place = _place(target)
    text = ast.Constant(re.sub(r"\[[^\]]*\]", "", ast.unparse(target)))
    return _call("update", place, text, step, rate or ast.Constant(None), ast.Constant(sinks), _loaded(target),
                 container, key)  # fmt: skip


def _loaded(node: ast.expr) -> ast.expr:
    made = copy.deepcopy(node)
    for inner in ast.walk(made):
        if hasattr(inner, "ctx"):
            inner.ctx = ast.Load()
    return made
