"""The layer contract goes red: each of its promises is broken by a layer that is right otherwise."""

from typing import Any

import numpy as np
import pytest
from harness import Case, LayerContract
from test_activations import TestReLU as _ReLU
from test_dense import dense_jax, dense_loops

from handgrad.layers import Dense, ReLU


class SmallBase(Dense):
    def __init__(self) -> None:
        super().__init__(4)


class DoublesEachCall(SmallBase):
    calls = 0

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, x, y, cache)
        self.calls += 1
        if self.dW is not None:
            self.dW *= self.calls


class AddsUp(SmallBase):
    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        self.dW += x.T @ dy
        self.k.dense_backward(dx, None, self.db, dy, x, self.W)


class NeedsDx(SmallBase):
    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        if dx is not None:
            super().backward(dx, dy, x, y, cache)


class StopsWhenFrozen(SmallBase):
    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, x, y, cache)
        if self.frozen:
            dx.fill(0.0)


class ReadsTheWholeCapacity(SmallBase):
    """Sums over the buffer behind dy, not over the n samples at hand."""

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, x, y, cache)
        self.db[...] = self.db * (y.base if y.base is not None else y).shape[0] / len(y)


class MeansWrongShape(SmallBase):
    def output_shape(self, shape: Any) -> Any:
        return (self.units,)


class WritesIntoX(SmallBase):
    def forward(self, y: Any, x: Any, cache: Any, train: bool) -> None:
        super().forward(y, x, cache, train)
        x[0, 0] += 1e-9


class WrongInSingle(SmallBase):
    """Right in float64, with a rate of the wrong type in float32."""

    def forward(self, y: Any, x: Any, cache: Any, train: bool) -> None:
        super().forward(y, x, cache, train)
        if y.dtype == np.float32:
            y *= 1.001


class WrongMultiple(SmallBase):
    def forward(self, y: Any, x: Any, cache: Any, train: bool) -> None:
        super().forward(y, x, cache, train)
        y *= 2

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, 2 * dy, x, y, cache)


class TransposedGradient(SmallBase):
    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, x, y, cache)
        if self.dW is not None:
            self.dW[...] = (x.T @ dy).T


class ZeroesDy(ReLU):
    """dy[y <= 0] = 0 in the caller's array."""

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        dy[y <= 0] = 0
        dx[...] = dy


class AddsToDx(ReLU):
    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        dx *= 0
        dx += dy * (y > 0)


DENSE = Case("dense", SmallBase, (4,), dense_loops, dense_jax, refused=((2, 3), "Flatten"))
RELU = _ReLU.cases[0]

BROKEN = [
    ("test_forward_is_what_the_loops_say", DENSE, WrongMultiple),
    ("test_gradients_are_what_jax_says", DENSE, TransposedGradient),
    ("test_gradients_are_what_differences_say", DENSE, TransposedGradient),
    ("test_backward_twice_gives_the_same_numbers", DENSE, DoublesEachCall),
    ("test_backward_twice_gives_the_same_numbers", DENSE, AddsUp),
    ("test_fewer_samples_than_the_capacity", DENSE, ReadsTheWholeCapacity),
    ("test_without_dx_the_rest_is_the_same", DENSE, NeedsDx),
    ("test_layer_takes_none_for_dx", DENSE, NeedsDx),
    ("test_frozen_layer_still_hands_dx_down", DENSE, StopsWhenFrozen),
    ("test_reads_without_writing", DENSE, WritesIntoX),
    ("test_reads_without_writing", RELU, ZeroesDy),
    ("test_destinations_are_overwritten", DENSE, AddsUp),
    ("test_destinations_are_overwritten", RELU, AddsToDx),
    ("test_float32_is_float64_rounded", DENSE, WrongInSingle),
    ("test_refuses_a_shape_with_a_remedy", DENSE, MeansWrongShape),
]


@pytest.mark.parametrize(("test", "case", "broken"), BROKEN, ids=[f"{b[2].__name__}-{b[0][5:]}" for b in BROKEN])
def test_broken_layer_is_caught(test: str, case: Case, broken: Any) -> None:
    run = getattr(LayerContract(), test)
    run(case, True, "reference")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run(
            Case(case.name, broken, case.input_shape, case.naive, case.jax, refused=case.refused),
            True,
            "reference",
        )
