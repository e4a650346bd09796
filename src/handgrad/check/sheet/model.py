"""The sheet's forward lines as a function with sizes, drawn numbers for it, and its exact gradients.

A gradient is judged on the sheet's own earlier gradients: where the sheet already has du for a variable u, the way from
v to the loss ends at u, and <du, u> stands for the rest of it. So one wrong line makes only itself wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.sheet.numbers import Value, evaluate, slope
from handgrad.check.sheet.reading import FreeNames, Sheet, samples_are_rows
from handgrad.check.sheet.sizes import Scope, Shape, SizeError
from handgrad.check.sheet.tree import Node, Unary, names_in, walk

_HIDDEN = (4, 7, 8, 9, 10, 11, 12, 13)
_NOT_M = ("m", "M")


class ForwardProblem(Exception):
    """A forward line whose sizes don't go together; carries the name it defines."""

    def __init__(self, target: str, message: str) -> None:
        self.target = target
        super().__init__(message)


@dataclass
class Model:
    """The forward lines with products and sums settled.

    Attributes:
        sheet: as read.
        free: what the names that no line defines stand for.
        scope: shapes of all names.
        forward: (name, settled formula) in order.
        sizes: letter → number of rows or columns; all different.
        notes: name → what was assumed on its line.
        forward_shapes: of the names that the forward lines use.
    """

    sheet: Sheet
    free: FreeNames
    scope: Scope
    forward: list[tuple[str, Node]] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    forward_shapes: dict[str, Shape] = field(default_factory=dict)

    def defined(self, name: str) -> Node | None:
        """The settled formula of a forward variable."""
        return dict(self.forward).get(name)


def build_model(sheet: Sheet) -> Model:
    """Find all sizes from the forward lines.

    Raises:
        ForwardProblem: where two don't go together.
    """
    free = FreeNames(sheet, samples_are_rows(sheet))
    model = Model(sheet, free, Scope({}, free.batch, free.shape_of))
    for name, tree in sheet.forward:
        model.scope.notes = []
        try:
            settled, shape = model.scope.settle(tree)
        except SizeError as error:
            raise ForwardProblem(name, str(error)) from error
        if name == sheet.loss and shape:
            raise ForwardProblem(name, f"the loss must be one number; {name} has rows and columns: sum over the images")
        model.scope.shapes[name] = shape
        model.forward.append((name, settled))
        model.notes[name] = model.scope.notes
    free.closed = True
    _name_sizes(model)
    model.forward_shapes = dict(model.scope.shapes)
    return model


