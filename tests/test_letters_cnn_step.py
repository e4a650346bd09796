"""Report B2's net at work: it learns, a step allocates nothing, the same seed gives the same bits."""

import tracemalloc

import numpy as np
import pytest

from handgrad.layers import AvgPool2D, BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from handgrad.losses import SoftmaxCrossEntropy, fill_targets
from handgrad.network import Network
from handgrad.optimizers import OPTIMIZERS, Adam, Optimizer

Digits = tuple[np.ndarray, np.ndarray]


class Steps:
    """Report B2's layers, a second convolution among them, on one batch of real digits."""

    def __init__(self, digits: Digits, kernels: str, optimizer: Optimizer, seed: int = 0) -> None:
        layers = [
            Conv2D(8, 3, padding="same"),
            ReLU(),
            BatchNorm(scale_and_shift=False),
            MaxPool2D(2),
            Conv2D(8, 3, stride=2, padding="same"),
            BatchNorm(),
            AvgPool2D(2),
            Flatten(),
            Dense(40),
            Dropout(0.75),
            ReLU(),
            Dense(10),
        ]
        self.net = Network(layers).build((1, 28, 28), seed=seed, kernels=kernels)
        self.net.seed_draws(seed)
        self.x, self.labels = digits[0].astype(np.float32), digits[1]
        N = len(self.x)
        self.workspace, self.loss, self.optimizer = self.net.workspace(N), SoftmaxCrossEntropy(), optimizer
        optimizer.bind(self.net)
        self.t, self.factors = np.empty((N, 10), np.float32), np.empty(N, np.float32)
        self.losses = np.empty(N, np.float32)
        fill_targets(self.net.k, self.t, self.labels)
        self.loss.fill_factors(self.factors)

    def step(self, rate: float) -> float:
        y = self.workspace.forward(self.x, train=True)
        dy = self.workspace.output_gradient(len(self.x))
        loss = self.loss.evaluate(self.net.k, self.losses, dy, y, self.t, self.factors)
        self.workspace.backward(dy)
        self.optimizer.step(rate)
        return loss


def test_it_learns_fifty_digits(digits: Digits, kernels: str) -> None:
    """To 100 % in inference mode, dropout and batch normalisation having been at work while it learned."""
    steps = Steps(digits, kernels, Adam())
    first = steps.step(3e-3)
    for _ in range(60):
        last = steps.step(3e-3)
    assert last < first / 10
    assert (steps.net.forward(steps.x).argmax(axis=1) == steps.labels).all()


def test_same_seed_same_bits(digits: Digits, kernels: str) -> None:
    runs = []
    for seed in (0, 0, 1):
        steps = Steps(digits, kernels, Adam(), seed)
        losses = [steps.step(1e-3) for _ in range(3)]
        runs.append((losses, steps.net.theta.copy(), dict(steps.net.state)))
    assert runs[0][0] == runs[1][0] != runs[2][0]
    np.testing.assert_array_equal(runs[0][1], runs[1][1])
    for name, values in runs[0][2].items():
        np.testing.assert_array_equal(values, runs[1][2][name], err_msg=name)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_step_allocates_nothing(digits: Digits, kernels: str, name: str) -> None:
    """No growth, and never more than 64 KB but in the reference kernels, which are written to be read."""
    steps = Steps(digits, kernels, OPTIMIZERS[name]())
    for _ in range(2):
        steps.step(1e-3)
    tracemalloc.start()
    try:
        start, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(5):
            steps.step(1e-3)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - start < 16 * 1024
    assert peak - start < 64 * 1024 or kernels == "reference"
