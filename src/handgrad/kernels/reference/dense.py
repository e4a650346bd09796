"""The dense layer."""

import numpy as np

from handgrad.kernels.types import Array


def dense_forward(y: Array, x: Array, W: Array, b: Array) -> None:
    """y = x W + b.    y (N, M), x (N, D), W (D, M), b (M,)"""
    np.matmul(x, W, out=y)
    y += b


def dense_backward(dx: Array | None, dW: Array | None, db: Array | None, dy: Array, x: Array, W: Array) -> None:
    """dx = dy Wᵀ,  dW = xᵀ dy,  db = Σₙ dy.    shapes of x (N, D), W (D, M), dy (N, M)"""
    if dW is not None:
        np.matmul(x.T, dy, out=dW)
    if db is not None:
        np.sum(dy, axis=0, out=db)
    if dx is not None:
        np.matmul(dy, W.T, out=dx)


def dense_weights(dW: Array, dy: Array, x: Array, first: int) -> None:
    """Some rows of xᵀ dy: as many as dW has, from row `first` on.    dW (rows, M), dy (N, M), x (N, D)"""
    np.matmul(x[:, first : first + len(dW)].T, dy, out=dW)
