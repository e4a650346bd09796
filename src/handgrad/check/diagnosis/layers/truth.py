"""What each kind of layer must answer: forward and backward of a pair, on given inputs and upstream gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from handgrad.check.diagnosis.model import activate, slope, softmax, through_softmax
from handgrad.check.subject import LayerAnswer
from handgrad.kernels.reference import conv2d_backward, conv2d_forward
from handgrad.kernels.types import Array

ELEMENTWISE = ("relu", "sigmoid", "tanh")


@dataclass
class LayerProbe:
    """One question to a layer and its answer.

    Attributes:
        inputs: "x" and the parameters.
        dy: random upstream gradient.
        options: kernel, stride, padding, keep_probability, epsilon.
        y: the exact output; for dropout the program's own.
        truth: the exact gradients.
    """

    kind: str
    inputs: dict[str, Array]
    dy: Array
    options: Mapping[str, float]
    y: Array
    truth: dict[str, Array]
    answer: LayerAnswer


def option(options: Mapping[str, float], name: str, default: float) -> float:
    """An option's value."""
    return float(options.get(name, default))


def output_of(kind: str, inputs: Mapping[str, Array], options: Mapping[str, float]) -> Array:
    """The exact output y."""
    x = inputs["x"]
    if kind == "dense":
        return x @ inputs["W"] + inputs["b"]
    if kind in ELEMENTWISE:
        return activate(kind, x)
    if kind == "softmax":
        return softmax(x)
    if kind == "conv":
        y = np.empty(conv_shape(inputs, options))
        s, p = _pair(options, "stride", 1), _pair(options, "padding", 0)
        conv2d_forward(y, x, inputs["W"], inputs["b"], s, p)
        return y
    if kind == "maxpool":
        return np.asarray(windows_of(x, options).max(axis=(4, 5)))
    if kind == "avgpool":
        return np.asarray(windows_of(x, options).mean(axis=(4, 5)))
    if kind == "batchnorm":
        hat, _ = normalised(x, options)
        return _channels(inputs["gamma"], x) * hat + _channels(inputs["beta"], x)
    return x


def gradients_of(
    kind: str, inputs: Mapping[str, Array], dy: Array, options: Mapping[str, float], y: Array
) -> dict[str, Array]:
    """The exact gradients by x and by the parameters."""
    x = inputs["x"]
    if kind == "dense":
        return {"x": dy @ inputs["W"].T, "W": x.T @ dy, "b": dy.sum(axis=0)}
    if kind in ELEMENTWISE:
        return {"x": dy * slope(kind, x)}
    if kind == "softmax":
        return {"x": through_softmax(dy, softmax(x))}
    if kind == "conv":
        dx, dW, db = np.empty_like(x), np.empty_like(inputs["W"]), np.empty_like(inputs["b"])
        s, p = _pair(options, "stride", 1), _pair(options, "padding", 0)
        conv2d_backward(dx, dW, db, dy, x, inputs["W"], s, p)
        return {"x": dx, "W": dW, "b": db}
    if kind == "maxpool":
        return {"x": spread_windows(x, dy, options, "first")}
    if kind == "avgpool":
        return {"x": spread_windows(x, dy, options, "average")}
    if kind == "batchnorm":
        return _batch_norm(inputs, dy, options)
    return {"x": dy * dropout_mask(x, y)}


def dropout_mask(x: Array, y: Array) -> Array:
    """What the program's forward pass multiplied with, read off its output; x has no zeros."""
    mask: Array = y / x
    return mask


def conv_shape(inputs: Mapping[str, Array], options: Mapping[str, float]) -> tuple[int, int, int, int]:
    """(N, F, P, Q) of a convolution's output."""
    N, _, H, W = inputs["x"].shape
    F, _, K, L = inputs["W"].shape
    (s, t), (a, b) = _pair(options, "stride", 1), _pair(options, "padding", 0)
    return N, F, (H + 2 * a - K) // s + 1, (W + 2 * b - L) // t + 1


def _pair(options: Mapping[str, float], name: str, default: int) -> tuple[int, int]:
    value = int(option(options, name, default))
    return value, value


def windows_of(x: Array, options: Mapping[str, float]) -> Array:
    """A view (N, C, P, Q, K, K) of the pooling windows."""
    K = int(option(options, "kernel", 2))
    s = int(option(options, "stride", K))
    view: Array = np.lib.stride_tricks.sliding_window_view(x, (K, K), axis=(2, 3))
    return view[:, :, ::s, ::s]


