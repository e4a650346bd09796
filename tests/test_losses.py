"""Losses and penalty: value by hand, gradient by differences and JAX, for every head and reduction."""

import math
from typing import Any

import numpy as np
import pytest

import outside
from handgrad.check import check_loss, check_network
from handgrad.kernels import get_kernels
from handgrad.layers import Dense, Flatten, Layer, ReLU, Sigmoid, Softmax, Tanh
from handgrad.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
    Penalty,
    SoftmaxCrossEntropy,
    SquaredError,
    fill_targets,
)
from handgrad.network import Network

REDUCTIONS = ("mean", "sum")
WEIGHTS = {"no weights": None, "weights": np.array([1.0, 0.0, 2.5, 0.3, 4.0])}


def by_hand(name: str, y: np.ndarray, t: np.ndarray) -> float:
    """One sample's loss, with Python's own functions."""
    if name == "softmax_cross_entropy":
        total = sum(math.exp(z) for z in y)
        return -sum(a * math.log(math.exp(z) / total) for a, z in zip(t, y, strict=True))
    if name == "cross_entropy":
        return -sum(a * math.log(p) for a, p in zip(t, y, strict=True))
    if name == "binary_cross_entropy":
        return -sum(a * math.log(p) + (1 - a) * math.log(1 - p) for a, p in zip(t, y, strict=True))
    return sum((a - b) ** 2 for a, b in zip(y, t, strict=True)) / 2


