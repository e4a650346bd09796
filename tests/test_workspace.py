"""Workspaces: any number of samples up to the capacity, no work nobody asked for, no allocation in a step."""

import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from handgrad.errors import ShapeError
from handgrad.kernels import get_kernels
from handgrad.layers import BatchNorm, Conv2D, Dense, Flatten, Identity, ReLU, Sigmoid, Tanh
from handgrad.layers.base import Layer
from handgrad.losses import Penalty, SoftmaxCrossEntropy, fill_targets
from handgrad.network import Network
from handgrad.optimizers import SGD


def small(**options: Any) -> Network:
    return Network([Dense(5, **options), Tanh(), Dense(3)]).build((4,), "float64", seed=1)


def watched(net: Network) -> list[tuple[str, tuple[Any, ...]]]:
    """The calls of dense_backward from now on: shape of W, and which destinations were asked for."""
    calls: list[Any] = []

    def dense_backward(dx: Any, dW: Any, db: Any, dy: Any, x: Any, W: Any) -> None:
        calls.append((W.shape, dx is not None, dW is not None, db is not None))
        original.dense_backward(dx, dW, db, dy, x, W)

    original = net.k
    names = [name for name in dir(original) if not name.startswith("_")]
    k = SimpleNamespace(**{name: getattr(original, name) for name in names} | {"dense_backward": dense_backward})
    for layer in net.layers:
        layer.k = k
    return calls


# ---------------------------------------------------------------------- only what is asked for


def test_the_first_layers_dx_is_not_computed() -> None:
    net = small()
    calls, workspace = watched(net), net.workspace(2)
    workspace.forward(np.ones((2, 4)))
    workspace.backward(np.ones((2, 3)))
    assert calls == [((5, 3), True, True, True), ((4, 5), False, True, True)]
    workspace.backward(np.ones((2, 3)), np.empty((2, 4)))
    assert calls[2:] == [((5, 3), True, True, True), ((4, 5), True, True, True)]


def test_nothing_is_computed_below_the_lowest_layer_that_moves() -> None:
    net = small(frozen=True)
    calls, workspace = watched(net), net.workspace(2)
    workspace.forward(np.ones((2, 4)))
    workspace.backward(np.ones((2, 3)))
    assert calls == [((5, 3), False, True, True)]
    dx = np.zeros((2, 4))
    workspace.backward(np.ones((2, 3)), dx)
    assert calls[2] == ((4, 5), True, False, False)
    assert dx.any()


def test_all_frozen_computes_nothing() -> None:
    net = Network([Dense(5, frozen=True), Dense(3, frozen=True)]).build((4,), "float64")
    calls, workspace = watched(net), net.workspace(2)
    workspace.forward(np.ones((2, 4)))
    workspace.backward(np.ones((2, 3)))
    assert calls == []
    assert not net.grad.any()


# ---------------------------------------------------------------------- numbers of samples


def test_short_batches_between_long_ones() -> None:
    net, rng = small(), np.random.default_rng(0)
    x, dy = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    workspace = net.workspace(6)
    for n in (6, 1, 4, 6, 2):
        exact = net.workspace(n)
        y = workspace.forward(x[:n]).copy()
        workspace.backward(dy[:n])
        grad = net.grad.copy()
        np.testing.assert_array_equal(y, exact.forward(x[:n]))
        exact.backward(dy[:n])
        np.testing.assert_array_equal(grad, net.grad)


def test_two_workspaces_do_not_disturb_each_other() -> None:
    net, rng = small(), np.random.default_rng(0)
    x, dy = rng.normal(size=(3, 4)), rng.normal(size=(3, 3))
    training, evaluation = net.workspace(3), net.workspace(8, backward=False)
    training.forward(x, train=True)
    training.backward(dy)
    expected = net.grad.copy()
    training.forward(x, train=True)
    evaluation.forward(rng.normal(size=(8, 4)))
    training.backward(dy)
    np.testing.assert_array_equal(net.grad, expected)


def test_activations_are_the_last_pass_in_order() -> None:
    net = Network([Flatten(), Dense(3), ReLU(), Identity()]).build((1, 2, 2), "float64")
    x = np.arange(8.0).reshape(2, 1, 2, 2)
    workspace = net.workspace(5)
    y = workspace.forward(x)
    seen = workspace.activations
    assert [a.shape for a in seen] == [(2, 1, 2, 2), (2, 4), (2, 3), (2, 3), (2, 3)]
    np.testing.assert_array_equal(seen[2], x.reshape(2, 4) @ net.parameters["1.W"] + net.parameters["1.b"])
    np.testing.assert_array_equal(seen[-1], y)
    assert np.shares_memory(seen[-1], y)


def test_input_gradient_through_reshapes_at_both_ends() -> None:
    net = Network([Flatten(), Identity()]).build((2, 3), "float64")
    workspace, dx = net.workspace(2), np.full((2, 2, 3), np.nan)
    workspace.forward(np.zeros((2, 2, 3)))
    workspace.backward(np.arange(12.0).reshape(2, 6), dx)
    np.testing.assert_array_equal(dx, np.arange(12.0).reshape(2, 2, 3))
    with pytest.raises(ShapeError, match="no layer that computes"):
        workspace.output_gradient(2)


