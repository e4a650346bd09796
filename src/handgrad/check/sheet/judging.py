"""Right or wrong, line by line: each gradient against the exact one, given the sheet's own lines before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from handgrad.check.sheet.model import Model, World, close, shape_of
from handgrad.check.sheet.numbers import Value, evaluate
from handgrad.check.sheet.reading import Line
from handgrad.check.sheet.sizes import Scope, Shape, SizeError, UnknownName, describe, same
from handgrad.check.sheet.tree import Node
from handgrad.check.sheet.updates import judge_update


@dataclass
class Result:
    """What was found of one line.

    Attributes:
        verdict: given, right, renamed (right, as the gradient by another variable), wrong, or error.
        shape: in letters.
        by: the variable a gradient was judged by.
        notes: what was assumed or is worth saying.
        problem: sizes that don't go together, or a name that is not known.
        received, expected: in the first world.
        explanation, words: of an update.
        worlds, shapes: as they stood before the line, to try corrections on.
        alternative: the variable whose gradient a wrong line is.
    """

    line: Line
    verdict: str = "given"
    shape: str = ""
    by: str = ""
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    received: Value | None = None
    expected: Value | None = None
    explanation: str = ""
    words: str = ""
    worlds: list[World] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    alternative: str = ""


@dataclass(frozen=True)
class Reading:
    """How the sheet's gradients are meant: multiples of the loss's, and lines that are by another variable."""

    delta: str = "1"
    parameter: str = "1"
    renamed: frozenset[int] = frozenset()

    def factors(self, model: Model) -> tuple[float, float]:
        """The two numbers."""
        batch = float(model.sizes[model.free.batch.letter or "N"])
        numbers = {"1": 1.0, "-1": -1.0, "N": batch, "-N": -batch}
        return numbers[self.delta], numbers[self.parameter]


def scope_for(model: Model, shapes: dict[str, Shape], by: str) -> Scope:
    """How a backward line is read: a bare sum is over the images if a bias's gradient is asked for."""
    over = "batch" if model.free.kinds.get(by) == "bias" else "classes"
    return Scope(shapes, model.free.batch, model.free.shape_of, over)


