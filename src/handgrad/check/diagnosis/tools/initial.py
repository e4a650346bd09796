"""Initial weights: how large they are, how that goes down with the sizes, and whether they differ at all."""

from __future__ import annotations

import numpy as np

from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found, arrays_in
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

_BASE, _SCALE = (100, 60), 4


def initialize(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(D, M)`: W (D, M) or (M, D), alone or among biases and other layers. All sizes grow fourfold together:
    σ = √(k/D) or √(k/(D + M)) halves, a variance given as σ falls to a quarter."""
    small = _weights(subject, 1)
    if not small:
        return UNKNOWN
    large, again = _weights(subject, _SCALE), _weights(subject, _SCALE)
    if len(small) != len(large):
        return UNKNOWN
    if not any(W.any() for W in large):
        return "init_zero", ""
    equal = [W for W in large if float(W.std()) < 1e-12 and W.any()]
    if equal:
        return "init_constant", f"{float(equal[0].flat[0]):.3g}"
    found = [_key(a, b) for a, b in zip(small, large, strict=True) if b.any()]
    for key in ("init_positive", "variance_as_sigma", "init_root_missing", "init_too_large"):
        first = next((f for f in found if f[0] == key), None)
        if first is not None:
            return first
    random = all(np.array_equal(a, b) for a, b in zip(large, again, strict=True))
    return ("init_same_each_call", "") if random else RIGHT


def _key(small: Array, large: Array) -> Found:
    spread = float(large.std())
    if large.min() >= 0 or large.max() <= 0:
        weak = float(np.abs(large).max()) <= 0.02
        return ("init_positive_small" if weak else "init_positive"), f"mean {float(large.mean()):.2g}"
    if small.shape == large.shape:
        return ("init_too_large", f"{spread:.2g}") if spread > 0.5 else RIGHT
    falls = float(small.std()) / spread
    if abs(falls - _SCALE) < 0.35:
        flat = float(np.abs(large).max()) / spread < 1.8  # uniform: √3
        if not flat:
            return "variance_as_sigma", f"{spread:.2g}"
        limit, (D, M) = float(np.abs(large).max()), large.shape
        if any(abs(limit * n / k - 1) < 0.02 for n, k in ((D + M, 6), (D, 6), (M, 6), (D, 3), (M, 3))):
            return "init_root_missing", f"{spread:.2g}"
    return ("init_too_large", f"{spread:.2g}") if spread > 0.5 else RIGHT


def _weights(subject: ToolSubject, scale: int) -> list[Array]:
    """The matrices among what is made, biases left out."""
    made = subject.call(*(np.asarray(scale * n) for n in _BASE))
    arrays = [np.asarray(a, float) for a in arrays_in(made) if np.asarray(a).dtype.kind in "fiu"]
    weights = [a for a in arrays if a.ndim == 2 and min(a.shape) > 1]
    return weights or [a for a in arrays if a.ndim and a.size > 1][:1]