def _name_sizes(model: Model) -> None:
    free, declared = model.free, model.sheet.declared
    batch = next((n for n, kind in free.kinds.items() if kind == "batch"), "N")
    free.batch.name("1" if declared.get(batch) == 1 else batch)
    model.sizes = {"1": 1, batch: int(declared.get(batch, 5)), "D": int(declared.get("D", 6)), "P": 3}
    if free.features.letter is None:
        free.features.name("D")
    targets = [n for n, kind in free.kinds.items() if kind == "target"]
    for size in (s for n in targets for s in model.scope.shapes[n]):
        if size.letter is None:
            size.name("P")
    shapes = [model.scope.shapes[name] for name in [*free.kinds, *(name for name, _ in model.forward)]]
    unnamed = list(dict.fromkeys(size.root for shape in shapes for size in shape if size.letter is None))
    stem = "U" if batch in _NOT_M else "M"
    for number, size in enumerate(unnamed, start=1):
        letter = stem if len(unnamed) == 1 else f"{stem}{number}"
        size.name(letter)
        model.sizes[letter] = _HIDDEN[(number - 1) % len(_HIDDEN)] + 10 * ((number - 1) // len(_HIDDEN))
    for name, kind in free.kinds.items():
        if kind == "weight" and any(size.root is free.batch.root for size in model.scope.shapes[name]):
            target = next(t for t, tree in model.forward if name in names_in(tree))
            raise ForwardProblem(
                target,
                f"{name} would need as many rows or columns as there are images ({batch}): samples stand as "
                + ("rows first and as columns here" if free.rows else "columns first and as rows here"),
            )


@dataclass
class World:
    """Numbers drawn for the free names, and what the sheet's lines come to with them.

    Attributes:
        free: the drawn numbers; never changed.
        values: of every name as the sheet goes on, updates included.
        given: variable → the sheet's own gradient by it.
    """

    model: Model
    seed: int
    free: dict[str, Value] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    given: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        for name in self.model.free.kinds:
            self._draw(name)
        values = dict(self.free)
        for name, tree in self.model.forward:
            values[name] = evaluate(tree, values)
        self.base, self.values = values, dict(values)

    def copy(self) -> World:
        """The same numbers, to go another way from here."""
        other = object.__new__(World)
        other.__dict__ |= self.__dict__ | {"values": dict(self.values), "given": dict(self.given)}
        return other

    def ensure(self, tree: Node) -> None:
        """Draw what a backward line uses first, such as a rate or a velocity."""
        for name in names_in(tree):
            if name not in self.values or (name == "ones" and np.shape(self.values[name]) != self._size("ones")):
                if name not in self.free or np.shape(self.free[name]) != self._size(name):
                    self._draw(name)
                self.values[name] = self.free[name]

    def _size(self, name: str) -> tuple[int, ...]:
        return tuple(self.model.sizes.get(size.letter or "", 1) for size in self.model.scope.shapes[name])

    def _draw(self, name: str) -> None:
        model, rng = self.model, self._rng
        kind = model.free.kinds.get(name, "state")
        shape = self._size(name)
        if kind in ("batch", "classes"):
            letter = str(model.free.batch.letter) if kind == "batch" else "P"
            self.free[name] = float(model.sizes[letter])
        elif kind == "scalar":
            self.free[name] = model.sheet.declared.get(name, float(rng.uniform(0.2, 0.8)))
        elif kind == "ones":
            self.free[name] = np.ones(shape)
        elif kind == "target":
            self.free[name] = self._targets(shape)
        else:
            self.free[name] = rng.normal(0, 1.0 if kind == "data" else 0.7, shape)

    def _targets(self, shape: tuple[int, ...]) -> Value:
        """Shares of the classes where the sheet has a softmax, else any numbers its loss allows."""
        functions = {n.kind for _, tree in self.model.forward for n in walk(tree) if isinstance(n, Unary)}
        t = self._rng.uniform(0.1, 0.9, shape)
        axis = 1 if self.model.free.rows else 0
        if shape[axis] > 1 and {"softmax 0", "softmax 1", "exp"} & functions:
            return t / t.sum(axis=axis, keepdims=True)
        return t if "log" in functions else self._rng.normal(size=shape)

    def expected(self, by: str, delta_factor: float, parameter_factor: float) -> Value:
        """The gradient by a variable, given the sheet's own gradients so far.

        Args:
            by: the variable.
            delta_factor: what the sheet's gradients by intermediate variables are multiples of; 1, or N where the
                mean is left for the weights.
            parameter_factor: the same of gradients by weights and biases.
        """
        inner = self.model.defined(by) is not None
        pieces = 1.0 if inner else parameter_factor / delta_factor
        whole = delta_factor if inner else parameter_factor
        return slope(lambda value: self._rest(by, value, pieces, whole), self.base[by])

    def _rest(self, by: str, value: Value, pieces: float, whole: float) -> Value:
        values: dict[str, Value] = {**self.free, by: value} if by in self.free else dict(self.free)
        total: Value = 0.0
        for name, tree in self.model.forward:
            new = value if name == by else evaluate(tree, values)
            if name in self.given and name != by:
                total = total + pieces * np.sum(self.given[name] * new)
                new = self.base[name]
            if name == self.model.sheet.loss:
                total = total + whole * new
            values[name] = new
        return total


def shape_of(model: Model, name: str) -> Shape:
    """The letters of a name's rows and columns."""
    return model.scope.shapes[name]


def close(a: Value, b: Value) -> bool:
    """Equal to rounding, and of one shape."""
    if np.shape(a) != np.shape(b) or not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return False
    scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)))
    return float(np.max(np.abs(np.asarray(a) - b), initial=0.0)) <= 1e-9 * scale


def factor_between(received: Value, expected: Value) -> float | None:
    """k where received = k expected throughout, else None."""
    if np.shape(received) != np.shape(expected):
        return None
    norm = float(np.sum(np.square(expected)))
    k = float(np.sum(received * expected)) / norm if norm else 0.0
    return k if k and close(received, k * np.asarray(expected)) else None


def scalars(model: Model, world: World) -> Mapping[str, float]:
    """Numbers that people lose or count twice, by their names."""
    batch = model.free.batch.letter or "N"
    found = {batch: float(model.sizes[batch]), "P": 3.0, "2": 2.0}
    found |= {f"{batch}^2": found[batch] ** 2, f"({batch} P)": found[batch] * 3.0}
    found |= {n: float(world.values[n]) for n, k in model.free.kinds.items() if k == "scalar" and n in world.values}
    return found
