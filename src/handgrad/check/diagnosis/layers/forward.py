"""Whether a layer's forward pass is the usual one; where it is not, its own difference quotients are the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.layers.probes import MEASURED
from handgrad.check.diagnosis.layers.truth import LayerProbe, numeric_gradients, output_of
from handgrad.check.diagnosis.model import softmax
from handgrad.check.subject import LayerSubject
from handgrad.kernels.types import Array

_CLOSE = 1e-4


def settle_layer(subject: LayerSubject, probes: Sequence[LayerProbe]) -> list[Item]:
    """Compare outputs; what a mistake or a convention explains is said, and the truth is taken from the program."""
    if subject.kind == "dropout":
        return _dropout(probes)
    if subject.kind in MEASURED:
        return []
    if all(relative(_output(p), p.y) < _CLOSE for p in probes):
        return []
    key = _known(probes)
    if not key.startswith("softmax"):
        _measure(subject, probes)
    return [Item(key, (), None)]


def _output(probe: LayerProbe) -> Array:
    return np.asarray(probe.answer.y, float)


def _known(probes: Sequence[LayerProbe]) -> str:
    """The explanation of an unusual output."""
    kind = probes[0].kind
    if kind == "softmax":
        for key, make in (
            ("softmax_axis_0", lambda x: softmax(x.T).T),
            ("softmax_whole_array", lambda x: softmax(x.reshape(1, -1)).reshape(x.shape)),
            ("softmax_not_normalised", np.exp),
        ):
            if all(relative(_output(p), make(p.inputs["x"])) < _CLOSE for p in probes):
                return key
    if kind == "conv":
        turned = [{**p.inputs, "W": np.ascontiguousarray(p.inputs["W"][:, :, ::-1, ::-1])} for p in probes]
        if all(
            relative(_output(p), output_of(kind, i, p.options)) < _CLOSE for p, i in zip(probes, turned, strict=True)
        ):
            return "convolution_proper"
    return "forward_differs"


def _measure(subject: LayerSubject, probes: Sequence[LayerProbe]) -> None:
    for probe in probes:
        if _output(probe).shape != probe.dy.shape:
            continue
        probe.y = _output(probe)
        probe.truth = numeric_gradients(lambda i: np.asarray(subject.forward(i), float), probe.inputs, probe.dy)


def _dropout(probes: Sequence[LayerProbe]) -> list[Item]:
    """Any mask will do; whether kept values are scaled by 1/p is a matter of when to scale."""
    keep = float(probes[0].options.get("keep_probability", 0.5))
    ratios = np.concatenate([(p.y / p.inputs["x"]).ravel() for p in probes])
    on = ratios[ratios != 0]
    if on.size and np.allclose(on, 1.0) and keep != 1.0:
        return [Item("dropout_not_scaled", (), None)]
    if on.size and np.allclose(on, keep) and keep not in (1.0, 0.5):
        return [Item("dropout_scaled_by_p", (), None)]
    share = float((ratios != 0).mean())
    if on.size and np.allclose(on, 1 / (1 - keep)) and abs(share - keep) < 0.15 and abs(keep - 0.5) > 0.2:
        return [Item("dropout_keep_and_drop", (), None, f"{on[0]:.4g}")]
    return []
