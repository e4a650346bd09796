"""Inverted dropout."""

import numpy as np

from handgrad.kernels.types import Array


def dropout_forward(y: Array, mask: Array, x: Array, uniform: Array, keep_probability: float) -> None:
    """mask = 1/p where uniform < p, else 0;  y = x · mask.    All of one shape; uniform float32 in [0, 1)"""
    np.multiply(uniform < keep_probability, x.dtype.type(1 / keep_probability), out=mask)
    np.multiply(x, mask, out=y)


def dropout_backward(dx: Array, dy: Array, mask: Array) -> None:
    """dx = dy · mask, the same mask as on the way forward."""
    np.multiply(dy, mask, out=dx)
