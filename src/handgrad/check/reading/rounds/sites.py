"""Where a program's text may be changed: its statements and expressions, and what is known there.

An edit is made in place and taken back; it says which explanation it would prove.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from handgrad.check.reading.loops.find import base_name
from handgrad.check.reading.rounds.instrument import is_loss_name

Scope = Sequence[str]
ERROR = re.compile(r"delta|err|^d[A-Za-z_]|grad|residual|diff|fehler|_d$|^d\d?$", re.IGNORECASE)


@dataclass(frozen=True)
class Edit:
    """One change: the explanation that it would prove, how likely it is, the statement's place, and what to put."""

    key: str
    rank: int
    top: int
    statement: ast.stmt
    holder: Any
    field: str
    index: int | None
    new: Any

    @property
    def line(self) -> int:
        """Of the statement."""
        return self.statement.lineno

    @contextmanager
    def made(self) -> Iterator[None]:
        """The tree with the change."""
        old = self._get()
        self._set(self.new)
        try:
            yield
        finally:
            self._set(old)

    @property
    def old(self) -> Any:
        """What stands there now."""
        return self._get()

    def _get(self) -> Any:
        held = getattr(self.holder, self.field)
        return held if self.index is None else held[self.index]

    def _set(self, value: Any) -> None:
        if self.index is None:
            setattr(self.holder, self.field, value)
        else:
            getattr(self.holder, self.field)[self.index] = value


Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Known:
    """A statement, the number of the top-level statement it belongs to, and the names known in it."""

    top: int
    statement: ast.stmt
    names: Scope


@dataclass(frozen=True)
class Around:
    """What is known where a statement stands: names, the program's functions, shapes of what a round ends with."""

    names: Scope
    slopes: Scope  # functions whose names say derivative
    functions: Scope
    shapes: Shapes
    outputs: Scope = ()  # what stands as a in a (1 - a) or 1 - a ** 2 somewhere

    def alike(self, one: str, other: str) -> bool:
        """Whether one may stand for the other."""
        return self.shapes.get(one) == self.shapes.get(other) or one not in self.shapes or other not in self.shapes


@dataclass
class Site:
    """An expression in a statement: what holds it, and what is known there."""

    top: int
    statement: ast.stmt
    holder: Any
    field: str
    index: int | None
    node: ast.expr
    around: Around

    def edit(self, key: str, rank: int, new: Any) -> Edit:
        """A change of this expression."""
        return Edit(key, rank, self.top, self.statement, self.holder, self.field, self.index, new)


def statements_of(body: Sequence[ast.stmt]) -> list[Known]:
    """Assignments, returns and loops, with the names known there; losses and printing are left out."""
    outer = stored_names([n for n in body if not isinstance(n, ast.FunctionDef | ast.ClassDef)])
    return [Known(top, node, names) for top, part in enumerate(body) for node, names in _statements(part, outer)]


def outputs_in(node: ast.AST) -> Iterator[str]:
    """What stands as a in 1 - a or 1 - a ** 2, in words."""
    for inner in ast.walk(node):
        one = isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub) and isinstance(inner.left, ast.Constant)
        if one and isinstance(inner, ast.BinOp):
            bare = inner.right.left if isinstance(inner.right, ast.BinOp) else inner.right
            if isinstance(bare, ast.Attribute | ast.Subscript):
                yield ast.unparse(bare)


def _statements(node: ast.AST, names: Scope) -> Iterator[tuple[ast.stmt, Scope]]:
    if isinstance(node, ast.FunctionDef):
        loaded = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        names = [
            *(a.arg for a in node.args.args if a.arg != "self"),
            *stored_names([node]),
            *(n for n in names if n in loaded),
        ]
        names = list(dict.fromkeys(names))
    if isinstance(node, ast.Assign | ast.AugAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if not is_loss_name(base_name(target).split(".")[-1]) or ERROR.search(ast.unparse(target)):
            yield node, names
    elif isinstance(node, ast.Return | ast.For):
        yield node, names
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and getattr(child, "name", "") != "__init__":
            yield from _statements(child, names)


def stored_names(nodes: Sequence[ast.AST]) -> list[str]:
    """Names that are assigned, but for counters of loops."""
    counters = {
        t.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.For) and "range(" in ast.unparse(n.iter)
        for t in ast.walk(n.target) if isinstance(t, ast.Name)
    }  # fmt: skip
    names = [n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return [n for n in dict.fromkeys(names) if n not in counters]


def sites(known: Known, around: Around) -> Iterator[Site]:
    """Every expression of a statement; of a target only its subscripts, of a loop only its head."""
    statement = known.statement
    held: list[tuple[ast.AST, bool]] = [(statement, True)]
    while held:
        holder, inside = held.pop()
        for field, value in ast.iter_fields(holder):
            if holder is statement and field in ("body", "orelse"):
                continue
            target = holder is statement and field in ("target", "targets")
            within = (inside and not target) or field == "slice"  # of a target only its subscripts
            for index, node in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(node, ast.expr):
                    held.append((node, within))
                    if within:
                        yield Site(known.top, statement, holder, field, index, node, around)
