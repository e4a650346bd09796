"""Puts a mistake into a network: its kernels stay the reference's, but for the ones named."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from handgrad.check import GradientReport, check_network
from handgrad.kernels import reference
from handgrad.layers import Dense, Layer, ReLU
from handgrad.losses import Loss, SoftmaxCrossEntropy
from handgrad.network import Network


def plant(net: Network, **wrong: Callable[..., Any]) -> Network:
    """Replace kernels of a built network by name."""
    unknown = set(wrong) - set(reference.__all__)
    assert not unknown, f"no such kernels: {unknown}"
    net.k = SimpleNamespace(**{name: getattr(reference, name) for name in reference.__all__} | wrong)
    for layer in net.layers:
        layer.k = net.k
    return net


def mlp() -> list[Layer]:
    """Three dense layers of different widths (inputs 7, N = 9): no two sizes agree by chance."""
    return [Dense(6), ReLU(), Dense(5), ReLU(), Dense(4)]


def square() -> list[Layer]:
    """The same with 7 × 7 weights, where a forgotten transpose meets no shape error."""
    return [Dense(7), ReLU(), Dense(7), ReLU(), Dense(4)]


def check_planted(
    layers: Sequence[Layer], loss: Loss | None = None, *, l1: float = 0.0, l2: float = 0.0, **wrong: Any
) -> GradientReport:
    """The report of a network with the mistake in it."""
    net = plant(Network(layers).build((7,), "float64", seed=4, kernels="reference"), **wrong)
    return check_network(net, (7,), loss or SoftmaxCrossEntropy(), l1=l1, l2=l2, samples=9, seed=5)


def wrong_tensors(report: GradientReport) -> str:
    """The names that the check calls wrong, in order, joined by spaces."""
    return " ".join(line.name for line in report.lines if line.verdict == "wrong")


ALL = "x 0.W 0.b 2.W 2.b 4.W 4.b"
