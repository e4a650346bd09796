"""Mistakes in dense layers and their bookkeeping turn the check red at the right tensors."""

from typing import Any

import numpy as np
import pytest
from plant import ALL, check_planted, mlp, plant, square, wrong_tensors

from handgrad.check import check_network
from handgrad.kernels import reference
from handgrad.kernels.types import Array
from handgrad.layers import Dense, Layer, ReLU, Sigmoid
from handgrad.losses import SoftmaxCrossEntropy
from handgrad.network import Network


def dense_backward_but(**parts: Any) -> Any:
    """The reference's, then the named destinations written over by part(dy, x, W, what stood there)."""

    def backward(dx: Array | None, dW: Array | None, db: Array | None, dy: Array, x: Array, W: Array) -> None:
        before = {"dx": dx, "dW": dW, "db": db}
        before = {name: None if a is None else a.copy() for name, a in before.items()}
        reference.dense_backward(dx, dW, db, dy, x, W)
        for name, destination in (("dx", dx), ("dW", dW), ("db", db)):
            if name in parts and destination is not None:
                destination[...] = parts[name](dy, x, W, before[name])

    return backward


def only_square(right: Any, wrong: Any) -> Any:
    """The wrong form where W is square, as the other form would not fit elsewhere."""
    return lambda dy, x, W, old: wrong(dy, x, W) if W.shape[0] == W.shape[1] else right(dy, x, W)


def dW_right(dy: Array, x: Array, W: Array) -> Array:
    return x.T @ dy


def dx_right(dy: Array, x: Array, W: Array) -> Array:
    return dy @ W.T


WEIGHTS, BIASES = "0.W 2.W 4.W", "0.b 2.b 4.b"
BELOW_THE_TOP = "x 0.W 0.b 2.W 2.b"

#: mistake, its network, what is wrong in dense_backward, the tensors that must be called wrong
MISTAKES = [
    ("1/N in every layer", mlp, {"dx": lambda dy, x, W, old: dy @ W.T / len(dy)}, BELOW_THE_TOP),
    ("dW transposed", square, {"dW": only_square(dW_right, lambda dy, x, W: dy.T @ x)}, "0.W 2.W"),
    ("reshape for transpose", mlp, {"dW": lambda dy, x, W, old: x.reshape(x.shape[::-1]) @ dy}, WEIGHTS),
    ("W for its transpose", square, {"dx": only_square(dx_right, lambda dy, x, W: dy @ W)}, "x 0.W 0.b"),
    ("stale weights", mlp, {"dx": lambda dy, x, W, old: dy @ (W - 0.1 * x.T @ dy).T}, BELOW_THE_TOP),
    ("db summed over units too", mlp, {"db": lambda dy, x, W, old: dy.sum()}, BIASES),
    ("db a mean", mlp, {"db": lambda dy, x, W, old: dy.mean(axis=0)}, BIASES),
    ("db of one sample", mlp, {"db": lambda dy, x, W, old: dy[0]}, BIASES),
    ("biases never move", mlp, {"db": lambda dy, x, W, old: 0.0}, BIASES),
    ("= for += over samples", mlp, {"dW": lambda dy, x, W, old: np.outer(x[-1], dy[-1])}, WEIGHTS),
    ("gradients never cleared", mlp, {"dW": lambda dy, x, W, old: old + x.T @ dy}, WEIGHTS),
    (
        "clipped inside backward",
        mlp,
        {"dx": lambda dy, x, W, old: (dy @ W.T).clip(-1e-3, 1e-3)},
        BELOW_THE_TOP,
    ),
    ("integer arrays", mlp, {"dW": lambda dy, x, W, old: np.trunc(x.T @ dy)}, WEIGHTS),
    ("one per cent too large", mlp, {"dW": lambda dy, x, W, old: 1.01 * x.T @ dy}, WEIGHTS),
    ("samples in reverse order", mlp, {"dW": lambda dy, x, W, old: x[::-1].T @ dy}, WEIGHTS),
    ("bias row in W's gradient", mlp, {"dW": lambda dy, x, W, old: x.T @ dy + dy.sum(axis=0)}, WEIGHTS),
]


