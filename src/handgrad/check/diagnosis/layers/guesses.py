"""What people's layer pairs hand back instead of the right gradients, kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations
from typing import Any

import numpy as np

from handgrad.check.diagnosis.layers.guess import LayerGuess, Make, again, masked
from handgrad.check.diagnosis.layers.image_guesses import avgpool_guesses, conv_guesses, maxpool_guesses
from handgrad.check.diagnosis.layers.truth import (
    ELEMENTWISE,
    LayerProbe,
    batch_norm_parts,
    gradients_of,
    option,
)
from handgrad.check.diagnosis.model import sigmoid, slope, softmax
from handgrad.kernels.types import Array

_LOOPS = ("image", "channel", "row of windows", "column of windows")


def guesses_for(kind: str, tensor: str) -> list[LayerGuess]:
    """Candidates for one gradient of one kind of layer, the right one first."""
    rows = [LayerGuess("", tensor, 0.0, lambda p: p.truth[tensor])]
    rows += [g for g in _BY_KIND[kind]() if g.tensor == tensor]
    rows += [g for g in _common(tensor) if not (tensor == "b" and g.key == "upstream_left_out")]
    return sorted(rows, key=lambda guess: guess.cost)


def _common(tensor: str) -> list[LayerGuess]:
    def image(pick: slice) -> Make:
        return lambda p: again(p, masked(p, pick))[tensor]

    def channel(pick: slice) -> Make:
        return lambda p: again(p, masked(p, (slice(None), pick)))[tensor] if p.dy.ndim == 4 else None

    rows = [
        LayerGuess("upstream_left_out", tensor, 1.0, lambda p: again(p, np.ones_like(p.dy))[tensor]),
        LayerGuess("first_image_only", tensor, 1.0, image(slice(0, 1)), "the first image"),
        LayerGuess("first_channel_only", tensor, 1.0, channel(slice(0, 1)), "channel 0"),
        LayerGuess("first_channel_only", tensor, 1.0, channel(slice(-1, None)), "the last channel"),
        LayerGuess("one_place_only", tensor, 1.0, _first_place(tensor, (0, 0)), "the first window"),
        LayerGuess("one_place_only", tensor, 1.1, _row_of_places(tensor), "the first row of windows"),
        LayerGuess("one_place_only", tensor, 1.1, _single(tensor, (0, 0, 0, 0)), "the first window of the first image"),
        LayerGuess("layer_gradient_zero", tensor, 0.9, lambda p: np.zeros_like(p.truth[tensor])),
        *_last_round(tensor, image),
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


def _last_round(tensor: str, image: Callable[[slice], Make]) -> list[LayerGuess]:
    """`=` where `+=` belongs: what the last round of a loop left."""
    return [
        LayerGuess("assigned_for_added", tensor, 1.0, image(slice(-1, None)), "the last image"),
        LayerGuess("assigned_for_added", tensor, 1.1, _first_place(tensor, (-1, -1)), "the last window"),
        LayerGuess("assigned_for_added", tensor, 1.1, _single(tensor, (-1, -1, -1, -1)), "the last window of all"),
        LayerGuess(
            "assigned_for_added",
            tensor,
            1.1,
            _single(tensor, (-1, slice(None), -1, -1)),
            "the last image's last window",
        ),
        LayerGuess(
            "assigned_for_added",
            tensor,
            1.2,
            _single(tensor, (slice(None), slice(None), -1)),
            "the last row of windows",
        ),
    ]


def _first_place(tensor: str, place: tuple[int, int]) -> Make:
    return lambda p: again(p, masked(p, (slice(None), slice(None), *place)))[tensor] if p.dy.ndim == 4 else None


def _row_of_places(tensor: str) -> Make:
    return lambda p: again(p, masked(p, (slice(None), slice(None), 0)))[tensor] if p.dy.ndim == 4 else None


def _stopped_early(tensor: str) -> list[LayerGuess]:
    """Loops that a `return` inside them ended: of some of images, channels, rows and columns only the first is done."""
    rows = []
    for axes in chain(combinations(range(4), 2), combinations(range(4), 3)):
        place = tuple(0 if axis in axes else slice(None) for axis in range(4))
        words = ", ".join(f"the first {_LOOPS[axis]}" for axis in axes)
        rows.append(LayerGuess("one_place_only", tensor, 1.2, _single(tensor, place), words))
    return rows


def _single(tensor: str, place: tuple[Any, ...]) -> Make:
    return lambda p: again(p, masked(p, place))[tensor] if p.dy.ndim == 4 else None


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


def _variance_terms(dx: Callable[[Callable[[Array, Array, Array, Array], Array]], Make]) -> list[LayerGuess]:
    """The part through the variance in a wrong size."""
    return [
        LayerGuess("bn_variance_term", "x", 1.2, dx(lambda g, m, v, i: i * (g - m - 2 * v)), "twice as large"),
        LayerGuess("bn_variance_term", "x", 1.2, dx(lambda g, m, v, i: i * (g - m - v / i**2)), "σ² times as large"),
        LayerGuess("bn_variance_term", "x", 1.25, dx(lambda g, m, v, i: i * (g - m - v * i)), "σ times too small"),
        LayerGuess("bn_variance_term", "x", 1.25, dx(lambda g, m, v, i: i * (g - m - v / i)), "σ times as large"),
    ]


def _batchnorm() -> list[LayerGuess]:
    def dx(terms: Callable[[Array, Array, Array, Array], Array]) -> Make:
        return lambda p: terms(*batch_norm_parts(p))

    def summed(mean: int, variance: int) -> Make:
        def make(p: LayerProbe) -> Array:
            g, m, v, i = batch_norm_parts(p)
            count = g.size / g.shape[1]
            return np.asarray(i * (g - m * count**mean - v * count**variance))

        return make

    def without_gamma(p: LayerProbe) -> Array:
        return again(p, p.dy, gamma=np.ones_like(p.inputs["gamma"]))["x"]

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
        *_variance_terms(dx),
        LayerGuess("bn_sums_for_means", "x", 1.1, summed(1, 1), "both terms"),
        LayerGuess("bn_sums_for_means", "x", 1.15, summed(1, 0), "the mean's term"),
        LayerGuess("bn_sums_for_means", "x", 1.15, summed(0, 1), "the variance's term"),
        LayerGuess("bn_gamma_missing", "x", 0.95, without_gamma),
        LayerGuess("bn_gamma_of_x", "gamma", 1.0, lambda p: sums(p, p.dy * p.inputs["x"]), "x"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.0, lambda p: sums(p, p.dy * _centred(p)), "x − μ"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.1, lambda p: sums(p, p.dy * p.y), "y"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.1, lambda p: sums(p, p.dy), "dy alone"),
        LayerGuess("bn_gamma_of_x", "gamma", 1.2, lambda p: sums(p, p.dy) * p.inputs["gamma"], "γ"),
        LayerGuess("bias_total", "beta", 1.0, lambda p: np.full_like(p.inputs["beta"], p.dy.sum())),
        LayerGuess("bias_total", "gamma", 1.2, lambda p: np.full_like(p.inputs["gamma"], p.truth["gamma"].sum())),
        LayerGuess("bn_beta_times_gamma", "beta", 1.1, lambda p: p.truth["beta"] * p.inputs["gamma"]),
    ]


def _centred(p: LayerProbe) -> Array:
    x = p.inputs["x"]
    return np.asarray(x - x.mean(axis=0 if x.ndim == 2 else (0, 2, 3), keepdims=True))


def _measured_slope() -> list[LayerGuess]:
    """Activations that are judged by their own forward pass: the slope is dx / dy."""

    def slope_at(p: LayerProbe) -> Array:
        return np.asarray(p.truth["x"] / p.dy)

    rows = [
        LayerGuess("slope_missing", "x", 0.9, lambda p: p.dy),
        LayerGuess("slope_leak", "x", 0.95, lambda p: p.dy * (p.inputs["x"] > 0), "slope 0"),
        LayerGuess("mask_inverted", "x", 1.0, lambda p: p.dy * (1 - slope_at(p))),
        LayerGuess("mask_inverted", "x", 1.0, _exchanged),
        LayerGuess("mask_from_gradient", "x", 1.0, lambda p: p.dy * (p.dy > 0), "dy > 0"),
        LayerGuess("activation_as_slope", "x", 1.0, lambda p: p.dy * p.y, "f(z)"),
        LayerGuess("z_as_slope", "x", 1.1, lambda p: p.dy * p.inputs["x"], "z"),
        LayerGuess("slope_twice", "x", 1.1, lambda p: p.dy * slope_at(p) ** 2),
        LayerGuess("half_of_slope", "x", 1.1, lambda p: p.dy * (1 - p.y), "1 − a"),
        LayerGuess("upstream_left_out", "x", 1.0, slope_at),
        LayerGuess(
            "slope_sign_inside",
            "x",
            1.2,
            lambda p: p.dy * np.where(p.inputs["x"] > 0, 1.0, -slope_at(p)),
            "a minus below 0",
        ),
    ]
    for leak in (0.01, 0.1, 0.2, 0.3, 0.001, 0.05, -0.01, -0.1, 1.0 / 3.0):
        rows.append(LayerGuess("slope_leak", "x", 1.1, _leaky(leak), f"slope {leak:g}"))
    rows.append(
        LayerGuess("slope_leak", "x", 1.15, lambda p: p.dy * np.where(p.inputs["x"] > 0, 1.0, p.y), "f(z) below 0")
    )
    rows.append(
        LayerGuess(
            "slope_leak",
            "x",
            1.15,
            lambda p: p.dy * np.where(p.inputs["x"] > 0, 1.0, np.exp(np.minimum(p.inputs["x"], 0))),
            "eᶻ below 0",
        )
    )
    return [*rows, *(_other_slope(other) for other in ELEMENTWISE if other != "relu")]


def _leaky(leak: float) -> Make:
    return lambda p: p.dy * np.where(p.inputs["x"] > 0, 1.0, leak)


def _exchanged(p: LayerProbe) -> Array:
    """The slopes on both sides of 0 exchanged."""
    slopes = p.truth["x"] / p.dy
    below, above = slopes[p.inputs["x"] < 0].mean(), slopes[p.inputs["x"] > 0].mean()
    return np.asarray(p.dy * np.where(p.inputs["x"] > 0, below, above))


def _layer_norm() -> list[LayerGuess]:
    """By the same rules as batch normalisation, over each image's own features."""

    def turned(guess: LayerGuess) -> LayerGuess:
        def make(p: LayerProbe) -> Array | None:
            x = p.inputs["x"]
            if x.ndim != 2 or guess.tensor != "x":
                return None
            ones = np.ones(len(x))
            inputs = {"x": x.T, "gamma": ones, "beta": ones}
            other = LayerProbe("batchnorm", inputs, (p.dy * p.inputs["gamma"]).T, {}, p.y.T, {}, p.answer)
            made = guess.make(other)
            return None if made is None else made.T

        return LayerGuess(guess.key, guess.tensor, guess.cost, make, guess.detail)

    rows = [turned(g) for g in _batchnorm() if g.tensor == "x" and g.key != "bn_gamma_missing"]
    rows.append(LayerGuess("bn_gamma_missing", "x", 0.95, _unscaled))
    rows.append(LayerGuess("bn_gamma_of_x", "gamma", 1.0, lambda p: (p.dy * p.inputs["x"]).sum(axis=0), "x"))
    rows.append(LayerGuess("bn_gamma_of_x", "gamma", 1.1, lambda p: (p.dy * p.y).sum(axis=0), "y"))
    rows.append(LayerGuess("bn_gamma_of_x", "gamma", 1.1, lambda p: p.dy.sum(axis=0), "dy alone"))
    return rows


