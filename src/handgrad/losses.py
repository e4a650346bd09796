"""Losses: value and gradient in one class, and the penalty on the weights.

The reduction sits here and nowhere else. Every loss is Σ factorₙ ℓₙ with factorₙ = wₙ/Σw (mean) or wₙ (sum), and its
gradient's row n carries the same factorₙ. Derivations: docs/derivations/losses.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import ClassVar

import numpy as np

from handgrad.kernels.types import Array, Indices, Kernels
from handgrad.network import Network


class Loss(ABC):
    """Base of the four losses.

    Args:
        reduction: "mean" over the samples (default) or "sum".
    """

    name: ClassVar[str] = ""
    #: the last layer this loss is meant to follow, None for any
    follows: ClassVar[str | None] = None

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def fill_factors(self, factors: Array, weights: Array | None = None, total: float | None = None) -> None:
        """What multiplies each sample's loss.

        Args:
            factors: (N,), overwritten.
            weights: (N,) sample weights wₙ ≥ 0; default None counts each sample once.
            total: Σw of the whole batch, when these samples are a slice of it; default theirs alone.
        """
        if weights is None:
            factors.fill(1.0)
        else:
            factors[...] = weights
        if self.reduction == "mean":
            factors /= factors.sum() if total is None else total

    def evaluate(self, k: Kernels, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> float:
        """Fill each sample's loss (N,) and, unless None, the gradient dy (N, P); return Σ factors·losses."""
        self._kernel(k, losses, dy, y, t, factors)
        return float(np.dot(losses, factors))

    @abstractmethod
    def _kernel(self, k: Kernels, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None: ...

    def probabilities(self, k: Kernels, y: Array) -> Array:
        """The net's output (N, P) read as class probabilities."""
        return y


class SoftmaxCrossEntropy(Loss):
    """ℓ = −Σₖ tₖ log softmax(z)ₖ on logits z;  dz = p − t.

    (Bishop 2006, Pattern Recognition and Machine Learning, eqs. 4.108 and 5.18.)
    """

    name = "softmax_cross_entropy"

    def _kernel(self, k: Kernels, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None:
        k.softmax_cross_entropy(losses, dy, y, t, factors)

    def probabilities(self, k: Kernels, y: Array) -> Array:
        p = np.empty_like(y)
        k.softmax_forward(p, y)
        return p


class CrossEntropy(Loss):
    """ℓ = −Σₖ tₖ log pₖ on probabilities p, after a Softmax layer;  dp = −t / p."""

    name = "cross_entropy"
    follows = "Softmax"

    def _kernel(self, k: Kernels, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None:
        k.cross_entropy(losses, dy, y, t, factors)


class BinaryCrossEntropy(Loss):
    """ℓ = −Σₖ tₖ log pₖ + (1 − tₖ) log(1 − pₖ) on probabilities, after a Sigmoid;  dp = (p − t) / (p (1 − p))."""

    name = "binary_cross_entropy"
    follows = "Sigmoid"

    def _kernel(self, k: Kernels, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None:
        k.binary_cross_entropy(losses, dy, y, t, factors)


class SquaredError(Loss):
    """ℓ = ½ Σₖ (yₖ − tₖ)²;  dy = y − t."""

    name = "squared_error"

    def _kernel(self, k: Kernels, losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None:
        k.squared_error(losses, dy, y, t, factors)

    def probabilities(self, k: Kernels, y: Array) -> Array:
        """Outputs fitted to one-hot targets are no probabilities; cut to [0, 1] they still rank as a confidence."""
        return np.clip(y, 0.0, 1.0)


LOSSES: dict[str, type[Loss]] = {
    kind.name: kind for kind in (SoftmaxCrossEntropy, CrossEntropy, BinaryCrossEntropy, SquaredError)
}


def fill_targets(k: Kernels, t: Array, labels: Indices) -> None:
    """Targets from class numbers: one-hot rows t (N, P), or for a single output t[n, 0] = label (0 or 1)."""
    if t.shape[1] == 1:
        t[:, 0] = labels
    else:
        k.one_hot(t, labels)


class Penalty:
    """λ₁ Σ|W| + ½ λ₂ Σ W² over the weights, not the biases; a layer's own λ wins over the common one.

    Its gradient is added to the loss's gradient unscaled by the reduction. Frozen layers are left out: they stay.

    Args:
        network: built.
        l1, l2: the common λ₁ and λ₂, each ≥ 0; default 0.
    """

    def __init__(self, network: Network, l1: float = 0.0, l2: float = 0.0) -> None:
        self.k = network.k
        self.terms: list[tuple[str, Array, Array, float, float]] = []
        for entry in network.table:
            layer = network.layers[entry.layer]
            own_l1 = l1 if layer.l1 is None else layer.l1
            own_l2 = l2 if layer.l2 is None else layer.l2
            if entry.penalised and not layer.frozen and (own_l1 or own_l2):
                W, dW = network.parameters[entry.name], network.gradients[entry.name]
                self.terms.append((entry.name, W, dW, own_l1, own_l2))

    def value(self) -> float:
        """The penalty at the present weights."""
        return sum((self.k.penalty_value(W, l1, l2) for _, W, _, l1, l2 in self.terms), start=0.0)

    def add_gradient(self, late: Collection[str] = ()) -> None:
        """Add λ₁ sign(W) + λ₂ W to the network's gradient, but for the weights named in `late` (handgrad.late)."""
        for name, W, dW, l1, l2 in self.terms:
            if name not in late:
                self.k.add_penalty_gradient(dW, W, l1, l2)
