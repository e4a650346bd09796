"""What a script's round is rewritten for: outputs and gradients that have no name, or no way out of the round."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Sequence
from typing import Any

from handgrad.check.reading.loops.find import METRIC, changed_names
from handgrad.check.reading.roles import looks_like_buffer, role_of

OUTPUT = "handgrad_output"
_GRADIENT = re.compile(r"^(d|g|grad|gradients?|nabla|D)(_?[A-Zwbv]\w*|\d|theta\w*)$|grad|nabla", re.IGNORECASE)
_BUFFER = re.compile(
    r"^(m|v|s|mt|vt|cache|mem|sq|avg)_?d|hat|corr|cache|squared|moment|veloc|loss|prev|clip", re.IGNORECASE
)


def with_named_outputs(body: Sequence[ast.stmt], targets: set[str]) -> list[ast.stmt]:
    """`X.T @ (X @ W - y)`: what stands beside the targets is the output and gets a name of its own."""
    made: list[ast.stmt] = []
    for place, node in enumerate(body):
        if isinstance(node, ast.Assign | ast.AugAssign):
            found = _beside_targets(node.value, targets)
            if found is not None:
                name = f"{OUTPUT}_{place}"
                named = ast.Assign([ast.Name(name, ast.Store())], copy.deepcopy(found))
                made.append(ast.fix_missing_locations(ast.copy_location(named, node)))
                node = _Replaced(found, name).visit(node)
        made.append(node)
    return made


def _beside_targets(node: ast.expr, targets: set[str]) -> ast.expr | None:
    """The other operand of the first difference that has targets on one side, if it is more than a name."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub):
            for one, other in ((inner.left, inner.right), (inner.right, inner.left)):
                if isinstance(one, ast.Name) and one.id in targets and isinstance(other, ast.Call | ast.BinOp):
                    return other
    return None


class _Replaced(ast.NodeTransformer):
    def __init__(self, old: ast.expr, name: str) -> None:
        self.old, self.name = old, name

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return ast.copy_location(ast.Name(self.name, ast.Load()), self.old)
        return super().generic_visit(node)


RATE = "learning_handgrad_rate"
_TRAINS = re.compile(r"back|update|step|train|learn|adjust|apply|optimi", re.IGNORECASE)


def with_named_rate(body: Sequence[ast.stmt], weights: set[str]) -> float | None:
    """Replaces the rate that is written as a number (`W -= 0.1 * dW`, `layer.backward(grad, 0.1)`); its value."""
    weights = {n for n in weights if not looks_like_buffer(n) and not METRIC.search(n)}
    own = [n for part in body for n in _own_rates(part, weights)]
    if len({ast.unparse(n) for n in own}) > 1 and len(own) == len(weights):
        swap = _Renamed(own)
        for part in body:
            swap.visit(part)
        return 0.1
    found = [n for part in body for n in _written_rates(part, weights)]
    values = {n.value for n in found}
    if len(values) != 1:
        return None
    swap = _Renamed(found)
    for part in body:
        swap.visit(part)
    return next(n.value for n in found if isinstance(n.value, float))


def _own_rates(node: ast.stmt, weights: set[str]) -> list[ast.expr]:
    """The first factor of each weight's step, `rates[1]` of `W2 -= rates[1] * …`: a rate of its own."""
    found: list[ast.expr] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.AugAssign | ast.Assign) and set(changed_names(inner)) & weights:
            factor = _step_of(inner)
            while isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult | ast.MatMult):
                factor = factor.left
            listed = isinstance(factor, ast.Subscript) and isinstance(factor.slice, ast.Constant)
            found += [factor] if listed else []
    return found


def _written_rates(node: ast.stmt, weights: set[str]) -> list[ast.Constant]:
    """Numbers below 1 that stand in an update or are handed to what updates."""
    found: list[ast.Constant] = []
    if any(role_of(n.id) == "lr" or "rate" in n.id.lower() for n in ast.walk(node) if isinstance(n, ast.Name)):
        return []
    for inner in ast.walk(node):
        if isinstance(inner, ast.AugAssign | ast.Assign):
            found += _small(_step_of(inner))[:1] if set(changed_names(inner)) & weights else []
        elif isinstance(inner, ast.Call) and _TRAINS.search(ast.unparse(inner.func)):
            found += [n for a in (*inner.args, *(k.value for k in inner.keywords)) for n in _small(a, deep=False)]
    return list(dict.fromkeys(found))


def _step_of(node: ast.AugAssign | ast.Assign) -> ast.expr:
    """What is added to a weight: the other side of W = W - …; 0.9 of v = 0.9 * v - … is no rate."""
    value = node.value
    if isinstance(node, ast.Assign) and isinstance(value, ast.BinOp):
        own = ast.unparse(node.targets[0])
        right = isinstance(value.op, ast.Add | ast.Sub) and ast.unparse(value.left) == own
        return value.right if right else ast.Constant(None)
    return value


def _small(node: ast.expr, deep: bool = True) -> list[ast.Constant]:
    nodes = ast.walk(node) if deep else [node]
    return [n for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, float) and 1e-6 < n.value < 1]


class _Renamed(ast.NodeTransformer):
    def __init__(self, old: Sequence[ast.expr]) -> None:
        self.old = {id(n) for n in old}

    def visit(self, node: ast.AST) -> Any:
        return ast.copy_location(ast.Name(RATE, ast.Load()), node) if id(node) in self.old else super().visit(node)


def adaptive_gradients(body: Sequence[ast.stmt]) -> list[str] | None:
    """Names of gradients in a round whose update is no multiple of them (Adam, RMSProp); None for any other.

    >>> adaptive_gradients(ast.parse("dW = x.T @ d; s = s + dW ** 2; W -= dW / (np.sqrt(s) + 1e-8)").body)
    ['dW']
    """
    if not any(_divides_by_root(part) for part in body):
        return None
    changed = {n for part in body for n in changed_names(part)}
    stored = [n.id for part in body for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return [n for n in dict.fromkeys(stored) if _GRADIENT.search(n) and not _BUFFER.search(n) and n not in changed]


def _divides_by_root(part: ast.stmt) -> bool:
    """Whether something that is updated from itself, or a step, is divided by a root."""
    for node in ast.walk(part):
        if isinstance(node, ast.AugAssign | ast.Assign) and _has_root(node.value):
            named = isinstance(node, ast.Assign) and re.search(r"step|upd", ast.unparse(node.targets[0]))
            if named or changed_names(node):
                return True
    return False


def _has_root(node: ast.expr) -> bool:
    divisors = [n.right for n in ast.walk(node) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div)]
    return any(re.search(r"sqrt\(|\*\* ?\(?0?\.5|\*\* ?\(1 / 2\)", ast.unparse(d)) for d in divisors)
