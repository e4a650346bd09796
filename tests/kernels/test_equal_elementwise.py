"""Activations, dropout and optimisers: native equals reference on random shapes, in both dtypes, NaN included."""

import numpy as np
import pytest
from equality import CLOSE, SUMS, Destination, Draw, assert_equal, counts, dtypes, few, seeds, shapes
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("variant")

forward = st.sampled_from(["relu_forward", "tanh_forward", "sigmoid_forward"])
backward = st.sampled_from(["relu_backward", "tanh_backward", "sigmoid_backward"])
scales = st.sampled_from([1e-3, 1.0, 5.0, 200.0])

#: what arithmetic goes wrong on, at the place of one lane and of all of them
STRANGE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-320, 88.73, -88.73, 710.0, -746.0, 1e30, -1e30]


@few
@given(forward, dtypes, shapes, seeds, scales)
def test_activation_forward(kernel: str, dtype: str, shape: tuple[int, ...], seed: int, scale: float) -> None:
    x = Draw(seed, dtype).normal(*shape, scale=scale)
    assert_equal(kernel, dtype, Destination(*shape), x)


@few
@given(backward, dtypes, shapes, seeds)
def test_activation_backward(kernel: str, dtype: str, shape: tuple[int, ...], seed: int) -> None:
    draw = Draw(seed, dtype)
    y = draw.normal(*shape) if kernel == "relu_backward" else draw.uniform(*shape)
    assert_equal(kernel, dtype, Destination(*shape), draw.normal(*shape), y, tolerance=SUMS, of_largest=True)


@pytest.mark.parametrize("kernel", ["relu_forward", "tanh_forward", "sigmoid_forward"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("count", [1, 37])
@np.errstate(all="ignore")
def test_activation_forward_of_strange_numbers(kernel: str, dtype: str, value: float, count: int) -> None:
    assert_equal(kernel, dtype, Destination(count), np.full(count, value, dtype))


@pytest.mark.parametrize("kernel", ["relu_backward", "tanh_backward", "sigmoid_backward", "dropout_backward"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@np.errstate(all="ignore")
def test_backward_passes_nan_and_infinities(kernel: str, dtype: str) -> None:
    dy, y = (a.ravel().astype(dtype) for a in np.meshgrid([np.nan, np.inf, -np.inf, 1.0], [np.nan, np.inf, 0.0, 1.0]))
    assert_equal(kernel, dtype, Destination(len(dy)), dy, y)


@few
@given(dtypes, counts, st.integers(1, 40), seeds, scales)
def test_softmax_forward(dtype: str, n: int, classes: int, seed: int, scale: float) -> None:
    x = Draw(seed, dtype).normal(n, classes, scale=scale)
    # exp of a difference of d carries d units of rounding
    assert_equal("softmax_forward", dtype, Destination(n, classes), x, tolerance=SUMS)


@few
@given(dtypes, counts, st.integers(1, 40), seeds)
def test_softmax_backward(dtype: str, n: int, classes: int, seed: int) -> None:
    draw = Draw(seed, dtype)
    dy, y = draw.normal(n, classes), draw.uniform(n, classes) / classes
    assert_equal("softmax_backward", dtype, Destination(n, classes), dy, y, tolerance=SUMS, of_largest=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("classes", [1, 10, 33])
@np.errstate(all="ignore")
def test_softmax_spreads_what_is_not_finite_over_its_row_only(dtype: str, value: float, classes: int) -> None:
    x = Draw(0, dtype).normal(3, classes)
    x[1, classes // 2] = value
    assert_equal("softmax_forward", dtype, Destination(3, classes), x, tolerance=SUMS)


@few
@given(dtypes, shapes, seeds, st.floats(0.05, 1.0))
def test_dropout(dtype: str, shape: tuple[int, ...], seed: int, keep_probability: float) -> None:
    draw = Draw(seed, dtype)
    uniform = draw.rng.random(shape, np.float32)
    arguments = (Destination(*shape), Destination(*shape), draw.normal(*shape), uniform, keep_probability)
    assert_equal("dropout_forward", dtype, *arguments)
    assert_equal("dropout_backward", dtype, Destination(*shape), draw.normal(*shape), draw.normal(*shape))


@few
@given(dtypes, counts, seeds, st.sampled_from(["momentum_update", "nesterov_update"]))
def test_momentum(dtype: str, n: int, seed: int, kernel: str) -> None:
    draw = Draw(seed, dtype)
    theta, velocity, grad = draw.normal(n), draw.normal(n), draw.normal(n)
    assert_equal("sgd_update", dtype, theta, grad, 0.03, tolerance=CLOSE, of_largest=True)
    assert_equal(kernel, dtype, theta, velocity, grad, 0.03, 0.9, tolerance=CLOSE, of_largest=True)


@few
@given(dtypes, counts, seeds, st.integers(1, 5000), st.sampled_from([0.0, 0.01]))
def test_scaled_steps(dtype: str, n: int, seed: int, steps: int, decay: float) -> None:
    draw = Draw(seed, dtype)
    theta, first, second, grad = draw.normal(n), draw.normal(n), draw.uniform(n) + 0.01, draw.normal(n)
    assert_equal("rmsprop_update", dtype, theta, second, grad, 1e-3, 0.9, 1e-8, tolerance=SUMS, of_largest=True)
    settings = (1e-3, 0.9, 0.999, 1e-8, steps, decay)
    assert_equal("adam_update", dtype, theta, first, second, grad, *settings, tolerance=SUMS, of_largest=True)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_optimisers_pass_on_what_is_not_finite(value: float) -> None:
    draw = Draw(0, "float32")
    grad = draw.normal(21)
    grad[7] = value
    theta, memory = draw.normal(21), draw.uniform(21)
    with np.errstate(all="ignore"):
        assert_equal("sgd_update", "float32", theta, grad, 0.1)
        assert_equal("momentum_update", "float32", theta, memory, grad, 0.1, 0.9, of_largest=True)
        assert_equal("rmsprop_update", "float32", theta, memory, grad, 0.1, 0.9, 1e-8, tolerance=SUMS)
