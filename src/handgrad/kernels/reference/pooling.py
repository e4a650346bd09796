"""Pooling: one number for each window, channel by channel.

Sizes: x (N, C, H, W), y (N, C, P, Q), kernel (K, L), stride (s, t). Window (p, q) covers the rows from p·s
and the columns from q·t, all inside the image; rows and columns behind the last window are left out.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from handgrad.kernels.types import Array, Pair, Places


def _windows(x: Array, kernel: Pair, stride: Pair) -> Array:
    """A view (N, C, P, Q, K, L)."""
    return sliding_window_view(x, kernel, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]


def max_pool_forward(y: Array, winner: Places, x: Array, kernel: Pair, stride: Pair) -> None:
    """y = the largest value of each window; winner (N, C, P, Q) int32 = its place h·W + w in the image.

    Of equal maxima the first in reading order wins. A NaN counts as the largest: it must not be hidden.
    """
    windows = _windows(x, kernel, stride)
    inside = windows.reshape(*y.shape, -1).argmax(axis=-1)  # place in the window, row by row
    i, j = np.divmod(inside, kernel[1])
    h = np.arange(y.shape[2])[:, None] * stride[0] + i
    w = np.arange(y.shape[3]) * stride[1] + j
    winner[...] = h * x.shape[3] + w
    images = x.reshape(*x.shape[:2], -1)
    y[...] = np.take_along_axis(images, winner.reshape(*y.shape[:2], -1), axis=2).reshape(y.shape)


def max_pool_backward(dx: Array, dy: Array, winner: Places) -> None:
    """dx[n, c, winner[n, c, p, q]] += dy[n, c, p, q], else 0: only a window's winner gets its gradient."""
    dx[...] = 0
    N, C = dx.shape[:2]
    n, c = np.arange(N)[:, None, None, None], np.arange(C)[:, None, None]
    np.add.at(dx.reshape(N, C, -1), (n, c, winner), dy)  # one place may win several windows: add


def avg_pool_forward(y: Array, x: Array, kernel: Pair, stride: Pair) -> None:
    """y = the mean of each window."""
    np.mean(_windows(x, kernel, stride), axis=(4, 5), out=y)


def avg_pool_backward(dx: Array, dy: Array, kernel: Pair, stride: Pair) -> None:
    """Each place of a window gets dy / (K·L); where windows overlap, the parts add."""
    (K, L), (s, t) = kernel, stride
    P, Q = dy.shape[2:]
    share = dy / (K * L)
    dx[...] = 0
    for i in range(K):
        for j in range(L):
            dx[:, :, i : i + P * s : s, j : j + Q * t : t][:, :, :P, :Q] += share