@pytest.mark.parametrize(("layers", "parts", "wrong"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistake_is_found_where_it_is(layers: Any, parts: dict[str, Any], wrong: str) -> None:
    report = check_planted(layers(), dense_backward=dense_backward_but(**parts))
    assert wrong_tensors(report) == wrong, report.format()
    assert not report.passed
    assert report.worst.name in wrong.split()


@pytest.mark.parametrize("layers", [mlp, square])
def test_without_a_mistake_all_is_right(layers: Any) -> None:
    report = check_planted(layers(), dense_backward=dense_backward_but())
    assert [line.verdict for line in report.lines] == ["right"] * 7, report.format()
    assert " ".join(line.name for line in report.lines) == ALL


def test_dW_from_z_instead_of_h() -> None:
    """The layer's input was h = relu(z); z is another array of the same shape."""
    before: dict[int, Array] = {}

    def relu_forward(y: Array, x: Array) -> None:
        before[y.ctypes.data] = x.copy()  # first: y may be the same array
        reference.relu_forward(y, x)

    def dW_from_z(dy: Array, x: Array, W: Array, old: Array) -> Array:
        return before.get(x.ctypes.data, x).T @ dy

    report = check_planted(mlp(), relu_forward=relu_forward, dense_backward=dense_backward_but(dW=dW_from_z))
    assert wrong_tensors(report) == "2.W 4.W", report.format()


class SkippedDense(Dense):
    """range() that stops one early: this layer's gradient is never filled."""

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        self.k.dense_backward(dx, None, None, dy, x, self.W)


@pytest.mark.parametrize("skipped", [0, 4])
def test_loop_skips_a_layer(skipped: int) -> None:
    layers = mlp()
    layers[skipped] = SkippedDense(layers[skipped].units)  # type: ignore[attr-defined]
    report = check_planted(layers)
    assert wrong_tensors(report) == f"{skipped}.W {skipped}.b"
    assert report.line(f"{skipped}.W").analytic == 0.0


class DecayedBias(Dense):
    """L2 on the biases in the gradient, while the loss has it on the weights alone."""

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, x, y, cache)
        if self.db is not None:
            self.db += 0.01 * self.b


def test_L2_on_biases() -> None:
    report = check_planted([DecayedBias(6), ReLU(), Dense(4)], l2=0.01)
    assert wrong_tensors(report) == "0.b"


class StoppingDense(Dense):
    """A frozen layer that takes "frozen" to mean that nothing passes it."""

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        super().backward(dx, dy, x, y, cache)
        if self.frozen and dx is not None:
            dx.fill(0.0)


def test_frozen_layer_hands_nothing_down() -> None:
    layers = mlp()
    layers[2] = StoppingDense(5, frozen=True)
    report = check_planted(layers)
    assert wrong_tensors(report) == "x 0.W 0.b"
    assert report.line("2.W").verdict == "frozen"


class ThawedNetwork(Network):
    """Fills the gradient of frozen layers too."""

    def _bind(self, i: int, layer: Layer, shape: Any) -> None:
        frozen, layer.frozen = layer.frozen, False
        super()._bind(i, layer, shape)
        layer.frozen = frozen


def test_frozen_layer_gets_a_gradient() -> None:
    layers = [Dense(6), Sigmoid(), Dense(5, frozen=True), Sigmoid(), Dense(4)]
    net = ThawedNetwork(layers).build((7,), "float64")
    report = check_network(net, (7,), SoftmaxCrossEntropy())
    assert wrong_tensors(report) == "2.W 2.b"


def test_planting_leaves_other_networks_alone() -> None:
    layers = mlp()
    plant(Network(layers).build((7,)), dense_backward=dense_backward_but(dW=lambda dy, x, W, old: 0.0))
    assert check_network(mlp(), (7,), SoftmaxCrossEntropy()).passed
