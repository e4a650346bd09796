"""What a program's text shows without being run: weights kept by reference, a seed in the loop, arrays shuffled apart …

These slips stand in the training loop, where no function can be called by itself. Only what is certain from a few
statements side by side is taken: the same expression that is kept is changed in place; the same loop sets a constant
seed and draws a batch; images and labels are put into order by two draws; the loop over batches decays the rate.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from handgrad.check.reading.program import Program
from handgrad.check.reading.roles import role_of
from handgrad.check.reading.tools.calls import plays

_BEST = re.compile(
    r"(self\.)?_?(best|saved|kept|backup|optimal|beste\w*|mejor\w*)_?(w|b|theta|weight|param"
    r"|bias|pesos|gewicht)\w*",
    re.IGNORECASE,
)
_DRAWS = re.compile(r"\.(choice|randint|integers|random_integers|sample)\(")
_EPOCH = re.compile(r"ep(och|oca|oque)?s?$|^e$|^epoche$", re.IGNORECASE)
_SHUFFLE = re.compile(r"(np\.random|numpy\.random|random|rng|self\.rng)\.shuffle")
_SEED = re.compile(r"(^|\.)(seed|set_state|default_rng|RandomState)\(")


@dataclass(frozen=True)
class Sign:
    """A slip in the text: its explanation, the line, and what is concerned."""

    key: str
    kind: str
    line: int
    detail: str = ""


def source_signs(program: Program) -> Iterator[Sign]:
    """One of each explanation, the first in the text."""
    told: set[str] = set()
    for scope in _scopes(program.tree):
        for sign in (*_kept(program.tree, scope), *_seeded(scope), *_apart(scope), *_decays(scope)):
            if sign.key not in told:
                told.add(sign.key)
                yield sign


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """The module's own statements, and each function."""
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """A scope's nodes without those of functions and classes inside."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from _own(child)


def _kept(tree: ast.Module, scope: ast.AST) -> Iterator[Sign]:
    """`if loss < best: best_W = W`, where `W -= …` changes the same array."""
    for branch in _own(scope):
        if not isinstance(branch, ast.If):
            continue
        for node in branch.body:
            if not isinstance(node, ast.Assign):
                continue
            for target, value in _pairs(node):
                if _BEST.fullmatch(ast.unparse(target)) and any(_changed(tree, scope, part) for part in _plain(value)):
                    yield Sign("best_kept_by_reference", "keep", node.lineno, ast.unparse(target))


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    target = node.targets[0]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(target.elts) == len(node.value.elts):
        return list(zip(target.elts, node.value.elts, strict=True))
    return [(target, node.value)]


def _plain(value: ast.expr) -> list[ast.expr]:
    """The arrays of `W`, `self.W`, `[W1, W2]`, `(W, b)` and `{"W": W}` that are named and not copied."""
    if isinstance(value, ast.Tuple | ast.List):
        return [part for entry in value.elts for part in _plain(entry)]
    if isinstance(value, ast.Dict):
        return [part for entry in value.values for part in _plain(entry)]
    return [value] if isinstance(value, ast.Name | ast.Attribute) else []


def _changed(tree: ast.Module, scope: ast.AST, value: ast.expr) -> bool:
    """Whether this very expression is changed in place: in the same scope, or anywhere for an attribute of self."""
    text = ast.unparse(value)
    nodes = ast.walk(tree) if text.startswith("self.") else _own(scope)
    for node in nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub | ast.Add):
            target = node.target
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
        else:
            continue
        if ast.unparse(target) == text or (isinstance(target, ast.Subscript) and ast.unparse(target.value) == text):
            return True
    return False


def _seeded(scope: ast.AST) -> Iterator[Sign]:
    """`for …: np.random.seed(0); i = np.random.choice(N, 50); x[i]`: a batch drawn anew, and the same each time."""
    for loop in _own(scope):
        if not isinstance(loop, ast.For | ast.While):
            continue
        seeds = [place for place, node in enumerate(loop.body) if _is_constant_seed(node)]
        drawn = [node for node in loop.body[seeds[0] :] if _draws(node)] if seeds else []
        if any(_indexes_images(loop, ast.unparse(node.targets[0])) for node in drawn if isinstance(node, ast.Assign)):
            yield Sign("same_batch_again", "batch", loop.body[seeds[0]].lineno)


def _draws(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and _DRAWS.search(ast.unparse(node.value)) is not None
    )


def _is_constant_seed(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and re.search(r"random\.seed\(\d+\)$", ast.unparse(node)) is not None


def _indexes_images(loop: ast.AST, index: str) -> bool:
    return any(
        isinstance(node, ast.Subscript) and index in ast.unparse(node.slice) and role_of(ast.unparse(node.value)) == "x"
        for node in ast.walk(loop)
    )


def _apart(scope: ast.AST) -> Iterator[Sign]:
    """`shuffle(X); shuffle(y)`, or `X = X[permutation(n)]; y = y[permutation(n)]`, with no seed set in between."""
    for body in _bodies(scope):
        waiting: dict[str, int] = {}
        for statement in body:
            text = ast.unparse(statement)
            role = _ordered(statement)
            if role:
                waiting[role] = statement.lineno
                if len(waiting) == 2:
                    yield Sign("labels_shuffled_apart", "shuffle", statement.lineno)
                    break
            elif _SEED.search(text):
                waiting = {}


def _decays(scope: ast.AST) -> Iterator[Sign]:
    """`for epoch …: for batch …: lr *= 0.95`: a decay by a factor that only makes sense once an epoch."""
    for epochs in _own(scope):
        if not isinstance(epochs, ast.For) or not _EPOCH.search(ast.unparse(epochs.target)):
            continue
        for batches in (node for node in epochs.body if isinstance(node, ast.For | ast.While)):
            for node in batches.body:
                factor = _decay_factor(node)
                if factor is not None and 0.2 < factor <= 0.99:
                    yield Sign("schedule_per_iteration", "schedule", node.lineno, f"{factor:g}")


def _decay_factor(node: ast.stmt) -> float | None:
    """k of `lr *= k` and `lr = lr * k`."""
    target: ast.expr
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
        target, factor = node.target, node.value
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Mult):
        target, factor = node.targets[0], node.value.right
        if ast.unparse(node.value.left) != ast.unparse(target):
            return None
    else:
        return None
    rate = plays(ast.unparse(target).removeprefix("self."), "rate")
    return (
        float(factor.value) if rate and isinstance(factor, ast.Constant) and isinstance(factor.value, float) else None
    )


def _bodies(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in (scope, *_own(scope)):
        for name in ("body", "orelse"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield body


def _ordered(statement: ast.stmt) -> str:
    """ "x" or "t" where the statement puts images or labels, by their names, into an order drawn in it."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        shuffles = (
            _SHUFFLE.fullmatch(ast.unparse(call.func)) and len(call.args) == 1 and isinstance(call.args[0], ast.Name)
        )
        return _role(ast.unparse(call.args[0])) if shuffles else ""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Subscript):
        value, target = statement.value, statement.targets[0]
        own = isinstance(target, ast.Name) and ast.unparse(target) == ast.unparse(value.value)
        drawn = ".permutation(" in ast.unparse(value.slice)
        return _role(ast.unparse(target)) if own and drawn else ""
    return ""


def _role(name: str) -> str:
    role = role_of(name)
    return role if role in ("x", "t") else ""