class Sheet:
    """Random outputs and soft targets for one loss, and its result."""

    def __init__(self, loss: Loss, kernels: str, weights: Any = None, dtype: str = "float64") -> None:
        rng = np.random.default_rng(1)
        self.y = rng.uniform(0.1, 0.9, (5, 4)).astype(dtype)
        self.t = rng.uniform(0.0, 1.0, (5, 4)).astype(dtype)
        self.t[0] = [0, 0, 1, 0]
        self.factors, self.losses = np.full(5, np.nan, dtype), np.full(5, np.nan, dtype)
        self.dy = np.full((5, 4), np.nan, dtype)
        loss.fill_factors(self.factors, weights)
        k = get_kernels(kernels)
        self.value = loss.evaluate(k, self.losses, self.dy, self.y, self.t, self.factors)


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient(name: str, reduction: str, weights: Any, kernels: str) -> None:
    loss = LOSSES[name](reduction)
    sheet = Sheet(loss, kernels, weights)
    each = [by_hand(name, y, t) for y, t in zip(sheet.y, sheet.t, strict=True)]
    np.testing.assert_allclose(sheet.losses, each, rtol=1e-12)
    w = np.ones(5) if weights is None else weights
    total = float(np.dot(w, each))
    assert sheet.value == pytest.approx(total / w.sum() if reduction == "mean" else total, rel=1e-12)

    report = check_loss(loss, weights=weights, kernels=kernels)
    assert report.passed, report.format()
    assert report.line("y").coordinates == 35

    def judge(y: Any) -> Any:
        return outside.reduce(outside.LOSSES[name](y, sheet.t), reduction, weights)

    np.testing.assert_allclose(sheet.dy, outside.jax.grad(judge)(sheet.y), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_value_alone_and_reads_without_writing(name: str, kernels: str) -> None:
    loss = LOSSES[name]()
    sheet = Sheet(loss, kernels)
    y, t, factors = sheet.y.copy(), sheet.t.copy(), sheet.factors.copy()
    again = np.empty(5)
    assert loss.evaluate(get_kernels(kernels), again, None, y, t, factors) == sheet.value
    np.testing.assert_array_equal(again, sheet.losses)
    for now, before in ((y, sheet.y), (t, sheet.t), (factors, sheet.factors)):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("name", LOSSES)
def test_float32(name: str, kernels: str) -> None:
    loss = LOSSES[name]()
    single, double = Sheet(loss, kernels, dtype="float32"), Sheet(loss, kernels)
    assert single.dy.dtype == single.losses.dtype == np.float32
    np.testing.assert_allclose(single.dy, double.dy, rtol=1e-4, atol=1e-6)
    assert single.value == pytest.approx(double.value, rel=1e-5)


# ---------------------------------------------------------------------- losses on their heads

HEADS = {
    "softmax_cross_entropy": {"linear": [Dense(4)], "tanh": [Dense(4), Tanh()]},
    "cross_entropy": {"softmax": [Dense(4), Softmax()]},
    "binary_cross_entropy": {"sigmoid": [Dense(4), Sigmoid()], "one sigmoid": [Dense(1), Sigmoid()]},
    "squared_error": {
        "linear": [Dense(4)],
        "one linear": [Dense(1)],
        "sigmoid": [Dense(4), Sigmoid()],
        "softmax": [Dense(4), Softmax()],
        "relu": [Dense(4), ReLU()],
    },
}
PAIRS = [(name, head) for name, heads in HEADS.items() for head in heads]


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("name", "head"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_loss_and_head(name: str, head: str, reduction: str, weights: Any, kernels: str) -> None:
    layers: list[Layer] = [Dense(6), Tanh(), *HEADS[name][head]]
    loss = LOSSES[name](reduction)
    report = check_network(layers, (3,), loss, l1=0.02, l2=0.1, weights=weights, seed=2, kernels=kernels)
    assert report.passed, report.format()
    assert [line.verdict for line in report.lines] == ["right"] * 5

    net = Network(layers).build((3,), "float64", seed=3, kernels=kernels)
    net.theta += 0.1
    rng = np.random.default_rng(4)
    x, P = rng.normal(size=(5, 3)), net.output_shape[0]
    t, factors, losses = np.empty((5, P)), np.empty(5), np.empty(5)
    fill_targets(net.k, t, rng.integers(0, max(P, 2), 5))
    loss.fill_factors(factors, weights)
    workspace, penalty = net.workspace(5), Penalty(net, 0.02, 0.1)
    y, dy, dx = workspace.forward(x, train=True), workspace.output_gradient(5), np.empty_like(x)
    value = loss.evaluate(net.k, losses, dy, y, t, factors) + penalty.value()
    workspace.backward(dy, dx)
    penalty.add_gradient()
    expected_value, expected = outside.gradient(net, name, reduction, x, t, weights, 0.02, 0.1)
    assert value == pytest.approx(expected_value, rel=1e-12)
    for found, gradient in ({"x": dx} | net.gradients).items():
        np.testing.assert_allclose(gradient, expected[found], rtol=1e-9, atol=1e-12, err_msg=found)


def test_every_loss_is_tried_on_a_head() -> None:
    assert set(HEADS) == set(LOSSES)
    for name, kind in LOSSES.items():
        assert kind.name == name


def test_softmax_layer_and_cross_entropy_are_softmax_cross_entropy(kernels: str) -> None:
    """The reports derive them apart; together they are the same function of the logits, gradient and all."""
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=(6, 5)), np.eye(5)[rng.integers(0, 5, 6)]
    k, factors = get_kernels(kernels), np.full(6, 1 / 6)
    one, two, dz, p, dp, dz_two = np.empty(6), np.empty(6), *(np.empty((6, 5)) for _ in range(4))
    SoftmaxCrossEntropy().evaluate(k, one, dz, z, t, factors)
    k.softmax_forward(p, z)
    CrossEntropy().evaluate(k, two, dp, p, t, factors)
    k.softmax_backward(dz_two, dp, p)
    np.testing.assert_allclose(two, one, rtol=1e-12)
    np.testing.assert_allclose(dz_two, dz, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(dz, (p - t) / 6, rtol=1e-10, atol=1e-15)


# ---------------------------------------------------------------------- factors and slices


def test_factors() -> None:
    factors, w = np.empty(3), np.array([1.0, 0.0, 3.0])
    for reduction, weights, total, expected in (
        ("mean", None, None, [1 / 3, 1 / 3, 1 / 3]),
        ("sum", None, None, [1, 1, 1]),
        ("mean", w, None, [0.25, 0.0, 0.75]),
        ("sum", w, None, [1.0, 0.0, 3.0]),
        ("mean", None, 12, [1 / 12] * 3),
        ("mean", w, 8.0, [0.125, 0.0, 0.375]),
        ("sum", None, 12, [1, 1, 1]),
    ):
        factors.fill(np.nan)
        SquaredError(reduction).fill_factors(factors, weights, total)
        np.testing.assert_allclose(factors, expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_slices_of_a_batch_add_up_to_it(reduction: str, kernels: str) -> None:
    loss, k, rng = SoftmaxCrossEntropy(reduction), get_kernels(kernels), np.random.default_rng(0)
    z, t, dz, parts = (
        rng.normal(size=(7, 3)),
        np.eye(3)[rng.integers(0, 3, 7)],
        np.empty((7, 3)),
        np.empty((7, 3)),
    )
    factors, losses = np.empty(7), np.empty(7)
    loss.fill_factors(factors)
    whole = loss.evaluate(k, losses, dz, z, t, factors)
    value = 0.0
    for start in range(0, 7, 3):
        cut = slice(start, start + 3)
        loss.fill_factors(factors[cut], total=7)
        value += loss.evaluate(k, losses[cut], parts[cut], z[cut], t[cut], factors[cut])
    assert value == pytest.approx(whole, rel=1e-14)
    np.testing.assert_allclose(parts, dz, rtol=1e-13)


# ---------------------------------------------------------------------- the ends of the number range


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_logits(dtype: str, kernels: str) -> None:
    z = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0]], dtype)
    t = np.array([[1, 0, 0], [1, 0, 0]], dtype)
    losses, dz = np.empty(2, dtype), np.empty_like(z)
    SoftmaxCrossEntropy("sum").evaluate(get_kernels(kernels), losses, dz, z, t, np.ones(2, dtype))
    np.testing.assert_allclose(losses, [0, 2e4])
    np.testing.assert_allclose(dz, [[0, 0, 0], [-1, 1, 0]], atol=1e-30)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", [CrossEntropy(), BinaryCrossEntropy()])
