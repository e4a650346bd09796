"""What a layer pair is asked: inputs without ties and kinks, then inputs as they come after a ReLU, full of ties."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handgrad.check.diagnosis.layers.truth import (
    LayerProbe,
    gradients_of,
    numeric_gradients,
    option,
    output_of,
    windows_of,
)
from handgrad.check.gradient import spread_values
from handgrad.check.subject import LayerSubject
from handgrad.kernels.types import Array

IMAGES = ("conv", "maxpool", "avgpool", "flatten")
MEASURED = ("elementwise", "flatten", "layernorm", "embedding")


def ask_layer(subject: LayerSubject, rng: np.random.Generator) -> list[LayerProbe]:
    """Three probes with distinct sizes; where the layer takes none, square ones.

    Raises:
        Exception: the program's own, where it takes neither.
    """
    variants = [(square, flat) for flat in (True, False) for square in (False, True)]
    if subject.kind in ("conv", "maxpool", "avgpool", "flatten", "dense"):
        variants = [(False, True), (True, True)]
    for place, (square, flat) in enumerate(variants):
        try:
            return [_ask(subject, turn, square, flat, rng) for turn in range(3)]
        except Exception:
            if place == len(variants) - 1:
                raise
    raise ValueError("no sizes to try")


def _ask(subject: LayerSubject, turn: int, square: bool, flat: bool, rng: np.random.Generator) -> LayerProbe:
    kind, options = subject.kind, subject.options
    inputs = _inputs(subject, turn, square, flat, rng)
    has_bias = getattr(subject, "bias", True)
    if "b" in inputs and not has_bias:
        inputs["b"] = np.zeros_like(inputs["b"])
    y = _output(subject, inputs)
    dy = rng.standard_normal(y.shape)
    answer = subject.answer({k: v.copy() for k, v in inputs.items()}, dy.copy())[0]
    y = np.asarray(answer.y, float) if kind == "dropout" else y
    if kind in MEASURED:
        truth = numeric_gradients(lambda i: np.asarray(subject.forward(i), float), inputs, dy)
    else:
        truth = gradients_of(kind, inputs, dy, options, y)
    if not has_bias:
        truth.pop("b", None)
    return LayerProbe(kind, inputs, dy, options, y, truth, answer)


def _output(subject: LayerSubject, inputs: dict[str, Array]) -> Array:
    """The exact output; the program's own for layers that are judged by their own forward pass."""
    if subject.kind in MEASURED:
        return np.asarray(subject.forward({k: v.copy() for k, v in inputs.items()}), float)
    return output_of(subject.kind, inputs, subject.options)


def _inputs(subject: LayerSubject, turn: int, square: bool, flat: bool, rng: np.random.Generator) -> dict[str, Array]:
    kind = subject.kind
    sizes: Mapping[str, int] = getattr(subject, "sizes", {})
    if kind in IMAGES or not flat:
        return _image_inputs(kind, turn, square, subject.options, sizes, rng)
    N, D, M = (5, 7, 4, 6)[turn], (8, 9, 11)[turn], (8 if square else 6, 9 if square else 4, 11 if square else 7)[turn]
    D, M = sizes.get("D", D), sizes.get("M", M)
    x = 2.0 * spread_values(rng, (N, D))
    if kind == "dense":
        return {"x": x, "W": rng.standard_normal((D, M)), "b": _away(rng, M)}
    if kind in ("batchnorm", "layernorm"):
        x = rng.standard_normal((N, D)) * rng.uniform(0.5, 3.0, D) + rng.standard_normal(D)
        return {"x": x, "gamma": _away(rng, D) * 3, "beta": _away(rng, D)}
    return {"x": x}


def _image_inputs(
    kind: str, turn: int, square: bool, options: Mapping[str, float], sizes: Mapping[str, int], rng: np.random.Generator
) -> dict[str, Array]:
    K, s = int(option(options, "kernel", 3 if kind == "conv" else 2)), int(option(options, "stride", 1))
    if kind in ("maxpool", "avgpool"):
        s = int(option(options, "stride", K))
    pad = int(option(options, "padding", 0))
    N, C, F = (3, 4, 2)[turn], sizes.get("C", (2, 3, 2)[turn]), sizes.get("F", (4, 2, 5)[turn])
    high = K + s * (3 + turn % 2) - 2 * min(pad, 1)
    wide = high if square else high + s
    x = spread_values(rng, (N, C, high, wide))
    if kind == "maxpool" and turn == 2:  # as after a ReLU, on real images: most windows tied
        x = np.where(rng.random(x.shape) < 0.6, 0.0, np.abs(x))
    if kind == "batchnorm":
        return {"x": x * 2 + rng.standard_normal((1, C, 1, 1)), "gamma": _away(rng, C) * 3, "beta": _away(rng, C)}
    if kind == "conv":
        return {"x": x, "W": rng.standard_normal((F, C, K, K)), "b": _away(rng, F)}
    return {"x": x}


def _away(rng: np.random.Generator, size: int) -> Array:
    """Not near 0."""
    values: Array = rng.uniform(0.2, 0.8, size) * rng.choice([-1.0, 1.0], size)
    return values


def tied(probe: LayerProbe) -> bool:
    """Whether some pooling window has two maxima."""
    windows = windows_of(probe.inputs["x"], probe.options)
    flat = windows.reshape(*windows.shape[:4], -1)
    return bool(((flat == flat.max(axis=-1, keepdims=True)).sum(axis=-1) > 1).any())
