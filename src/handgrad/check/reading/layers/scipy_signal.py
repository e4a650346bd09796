"""scipy.signal for programs that convolve with it: the two-dimensional functions, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.kernels.types import Array


def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0.0) -> Array:
    """Cross-correlation of an image and a kernel, borders filled with zeros.

    >>> correlate2d(np.ones((3, 3)), np.ones((2, 2)), "valid")
    array([[4., 4.],
           [4., 4.]])
    """
    image, kernel = np.asarray(in1, float), np.asarray(in2, float)
    if (
        mode == "valid"
        and kernel.shape[0] >= image.shape[0]
        and kernel.shape[1] >= image.shape[1]
        and kernel.size > image.size
    ):
        return correlate2d(kernel, image, mode)[::-1, ::-1]
    K, L = kernel.shape
    if mode != "valid":
        image = np.pad(image, ((K - 1, K - 1), (L - 1, L - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(image, (K, L))
    full: Array = np.einsum("pqkl,kl->pq", windows, kernel)
    return full if mode != "same" else _middle(full, np.shape(in1), (K, L))


def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0.0) -> Array:
    """Convolution: the kernel is turned by 180°.

    >>> convolve2d(np.eye(2), np.array([[1.0, 2.0]]))
    array([[1., 2., 0.],
           [0., 1., 2.]])
    """
    kernel = np.asarray(in2, float)[::-1, ::-1]
    if mode == "same":
        image = np.asarray(in1, float)
        full = correlate2d(image, kernel, "full")
        top, left = (kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2
        return full[top : top + image.shape[0], left : left + image.shape[1]]
    return correlate2d(in1, kernel, mode)


def _middle(full: Array, shape: tuple[int, ...], kernel: tuple[int, int]) -> Array:
    """The part of a full correlation that is as large as the image, as SciPy cuts it."""
    top, left = kernel[0] // 2, kernel[1] // 2
    return full[top : top + shape[0], left : left + shape[1]]


convolve = fftconvolve = convolve2d
correlate = correlate2d
