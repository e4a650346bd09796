"""From bytes and labels to what a network sees."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.kernels.types import Array, Indices


def gather_images(x: Array, images: NDArray[Any], indices: Indices, scale: float, offset: float) -> None:
    """x = scale · images[indices] + offset.    x (N, …), images (many, …) bytes or floats, indices (N,)"""
    np.multiply(images[indices], x.dtype.type(scale), out=x, dtype=x.dtype, casting="unsafe")
    if offset:
        x += x.dtype.type(offset)


def one_hot(t: Array, labels: Indices) -> None:
    """t[n, labels[n]] = 1, all else 0.    t (N, P), labels (N,)"""
    t[...] = 0
    t[np.arange(len(labels)), labels] = 1
