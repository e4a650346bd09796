"""What people's convolutions and poolings hand back instead of the right gradients."""

from __future__ import annotations

import numpy as np

from handgrad.check.diagnosis.layers.guess import LayerGuess, Make, again
from handgrad.check.diagnosis.layers.truth import (
    LayerProbe,
    gradients_of,
    option,
    spread_windows,
    window_shares,
    windows_of,
)
from handgrad.kernels.types import Array


def _conv_biases() -> list[LayerGuess]:
    return [
        LayerGuess("bias_last_sample", "b", 1.1, lambda p: p.dy[-1, :, -1, -1], "the last place of the last image"),
        LayerGuess("bias_total", "b", 0.9, lambda p: np.full_like(p.inputs["b"], p.dy.sum())),
        LayerGuess("bias_last_sample", "b", 1.0, lambda p: p.dy[0].sum(axis=(1, 2)), "the first image"),
        LayerGuess("bias_last_sample", "b", 1.0, lambda p: p.dy[-1].sum(axis=(1, 2)), "the last image"),
        LayerGuess("conv_bias_one_place", "b", 1.1, lambda p: p.dy[:, :, 0, 0].sum(axis=0)),
    ]


def conv_guesses() -> list[LayerGuess]:
    def turned(p: LayerProbe, W: Array) -> Array:
        return again(p, p.dy, W=np.ascontiguousarray(W))["x"]

    rows = [
        LayerGuess("conv_dw_flipped", "W", 1.0, lambda p: p.truth["W"][:, :, ::-1, ::-1]),
        LayerGuess("conv_dw_transposed", "W", 1.1, lambda p: np.swapaxes(p.truth["W"], 2, 3)),
        LayerGuess("first_channel_only", "W", 1.0, lambda p: _part(p.truth["W"], np.s_[:, :1]), "input channel 0"),
        LayerGuess(
            "first_channel_only",
            "W",
            1.05,
            lambda p: np.broadcast_to(p.truth["W"][:, :1], p.truth["W"].shape),
            "input channel 0 everywhere",
        ),
        LayerGuess("first_channel_only", "x", 1.0, lambda p: _part(p.truth["x"], np.s_[:, :1]), "input channel 0"),
        LayerGuess(
            "conv_channels_summed",
            "W",
            1.1,
            lambda p: np.broadcast_to(p.truth["W"].sum(axis=1, keepdims=True), p.truth["W"].shape),
        ),
        LayerGuess("conv_dx_not_turned", "x", 1.0, lambda p: turned(p, p.inputs["W"][:, :, ::-1, ::-1])),
        LayerGuess(
            "conv_dx_not_turned", "x", 1.2, lambda p: turned(p, np.swapaxes(p.inputs["W"], 2, 3)), "K and L exchanged"
        ),
        LayerGuess("conv_overlaps_overwritten", "x", 1.0, _overwritten),
        LayerGuess("conv_overlaps_overwritten", "x", 1.1, _overwritten_by_place),
        LayerGuess("conv_overlaps_overwritten", "x", 1.1, lambda p: _overwritten(p, last=True)),
        LayerGuess("conv_stride_ignored", "x", 1.1, lambda p: _unstrided(p)["x"]),
        LayerGuess("conv_stride_ignored", "W", 1.1, lambda p: _unstrided(p)["W"]),
        LayerGuess("conv_dw_of_one_filter", "W", 1.2, _same_filter),
        LayerGuess("dw_reshaped", "W", 1.1, lambda p: _flat_dw(p).T.reshape(p.truth["W"].shape)),
        *_conv_biases(),
    ]
    for down, right in ((1, 1), (-1, -1), (0, 1), (1, 0), (0, -1), (-1, 0)):
        rows += _one_pixel_off(down, right)
    return rows