def _unscaled(p: LayerProbe) -> Array | None:
    """Layer normalisation's dx without γ."""
    x = p.inputs["x"]
    if x.ndim != 2:
        return None
    inputs = {"x": x.T, "gamma": np.ones(len(x)), "beta": np.zeros(len(x))}
    return np.asarray(gradients_of("batchnorm", inputs, p.dy.T, p.options, p.y.T)["x"].T)


def _flatten() -> list[LayerGuess]:
    """dy put back in another order of the axes."""

    def other(order: tuple[int, ...]) -> Make:
        def make(p: LayerProbe) -> Array | None:
            x = p.inputs["x"]
            if x.ndim != 4 or p.dy.size != x.size:
                return None
            spread = p.dy.reshape(len(x), *(x.shape[1 + i] for i in order))
            return np.asarray(spread.transpose(0, *(1 + order.index(i) for i in range(3))))

        return make

    orders = [(0, 1, 2), (1, 2, 0), (0, 2, 1), (2, 1, 0), (1, 0, 2), (2, 0, 1)]
    return [LayerGuess("flatten_order", "x", 1.0, other(order), "another order of the axes") for order in orders]


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
    "conv": conv_guesses,
    "maxpool": maxpool_guesses,
    "avgpool": avgpool_guesses,
    "batchnorm": _batchnorm,
    "dropout": _dropout,
    "elementwise": _measured_slope,
    "flatten": _flatten,
    "layernorm": _layer_norm,
    "embedding": lambda: [],
}
