"""Mistakes in activations turn the check red below them, and not above."""

from typing import Any

import numpy as np
import pytest
from plant import check_planted, mlp, square, wrong_tensors

from handgrad.kernels import reference
from handgrad.kernels.types import Array
from handgrad.layers import Dense, Layer, Sigmoid, Softmax, Tanh
from handgrad.losses import CrossEntropy, SoftmaxCrossEntropy, SquaredError


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def logit(y: Array) -> Array:
    return np.log(y / (1 - y))


def slope(function: Any) -> Any:
    """A backward kernel from dy and y."""

    def backward(dx: Array, dy: Array, y: Array) -> None:
        dx[...] = function(dy, y)

    return backward


def bent(kind: Any) -> list[Layer]:
    """The three dense layers with another activation."""
    return [Dense(6), kind(), Dense(5), kind(), Dense(4)]


RELU = [
    ("mask missing", lambda dy, y: dy),
    ("mask from the incoming gradient", lambda dy, y: dy * (dy > 0)),
    ("relu(z) as its own derivative", lambda dy, y: dy * y),
    ("derivative of sigmoid, from y", lambda dy, y: dy * y * (1 - y)),
    ("derivative of sigmoid, from z", lambda dy, y: dy * sigmoid(y) * (1 - sigmoid(y))),
    ("mask inverted", lambda dy, y: dy * (y <= 0)),
]


@pytest.mark.parametrize("function", [m[1] for m in RELU], ids=[m[0] for m in RELU])
def test_relu(function: Any) -> None:
    report = check_planted(mlp(), relu_backward=slope(function))
    assert wrong_tensors(report) == "x 0.W 0.b 2.W 2.b", report.format()


def test_sign_of_relu_cancels_below_a_second_one() -> None:
    report = check_planted(mlp(), relu_backward=slope(lambda dy, y: -dy * (y > 0)))
    assert wrong_tensors(report) == "2.W 2.b", report.format()


def test_relu_with_the_mask_of_another_layer() -> None:
    masks: list[Array] = []

    def relu_backward(dx: Array, dy: Array, y: Array) -> None:
        masks.append(y > 0)
        # The upper ReLU comes first and is right; the lower one takes the upper one's mask.
        dx[...] = dy * masks[2 * ((len(masks) - 1) // 2)]

    report = check_planted(square(), relu_backward=relu_backward)
    assert wrong_tensors(report) == "x 0.W 0.b", report.format()


def test_relu_derivative_overwrites_what_forward_kept() -> None:
    """y has become 0 and 1 when the dense layer above reads it in the second call."""

    def relu_backward(dx: Array, dy: Array, y: Array) -> None:
        y[...] = y > 0
        np.multiply(dy, y, out=dx)

    report = check_planted(mlp(), relu_backward=relu_backward)
    assert wrong_tensors(report) == "2.W 4.W", report.format()


SIGMOID = [
    ("σ'(a) for σ'(z)", lambda dy, y: dy * sigmoid(y) * (1 - sigmoid(y))),
    ("z(1 − z)", lambda dy, y: dy * logit(y) * (1 - logit(y))),
    ("δ times z", lambda dy, y: dy * logit(y)),
    ("derivative missing", lambda dy, y: dy),
    ("a for a(1 − a)", lambda dy, y: dy * y),
    ("derivative of tanh", lambda dy, y: dy * (1 - y * y)),
]


@pytest.mark.parametrize("function", [m[1] for m in SIGMOID], ids=[m[0] for m in SIGMOID])
def test_sigmoid(function: Any) -> None:
    report = check_planted(bent(Sigmoid), sigmoid_backward=slope(function))
    assert wrong_tensors(report) == "x 0.W 0.b 2.W 2.b", report.format()


TANH = [
    ("1 − a for 1 − a²", lambda dy, y: dy * (1 - y)),
    ("tanh'(a) for tanh'(z)", lambda dy, y: dy * (1 - np.tanh(y) ** 2)),
    ("derivative of sigmoid", lambda dy, y: dy * y * (1 - y)),
]


@pytest.mark.parametrize("function", [m[1] for m in TANH], ids=[m[0] for m in TANH])
def test_tanh(function: Any) -> None:
    report = check_planted(bent(Tanh), tanh_backward=slope(function))
    assert wrong_tensors(report) == "x 0.W 0.b 2.W 2.b", report.format()


BELOW_SOFTMAX = "x 0.W 0.b"

SOFTMAX = [
    ("Jacobian's diagonal only", CrossEntropy(), lambda dy, y: dy * y * (1 - y)),
    ("Jacobian left out", CrossEntropy(), lambda dy, y: dy),
    ("p − t with squared error", SquaredError(), lambda dy, y: dy),
    ("softmax twice, p − t", SoftmaxCrossEntropy(), lambda dy, y: dy),
    ("one sum for the whole batch", CrossEntropy(), lambda dy, y: y * (dy - (dy * y).sum())),
    ("sum over the samples", CrossEntropy(), lambda dy, y: y * (dy - (dy * y).sum(axis=0))),
    ("sum of dy without y", CrossEntropy(), lambda dy, y: y * (dy - dy.sum(axis=1, keepdims=True))),
    (
        "three times too large",
        SquaredError(),
        lambda dy, y: 3 * y * (dy - (dy * y).sum(axis=1, keepdims=True)),
    ),
]


@pytest.mark.parametrize(("loss", "function"), [m[1:] for m in SOFTMAX], ids=[m[0] for m in SOFTMAX])
def test_softmax_layer(loss: Any, function: Any) -> None:
    report = check_planted([Dense(4), Softmax()], loss, softmax_backward=slope(function))
    assert wrong_tensors(report) == BELOW_SOFTMAX, report.format()


# ------------------------------------------------------------------------------------ not mistakes


def jacobian_in_loops(dy: Array, y: Array) -> Array:
    dx = np.zeros_like(y)
    for n, (row, p) in enumerate(zip(dy, y, strict=True)):
        dx[n] = (np.diag(p) - np.outer(p, p)) @ row
    return dx


def test_jacobian_written_out_is_right() -> None:
    report = check_planted([Dense(4), Softmax()], CrossEntropy(), softmax_backward=slope(jacobian_in_loops))
    assert report.passed, report.format()


def test_slope_one_at_exactly_zero_is_right() -> None:
    """At 0 any slope from 0 to 1 is one; no input lies there."""
    report = check_planted(mlp(), relu_backward=slope(lambda dy, y: dy * (y >= 0) * (y != 0)))
    assert report.passed, report.format()


def test_softmax_without_the_shift_is_right() -> None:
    """It overflows above 709, but it is the same function."""

    def softmax_forward(y: Array, x: Array) -> None:
        y[...] = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)

    report = check_planted([Dense(4), Softmax()], CrossEntropy(), softmax_forward=softmax_forward)
    assert report.passed, report.format()


def test_two_class_derivative_with_the_diagonal_is_right() -> None:
    """(p − t)/(p(1 − p)) times p(1 − p) is p − t: a wrong proof, but the right gradient below the softmax."""

    def cross_entropy(losses: Array, dp: Array | None, p: Array, t: Array, factors: Array) -> None:
        reference.cross_entropy(losses, None, p, t, factors)
        if dp is not None:
            dp[...] = factors[:, None] * (p - t) / (p * (1 - p))

    report = check_planted(
        [Dense(4), Softmax()],
        CrossEntropy(),
        cross_entropy=cross_entropy,
        softmax_backward=slope(lambda dy, y: dy * y * (1 - y)),
    )
    assert report.passed, report.format()