def spread_windows(x: Array, dy: Array, options: Mapping[str, float], way: str, write: bool = False) -> Array:
    """dy back into the windows: to the first or last maximum, to "all" of them, "shared" among them, the
    "average", the whole window ("every"), its "corner", or the smallest value. `write`: overlaps overwrite
    instead of adding.
    """
    K = int(option(options, "kernel", 2))
    s = int(option(options, "stride", K))
    shares = window_shares(windows_of(x, options), way)
    dx = np.zeros_like(x)
    P, Q = dy.shape[2:]
    for i in range(P):
        for j in range(Q):
            part = shares[:, :, i, j] * dy[:, :, i, j, None, None]
            place = dx[:, :, i * s : i * s + K, j * s : j * s + K]
            if write:
                place[...] = np.where(part != 0, part, place) if way == "first" else part
            else:
                place += part
    return dx


def window_shares(windows: Array, way: str) -> Array:
    """How each window divides its gradient: (N, C, P, Q, K, K), see `spread_windows`."""
    if way in ("average", "every"):
        size = windows.shape[-1] * windows.shape[-2]
        return np.full(windows.shape, 1.0 / size if way == "average" else 1.0)
    flat = windows.reshape(*windows.shape[:4], -1)
    if way == "corner":
        chosen = np.zeros(windows.shape)
        chosen[..., 0, 0] = 1.0
        return chosen
    if way == "smallest":
        flat = -flat
    best = flat == flat.max(axis=-1, keepdims=True)
    if way == "shared":
        chosen = best / best.sum(axis=-1, keepdims=True)
    elif way == "all":
        chosen = best.astype(float)
    else:
        order = best if way != "last" else best[..., ::-1]
        place = order.argmax(axis=-1)
        place = place if way != "last" else best.shape[-1] - 1 - place
        chosen = np.zeros(best.shape)
        np.put_along_axis(chosen, place[..., None], 1.0, axis=-1)
    return np.asarray(chosen.reshape(windows.shape))


def _axes(x: Array) -> tuple[int, ...]:
    return (0,) if x.ndim == 2 else (0, 2, 3)


def _channels(values: Array, x: Array) -> Array:
    return values.reshape(1, -1) if x.ndim == 2 else values.reshape(1, -1, 1, 1)


def normalised(x: Array, options: Mapping[str, float]) -> tuple[Array, Array]:
    """x̂ and 1/σ, over the batch (and the places of images)."""
    axes = _axes(x)
    inverse = 1.0 / np.sqrt(x.var(axis=axes, keepdims=True) + option(options, "epsilon", 1e-5))
    return (x - x.mean(axis=axes, keepdims=True)) * inverse, inverse


def batch_norm_parts(probe: LayerProbe) -> tuple[Array, Array, Array, Array]:
    """g = γ·dy, its mean, x̂ times the mean of g·x̂, and 1/σ: dx = (g − mean − x̂ part)/σ."""
    x = probe.inputs["x"]
    hat, inverse = normalised(x, probe.options)
    g = probe.dy * _channels(probe.inputs["gamma"], x)
    axes = _axes(x)
    return g, g.mean(axis=axes, keepdims=True), hat * (g * hat).mean(axis=axes, keepdims=True), inverse


def _batch_norm(inputs: Mapping[str, Array], dy: Array, options: Mapping[str, float]) -> dict[str, Array]:
    x = inputs["x"]
    hat, inverse = normalised(x, options)
    axes = _axes(x)
    g = dy * _channels(inputs["gamma"], x)
    mean, along = g.mean(axis=axes, keepdims=True), (g * hat).mean(axis=axes, keepdims=True)
    return {
        "x": inverse * (g - mean - hat * along),
        "gamma": (dy * hat).sum(axis=axes),
        "beta": dy.sum(axis=axes),
    }


def numeric_gradients(
    forward: Callable[[dict[str, Array]], Array], inputs: dict[str, Array], dy: Array
) -> dict[str, Array]:
    """Central differences of ⟨dy, y⟩ by every input, for a forward pass that is not the usual one."""
    found = {}
    for name, values in inputs.items():
        gradient = np.zeros(values.shape)
        for index in np.ndindex(values.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = {k: v.copy() for k, v in inputs.items()}
                moved[name][index] += step
                ends.append(float((forward(moved) * dy).sum()))
            gradient[index] = (ends[0] - ends[1]) / 2e-6
        found[name] = gradient
    return found
