"""A gradient against difference quotients, one tensor at a time.

The derivative of f along u is compared with (f(θ + h u) − f(θ − h u)) / 2h, h = 1e-6. Rounding of f leaves
such a quotient an absolute error of about 1e-10 |f|. Where that hides the answer, larger h are tried in the
four-point formula, whose own error is of order h⁴ (Abramowitz and Stegun 1964, 25.3.6).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.report import TensorLine
from handgrad.kernels.types import Array

EVERY = 2000  # tensors up to this size are checked at every coordinate
SAMPLED = 200  # coordinates of a larger one
DIRECTIONS = 20  # and random directions
_TRIES = 10  # of larger tensors: how many draws at most for each wanted one
_STEP = 1e-6
_LARGER_STEPS = (1e-4, 1e-3)
_ROUNDINGS = 8.0  # units in the last place that one evaluation of f may be off by


@dataclass(frozen=True)
class Reading:
    """f at one place.

    `decisions` holds what may flip there: which ReLUs are on, where the maxima lie. `magnitude` is the size
    of the numbers that f was added up from.
    """

    value: float
    magnitude: float
    decisions: list[Array]


Objective = Callable[[], Reading]


@dataclass(frozen=True)
class Target:
    """A tensor to move, in place, and what is claimed to be the gradient by it.

    `bends_at_zero`: f has a term |value| (the L1 penalty), so that directions leave out values next to 0.
    """

    name: str
    values: Array
    gradient: Array
    bends_at_zero: bool = False


@dataclass
class _Comparison:
    """What has been compared so far of one tensor."""

    coordinates: int = 0
    directions: int = 0
    redrawn: int = 0
    largest: float = 0.0
    worst: tuple[float, tuple[int, ...] | None, float, float] = field(default=(0.0, None, 0.0, 0.0))

    def add(self, index: tuple[int, ...] | None, analytic: float, numeric: float, error: float) -> None:
        if index is None:
            self.directions += 1
        else:
            self.coordinates += 1
        error = error if np.isfinite(error) else np.inf
        self.largest = max(self.largest, abs(analytic), abs(numeric))
        if self.coordinates + self.directions == 1 or error > self.worst[0]:
            self.worst = (error, index, analytic, numeric)


class TensorCheck:
    """Compares one tensor's gradient with difference quotients of an objective.

    Args:
        target: the tensor; its values are moved and put back exactly.
        objective: f; it must give the same number twice at the same place.
        rng: draws coordinates and directions.
        tolerance: largest relative error let pass.
    """

    def __init__(self, target: Target, objective: Objective, rng: np.random.Generator, tolerance: float) -> None:
        self.target, self.objective, self.rng, self.tolerance = target, objective, rng, tolerance
        self.base = target.values.copy()
        self.scale = float(np.abs(target.gradient).max(initial=0.0))
        self.noise = _ROUNDINGS * np.finfo(np.float64).eps * objective().magnitude  # of one evaluation
        self.found = _Comparison()

    def run(self) -> TensorLine:
        """Every coordinate up to 2,000; beyond, 200 with non-zero gradient and 20 random directions."""
        size, gradient = self.base.size, self.target.gradient.reshape(-1)
        if size <= EVERY:
            for place in range(size):
                self._coordinate(place)
        else:
            alive = np.flatnonzero(gradient)
            places = self.rng.permutation(alive if alive.size else size)[: _TRIES * SAMPLED]
            for place in places:
                if self.found.coordinates < SAMPLED:
                    self._coordinate(int(place))
            for _ in range(_TRIES * DIRECTIONS):
                if self.found.directions < DIRECTIONS:
                    self._direction()
        return self._line()

    def _coordinate(self, place: int) -> None:
        values, start = self.target.values.reshape(-1), float(self.base.reshape(-1)[place])

        def move(h: float) -> None:
            values[place] = start + h

        index = tuple(int(i) for i in np.unravel_index(place, self.base.shape))
        self._compare(index, float(self.target.gradient.reshape(-1)[place]), move, max(1.0, abs(start)))

    def _direction(self) -> None:
        signs = self.rng.choice([-1.0, 1.0], size=self.base.shape)
        if self.target.bends_at_zero:
            signs[np.abs(self.base) <= 2 * _STEP] = 0.0

        def move(h: float) -> None:
            np.add(self.base, h * signs, out=self.target.values)

        self._compare(None, float(np.vdot(self.target.gradient, signs)), move, 1.0)

    def _compare(
        self, index: tuple[int, ...] | None, analytic: float, move: Callable[[float], None], unit: float
    ) -> None:
        """Ask for the slope with growing steps until it agrees, or the steps are used up.

        Once the tensor is wrong, the first step is enough to find where it is worst.
        """
        numeric = self._slope(move, _STEP * unit, four_points=False)
        step = _STEP * unit
        if numeric is not None and self.found.worst[0] <= self.tolerance:
            for larger in _LARGER_STEPS:
                if self._error(analytic, numeric) <= self.tolerance:
                    break
                better = self._slope(move, larger * unit, four_points=True)
                if better is None:
                    break
                numeric, step = better, larger * unit
        move(0.0)
        if numeric is None:
            self.found.redrawn += 1
        else:
            self.found.add(index, analytic, numeric, self._error(analytic, numeric, self.noise / step))

    def _slope(self, move: Callable[[float], None], h: float, four_points: bool) -> float | None:
        """None where a decision flips between the outermost places."""
        far = 2 * h if four_points else h
        move(far)
        plus = self.objective()
        move(-far)
        minus = self.objective()
        if any(not np.array_equal(p, m) for p, m in zip(plus.decisions, minus.decisions, strict=True)):
            return None
        wide = (plus.value - minus.value) / (2 * far)
        if not four_points:
            return wide
        move(h)
        near = self.objective().value
        move(-h)
        return (4 * (near - self.objective().value) / (2 * h) - wide) / 3

    def _error(self, analytic: float, numeric: float, resolution: float = 0.0) -> float:
        """|a − n| / max(|a|, |n|, 1e-8 scale); a difference below the quotient's resolution is let pass."""
        largest = max(abs(analytic), abs(numeric), 1e-8 * self.scale, resolution / self.tolerance)
        return abs(analytic - numeric) / largest if largest else 0.0

    def _line(self) -> TensorLine:
        found, target = self.found, self.target
        error, index, analytic, numeric = found.worst
        if not found.coordinates + found.directions:
            verdict = "unchecked"
        elif not error <= self.tolerance:
            verdict = "wrong"
        else:
            verdict = "zero" if max(found.largest, self.scale) <= self.noise / _STEP else "right"
        counts = found.coordinates, found.directions, found.redrawn
        return TensorLine(target.name, target.values.shape, *counts, error, index, analytic, numeric, verdict)
