"""Report B2's whole net, gradient and all: by differences, in training mode, and by JAX."""

import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handgrad.check import check_network
from handgrad.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU
from handgrad.losses import Penalty, SoftmaxCrossEntropy, fill_targets
from handgrad.network import Network

pytestmark = pytest.mark.slow


def cnn(filters: int, units: int) -> list[Layer]:
    """Report B2 has 32 filters and 784 units; λ = 0.01 on the two dense weights, p = 0.75."""
    return [
        Conv2D(filters, 3, padding="same"),
        ReLU(),
        BatchNorm(scale_and_shift=False),
        MaxPool2D(2),
        Flatten(),
        Dense(units, l2=0.01),
        Dropout(0.75),
        ReLU(),
        Dense(10, l2=0.01),
    ]


def letters(count: int) -> tuple[np.ndarray, np.ndarray] | None:
    """notMNIST from HANDGRAD_DATA, where it is."""
    path = Path(os.environ.get("HANDGRAD_DATA", "")) / "notmnist" / "notMNIST.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["images"][:count].reshape(-1, 1, 28, 28) / 255.0, arrays["labels"][:count]


@pytest.mark.parametrize("train", [True, False])
def test_in_small(digits: tuple[np.ndarray, np.ndarray], train: bool, kernels: str) -> None:
    """Real digits at half size, where most pooling windows are tied."""
    images, labels = digits
    x = np.ascontiguousarray(images[::13, :, ::2, ::2])
    layers = cnn(3, 6)
    report = check_network(
        layers, (1, 14, 14), SoftmaxCrossEntropy(), x=x, labels=labels[::13], train=train, kernels=kernels
    )
    assert report.passed, report.format()
    assert [line.name for line in report.lines] == ["x", "0.W", "0.b", "5.W", "5.b", "8.W", "8.b"]
    assert all(line.verdict == "right" for line in report.lines), report.format()


@pytest.mark.slow
def test_as_in_the_report(digits: tuple[np.ndarray, np.ndarray], kernels: str) -> None:
    """32 filters, 784 units, on letters where they are, else digits. Every tensor below 1e-6."""
    images, labels = letters(4) or (digits[0][::13], digits[1][::13])
    report = check_network(cnn(32, 784), (1, 28, 28), SoftmaxCrossEntropy(), x=images, labels=labels, kernels=kernels)
    assert report.passed, report.format()
    for line in report.lines:
        assert line.verdict == "right"
        assert line.error < 1e-6
        assert line.coordinates >= min(20, np.prod(line.shape)), report.format()


def same_net_in_jax(p: dict[str, Any], x: Any, t: Any, mask: Any) -> Any:
    """Loss with penalty; the dropout mask is given."""
    h = jax.lax.conv_general_dilated(x, p["0.W"], (1, 1), "SAME") + p["0.b"][:, None, None]
    h = jax.nn.relu(h)
    h = (h - h.mean((0, 2, 3), keepdims=True)) / jnp.sqrt(h.var((0, 2, 3), keepdims=True) + 1e-5)
    h = jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    h = jax.nn.relu((h.reshape(len(x), -1) @ p["5.W"] + p["5.b"]) * mask)
    losses = -(t * jax.nn.log_softmax(h @ p["8.W"] + p["8.b"], axis=1)).sum(axis=1)
    return losses.mean() + 0.005 * ((p["5.W"] ** 2).sum() + (p["8.W"] ** 2).sum())


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-4)])
def test_by_jax(digits: tuple[np.ndarray, np.ndarray], dtype: str, tolerance: float, kernels: str) -> None:
    """The report's net on a batch of 25 real images, every entry of every gradient."""
    x, labels = digits[0][::2].astype(dtype), digits[1][::2].copy()
    net = Network(cnn(32, 60)).build((1, 28, 28), dtype, seed=3, kernels=kernels)
    for name in ("0.b", "5.b", "8.b"):
        net.parameters[name][:] = np.random.default_rng(1).normal(0, 0.1, net.parameters[name].shape)
    workspace, loss, penalty = net.workspace(len(x)), SoftmaxCrossEntropy(), Penalty(net)
    t, factors, losses = np.empty((len(x), 10), dtype), np.empty(len(x), dtype), np.empty(len(x), dtype)
    fill_targets(net.k, t, labels)
    loss.fill_factors(factors)
    y, dy = workspace.forward(x, train=True), workspace.output_gradient(len(x))
    value = loss.evaluate(net.k, losses, dy, y, t, factors) + penalty.value()
    workspace.backward(dy)
    penalty.add_gradient()

    exact = {name: a.astype(np.float64) for name, a in net.parameters.items()}
    mask = workspace.caches[6].mask.astype(np.float64)
    expected, gradients = jax.value_and_grad(same_net_in_jax)(exact, x.astype(np.float64), t.astype(np.float64), mask)
    assert value == pytest.approx(float(expected), rel=tolerance)
    for name, gradient in gradients.items():
        scale = float(np.abs(gradient).max())
        assert np.abs(net.gradients[name] - gradient).max() < tolerance * scale, name
