"""The penalty on the weights."""

import numpy as np

from handgrad.kernels.types import Array


def penalty_value(W: Array, l1: float, l2: float) -> float:
    """λ₁ Σ|W| + ½ λ₂ Σ W², added up in float64.    W any shape"""
    flat = W.ravel()
    absolute = float(np.abs(flat).sum(dtype=np.float64)) if l1 else 0.0
    square = float((flat.astype(np.float64) ** 2).sum()) if l2 else 0.0
    return l1 * absolute + 0.5 * l2 * square


def add_penalty_gradient(dW: Array, W: Array, l1: float, l2: float) -> None:
    """dW += λ₁ sign(W) + λ₂ W, with sign(0) = 0: it adds, because a penalty joins a loss."""
    if l1:
        dW += W.dtype.type(l1) * np.sign(W)
    if l2:
        dW += W.dtype.type(l2) * W
