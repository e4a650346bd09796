"""Optimisers: one pass over flat vectors, all (any number,).

theta and what an optimiser remembers (velocity, first, second) are read and overwritten. η is the learning
rate with the layer's multiplier in it. Sources: docs/derivations/optimizers.md.
"""

import numpy as np

from handgrad.kernels.types import Array


def sgd_update(theta: Array, grad: Array, learning_rate: float) -> None:
    """θ ← θ − η ∇."""
    theta -= theta.dtype.type(learning_rate) * grad


def momentum_update(theta: Array, velocity: Array, grad: Array, learning_rate: float, momentum: float) -> None:
    """v ← γ v + η ∇,  θ ← θ − v."""
    velocity *= momentum
    velocity += learning_rate * grad
    theta -= velocity


def nesterov_update(theta: Array, velocity: Array, grad: Array, learning_rate: float, momentum: float) -> None:
    """v ← γ v + η ∇,  θ ← θ − (γ v + η ∇), with the new v on the right."""
    velocity *= momentum
    velocity += learning_rate * grad
    theta -= momentum * velocity + learning_rate * grad


def rmsprop_update(
    theta: Array, square: Array, grad: Array, learning_rate: float, decay: float, epsilon: float
) -> None:
    """s ← ρ s + (1 − ρ) ∇²,  θ ← θ − η ∇ / (√s + ε)."""
    square *= decay
    square += (1 - decay) * grad * grad
    theta -= learning_rate * grad / (np.sqrt(square) + epsilon)


def adam_update(
    theta: Array,
    first: Array,
    second: Array,
    grad: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    steps: int,
    weight_decay: float,
) -> None:
    """m ← β₁ m + (1 − β₁) ∇,  v ← β₂ v + (1 − β₂) ∇²,  θ ← θ − η (m̂ / (√v̂ + ε) + λ θ)

    with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) for this step only; t = steps counts from 1.
    λ = weight_decay acts on the old θ, beside the gradient and not through m and v.
    """
    first *= beta1
    first += (1 - beta1) * grad
    second *= beta2
    second += (1 - beta2) * grad * grad
    corrected_first = first / (1 - beta1**steps)
    corrected_second = second / (1 - beta2**steps)
    theta -= learning_rate * (corrected_first / (np.sqrt(corrected_second) + epsilon) + weight_decay * theta)