def test_probabilities_of_exactly_zero_and_one(loss: Loss, dtype: str, kernels: str) -> None:
    p, t = np.array([[0.0, 1.0], [1.0, 0.0]], dtype), np.array([[1, 0], [1, 0]], dtype)
    losses, dp = np.empty(2, dtype), np.empty_like(p)
    loss.evaluate(get_kernels(kernels), losses, dp, p, t, np.ones(2, dtype))
    assert np.isfinite(losses).all()
    assert np.isfinite(dp).all()
    assert losses[0] > 80
    assert losses[1] == pytest.approx(0.0, abs=1e-6)
    assert dp[0, 0] < -1e30


@pytest.mark.parametrize("name", LOSSES)
def test_nan_reaches_the_loss(name: str, kernels: str) -> None:
    y, t = np.array([[0.5, np.nan]]), np.array([[1.0, 0.0]])
    losses = np.empty(1)
    value = LOSSES[name]().evaluate(get_kernels(kernels), losses, None, y, t, np.ones(1))
    assert math.isnan(value)


# ---------------------------------------------------------------------- targets and probabilities


def test_targets(kernels: str) -> None:
    k, t = get_kernels(kernels), np.full((3, 4), np.nan)
    fill_targets(k, t, np.array([2, 0, 3]))
    assert t.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    single = np.full((3, 1), np.nan)
    fill_targets(k, single, np.array([1, 0, 1]))
    assert single.ravel().tolist() == [1, 0, 1]


def test_probabilities(kernels: str) -> None:
    k, y = get_kernels(kernels), np.array([[0.2, 3.0, -1.0], [0.0, 0.0, 0.0]])
    p = SoftmaxCrossEntropy().probabilities(k, y)
    np.testing.assert_allclose(p, np.exp(y) / np.exp(y).sum(axis=1, keepdims=True))
    assert CrossEntropy().probabilities(k, p) is p
    assert SquaredError().probabilities(k, y).tolist() == [[0.2, 1.0, 0.0], [0.0, 0.0, 0.0]]


# ---------------------------------------------------------------------- penalty


def small_net(**options: Any) -> Network:
    return Network([Dense(4, **options), Tanh(), Dense(2)]).build((3,), "float64", seed=1)


def test_penalty_value_and_gradient_by_hand() -> None:
    net = small_net()
    W0, W2 = net.parameters["0.W"], net.parameters["2.W"]
    W0[0, 0] = 0.0
    net.parameters["0.b"][:] = 5.0  # biases are not penalised
    penalty = Penalty(net, l1=0.3, l2=0.2)
    expected = sum(0.3 * abs(w) + 0.1 * w * w for w in [*W0.ravel(), *W2.ravel()])
    assert penalty.value() == pytest.approx(expected, rel=1e-13)
    net.grad.fill(1.0)
    penalty.add_gradient()
    np.testing.assert_allclose(net.gradients["0.W"], 1 + 0.3 * np.sign(W0) + 0.2 * W0, rtol=1e-14)
    assert net.gradients["0.W"][0, 0] == 1.0  # sign(0) = 0
    np.testing.assert_allclose(net.gradients["2.W"], 1 + 0.3 * np.sign(W2) + 0.2 * W2, rtol=1e-14)
    assert (net.gradients["0.b"] == 1.0).all()


def test_a_layers_own_penalty_wins() -> None:
    net = small_net(l1=0.0, l2=0.5)
    W0, W2 = net.parameters["0.W"], net.parameters["2.W"]
    expected = 0.25 * (W0**2).sum() + 0.3 * np.abs(W2).sum()
    assert Penalty(net, l1=0.3).value() == pytest.approx(expected, rel=1e-13)


def test_frozen_layers_are_not_penalised() -> None:
    net = small_net(frozen=True)
    penalty = Penalty(net, l2=0.2)
    assert penalty.value() == pytest.approx(0.1 * (net.parameters["2.W"] ** 2).sum(), rel=1e-13)
    penalty.add_gradient()
    assert not net.gradients["0.W"].any()


def test_no_penalty_is_zero_and_adds_nothing() -> None:
    net = small_net()
    assert Penalty(net).value() == 0.0
    net.grad.fill(1.0)
    Penalty(net).add_gradient()
    assert (net.grad == 1.0).all()


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_penalty_is_not_divided_by_the_batch(reduction: str, digits: Any, kernels: str) -> None:
    """λ means the same whatever the reduction and the number of samples."""
    x, labels = digits
    report = check_network(
        [Flatten(), Dense(5), Sigmoid(), Dense(10)],
        (1, 28, 28),
        SoftmaxCrossEntropy(reduction),
        l1=0.01,
        l2=0.02,
        x=x[:8],
        labels=labels[:8],
        kernels=kernels,
    )
    assert report.passed, report.format()
