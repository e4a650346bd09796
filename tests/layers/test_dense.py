"""The dense layer keeps the contract, and what is its own."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from harness import Case, LayerContract

from handgrad.check import check_layer, check_network
from handgrad.initializers import Identity as IdentityInit
from handgrad.initializers import Normal
from handgrad.layers import Dense, Tanh
from handgrad.losses import SoftmaxCrossEntropy
from handgrad.network import Network


def dense_loops(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
    N, (D, M) = len(x), a.W.shape
    y = np.zeros((N, M))
    for n in range(N):
        for m in range(M):
            y[n, m] = a.b[m]
            for d in range(D):
                y[n, m] += x[n, d] * a.W[d, m]
    return y


def dense_jax(x: Any, a: SimpleNamespace, train: bool) -> Any:
    return x @ a.W + a.b


REFUSED = ((2, 3, 3), "add Flatten")


class TestDense(LayerContract):
    cases = (
        Case("narrowing", lambda: Dense(3), (7,), dense_loops, dense_jax, refused=REFUSED),
        Case("widening", lambda: Dense(11), (2,), dense_loops, dense_jax, modes=(True, False), refused=REFUSED),
        # Square, and as many samples as units: here a forgotten transpose meets no shape error.
        Case("square", lambda: Dense(5, init=Normal(0.5)), (5,), dense_loops, dense_jax, refused=REFUSED),
        Case("one unit", lambda: Dense(1), (4,), dense_loops, dense_jax, refused=REFUSED),
        Case("one input", lambda: Dense(4), (1,), dense_loops, dense_jax, refused=REFUSED),
    )


def test_the_size_of_report_e(kernels: str) -> None:
    report = check_layer(Dense(100), (784,), kernels=kernels)
    assert report.passed, report.format()
    assert report.line("W").coordinates == 200
    assert report.line("W").directions == 20


def test_identity_initialiser_passes_its_input_on() -> None:
    net = Network([Dense(4, init=IdentityInit())]).build((4,), "float64")
    x = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(net.forward(x), x)


@pytest.mark.parametrize("samples", [1, 3])
def test_few_samples(samples: int, kernels: str) -> None:
    report = check_layer(Dense(4), (6,), samples=samples, kernels=kernels)
    assert report.passed, report.format()


def pictures(samples: int = 40, side: int = 9) -> np.ndarray:
    """Images of which four fifths are zero, as handwritten digits are: their zeros are passed over."""
    rng = np.random.default_rng(0)
    return rng.random((samples, side * side)) * (rng.random((samples, side * side)) < 0.2)


def test_gradient_where_zeros_are_passed_over(kernels: str) -> None:
    x = pictures()
    report = check_network([Dense(20), Tanh(), Dense(3)], x.shape[1:], SoftmaxCrossEntropy(), x=x, kernels=kernels)
    assert report.passed, report.format()


class PassesOverTooMuch(Dense):
    """Takes small numbers for zeros in its weights' gradient."""

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, np.where(np.abs(x) < 0.05, 0, x), y, cache)


def test_passing_over_a_small_number_is_caught(kernels: str) -> None:
    x = pictures()
    net = [PassesOverTooMuch(20), Tanh(), Dense(3)]
    assert not check_network(net, x.shape[1:], SoftmaxCrossEntropy(), x=x, kernels=kernels).passed
