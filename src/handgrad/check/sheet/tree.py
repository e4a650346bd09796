"""What a formula is made of, and how it is written back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A number as written."""

    value: float
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Name:
    """A variable; `ones` is a column of ones of whatever length fits."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Unary:
    """`kind`: "-", "'" (transpose), or a function's name; of a derivative "relu'"."""

    kind: str
    of: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Binary:
    """`kind`: + - / ^ > >= < <= max, .* (elementwise), @ (matrix product), * (whichever the sizes allow)."""

    kind: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Sum:
    """A sum or mean over "all", the "batch", the "classes" (all that is not the batch), an axis "0" or "1", or None:
    whatever the line asks for."""

    of: Node
    over: str | None = None
    mean: bool = False
    at: int = field(default=0, compare=False)


Node: TypeAlias = Number | Name | Unary | Binary | Sum

_STRENGTH = {">": 1, ">=": 1, "<": 1, "<=": 1, "+": 2, "-": 2, "*": 3, ".*": 3, "/": 3, "@": 4, "^": 6}


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node."""
    if isinstance(node, Binary):
        return node.left, node.right
    return (node.of,) if isinstance(node, Unary | Sum) else ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)


def names_in(node: Node) -> set[str]:
    """All variables of a formula."""
    return {n.name for n in walk(node) if isinstance(n, Name)}


def rewritten(node: Node, change: Callable[[Node], Iterator[tuple[str, Node]]]) -> Iterator[tuple[str, Node]]:
    """Every tree that differs in one place, as `change` proposes for each part, with what it says about it."""
    yield from change(node)
    if isinstance(node, Binary):
        yield from ((why, replace(node, left=part)) for why, part in rewritten(node.left, change))
        yield from ((why, replace(node, right=part)) for why, part in rewritten(node.right, change))
    elif isinstance(node, Unary | Sum):
        yield from ((why, replace(node, of=part)) for why, part in rewritten(node.of, change))


def renamed(node: Node, old: str, new: str) -> Node:
    """The tree with one variable exchanged everywhere."""
    if isinstance(node, Name):
        return replace(node, name=new) if node.name == old else node
    if isinstance(node, Binary):
        return replace(node, left=renamed(node.left, old, new), right=renamed(node.right, old, new))
    return replace(node, of=renamed(node.of, old, new)) if isinstance(node, Unary | Sum) else node


def write(node: Node) -> str:
    """The formula in the sheet's plain form.

    >>> write(Binary(".*", Binary("@", Name("d3"), Unary("'", Name("W3"))), Binary(">", Name("z2"), Number(0.0))))
    "(d3 W3') * (z2 > 0)"
    """
    return _write(node, 0)


def _write(node: Node, outer: int) -> str:
    if isinstance(node, Number):
        return f"{node.value:g}"
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Sum):
        return f"{'mean' if node.mean else 'sum'}{_OVER.get(node.over or '', '')}({_write(node.of, 0)})"
    if isinstance(node, Unary):
        if node.kind == "'":
            return f"{_write(node.of, 7)}'"
        if node.kind == "-":
            return _bracketed(f"-{_write(node.of, 3)}", 2, outer)
        return f"{node.kind}({_write(node.of, 0)})"
    if node.kind == "max":
        return f"max({_write(node.left, 0)}, {_write(node.right, 0)})"
    own = _STRENGTH[node.kind]
    sign = {"@": " ", ".*": " * ", "/": "/", "^": "^"}.get(node.kind, f" {node.kind} ")
    # Products of matrices inside elementwise ones are bracketed, as on paper.
    left = 5 if node.kind in (".*", "*") and isinstance(node.left, Binary) and node.left.kind == "@" else own
    return _bracketed(f"{_write(node.left, left)}{sign}{_write(node.right, own + 1)}", own, outer)


_OVER = {"batch": "_n", "classes": "_k"}


def _bracketed(text: str, own: int, outer: int) -> str:
    return f"({text})" if own < outer else text
