"""Batch normalisation: each channel of (N, C, H, W), or unit of (N, C), is brought to mean 0 and variance 1.

m is the number of values that one channel's statistics are made of: N·H·W for images, N for vectors. mean,
inverse_std, scale, shift and the running statistics are (C,). Sums are added up in float64.
"""

import numpy as np

from handgrad.kernels.types import Array


def _values(x: Array) -> Array:
    """x as (N, C, values of one sample in one channel)."""
    return x.reshape(x.shape[0], x.shape[1], -1)


def batch_statistics(
    mean: Array,
    inverse_std: Array,
    running_mean: Array | None,
    running_variance: Array | None,
    x: Array,
    epsilon: float,
    momentum: float,
) -> None:
    """mean = Σx / m,  inverse_std = 1 / √(σ² + ε) with the biased variance σ² = Σ(x − mean)² / m.

    The running statistics are moved in place, unless None:
    running = momentum · running + (1 − momentum) · batch's. Of the variance they keep the unbiased one,
    σ² m / (m − 1) (Ioffe and Szegedy 2015, algorithm 2, line 10).
    """
    values = _values(x)
    m = values.shape[0] * values.shape[2]
    exact = values.mean(axis=(0, 2), dtype=np.float64)
    variance = np.square(values - exact[:, None]).mean(axis=(0, 2))
    mean[...] = exact
    inverse_std[...] = 1 / np.sqrt(variance + epsilon)
    if running_mean is not None:
        running_mean[...] = momentum * running_mean + (1 - momentum) * exact
    if running_variance is not None:
        running_variance[...] = momentum * running_variance + (1 - momentum) * variance * m / max(m - 1, 1)


def running_statistics(
    mean: Array, inverse_std: Array, running_mean: Array, running_variance: Array, epsilon: float
) -> None:
    """mean = the running mean,  inverse_std = 1 / √(running variance + ε)."""
    mean[...] = running_mean
    inverse_std[...] = 1 / np.sqrt(running_variance + epsilon)


def batch_norm_forward(
    y: Array, x: Array, mean: Array, inverse_std: Array, scale: Array | None, shift: Array | None
) -> None:
    """y = scale · x̂ + shift with x̂ = (x − mean) · inverse_std; without scale and shift y = x̂."""
    x_hat = (_values(x) - mean[:, None]) * inverse_std[:, None]
    if scale is not None and shift is not None:
        x_hat = scale[:, None] * x_hat + shift[:, None]
    y[...] = x_hat.reshape(y.shape)


def batch_norm_backward(
    dx: Array | None,
    dscale: Array | None,
    dshift: Array | None,
    dy: Array,
    x: Array,
    mean: Array,
    inverse_std: Array,
    scale: Array | None,
    of_batch: bool,
) -> None:
    """dshift = Σ dy,  dscale = Σ dy x̂,  and with g = scale · dy (g = dy where there is no scale)

    dx = inverse_std · (g − Σg / m − x̂ Σ(g x̂) / m)  where the statistics are this batch's (`of_batch`),
    dx = inverse_std · g                            where they are constants.
    """
    gradient = _values(dy)
    m = gradient.shape[0] * gradient.shape[2]
    x_hat = (_values(x) - mean[:, None]) * inverse_std[:, None]
    sum_dy = gradient.sum(axis=(0, 2), dtype=np.float64)
    sum_dy_x_hat = (gradient * x_hat).sum(axis=(0, 2), dtype=np.float64)
    if dshift is not None:
        dshift[...] = sum_dy
    if dscale is not None:
        dscale[...] = sum_dy_x_hat
    if dx is not None:
        if of_batch:
            gradient = gradient - (sum_dy / m)[:, None] - x_hat * (sum_dy_x_hat / m)[:, None]
        slope = inverse_std if scale is None else scale * inverse_std
        dx[...] = (slope[:, None] * gradient).reshape(dx.shape)
