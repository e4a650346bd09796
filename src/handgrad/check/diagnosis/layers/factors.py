"""What a factor in a layer's gradient means: the numbers it may be made of, and its explanation."""

from __future__ import annotations

import numpy as np

from handgrad.check.diagnosis.compare import Context
from handgrad.check.diagnosis.layers.truth import LayerProbe, option

_DROPOUT = {"p": "dropout_no_scale", "1/p": "dropout_scale_twice", "p²": "dropout_p_for_inverse"}


def layer_context(probe: LayerProbe, rate: float = 1e-3) -> Context:
    """The numbers of one probe that a factor may be made of."""
    x, y = probe.inputs["x"], probe.dy
    places = int(np.prod(y.shape[2:])) if y.ndim == 4 else 1
    kernel = int(option(probe.options, "kernel", probe.inputs["W"].shape[-1] if probe.kind == "conv" else 2))
    keep = option(probe.options, "keep_probability", 0.5) if probe.kind == "dropout" else 1.0
    wide = y.shape[1] if y.ndim > 1 else 1
    into = x.shape[1] if x.ndim > 1 else 1
    return Context(len(x), wide, rate, into, wide, places=places, window=kernel**2, keep=keep)


def layer_factor_key(kind: str, tensor: str, name: str) -> str:
    """The explanation of a factor by which one gradient of a layer is off."""
    if name == "−1":
        return "layer_sign"
    if kind == "conv" and tensor == "b":
        return "conv_bias_averaged"
    if kind == "avgpool" and name == "K²":
        return "avgpool_not_divided"
    if kind == "dropout" and name in _DROPOUT:
        return _DROPOUT[name]
    return "layer_averages" if name in ("1/N", "1/(N·H·W)", "1/(H·W)") else "layer_factor"
