"""What people's layer pairs hand back instead of the right gradients, kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np

from handgrad.check.diagnosis.layer_truth import (
    ELEMENTWISE,
    LayerProbe,
    batch_norm_parts,
    gradients_of,
    option,
    spread_windows,
)
from handgrad.check.diagnosis.model import sigmoid, slope, softmax
from handgrad.kernels.types import Array

Make = Callable[[LayerProbe], Array | None]

_LOOPS = ("image", "channel", "row of windows", "column of windows")


@dataclass(frozen=True)
class LayerGuess:
    """How one gradient of a layer may come about."""

    key: str
    tensor: str
    cost: float
    make: Make
    detail: str = ""


def guesses_for(kind: str, tensor: str) -> list[LayerGuess]:
    """Candidates for one gradient of one kind of layer, the right one first."""
    rows = [LayerGuess("", tensor, 0.0, lambda p: p.truth[tensor])]
    rows += [g for g in _BY_KIND[kind]() if g.tensor == tensor]
    rows += [g for g in _common(tensor) if not (tensor == "b" and g.key == "upstream_left_out")]
    return sorted(rows, key=lambda guess: guess.cost)


def _again(probe: LayerProbe, dy: Array, **changed: Array) -> dict[str, Array]:
    """The exact backward pass with another upstream gradient or other inputs."""
    return gradients_of(probe.kind, {**probe.inputs, **changed}, dy, probe.options, probe.y)


def _masked(probe: LayerProbe, where: Any) -> Array:
    only = np.zeros_like(probe.dy)
    only[where] = probe.dy[where]
    return only


def _common(tensor: str) -> list[LayerGuess]:
    def image(pick: slice) -> Make:
        return lambda p: _again(p, _masked(p, pick))[tensor]

    def channel(pick: slice) -> Make:
        return lambda p: _again(p, _masked(p, (slice(None), pick)))[tensor] if p.dy.ndim == 4 else None

    rows = [
        LayerGuess("upstream_left_out", tensor, 1.0, lambda p: _again(p, np.ones_like(p.dy))[tensor]),
        LayerGuess("first_image_only", tensor, 1.0, image(slice(0, 1)), "the first image"),
        LayerGuess("first_image_only", tensor, 1.0, image(slice(-1, None)), "the last image"),
        LayerGuess("first_channel_only", tensor, 1.0, channel(slice(0, 1)), "channel 0"),
        LayerGuess("first_channel_only", tensor, 1.0, channel(slice(-1, None)), "the last channel"),
        LayerGuess("one_place_only", tensor, 1.0, _first_place(tensor, (0, 0)), "the first window"),
        LayerGuess("one_place_only", tensor, 1.1, _first_place(tensor, (-1, -1)), "the last window"),
        LayerGuess("one_place_only", tensor, 1.1, _row_of_places(tensor), "the first row of windows"),
        LayerGuess("one_place_only", tensor, 1.1, _single(tensor, (0, 0, 0, 0)), "the first window of the first image"),
        LayerGuess("one_place_only", tensor, 1.1, _single(tensor, (-1, -1, -1, -1)), "the last window of all"),
        LayerGuess("layer_gradient_zero", tensor, 0.9, lambda p: np.zeros_like(p.truth[tensor])),
        *_stopped_early(tensor),
    ]
    if tensor == "x":
        rows.append(
            LayerGuess("upstream_unchanged", tensor, 1.3, lambda p: p.dy if p.dy.shape == p.truth["x"].shape else None)
        )
        rows.append(
            LayerGuess("output_for_gradient", tensor, 1.4, lambda p: p.y if p.y.shape == p.truth["x"].shape else None)
        )
    return rows


def _first_place(tensor: str, place: tuple[int, int]) -> Make:
    return lambda p: _again(p, _masked(p, (slice(None), slice(None), *place)))[tensor] if p.dy.ndim == 4 else None


def _row_of_places(tensor: str) -> Make:
    return lambda p: _again(p, _masked(p, (slice(None), slice(None), 0)))[tensor] if p.dy.ndim == 4 else None


def _stopped_early(tensor: str) -> list[LayerGuess]:
    """Loops that a `return` inside them ended: of some of images, channels, rows and columns only the first is done."""
    rows = []
    for axes in chain(combinations(range(4), 2), combinations(range(4), 3)):
        place = tuple(0 if axis in axes else slice(None) for axis in range(4))
        words = ", ".join(f"the first {_LOOPS[axis]}" for axis in axes)
        rows.append(LayerGuess("one_place_only", tensor, 1.2, _single(tensor, place), words))
    return rows


def _single(tensor: str, place: tuple[Any, ...]) -> Make:
    return lambda p: _again(p, _masked(p, place))[tensor] if p.dy.ndim == 4 else None


def _dense() -> list[LayerGuess]:
    def fit(p: LayerProbe, made: Array, name: str) -> Array | None:
        return made if made.shape == p.inputs[name].shape else None

    return [
        LayerGuess("dw_transposed", "W", 1.0, lambda p: fit(p, p.dy.T @ p.inputs["x"], "W")),
        LayerGuess("dw_reshaped", "W", 1.0, lambda p: (p.dy.T @ p.inputs["x"]).reshape(p.inputs["W"].shape)),
        LayerGuess("means_multiplied", "W", 1.1, lambda p: np.outer(p.inputs["x"].sum(axis=0), p.dy.sum(axis=0))),
        LayerGuess("delta_replaced", "W", 1.2, lambda p: p.inputs["x"].T @ p.y, "the layer's output"),
        LayerGuess("input_left_out", "W", 1.2, lambda p: np.broadcast_to(p.dy.sum(axis=0), p.inputs["W"].shape)),
        LayerGuess("weights_reshaped", "x", 1.0, lambda p: p.dy @ p.inputs["W"].reshape(p.inputs["W"].shape[::-1])),
        LayerGuess("weights_not_transposed", "x", 0.9, _square_times_W),
        LayerGuess("bias_total", "b", 0.9, lambda p: np.full_like(p.inputs["b"], p.dy.sum())),
        LayerGuess("bias_last_sample", "b", 0.95, lambda p: p.dy[0], "the first image"),
        LayerGuess("bias_last_sample", "b", 0.95, lambda p: p.dy[-1], "the last image"),
        LayerGuess("bias_from_weights", "b", 1.1, lambda p: (p.inputs["x"].T @ p.dy).sum(axis=0), "the sum of dW"),
    ]


def _square_times_W(p: LayerProbe) -> Array | None:
    W = p.inputs["W"]
    return p.dy @ W if W.shape[0] == W.shape[1] else None


def _elementwise(kind: str) -> list[LayerGuess]:
    def formula(a: Array) -> Array:
        return a * (1 - a) if kind == "sigmoid" else 1 - a**2

    rows = [
        LayerGuess("slope_missing", "x", 0.9, lambda p: p.dy),
        LayerGuess("mask_inverted", "x", 1.0, lambda p: p.dy * (1 - slope(kind, p.inputs["x"]))),
        LayerGuess("mask_from_gradient", "x", 1.0, lambda p: p.dy * (p.dy > 0), "dy > 0"),
        LayerGuess("activation_as_slope", "x", 1.0, lambda p: p.dy * p.y, "f(z)"),
        LayerGuess("z_as_slope", "x", 1.1, lambda p: p.dy * p.inputs["x"], "z"),
        LayerGuess("slope_twice", "x", 1.1, lambda p: p.dy * slope(kind, p.inputs["x"]) ** 2),
        LayerGuess("slope_of_output_value", "x", 0.9, lambda p: p.dy * slope(kind, p.y), f"{kind}′(a)"),
        LayerGuess("slope_leak", "x", 1.1, lambda p: p.dy * np.where(p.inputs["x"] > 0, 1.0, 0.01), "slope 0.01"),
        LayerGuess("half_of_slope", "x", 1.1, lambda p: p.dy * (1 - p.y), "1 − a"),
        LayerGuess("half_of_slope", "x", 1.2, lambda p: p.dy * p.y**2, "a²"),
        LayerGuess(
            "slope_sign_inside",
            "x",
            1.2,
            lambda p: p.dy * (p.y * (1 + p.y) if kind == "sigmoid" else 1 + p.y**2),
            "a plus sign",
        ),
    ]
    if kind != "relu":
        rows.append(LayerGuess("slope_formula_on_z", "x", 0.9, lambda p: p.dy * formula(p.inputs["x"]), "z"))
    rows += [_other_slope(other) for other in ELEMENTWISE if other != kind]
    rows.append(
        LayerGuess(
            "slope_of_other_function", "x", 1.0, lambda p: p.dy * sigmoid(p.y) * (1 - sigmoid(p.y)), "sigmoid′(a)"
        )
    )
    return [row for row in rows if not (kind == "relu" and row.key in ("slope_twice", "slope_of_output_value"))]


def _other_slope(other: str) -> LayerGuess:
    return LayerGuess("slope_of_other_function", "x", 1.0, lambda p: p.dy * slope(other, p.inputs["x"]), f"{other}′(z)")


def _softmax() -> list[LayerGuess]:
    return [
        LayerGuess("jacobian_diagonal", "x", 1.0, lambda p: p.dy * p.y * (1 - p.y), "p(1 − p)"),
        LayerGuess("jacobian_left_out", "x", 0.9, lambda p: p.dy, "dy"),
        LayerGuess("jacobian_diagonal", "x", 1.1, lambda p: p.dy * p.y, "p"),
        LayerGuess("softmax_axis_backward", "x", 1.1, lambda p: p.y * (p.dy - (p.dy * p.y).sum(axis=0)), "axis 0"),
        LayerGuess("softmax_axis_backward", "x", 1.1, lambda p: p.y * (p.dy - (p.dy * p.y).sum()), "the whole array"),
        LayerGuess(
            "softmax_twice_backward", "x", 1.2, lambda p: gradients_of("softmax", {"x": p.y}, p.dy, p.options, p.y)["x"]
        ),
        LayerGuess("jacobian_diagonal_missing", "x", 1.2, lambda p: -p.y * (p.dy * p.y).sum(axis=1, keepdims=True)),
        LayerGuess("upstream_left_out", "x", 1.2, lambda p: p.y * (1 - p.y)),
        LayerGuess("jacobian_left_out", "x", 1.3, lambda p: softmax(p.inputs["x"]) - p.dy, "p − dy"),
    ]


def _conv() -> list[LayerGuess]:
    def turned(p: LayerProbe, W: Array) -> Array:
        return _again(p, p.dy, W=np.ascontiguousarray(W))["x"]

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
        LayerGuess("bias_total", "b", 0.9, lambda p: np.full_like(p.inputs["b"], p.dy.sum())),
        LayerGuess("bias_last_sample", "b", 1.0, lambda p: p.dy[0].sum(axis=(1, 2)), "the first image"),
        LayerGuess("bias_last_sample", "b", 1.0, lambda p: p.dy[-1].sum(axis=(1, 2)), "the last image"),
        LayerGuess("conv_bias_one_place", "b", 1.1, lambda p: p.dy[:, :, 0, 0].sum(axis=0)),
    ]
    for down, right in ((1, 1), (-1, -1), (0, 1), (1, 0), (0, -1), (-1, 0)):
        rows += _one_pixel_off(down, right)
    return rows


def _one_pixel_off(down: int, right: int) -> list[LayerGuess]:
    key, detail = "conv_padding_off", "one pixel off"
    return [
        LayerGuess(key, "W", 1.3, lambda p: _moved(p, down, right)["W"], detail),
        LayerGuess(key, "x", 1.3, lambda p: np.roll(p.truth["x"], (down, right), axis=(2, 3)), detail),
        LayerGuess(key, "x", 1.35, lambda p: _cut_shift(p, down, right), detail),
    ]


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
    return _again(p, p.dy, x=x)


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


def _overwritten(p: LayerProbe) -> Array:
    """col2im that writes instead of adding, window by window."""
    pad, s = int(option(p.options, "padding", 0)), int(option(p.options, "stride", 1))
    K, L = p.inputs["W"].shape[2:]
    N, C, H, W = p.inputs["x"].shape
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(p.dy.shape[2]):
        for j in range(p.dy.shape[3]):
            part = np.einsum("nf,fckl->nckl", p.dy[:, :, i, j], p.inputs["W"])
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


def _maxpool() -> list[LayerGuess]:
    def spread(way: str, write: bool = False) -> Make:
        return lambda p: spread_windows(p.inputs["x"], p.dy, p.options, way, write)

    return [
        LayerGuess("", "x", 0.1, spread("last")),
        LayerGuess("pool_ties_shared", "x", 0.3, spread("shared")),
        LayerGuess("pool_all_ties", "x", 0.9, spread("all")),
        LayerGuess("pool_as_average", "x", 1.0, spread("average")),
        LayerGuess("pool_whole_window", "x", 1.05, spread("every")),
        LayerGuess("pool_smallest", "x", 1.1, spread("smallest")),
        LayerGuess("pool_overlaps_overwritten", "x", 1.1, spread("first", True)),
        LayerGuess(
            "pool_value_for_mask", "x", 1.2, lambda p: spread_windows(p.inputs["x"], p.dy * p.y, p.options, "first")
        ),
        LayerGuess("pool_mask_only", "x", 1.2, lambda p: spread_windows(p.inputs["x"], p.y, p.options, "first")),
    ]


def _avgpool() -> list[LayerGuess]:
    def spread(way: str, write: bool = False) -> Make:
        return lambda p: spread_windows(p.inputs["x"], p.dy, p.options, way, write)

    return [
        LayerGuess("avgpool_not_divided", "x", 0.9, spread("every")),
        LayerGuess("avgpool_as_max", "x", 1.0, spread("first")),
        LayerGuess("pool_overlaps_overwritten", "x", 1.1, spread("average", True)),
    ]


def _batchnorm() -> list[LayerGuess]:
    def dx(terms: Callable[[Array, Array, Array, Array], Array]) -> Make:
        return lambda p: terms(*batch_norm_parts(p))

    def without_gamma(p: LayerProbe) -> Array:
        return _again(p, p.dy, gamma=np.ones_like(p.inputs["gamma"]))["x"]

    def sums(p: LayerProbe, values: Array) -> Array:
        return np.asarray(values.sum(axis=0 if values.ndim == 2 else (0, 2, 3)))

    return [
        LayerGuess("bn_statistics_constant", "x", 0.9, dx(lambda g, m, v, i: i * g), "both"),
        LayerGuess("bn_only_variance", "x", 0.95, dx(lambda g, m, v, i: i * (g - v)), "the mean"),
        LayerGuess("bn_only_mean", "x", 0.95, dx(lambda g, m, v, i: i * (g - m)), "the variance"),
        LayerGuess("bn_divided_by_variance", "x", 0.95, dx(lambda g, m, v, i: i * i * (g - m - v))),
        LayerGuess("bn_not_divided", "x", 1.0, dx(lambda g, m, v, i: g - m - v)),
        LayerGuess("bn_sign_of_term", "x", 1.2, dx(lambda g, m, v, i: i * (g + m - v)), "the mean's"),
        LayerGuess("bn_sign_of_term", "x", 1.2, dx(lambda g, m, v, i: i * (g - m + v)), "the variance's"),
        LayerGuess("bn_sign_of_term", "x", 1.3, dx(lambda g, m, v, i: i * (g - m - v / 2)), "half the variance's"),
        LayerGuess("bn_gamma_missing", "x", 0.95, without_gamma),
        LayerGuess("bn_gamma_of_x", "gamma", 1.0, lambda p: sums(p, p.dy * p.inputs["x"]), "x"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.1, lambda p: sums(p, p.dy * p.y), "y"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.1, lambda p: sums(p, p.dy), "dy alone"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.2, lambda p: sums(p, p.dy) * p.inputs["gamma"], "γ"),
        LayerGuess("bias_total", "beta", 1.0, lambda p: np.full_like(p.inputs["beta"], p.dy.sum())),
        LayerGuess("bias_total", "gamma", 1.2, lambda p: np.full_like(p.inputs["gamma"], p.truth["gamma"].sum())),
        LayerGuess("bn_beta_times_gamma", "beta", 1.1, lambda p: p.truth["beta"] * p.inputs["gamma"]),
    ]


def _dropout() -> list[LayerGuess]:
    def kept(p: LayerProbe) -> Array:
        return np.asarray((p.y != 0).astype(float))

    def keep(p: LayerProbe) -> float:
        return option(p.options, "keep_probability", 0.5)

    return [
        LayerGuess("dropout_no_mask", "x", 0.9, lambda p: p.dy),
        LayerGuess("dropout_no_mask", "x", 1.0, lambda p: p.dy / keep(p), "its factor alone"),
        LayerGuess("dropout_no_scale", "x", 0.9, lambda p: p.dy * kept(p)),
        LayerGuess("dropout_p_for_inverse", "x", 0.95, lambda p: p.dy * kept(p) * keep(p)),
        LayerGuess("dropout_scale_twice", "x", 1.0, lambda p: p.dy * kept(p) / keep(p) ** 2),
        LayerGuess("mask_inverted", "x", 1.0, lambda p: p.dy * (1 - kept(p))),
        LayerGuess("mask_inverted", "x", 1.1, lambda p: p.dy * (1 - kept(p)) / keep(p)),
        LayerGuess("dropout_output_for_mask", "x", 1.1, lambda p: p.dy * p.y),
    ]


_BY_KIND: dict[str, Callable[[], list[LayerGuess]]] = {
    "dense": _dense,
    "relu": lambda: _elementwise("relu"),
    "sigmoid": lambda: _elementwise("sigmoid"),
    "tanh": lambda: _elementwise("tanh"),
    "softmax": _softmax,
    "conv": _conv,
    "maxpool": _maxpool,
    "avgpool": _avgpool,
    "batchnorm": _batchnorm,
    "dropout": _dropout,
}
