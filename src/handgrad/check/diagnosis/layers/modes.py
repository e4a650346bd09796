"""Layers that do something else in testing than in training: dropout and batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.layers.truth import LayerProbe, option
from handgrad.check.subject import LayerSubject
from handgrad.kernels.types import Array

_CLOSE = 1e-6
_NEAR = 0.1  # a running average after so many batches, whatever its momentum
_BATCHES = 1000


def mode_items(subject: LayerSubject, probes: Sequence[LayerProbe]) -> list[Item]:
    """Mistakes of testing, where the program lets a layer be switched; and masks that are always the same."""
    ask: Any = getattr(subject, "modes", None)
    if ask is None or subject.kind not in ("dropout", "batchnorm"):
        return []
    probe = probes[0]
    if subject.kind == "dropout":
        found = ask(probe.inputs, probe.inputs, 1)
        return [] if found is None else _dropout(probe, found[0], found[2])
    found = ask(probe.inputs, {**probe.inputs, "x": probe.inputs["x"] * 1.7 + 0.9}, _BATCHES)
    return [] if found is None or not found[2] else _norm(probe, found[1], found[2])


def _dropout(probe: LayerProbe, trained: list[Array], tested: list[Array]) -> list[Item]:
    """`trained`: passes in training on the probe's x, one after the other; `tested`: two in testing."""
    items = []
    masks = [y != 0 for y in trained]
    if len(masks) > 1 and all(np.array_equal(masks[0], m) for m in masks) and not masks[0].all():
        items.append(Item("dropout_same_mask", ()))
    if len(tested) == 2 and probe.inputs["x"].all():
        different = relative(tested[0], tested[1]) > _CLOSE
        if different or (tested[0] == 0).any():
            items.append(Item("active_at_test", (), None, "dropout"))
    return items


def _norm(probe: LayerProbe, training: Array, tested: list[Array]) -> list[Item]:
    """From the outputs in testing the mean and variance that were used are computed back."""
    if len(tested) < 2 or tested[0].shape != training.shape or not np.isfinite(tested[0]).all():
        return []
    if relative(tested[0], training) < _CLOSE:
        return [Item("bn_batch_statistics_at_test", ())]
    mean, variance = _used(probe, tested[0])
    x = probe.inputs["x"]
    axes = (0,) if x.ndim == 2 else (0, 2, 3)
    count = x.size / x.shape[1]
    true_mean, true_variance = x.mean(axis=axes), x.var(axis=axes)
    variances = (true_variance, true_variance * count / (count - 1))
    if relative(mean, true_mean) < _NEAR and min(relative(variance, v) for v in variances) < _NEAR:
        return []
    still = np.abs(mean).max() < 1e-6 and (np.abs(variance - 1).max() < 1e-6 or np.abs(variance).max() < 1e-6)
    return [Item("bn_running_never_updated" if still else "bn_running_wrong", ())]


def _used(probe: LayerProbe, y: Array) -> tuple[Array, Array]:
    """The mean and the variance with which testing normalised."""
    x = probe.inputs["x"] * 1.7 + 0.9
    columns = x.shape[1]
    xs = np.moveaxis(x, 1, 0).reshape(columns, -1)
    ys = np.moveaxis(y, 1, 0).reshape(columns, -1)
    means, variances = np.empty(columns), np.empty(columns)
    gamma, beta = probe.inputs["gamma"], probe.inputs["beta"]
    for c in range(columns):
        s, shift = np.polyfit(xs[c], ys[c], 1)
        s = s if abs(s) > 1e-12 else 1e-12
        variances[c] = (gamma[c] / s) ** 2 - option(probe.options, "epsilon", 1e-5)
        means[c] = (beta[c] - shift) / s
    return means, variances
