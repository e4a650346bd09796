"""Two-dimensional convolution, as neural networks use the word: cross-correlation plus a bias per filter.

Sizes: x (N, C, H, W), W (F, C, K, L), b (F,), y (N, F, P, Q). `stride` = (s, t) moves the window down and
right. `padding` = (top, left) counts the rows and columns of zeros before the image; how many lie after it
follows from the size of y. Window (p, q) covers the rows p·s − top … and the columns q·t − left … of the
image.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from handgrad.kernels.types import Array, Pair


def _padded(x: Array, size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> Array:
    """A copy of x (N, C, H, W) inside zeros, as large as `size` windows reach. Its height is ≥ top + H."""
    (P, Q), (K, L), (s, t), (top, left) = size, kernel, stride, padding
    N, C, H, W = x.shape
    padded = np.zeros((N, C, max(top + H, (P - 1) * s + K), max(left + W, (Q - 1) * t + L)), x.dtype)
    padded[:, :, top : top + H, left : left + W] = x
    return padded


def _windows(padded: Array, size: Pair, kernel: Pair, stride: Pair) -> Array:
    """A view (N, C, P, Q, K, L): entry [n, c, p, q] is what the filters see from place (p, q)."""
    (P, Q), (s, t) = size, stride
    return sliding_window_view(padded, kernel, axis=(2, 3))[:, :, ::s, ::t][:, :, :P, :Q]


def conv2d_forward(y: Array, x: Array, W: Array, b: Array, stride: Pair, padding: Pair) -> None:
    """y[n, f, p, q] = b[f] + Σ_cij W[f, c, i, j] x[n, c, p·s + i − top, q·t + j − left], x zero outside."""
    size, kernel = y.shape[2:], W.shape[2:]
    windows = _windows(_padded(x, size, kernel, stride, padding), size, kernel, stride)
    by_filter = np.tensordot(windows, W, axes=((1, 4, 5), (1, 2, 3)))  # (N, P, Q, F)
    np.add(np.moveaxis(by_filter, 3, 1), b[:, None, None], out=y)


def conv2d_backward(
    dx: Array | None,
    dW: Array | None,
    db: Array | None,
    dy: Array,
    x: Array,
    W: Array,
    stride: Pair,
    padding: Pair,
) -> None:
    """db[f] = Σ_npq dy[n, f, p, q]: over images and places.

    dW[f, c, i, j] = Σ_npq dy[n, f, p, q] x[n, c, p·s + i − top, q·t + j − left]: no flip.
    dx[n, c, h, w] = Σ_fij W[f, c, i, j] dy[n, f, p, q] over all windows and (i, j) with p·s + i − top = h and
    q·t + j − left = w; at stride 1 this is the full convolution of dy with the kernel turned by 180°.
    """
    size, kernel = dy.shape[2:], W.shape[2:]
    (P, Q), (K, L), (s, t), (top, left) = size, kernel, stride, padding
    padded = _padded(x, size, kernel, stride, padding)
    if db is not None:
        np.sum(dy, axis=(0, 2, 3), out=db)
    if dW is not None:
        windows = _windows(padded, size, kernel, stride)
        dW[...] = np.tensordot(dy, windows, axes=((0, 2, 3), (0, 2, 3)))
    if dx is not None:
        dpadded = np.zeros_like(padded)
        for i in range(K):
            for j in range(L):
                seen = dpadded[:, :, i : i + P * s : s, j : j + Q * t : t][:, :, :P, :Q]
                seen += np.einsum("nfpq,fc->ncpq", dy, W[:, :, i, j])  # windows overlap: add
        H, width = x.shape[2:]
        dx[...] = dpadded[:, :, top : top + H, left : left + width]