def _one_pixel_off(down: int, right: int) -> list[LayerGuess]:
    key, detail = "conv_padding_off", "one pixel off"
    return [
        LayerGuess(key, "W", 1.25, lambda p: _in_padding(p, down, right), detail),
        LayerGuess(key, "W", 1.3, lambda p: _moved(p, down, right)["W"], detail),
        LayerGuess(key, "x", 1.3, lambda p: np.roll(p.truth["x"], (down, right), axis=(2, 3)), detail),
        LayerGuess(key, "x", 1.35, lambda p: _cut_shift(p, down, right), detail),
    ]


def _unstrided(p: LayerProbe) -> dict[str, Array]:
    """The backward pass with windows one pixel apart."""
    pad = int(option(p.options, "padding", 0))
    x = np.pad(p.inputs["x"], ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    W = p.inputs["W"]
    K, L = W.shape[2:]
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for i in range(p.dy.shape[2]):
        for j in range(p.dy.shape[3]):
            g = p.dy[:, :, i, j]
            dW += np.einsum("nf,nckl->fckl", g, x[:, :, i : i + K, j : j + L])
            dx[:, :, i : i + K, j : j + L] += np.einsum("nf,fckl->nckl", g, W)
    H, wide = p.inputs["x"].shape[2:]
    return {"x": dx[:, :, pad : pad + H, pad : pad + wide], "W": dW}


def _same_filter(p: LayerProbe) -> Array:
    """Every filter with the gradient of all of them together."""
    total = p.truth["W"].sum(axis=0, keepdims=True)
    return np.broadcast_to(total, p.truth["W"].shape)


def _flat_dw(p: LayerProbe) -> Array:
    """dW as a matrix, a row for each filter."""
    return p.truth["W"].reshape(len(p.truth["W"]), -1)


def _in_padding(p: LayerProbe, down: int, right: int) -> Array:
    """dW as if the image lay elsewhere inside its padding, none of it cut off."""
    pad = int(option(p.options, "padding", 0))
    x = np.pad(p.inputs["x"], ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    moved = np.roll(x, (down * pad, right * pad), axis=(2, 3))
    inputs = {**p.inputs, "x": moved}
    return gradients_of(p.kind, inputs, p.dy, {**p.options, "padding": 0}, p.y)["W"]


def _part(values: Array, kept: tuple[slice, ...]) -> Array:
    only = np.zeros_like(values)
    only[kept] = values[kept]
    return only


def _moved(p: LayerProbe, down: int, right: int) -> dict[str, Array]:
    """The backward pass as if the image lay one pixel elsewhere inside its padding."""
    x = np.zeros_like(p.inputs["x"])
    H, W = x.shape[2:]
    x[:, :, max(down, 0) : H + min(down, 0), max(right, 0) : W + min(right, 0)] = p.inputs["x"][
        :, :, max(-down, 0) : H + min(-down, 0), max(-right, 0) : W + min(-right, 0)
    ]
    return again(p, p.dy, x=x)


def _cut_shift(p: LayerProbe, down: int, right: int) -> Array:
    """dx cut out of the padded one a pixel too early or late."""
    pad = int(option(p.options, "padding", 0)) + 1
    padded = _padded_dx(p, pad)
    H, W = p.inputs["x"].shape[2:]
    return padded[:, :, pad + down : pad + down + H, pad + right : pad + right + W]


def _padded_dx(p: LayerProbe, pad: int) -> Array:
    x = np.pad(p.inputs["x"], ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    s = int(option(p.options, "stride", 1))
    own = int(option(p.options, "padding", 0))
    dx = np.zeros_like(x)
    K, L = p.inputs["W"].shape[2:]
    for i in range(p.dy.shape[2]):
        for j in range(p.dy.shape[3]):
            part = np.einsum("nf,fckl->nckl", p.dy[:, :, i, j], p.inputs["W"])
            top, left = i * s + pad - own, j * s + pad - own
            dx[:, :, top : top + K, left : left + L] += part
    return dx


def _overwritten(p: LayerProbe, last: bool = False) -> Array:
    """col2im that writes instead of adding, window by window; with `last` filter by filter, too."""
    pad, s = int(option(p.options, "padding", 0)), int(option(p.options, "stride", 1))
    K, L = p.inputs["W"].shape[2:]
    N, C, H, W = p.inputs["x"].shape
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(p.dy.shape[2]):
        for j in range(p.dy.shape[3]):
            first = -1 if last else 0
            part = np.einsum("nf,fckl->nckl", p.dy[:, first:, i, j], p.inputs["W"][first:])
            dx[:, :, i * s : i * s + K, j * s : j * s + L] = part
    return dx[:, :, pad : pad + H, pad : pad + W]


def _overwritten_by_place(p: LayerProbe) -> Array:
    """The same mistake in the vectorised col2im, which runs over the places of the kernel."""
    pad, s = int(option(p.options, "padding", 0)), int(option(p.options, "stride", 1))
    K, L = p.inputs["W"].shape[2:]
    N, C, H, W = p.inputs["x"].shape
    P, Q = p.dy.shape[2:]
    dx = np.zeros((N, C, H + 2 * pad + s, W + 2 * pad + s))
    for i in range(K):
        for j in range(L):
            part = np.einsum("nfpq,fc->ncpq", p.dy, p.inputs["W"][:, :, i, j])
            dx[:, :, i : i + P * s : s, j : j + Q * s : s][:, :, :P, :Q] = part
    return dx[:, :, pad : pad + H, pad : pad + W]


def maxpool_guesses() -> list[LayerGuess]:
    def spread(way: str, write: bool = False) -> Make:
        return lambda p: spread_windows(p.inputs["x"], p.dy, p.options, way, write)

    return [
        LayerGuess("", "x", 0.1, spread("last")),
        LayerGuess("pool_ties_shared", "x", 0.3, spread("shared")),
        LayerGuess("pool_all_ties", "x", 0.9, spread("all")),
        LayerGuess("pool_as_average", "x", 1.0, spread("average")),
        LayerGuess("pool_whole_window", "x", 1.05, spread("every")),
        LayerGuess("pool_smallest", "x", 1.1, spread("smallest")),
        LayerGuess("pool_corner", "x", 1.1, spread("corner"), "the first"),
        LayerGuess("pool_stride_ignored", "x", 1.1, lambda p: _unstrided_pool(p, "first")),
        LayerGuess("pool_overlaps_overwritten", "x", 1.1, spread("first", True)),
        LayerGuess(
            "pool_value_for_mask", "x", 1.2, lambda p: spread_windows(p.inputs["x"], p.dy * p.y, p.options, "first")
        ),
        LayerGuess("pool_mask_only", "x", 1.2, lambda p: spread_windows(p.inputs["x"], p.y, p.options, "first")),
    ]


def avgpool_guesses() -> list[LayerGuess]:
    def spread(way: str, write: bool = False) -> Make:
        return lambda p: spread_windows(p.inputs["x"], p.dy, p.options, way, write)

    return [
        LayerGuess("avgpool_not_divided", "x", 0.9, spread("every")),
        LayerGuess("avgpool_as_max", "x", 1.0, spread("first")),
        LayerGuess("pool_corner", "x", 1.1, spread("corner"), "the first"),
        LayerGuess("pool_stride_ignored", "x", 1.1, lambda p: _unstrided_pool(p, "average")),
        LayerGuess("pool_overlaps_overwritten", "x", 1.1, spread("average", True)),
    ]


def _unstrided_pool(p: LayerProbe, way: str) -> Array:
    """Each window's share put down one pixel further, as if the windows overlapped."""
    K, s = int(option(p.options, "kernel", 2)), int(option(p.options, "stride", 2))
    shares = window_shares(windows_of(p.inputs["x"], p.options), way)
    dx = np.zeros_like(p.inputs["x"])
    for i in range(p.dy.shape[2] if s > 1 else 0):
        for j in range(p.dy.shape[3]):
            dx[:, :, i : i + K, j : j + K] += shares[:, :, i, j] * p.dy[:, :, i, j, None, None]
    return dx