@pytest.mark.parametrize(
    "x",
    [np.zeros((2, 5)), np.zeros((2, 4), np.float32), np.zeros((9, 4)), np.zeros((0, 4)), np.zeros(4)],
    ids=["width", "dtype", "too many", "none", "no batch axis"],
)
def test_what_does_not_fit_is_refused(x: np.ndarray) -> None:
    with pytest.raises(ShapeError) as caught:
        small().workspace(8).forward(x)
    assert f"received {x.dtype} {x.shape}" in str(caught.value)
    assert "expects float64 samples of shape (4,), 1 to 8 at a time" in str(caught.value)


# ---------------------------------------------------------------------- memory


class Step:
    """One training step of report E's net, batch 50, as the trainer does it."""

    def __init__(self, kernels: str) -> None:
        layers = [Flatten(), Dense(100), ReLU(), Dense(100), ReLU(), Dense(10)]
        self.net = Network(layers).build((1, 28, 28), kernels=kernels)
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 256, (500, 1, 28, 28), dtype=np.uint8)
        self.labels = rng.integers(0, 10, 500)
        self.order = rng.permutation(500)
        self.workspace, self.loss = self.net.workspace(50), SoftmaxCrossEntropy()
        self.penalty, self.optimizer = Penalty(self.net, l2=1e-4), SGD()
        self.optimizer.bind(self.net)
        self.x = np.empty((50, 1, 28, 28), np.float32)
        self.t, self.factors, self.losses = (np.empty(s, np.float32) for s in ((50, 10), 50, 50))

    def __call__(self, i: int, n: int = 50) -> None:
        k, indices = self.net.k, self.order[50 * i : 50 * i + n]
        x, t, factors, losses = (a[:n] for a in (self.x, self.t, self.factors, self.losses))
        k.gather_images(x, self.images, indices, 1 / 255, 0.0)
        fill_targets(k, t, self.labels[indices])
        self.loss.fill_factors(factors)
        y, dy = self.workspace.forward(x, train=True), self.workspace.output_gradient(n)
        self.loss.evaluate(k, losses, dy, y, t, factors)
        self.workspace.backward(dy)
        self.penalty.add_gradient()
        self.optimizer.step(0.1)


def measure(step: Step, sizes: list[int]) -> tuple[int, int]:
    """Peak and lasting bytes above the start, over steps with these numbers of samples."""
    for i, n in enumerate(sizes):  # the cuts are made in the first pass of each size
        step(i % 10, n)
    tracemalloc.start()
    try:
        start, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for i, n in enumerate(sizes):
            step(i % 10, n)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - start, now - start


@pytest.mark.parametrize("sizes", [[50] * 20, [50, 17, 50, 3] * 5], ids=["full batches", "short ones between"])
def test_a_step_allocates_nothing_of_weight(kernels: str, sizes: list[int]) -> None:
    """Native: under 64 KB at the peak. The reference may use temporaries, but keeps none."""
    step = Step(kernels)
    peak, lasting = measure(step, sizes)
    assert lasting < 4096
    assert peak < (64 * 1024 if kernels == "native" else 8 * step.net.theta.nbytes)


def test_the_step_above_trains(kernels: str) -> None:
    """What is measured above is a real step: theta moves, and the loss of a batch falls."""
    step = Step(kernels)
    step(0)
    first, theta = float(step.losses.mean()), step.net.theta.copy()
    for _ in range(5):
        step(0)
    assert (step.net.theta != theta).any()
    assert step.losses.mean() < first
    assert get_kernels(kernels) is step.net.k


# ---------------------------------------------------------------------- in place


def apart(kind: type[Layer]) -> Layer:
    """The activation with arrays of its own."""
    return type(f"{kind.__name__}Apart", (kind,), {"in_place": False})()


def gradient(activation: Callable[[], Layer], kernels: str, train: bool = True) -> tuple[np.ndarray, ...]:
    """Output, gradient and dx of a net with the activation behind each kind of layer, and as the last one."""
    convolved = [Conv2D(3, 3), activation(), BatchNorm(), activation(), Flatten()]
    layers = [*convolved, Dense(7), activation(), activation(), Dense(4), activation()]
    net = Network(layers).build((2, 6, 6), "float64", 1, kernels)
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(5, 2, 6, 6)), rng.normal(size=(5, 4))
    workspace, dx = net.workspace(5), np.empty((5, 2, 6, 6))
    y = workspace.forward(x, train).copy()
    for _ in range(2):  # the second call finds what the first has left behind
        workspace.backward(dy, dx)
    return y, net.grad, dx


@pytest.mark.parametrize("kind", [ReLU, Tanh, Sigmoid])
def test_activations_in_place_change_nothing(kind: type[Layer], kernels: str) -> None:
    for ours, separate in zip(gradient(kind, kernels), gradient(lambda: apart(kind), kernels), strict=True):
        np.testing.assert_array_equal(ours, separate)


def test_what_is_in_place_has_one_array() -> None:
    net = Network([Dense(6), ReLU(), Tanh(), Dense(3), ReLU(), Identity()]).build((4,))
    workspace = net.workspace(2)
    workspace.forward(np.ones((2, 4), np.float32))
    _, dense, relu, tanh, last, output, _ = workspace.activations
    assert np.shares_memory(dense, relu)
    assert not np.shares_memory(relu, tanh), "ReLU's backward pass reads its output"
    assert not np.shares_memory(last, output), "the output's gradient is the caller's"
