"""Elementwise activations and softmax. Derivatives are written in the output y, which is there already."""

import numpy as np

from handgrad.kernels.types import Array


def relu_forward(y: Array, x: Array) -> None:
    """y = max(x, 0), any shape."""
    np.maximum(x, 0, out=y)


def relu_backward(dx: Array, dy: Array, y: Array) -> None:
    """dx = dy where y > 0, else 0 (the derivative at 0 is taken as 0)."""
    np.multiply(dy, y > 0, out=dx)


def tanh_forward(y: Array, x: Array) -> None:
    """y = tanh x."""
    np.tanh(x, out=y)


def tanh_backward(dx: Array, dy: Array, y: Array) -> None:
    """dx = dy (1 − y²)."""
    np.multiply(dy, 1 - y * y, out=dx)


def sigmoid_forward(y: Array, x: Array) -> None:
    """y = 1 / (1 + e⁻ˣ), through e^−|x| so that it never overflows."""
    e = np.exp(-np.abs(x))
    np.divide(np.where(x >= 0, x.dtype.type(1), e), 1 + e, out=y)


def sigmoid_backward(dx: Array, dy: Array, y: Array) -> None:
    """dx = dy y (1 − y)."""
    np.multiply(dy, y * (1 - y), out=dx)


def softmax_forward(y: Array, x: Array) -> None:
    """y[n] = exp(x[n] − max) / Σ exp(x[n] − max), one sum for each row.    y, x (N, P)"""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    np.divide(e, e.sum(axis=1, keepdims=True), out=y)


def softmax_backward(dx: Array, dy: Array, y: Array) -> None:
    """dx = y ∘ (dy − ⟨dy, y⟩): the full Jacobian yᵢ(δᵢⱼ − yⱼ), row by row.    dx, dy, y (N, P)"""
    np.multiply(y, dy - (dy * y).sum(axis=1, keepdims=True), out=dx)
