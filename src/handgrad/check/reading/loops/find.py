"""Training loops that stand in no function, or in one that makes the weights itself: where they are.

A loop's body is one step of training: forward pass, backward pass and update. `step.py` makes a function of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handgrad.check.reading.loops.data import data_role
from handgrad.check.reading.roles import UPDATES

NAME = "training_loop_step"
LoopNode = ast.For | ast.While
_LOOPS = (ast.For, ast.While)
METRIC = re.compile(
    r"count|cnt|correct|right|err|loss|total|cost|acc|sum|epoch|iter|step|num|hits|^[ijkmnt]$|fehler|score|hist|"
    r"aciert|perdida|perte|best|^(lr|eta|alpha)|_(lr|eta|alpha)$|rate", re.IGNORECASE
)  # fmt: skip
_SUM = re.compile(r"grad|nabla|delta|^[dg](_?[wbv]|theta|_?bias)|(?-i:^d[A-Z])", re.IGNORECASE)
_GRADIENT = re.compile(r"(^|[._])(d|g)(_|[A-Z]|[wbzah]\d?$|\d)|grad|nabla|delta|change")


@dataclass(frozen=True)
class Loop:
    """A training loop.

    Attributes:
        before: the statements ahead of it in its block.
        loops: it and the loops around it, the outermost first; a round of the last one is a step.
        function: the function or method that it stands in, None at the top level.
        owner: that method's class.
    """

    before: tuple[ast.stmt, ...]
    loops: tuple[LoopNode, ...]
    function: ast.FunctionDef | None = None
    owner: str = ""

    @property
    def inner(self) -> LoopNode:
        """The loop whose round is a step."""
        return self.loops[-1]


def find_loops(tree: ast.Module) -> Iterator[Loop]:
    """Training loops at the top level, in functions, and in methods, in this order."""
    yield from _in_block(opened(tree.body), None, "")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield from _in_block(node.body, node, "")
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                    yield from _in_block(method.body, method, node.name)


def opened(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A block with what stands under `if __name__ == "__main__"`, `with` and `try` in its place."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.With | ast.Try) or (isinstance(node, ast.If) and "__name__" in ast.dump(node.test)):
            found += opened(node.body)
        else:
            found.append(node)
    return found


def _in_block(body: Sequence[ast.stmt], function: ast.FunctionDef | None, owner: str) -> Iterator[Loop]:
    flat = opened(body)
    for place, node in enumerate(flat):
        if isinstance(node, _LOOPS):
            path = _path(node, ())
            if path:
                yield Loop(tuple(flat[:place]), path, function, owner)


def _path(loop: LoopNode, around: tuple[LoopNode, ...]) -> tuple[LoopNode, ...]:
    """The loops from this one down to the one whose round is a step; () if it is no training loop."""
    here = (*around, loop)
    for inner in inner_loops(loop.body):
        found = _path(inner, here)
        if found:
            return found
    return here if _is_step(loop, here) else ()


def inner_loops(body: Sequence[ast.stmt]) -> Iterator[LoopNode]:
    """Loops in a block, without those inside other loops."""
    for node in body:
        if isinstance(node, _LOOPS):
            yield node
        elif isinstance(node, ast.If | ast.With | ast.Try):
            yield from inner_loops([*node.body, *getattr(node, "orelse", [])])


def _is_step(loop: LoopNode, around: Sequence[LoopNode]) -> bool:
    """Whether a round changes weights that live longer than the loops, and reads data."""
    loaded = {n.id for part in loop.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    reads = any(data_role(name) for name in loaded)
    made_inside = {n for outer in around for part in outer.body for n in plainly_stored(part)}
    changed = {n for part in loop.body for n in changed_names(part)} - made_inside
    weights = {n for n in changed if not METRIC.search(n) and not _SUM.search(n) and not data_role(n)}
    return reads and bool(weights or _calls_update(loop))


def _calls_update(loop: LoopNode) -> bool:
    """`layer.backward(grad, lr)`, `params = update(params, grads)`: the weights change in a function."""
    names = []
    for part in loop.body:
        for node in ast.walk(part):
            if isinstance(node, ast.Call):
                function = node.func
                names.append(function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", ""))
    return any(re.search("back", n) or (UPDATES.search(n) and n != "update") for n in names)


def is_whole(loop: Loop) -> bool:
    """Whether a script's loop itself holds the backward pass: in its own lines, or by several objects' methods."""
    if loop.function is not None:
        return False
    calls = [n.func for part in loop.inner.body for n in ast.walk(part) if isinstance(n, ast.Call)]
    plain = [f.id for f in calls if isinstance(f, ast.Name)]
    if any(re.search(r"back|grad(?!e)|bwd|train|step|update", name, re.IGNORECASE) for name in plain):
        return False
    wired = {ast.unparse(f.value) for f in calls if isinstance(f, ast.Attribute) and re.search("back", f.attr)}
    changed = {n for part in loop.inner.body for n in changed_names(part)}
    return len(wired) > 2 or (not wired and len({n for n in changed if not METRIC.search(n)}) > 1)


def changed_names(node: ast.stmt) -> list[str]:
    """Names that are updated from their own value anywhere in a statement: W -= …, W[l] = W[l] - …, self.W -= …."""
    found: list[str] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.AugAssign) and not isinstance(inner.value, ast.Constant):
            found.append(base_name(inner.target))
        elif isinstance(inner, ast.Assign) and len(inner.targets) == 1:
            target = inner.targets[0]
            text = ast.unparse(target)
            same = [n for n in ast.walk(inner.value) if isinstance(n, type(target)) and ast.unparse(n) == text]
            if same and isinstance(target, ast.Name | ast.Subscript | ast.Attribute):
                found.append(base_name(target))
    return [name for name in found if name]


def plainly_stored(node: ast.stmt) -> list[str]:
    """Names that a statement gives a value that is not their own old one."""
    changed = set(changed_names(node))
    return [
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id not in changed
    ]


def base_name(node: ast.expr) -> str:
    """The variable that an assignment's target belongs to: W of W[l], self.W of self.W[l]."""
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return f"{base_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
