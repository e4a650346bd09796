"""Finding the layers of a program, each confirmed by its forward pass where it can be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import product

import numpy as np

from handgrad.check.diagnosis.layer_truth import output_of
from handgrad.check.reading.layer import Axes, ProgramLayer
from handgrad.check.reading.program import Program
from handgrad.kernels.types import Array

_NAMES = (
    ("batchnorm", r"batch_?norm|^bn"), ("dropout", r"drop_?out"),
    ("avgpool", r"(avg|average|mean)_?pool|pool\w*(avg|average)"),
    ("maxpool", r"pool"), ("conv", r"conv"), ("relu", r"^relu|[^k]relu$|_relu|^re_lu"),
    ("sigmoid", r"sigmoid|^logistic"),
    ("tanh", r"tanh"), ("softmax", r"softmax(?!.*(loss|entropy))"),
    ("dense", r"dense|linear|affine|fully|^fc|dot_?layer|inner_product"),
)  # fmt: skip
_FORWARD = ("forward", "__call__", "forward_propagation", "forward_pass", "fprop", "forward_prop", "feedforward")
_BACKWARD = (
    "backward",
    "backprop",
    "backward_propagation",
    "backward_pass",
    "bprop",
    "back",
    "backpropagation",
    "grad",
)
_IMAGES = ("conv", "maxpool", "avgpool")


def find_layers(program: Program, thing: str = "", kind: str = "") -> Iterator[tuple[ProgramLayer, list[str]]]:
    """Classes with forward and backward, then function pairs, each confirmed by its forward pass where it can be."""
    for name, forward, backward, is_class in _pairs(program):
        found = kind or _kind_of(name)
        if not found or (thing and thing not in (name, forward, backward)):
            continue
        best = _best(program, name, found, forward, backward, is_class)
        if best is not None:
            said = [f"{name}: {forward}() and {backward}() read as {found}" + _said(best)]
            yield best, said


def _said(layer: ProgramLayer) -> str:
    words = [f"{k.replace('_', ' ')} {v:g}" for k, v in layer.options.items()]
    words += ["samples are columns"] if layer.axes.samples == "columns" else []
    words += ["channels last"] if layer.axes.channels == "last" else []
    return f" ({', '.join(words)})" if words else ""


def _kind_of(name: str) -> str:
    return next((kind for kind, pattern in _NAMES if re.search(pattern, name, re.IGNORECASE)), "")


def _pairs(program: Program) -> Iterator[tuple[str, str, str, bool]]:
    for name, methods in program.methods.items():
        forward = next((m for m in _FORWARD if m in methods), "")
        backward = next((m for m in _BACKWARD if m in methods), "")
        if forward and backward:
            yield name, forward, backward, True
    functions = program.functions
    for name in functions:
        match = re.fullmatch(
            r"(.*?)_?(backward|back|backprop|bwd|grad|bprop|backward_pass|backward_naive|backward_fast|backward_alt)(_.*)?",
            name,
        )
        if match and match.group(1):
            stem, tail = match.group(1), match.group(3) or ""
            options = [
                f"{stem}_forward{tail}",
                f"{stem}_fwd{tail}",
                f"{stem}_forward",
                f"{stem}_forward_naive",
                f"{stem}forward",
                stem,
            ]
            forward = next((o for o in options if o in functions), "")
            if forward:
                yield stem, forward, name, False


def _best(program: Program, name: str, kind: str, forward: str, backward: str, is_class: bool) -> ProgramLayer | None:
    """The orientation and options in which the forward pass is the definition's; else the first that runs."""
    fallback: ProgramLayer | None = None
    for options, axes in product(_options_for(kind), _axes_for(kind)):
        layer = ProgramLayer(program, name, kind, forward, backward, dict(options), axes, is_class)
        if kind == "dropout":
            layer.fixed["p_means_keep"] = _keeps(layer, options["keep_probability"])
        for square in (False, True):
            with suppress(Exception), np.errstate(all="ignore"):
                inputs = _sample(kind, options, square)
                y = layer.forward(inputs)
                expected = output_of(kind, inputs, options) if kind != "dropout" else inputs["x"]
                dy = np.ones_like(expected)
                if y.shape == expected.shape and layer.answer(inputs, dy)[0].gradients:
                    if kind == "dropout" or np.allclose(y, expected, rtol=1e-3, atol=1e-4):
                        return layer
                    fallback = fallback or layer
    return fallback


def _keeps(layer: ProgramLayer, keep: float) -> bool:
    """Whether a dropout's p is the share that it keeps."""
    layer.fixed["p_means_keep"] = True
    with suppress(Exception):
        return bool(abs(float(np.mean(layer.forward({"x": np.ones((60, 70))}) != 0.0)) - keep) < 0.05)
    return True


def _options_for(kind: str) -> list[dict[str, float]]:
    if kind == "conv":
        return [{"kernel": 3, "stride": s, "padding": p} for s, p in ((2, 1), (1, 1), (1, 0))]
    if kind in ("maxpool", "avgpool"):
        return [{"kernel": 2, "stride": 2}, {"kernel": 3, "stride": 2}, {"kernel": 2, "stride": 1}]
    if kind == "dropout":
        return [{"keep_probability": 0.8}, {"keep_probability": 0.5}]
    return [{"epsilon": e} for e in (1e-5, 1e-8, 1e-3, 1e-7)] if kind == "batchnorm" else [{}]


def _axes_for(kind: str) -> list[Axes]:
    if kind == "conv":
        return [Axes(), Axes(bias="column"), Axes(bias="row"), Axes(channels="last", weights="last", bias="four"),
                Axes(channels="last", weights="last")]  # fmt: skip
    if kind in _IMAGES:
        return [Axes(), Axes(channels="last")]
    if kind == "dense":
        return [Axes(weights=w, bias=b, samples=s) for s, w, b in (
            ("rows", "own", "flat"), ("rows", "own", "row"), ("rows", "transposed", "flat"),
            ("rows", "transposed", "row"), ("columns", "transposed", "column"), ("columns", "own", "column"),
            ("columns", "transposed", "flat"))]  # fmt: skip
    if kind == "batchnorm":
        return [Axes(), Axes(bias="row"), Axes(samples="columns", bias="column")]
    return [Axes(), Axes(samples="columns")] if kind == "softmax" else [Axes()]


def _sample(kind: str, options: Mapping[str, float], square: bool) -> dict[str, Array]:
    rng = np.random.default_rng(11)
    if kind in _IMAGES:
        high = 8
        inputs = {"x": rng.permutation(2 * 3 * high * high).reshape(2, 3, high, high) / 100.0 - 2.0}
        if kind == "conv":
            K = int(options["kernel"])
            inputs |= {"W": rng.standard_normal((4, 3, K, K)), "b": rng.standard_normal(4)}
        return inputs
    inputs = {"x": rng.standard_normal((5, 7))}
    if kind == "dense":
        M = 7 if square else 4
        inputs |= {"W": rng.standard_normal((7, M)), "b": rng.standard_normal(M)}
    if kind == "batchnorm":
        inputs |= {"gamma": rng.uniform(0.5, 1.5, 7), "beta": rng.standard_normal(7)}
    return inputs