class Judge:
    """Goes through a sheet's lines once, with one reading of what its gradients mean."""

    def __init__(self, model: Model, worlds: list[World], reading: Reading) -> None:
        self.model, self.reading = model, reading
        self.worlds = [world.copy() for world in worlds]
        self.shapes = dict(model.forward_shapes)
        self.delta, self.parameter = reading.factors(model)

    def results(self) -> list[Result]:
        """One for every line."""
        return [self._line(line) for line in self.model.sheet.lines]

    def _line(self, line: Line) -> Result:
        if line.role == "error":
            return Result(line, "error", problem=line.problem)
        if line.role in ("forward", "loss"):
            notes = [*self.model.notes.get(line.target, [])]
            return Result(line, shape=describe(shape_of(self.model, line.target)), notes=notes)
        if line.role in ("comment", "size"):
            return Result(line)
        return self._backward(line)

    def _backward(self, line: Line) -> Result:
        by = line.of if line.role == "gradient" else ""
        result = Result(line, by=by, shapes=dict(self.shapes), worlds=[world.copy() for world in self.worlds])
        scope = scope_for(self.model, self.shapes, by)
        self.model.scope.shapes = self.shapes
        try:
            tree, shape = scope.settle(line.tree)
        except SizeError as error:
            result.verdict = "error" if isinstance(error, UnknownName) else "wrong"
            result.problem = str(error)
            self._go_on(line, by, None)
            return result
        for kept in result.worlds:
            kept.ensure(tree)
        result.shape, result.notes = describe(shape), list(scope.notes)
        values = [self._value(world, tree) for world in self.worlds]
        if line.role == "gradient":
            self._gradient(result, shape, values)
        elif line.role == "update" and not same(shape, self.shapes[line.target]):
            result.verdict = "wrong"
            result.problem = (
                f"the new {line.spelling} would be {describe(shape)}, but {line.spelling} is "
                f"{describe(self.shapes[line.target])}: an update keeps the shape"
            )
        elif line.role == "update":
            judge_update(result, self.model, self.worlds, values, self.parameter)
            self._store(line.target, values)
        else:
            self.shapes[line.target] = shape
            self._store(line.target, values)
        return result

    @staticmethod
    def _value(world: World, tree: Node) -> Value:
        world.ensure(tree)
        with np.errstate(all="ignore"):
            return evaluate(tree, world.values)

    def _store(self, name: str, values: Iterable[Value]) -> None:
        for world, value in zip(self.worlds, values, strict=True):
            world.values[name] = value

    def _expected(self, by: str) -> list[Value]:
        return [world.expected(by, self.delta, self.parameter) for world in self.worlds]

    def _gradient(self, result: Result, shape: Shape, values: list[Value]) -> None:
        by, wanted = result.by, shape_of(self.model, result.by)
        expected = self._expected(by)
        result.received, result.expected = values[0], expected[0]
        if not same(shape, wanted):
            result.verdict = "wrong"
            result.problem = (
                f"{result.line.spelling} comes out as {describe(shape)}, but {by} is {describe(wanted)}: "
                "a gradient has the shape of what it is the gradient by"
            )
            self._go_on(result.line, by, None)
            return
        if all(close(v, e) for v, e in zip(values, expected, strict=True)):
            result.verdict = "right"
        else:
            result.verdict, result.alternative = "wrong", self._other_variable(by, values)
        if result.alternative and result.line.number in self.reading.renamed:
            result.verdict = "renamed"
        self._go_on(result.line, result.alternative if result.verdict == "renamed" else by, values)

    def _other_variable(self, by: str, values: list[Value]) -> str:
        """Another forward variable whose gradient this is, exactly."""
        for name, _ in reversed(self.model.forward):
            if name in (by, self.model.sheet.loss) or not same(shape_of(self.model, name), shape_of(self.model, by)):
                continue
            if all(close(v, e) for v, e in zip(values, self._expected(name), strict=True)):
                return name
        return ""

    def _go_on(self, line: Line, by: str, values: list[Value] | None) -> None:
        """Later lines are judged on this line's own value; on the right one where it has none of the right size."""
        if not by:
            return
        values = self._expected(by) if values is None else values
        self.shapes[line.target] = shape_of(self.model, by)
        self._store(line.target, values)
        for world, value in zip(self.worlds, values, strict=True):
            if self.model.defined(by) is not None:
                world.given[by] = value
            world.values[f"gradient by {by}"] = value


def wrong(results: list[Result]) -> int:
    """How many lines are wrong."""
    return sum(result.verdict == "wrong" for result in results)


def judge(model: Model) -> tuple[list[Result], Reading]:
    """The results under the reading that finds fewest mistakes; the plainest one among equals.

    Deltas may be per image (the 1/N comes with the weights), or everything may be the direction of descent, if the
    updates add it. Another reading is taken only where the line it begins with is right in it.
    """
    worlds = [World(model, seed) for seed in (1, 2)]
    best, reading = _with_names(model, worlds, Reading())
    gradients = [r for r in best if r.line.role == "gradient"]
    updates = any(r.line.role == "update" for r in best)
    if not wrong(best) or not gradients:
        return best, reading
    choices = [("N", "1"), ("-1", "1"), ("-N", "1")]
    choices += [("-1", "-1"), ("-N", "-1"), ("N", "N"), ("-N", "-N")] if updates else []
    for delta, parameter in choices:
        results, other = _with_names(model, worlds, Reading(delta, parameter))
        first = next(r for r in results if r.line.role == "gradient")
        if first.verdict in ("right", "renamed") and wrong(results) < wrong(best):
            best, reading = results, other
    return best, reading


def _with_names(model: Model, worlds: list[World], reading: Reading) -> tuple[list[Result], Reading]:
    """Lines that are right under another name are taken so where that makes fewer mistakes."""
    best = Judge(model, worlds, reading).results()
    for result in list(best):
        if result.alternative:
            other = replace(reading, renamed=reading.renamed | {result.line.number})
            results = Judge(model, worlds, other).results()
            if wrong(results) < wrong(best):
                best, reading = results, other
    return best, reading
