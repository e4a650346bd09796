"""Which one change makes a wrong line right: candidates are written, sized and computed like the line itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from handgrad.check.sheet.judging import Result, scope_for
from handgrad.check.sheet.model import Model, World, close, factor_between, scalars
from handgrad.check.sheet.numbers import Value, evaluate
from handgrad.check.sheet.rules import flipped
from handgrad.check.sheet.sizes import SizeError, same
from handgrad.check.sheet.tree import Binary, Name, Node, Number, Sum, Unary, names_in, renamed, rewritten

_MOST_PAIRS = 6000
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
_DERIVATIVES = ("relu'", "sigmoid'", "tanh'")


@dataclass(frozen=True)
class Correction:
    """A change that makes the line right: its kind, what it exchanged, the line it gives, and a factor beside it."""

    kind: str
    tree: Node
    factor: str = ""


def corrections(result: Result, model: Model, expected: list[np.ndarray]) -> Iterator[Correction]:
    """All single changes that make a line right, the likeliest kind first; then pairs of changes of sizes and names."""
    tree = result.line.tree
    trial = _Trial(result, model, expected)
    singles = [("", tree), *_whole(tree, result, model), *rewritten(tree, lambda node: _local(node, result))]
    found = [c for kind, candidate in singles if (c := trial.check(kind, candidate))]
    found.sort(key=lambda c: (bool(c.kind and c.factor), _order(c.kind)))
    yield from found
    if not found:
        structural = [pair for pair in singles[1:] if pair[0].startswith(("transposed", "order", "name", "mask"))]
        twice = (
            (f"{first}+{second}", both)
            for first, once in structural
            for second, both in rewritten(once, lambda node: _local(node, result))
            if second.startswith(("transposed", "order", "name"))
        )
        for kind, candidate in islice(twice, _MOST_PAIRS):
            correction = trial.check(kind, candidate)
            if correction:
                yield correction
                return


def _order(kind: str) -> int:
    kinds = (
        "",
        "stale",
        "transposed",
        "sum",
        "mask",
        "name",
        "everywhere",
        "order",
        "sign",
        "extra",
        "compare",
        "term",
    )
    return next((i for i, k in enumerate(kinds) if k and kind.startswith(k)), 0 if not kind else len(kinds))


class _Trial:
    def __init__(self, result: Result, model: Model, expected: list[np.ndarray]) -> None:
        self.result, self.model, self.expected = result, model, expected

    def check(self, kind: str, tree: Node) -> Correction | None:
        scope = scope_for(self.model, dict(self.result.shapes), self.result.by)
        try:
            settled, shape = scope.settle(tree)
        except SizeError:
            return None
        if not same(shape, self.model.forward_shapes[self.result.by]):
            return None
        if not names_in(settled) <= set(self.result.worlds[0].values):
            return None
        try:
            with np.errstate(all="ignore"):
                values = [evaluate(settled, self._numbers(kind, world)) for world in self.result.worlds]
        except ValueError:  # a column of ones that was drawn for another length
            return None
        if all(close(v, e) for v, e in zip(values, self.expected, strict=True)):
            return Correction(kind, tree) if kind else None
        factors = [factor_between(v, e) for v, e in zip(values, self.expected, strict=True)]
        names = [_factor_name(k, self.model, w) for k, w in zip(factors, self.result.worlds, strict=True)]
        return Correction(kind, tree, names[0]) if names[0] and names[0] == names[1] else None

    @staticmethod
    def _numbers(kind: str, world: World) -> dict[str, Value]:
        """The line's names; for the correction "stale" with the weights as they were before their updates."""
        return {**world.values, **world.free} if kind == "stale" else world.values


