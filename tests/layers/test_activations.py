"""ReLU, Tanh, Sigmoid and Softmax keep the contract; their values at the ends of the number range."""

import math
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness import Case, Formula, LayerContract

from handgrad.layers import ReLU, Sigmoid, Softmax, Tanh
from handgrad.network import Network


def each(function: Any) -> Formula:
    """A loop over every number."""

    def loops(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
        y = np.empty_like(x)
        for index in np.ndindex(*x.shape):
            y[index] = function(float(x[index]))
        return y

    return loops


def softmax_loops(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
    y = np.empty_like(x)
    for n in range(len(x)):
        total = sum(math.exp(z) for z in x[n])
        for p in range(x.shape[1]):
            y[n, p] = math.exp(x[n, p]) / total
    return y


VECTOR, IMAGE = (7,), (2, 3, 4)


class TestReLU(LayerContract):
    cases = tuple(
        Case(str(s), ReLU, s, each(lambda v: max(v, 0.0)), lambda x, a, train: jnp.where(x > 0, x, 0.0))
        for s in (VECTOR, IMAGE)
    )


class TestTanh(LayerContract):
    cases = tuple(Case(str(s), Tanh, s, each(math.tanh), lambda x, a, train: jnp.tanh(x)) for s in (VECTOR, IMAGE))


class TestSigmoid(LayerContract):
    cases = tuple(
        Case(str(s), Sigmoid, s, each(lambda v: 1 / (1 + math.exp(-v))), lambda x, a, train: jax.nn.sigmoid(x))
        for s in (VECTOR, IMAGE, (1,))
    )


class TestSoftmax(LayerContract):
    cases = tuple(
        Case(
            f"{classes} classes",
            Softmax,
            (classes,),
            softmax_loops,
            lambda x, a, train: jax.nn.softmax(x, axis=1),
            modes=(True, False),
            refused=((2, 3, 3), "add Flatten"),
        )
        for classes in (2, 5, 10)
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", [ReLU, Tanh, Sigmoid, Softmax])
def test_large_inputs_stay_finite(layer: Any, dtype: str, kernels: str) -> None:
    net = Network([layer()]).build((4,), dtype, kernels=kernels)
    x = np.array([[1e4, -1e4, 0.0, 5e3], [-1e4, -1e4, -1e4, -1e4]], dtype)
    workspace = net.workspace(2)
    y = workspace.forward(x)
    dx = np.empty_like(x)
    workspace.backward(np.ones_like(y), dx)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    if layer is Softmax:
        np.testing.assert_allclose(y.sum(axis=1), 1.0)


@pytest.mark.parametrize("layer", [ReLU, Tanh, Sigmoid, Softmax])
def test_nan_is_handed_on(layer: Any, kernels: str) -> None:
    """A NaN must reach the loss, where training stops; max(x, 0) would swallow it if written carelessly."""
    net = Network([layer()]).build((3,), "float32", kernels=kernels)
    y = net.workspace(1).forward(np.array([[1.0, np.nan, -1.0]], np.float32))
    assert np.isnan(y[0, 1])


def test_slope_of_relu_at_zero_is_zero(kernels: str) -> None:
    net = Network([ReLU()]).build((3,), "float64", kernels=kernels)
    workspace, dx = net.workspace(1), np.empty((1, 3))
    workspace.forward(np.array([[-1.0, 0.0, 1.0]]))
    workspace.backward(np.full((1, 3), 7.0), dx)
    assert dx.tolist() == [[0.0, 0.0, 7.0]]


def test_softmax_gradient_has_no_part_along_ones(kernels: str) -> None:
    """A constant added to all logits changes nothing: every row of dx sums to 0."""
    net = Network([Softmax()]).build((6,), "float64", kernels=kernels)
    rng = np.random.default_rng(0)
    workspace, x = net.workspace(4), rng.normal(size=(4, 6))
    dx = np.empty_like(x)
    workspace.forward(x)
    workspace.backward(rng.normal(size=(4, 6)), dx)
    np.testing.assert_allclose(dx.sum(axis=1), 0.0, atol=1e-15)
    assert np.abs(dx).max() > 1e-3
