"""Losses: each sample's value and the gradient, in one call.

losses (N,) is each sample's loss, unweighted; factors (N,) is what multiplies it in the total (1/N for a
mean), so that the total is Σ factors·losses and the gradient's row n carries factors[n]. t (N, P) are the
targets.
"""

import numpy as np

from handgrad.kernels.types import Array


def softmax_cross_entropy(losses: Array, dz: Array | None, z: Array, t: Array, factors: Array) -> None:
    """ℓ = −Σₖ tₖ log softmax(z)ₖ,  dz = factor · (Σt · softmax(z) − t).    z (N, P) logits"""
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    weight = t.sum(axis=1, keepdims=True)
    # Σ t·log p = Σ t·shifted − Σt·log Σe: no logarithm of a probability that underflowed.
    losses[...] = (weight * np.log(total))[:, 0] - (t * shifted).sum(axis=1)
    if dz is not None:
        np.multiply(factors[:, None], weight * e / total - t, out=dz)


def cross_entropy(losses: Array, dp: Array | None, p: Array, t: Array, factors: Array) -> None:
    """ℓ = −Σₖ tₖ log pₖ,  dp = −factor · t / p.    p (N, P) probabilities, taken as at least tiny"""
    safe = np.maximum(p, np.finfo(p.dtype).tiny)
    # fmax would hide a NaN in p; maximum passes it on, so that training stops where it began.
    losses[...] = -(t * np.log(safe)).sum(axis=1)
    if dp is not None:
        np.multiply(factors[:, None], -t / safe, out=dp)


def binary_cross_entropy(losses: Array, dp: Array | None, p: Array, t: Array, factors: Array) -> None:
    """ℓ = −Σₖ tₖ log pₖ + (1 − tₖ) log(1 − pₖ),  dp = factor · (p − t) / (p (1 − p)).    p, t (N, P)"""
    tiny = np.finfo(p.dtype).tiny
    yes, no = np.maximum(p, tiny), np.maximum(1 - p, tiny)
    losses[...] = -(t * np.log(yes) + (1 - t) * np.log(no)).sum(axis=1)
    if dp is not None:
        np.multiply(factors[:, None], (1 - t) / no - t / yes, out=dp)


def squared_error(losses: Array, dy: Array | None, y: Array, t: Array, factors: Array) -> None:
    """ℓ = ½ Σₖ (yₖ − tₖ)²,  dy = factor · (y − t).    y, t (N, P)"""
    difference = y - t
    losses[...] = 0.5 * (difference * difference).sum(axis=1)
    if dy is not None:
        np.multiply(factors[:, None], difference, out=dy)