def _factor_name(k: float | None, model: Model, world: World) -> str:
    """k in the sheet's letters, "-1/N"; "" where it is no product that anybody writes."""
    if k is None:
        return ""
    sign = "-" if k < 0 else ""
    if abs(abs(k) - 1) < 1e-9:
        return "-1" if sign else ""
    for name, value in scalars(model, world).items():
        if abs(abs(k) - value) < 1e-9 * value:
            return f"{sign}{name}"
        if abs(abs(k) * value - 1) < 1e-9:
            return f"{sign}1/{name}"
    return ""


def _whole(tree: Node, result: Result, model: Model) -> Iterator[tuple[str, Node]]:
    """Changes of the whole line: a mask it lacks, a sum over the images, a transposition, one name for another."""
    yield "stale", tree
    yield "transposed all", flipped(tree)
    yield "sum missing", Sum(tree, "batch")
    for name, forward in model.forward:
        if isinstance(forward, Unary) and isinstance(forward.of, Name) and forward.kind in ("relu", "sigmoid", "tanh"):
            z: Node = forward.of
            mask = Binary(">", z, Number(0.0)) if forward.kind == "relu" else Unary(f"{forward.kind}'", z)
            yield f"mask {name}", Binary(".*", tree, mask)
    for old in sorted(names_in(tree)):
        for new in _alike(old, result):
            yield f"everywhere {old} {new}", renamed(tree, old, new)
    by = result.by
    scalars_known = [n for n, kind in model.free.kinds.items() if kind == "scalar"]
    for scalar in scalars_known:
        for penalty in (Name(by), Unary("sign", Name(by))):
            for times in (1.0, 2.0):
                term = Binary("@", Name(scalar), penalty)
                yield "penalty", Binary("+", tree, term if times == 1.0 else Binary("@", Number(times), term))


def _alike(name: str, result: Result) -> list[str]:
    """Names of the sheet that somebody may have meant instead."""
    return [
        n for n in sorted(result.worlds[0].values) if n != name and " " not in n and np.ndim(result.worlds[0].values[n])
    ]


def _local(node: Node, result: Result) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Name):
        yield f"transposed {node.name}", flipped(node)
        for new in _alike(node.name, result) if node.name in result.worlds[0].values else []:
            yield f"name {node.name} {new}", replace(node, name=new)
            yield f"name+transposed {node.name} {new}", flipped(replace(node, name=new))
    elif isinstance(node, Sum):
        yield from (
            (f"sum over {over}", replace(node, over=over)) for over in ("batch", "classes", "all") if over != node.over
        )
        yield "sum extra", node.of
    elif isinstance(node, Unary):
        yield from _of_function(node)
    elif isinstance(node, Binary):
        yield from _of_pair(node)


def _of_function(node: Unary) -> Iterator[tuple[str, Node]]:
    if node.kind == "'":
        yield "transposed back", node.of
    elif node.kind == "-":
        yield "sign", node.of
    elif f"{node.kind}'" in _DERIVATIVES:
        yield f"slope {node.kind}", replace(node, kind=f"{node.kind}'")
    elif node.kind in _DERIVATIVES:
        yield from (
            (f"function {node.kind} {other}", replace(node, kind=other)) for other in _DERIVATIVES if other != node.kind
        )


def _of_pair(node: Binary) -> Iterator[tuple[str, Node]]:
    left, right = node.left, node.right
    if node.kind in ("+", "-"):
        yield "sign", replace(node, kind="-" if node.kind == "+" else "+")
        yield "term extra", left
        yield "term extra", right
    elif node.kind in _FLIPPED:
        yield "compare", replace(node, kind=_FLIPPED[node.kind])
    elif node.kind in ("@", "*", ".*"):
        yield "order", replace(node, left=right, right=left)
        yield "order transposed", replace(node, left=flipped(right), right=left)
        yield "order transposed", replace(node, left=right, right=flipped(left))
        yield "extra factor", left
        yield "extra factor", right
        yield "kind", replace(node, kind=".*" if node.kind == "@" else "@")
    elif node.kind == "/":
        yield "extra divisor", left
