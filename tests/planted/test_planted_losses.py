"""Mistakes in losses, their scaling and the penalty turn the check red; harmless variants do not."""

from typing import Any

import numpy as np
import pytest
from plant import ALL, check_planted, mlp, wrong_tensors

from handgrad.check import check_loss
from handgrad.kernels import reference
from handgrad.kernels.types import Array
from handgrad.layers import Dense, ReLU, Sigmoid, Softmax
from handgrad.losses import BinaryCrossEntropy, CrossEntropy, Loss, SoftmaxCrossEntropy, SquaredError


def softmax(z: Array, axis: int | None = 1) -> Array:
    e = np.exp(z - z.max())
    return e / e.sum(axis=axis, keepdims=True)


def gradient_but(name: str, function: Any) -> Any:
    """The reference's loss, with the gradient function(y, t, factors as a column) in its place."""

    def kernel(losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None:
        getattr(reference, name)(losses, None, y, t, factors)
        if dy is not None:
            dy[...] = function(y, t, factors[:, None])

    return {name: kernel}


LOGITS = [
    ("sign", lambda z, t, f: f * (t - softmax(z))),
    ("1/N missing", lambda z, t, f: softmax(z) - t),
    ("1/N twice", lambda z, t, f: f * (softmax(z) - t) / len(z)),
    ("divided by a fixed batch size", lambda z, t, f: (softmax(z) - t) / 50),
    ("2 in front", lambda z, t, f: 2 * f * (softmax(z) - t)),
    ("mean over N·C", lambda z, t, f: f * (softmax(z) - t) / z.shape[1]),
    ("rate already in the gradient", lambda z, t, f: 0.1 * f * (softmax(z) - t)),
    ("softmax over the whole array", lambda z, t, f: f * (softmax(z, None) - t)),
    ("softmax over axis 0", lambda z, t, f: f * (softmax(z, 0) - t)),
    ("softmax twice", lambda z, t, f: f * (softmax(softmax(z)) - t)),
    ("p(1 − p) after p − t", lambda z, t, f: f * (softmax(z) - t) * softmax(z) * (1 - softmax(z))),
    ("−t/p on logits", lambda z, t, f: -f * t / softmax(z)),
    ("z − t", lambda z, t, f: f * (z - t)),
    ("sigmoid for softmax", lambda z, t, f: f * (1 / (1 + np.exp(-z)) - t)),
    ("labels off by one", lambda z, t, f: f * (softmax(z) - np.roll(t, 1, axis=1))),
]


@pytest.mark.parametrize("function", [m[1] for m in LOGITS], ids=[m[0] for m in LOGITS])
def test_softmax_cross_entropy(function: Any) -> None:
    report = check_planted(mlp(), **gradient_but("softmax_cross_entropy", function))
    assert wrong_tensors(report) == ALL, report.format()


def test_targets_of_the_neighbour() -> None:
    """Images and labels out of step: the sum over the batch, which is 4.b's gradient, does not notice."""
    wrong = gradient_but("softmax_cross_entropy", lambda z, t, f: f * (softmax(z) - np.roll(t, 1, axis=0)))
    report = check_planted(mlp(), **wrong)
    assert wrong_tensors(report) == "x 0.W 0.b 2.W 2.b 4.W", report.format()


@pytest.mark.parametrize("axis", [None, 0])
def test_softmax_over_the_wrong_axis_in_loss_and_gradient(axis: int | None) -> None:
    """The loss agrees with its p, and still p − t is not its gradient."""

    def kernel(losses: Array, dz: Array | None, z: Array, t: Array, factors: Array) -> None:
        p = softmax(z, axis)
        losses[...] = -(t * np.log(p)).sum(axis=1)
        if dz is not None:
            dz[...] = factors[:, None] * (p - t)

    report = check_planted(mlp(), softmax_cross_entropy=kernel)
    assert wrong_tensors(report) == ALL, report.format()


OTHERS = [
    ("½ of the square forgotten", SquaredError, "squared_error", lambda y, t, f: 2 * f * (y - t)),
    ("sign of the square", SquaredError, "squared_error", lambda y, t, f: f * (t - y)),
    ("mean over the outputs", SquaredError, "squared_error", lambda y, t, f: f * (y - t) / y.shape[1]),
    ("−t/p without t", CrossEntropy, "cross_entropy", lambda p, t, f: -f / p),
    ("p − t before the Jacobian", CrossEntropy, "cross_entropy", lambda p, t, f: f * (p - t)),
    ("no second half", BinaryCrossEntropy, "binary_cross_entropy", lambda p, t, f: -f * t / p),
    ("p − t before sigmoid'", BinaryCrossEntropy, "binary_cross_entropy", lambda p, t, f: f * (p - t)),
    (
        "sign of the second half",
        BinaryCrossEntropy,
        "binary_cross_entropy",
        lambda p, t, f: -f * (t / p + (1 - t) / (1 - p)),
    ),
]


@pytest.mark.parametrize(("loss", "name", "function"), [m[1:] for m in OTHERS], ids=[m[0] for m in OTHERS])
def test_other_losses(loss: type[Loss], name: str, function: Any) -> None:
    head = {CrossEntropy: [Softmax()], BinaryCrossEntropy: [Sigmoid()]}.get(loss, [])
    report = check_planted([Dense(6), ReLU(), Dense(4), *head], loss(), **gradient_but(name, function))
    assert wrong_tensors(report) == "x 0.W 0.b 2.W 2.b", report.format()


class WeightsForgotten(SquaredError):
    """Weights in the loss, not in its gradient."""

    def evaluate(self, k: Any, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> float:
        super().evaluate(k, losses, dy, y, t, np.full_like(factors, factors.mean()))
        return float(np.dot(losses, factors))


class ReductionForgotten(SoftmaxCrossEntropy):
    """The value is a sum whatever the reduction says."""

    def evaluate(self, k: Any, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> float:
        super().evaluate(k, losses, dy, y, t, factors)
        return float(losses.sum())


def test_weights_left_out_of_the_gradient() -> None:
    weights = np.array([1.0, 0.0, 2.0, 0.5, 3.0])
    assert not check_loss(WeightsForgotten(), weights=weights).passed
    assert check_loss(WeightsForgotten()).passed
    assert check_loss(SquaredError(), weights=weights).passed


def test_value_and_gradient_with_different_reductions() -> None:
    assert not check_loss(ReductionForgotten("mean")).passed
    assert check_loss(ReductionForgotten("sum")).passed


PENALTIES = [
    ("L2 missing", 0.0, 0.1, lambda W, l1, l2: 0.0),
    ("L2 twice", 0.0, 0.1, lambda W, l1, l2: 2 * l2 * W),
    ("L2 with the wrong sign", 0.0, 0.1, lambda W, l1, l2: -l2 * W),
    ("L2 divided by N", 0.0, 0.1, lambda W, l1, l2: l2 * W / 9),
    ("L1 missing", 0.1, 0.0, lambda W, l1, l2: 0.0),
    ("L1 as L2", 0.1, 0.0, lambda W, l1, l2: l1 * W),
    ("L1 without the sign", 0.1, 0.0, lambda W, l1, l2: l1),
    ("L1 with the wrong sign", 0.1, 0.0, lambda W, l1, l2: -l1 * np.sign(W)),
    ("λ₁ and λ₂ swapped", 0.1, 0.2, lambda W, l1, l2: l2 * np.sign(W) + l1 * W),
]


@pytest.mark.parametrize(("l1", "l2", "function"), [m[1:] for m in PENALTIES], ids=[m[0] for m in PENALTIES])
def test_penalty(l1: float, l2: float, function: Any) -> None:
    def add(dW: Array, W: Array, l1: float, l2: float) -> None:
        dW += function(W, l1, l2)

    report = check_planted(mlp(), l1=l1, l2=l2, add_penalty_gradient=add)
    assert wrong_tensors(report) == "0.W 2.W 4.W", report.format()


# ------------------------------------------------------------------------------------ not mistakes


@pytest.mark.parametrize("epsilon", [1e-15, 1e-12])
def test_epsilon_inside_the_logarithm_is_right(epsilon: float) -> None:
    def kernel(losses: Array, dp: Array | None, p: Array, t: Array, factors: Array) -> None:
        losses[...] = -(t * np.log(p + epsilon)).sum(axis=1)
        if dp is not None:
            dp[...] = -factors[:, None] * t / (p + epsilon)

    report = check_planted([Dense(4), Softmax()], CrossEntropy(), cross_entropy=kernel)
    assert report.passed, report.format()


def test_clipped_probabilities_are_right() -> None:
    def kernel(losses: Array, dp: Array | None, p: Array, t: Array, factors: Array) -> None:
        reference.cross_entropy(losses, dp, p.clip(1e-12, 1 - 1e-12), t, factors)

    report = check_planted([Dense(4), Softmax()], CrossEntropy(), cross_entropy=kernel)
    assert report.passed, report.format()


def test_penalty_under_another_name_is_right() -> None:
    def add(dW: Array, W: Array, l1: float, l2: float) -> None:
        dW += np.where(W > 0, l1, np.where(W < 0, -l1, 0.0)) + l2 * W

    assert check_planted(mlp(), l1=0.1, l2=0.2, add_penalty_gradient=add).passed
