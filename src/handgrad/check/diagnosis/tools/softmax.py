"""Softmax as a function of its own."""

from __future__ import annotations

import numpy as np

from handgrad.check.diagnosis.model import softmax as exact
from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found, near
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array


def softmax(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(z (N, P))` with several shapes; then logits so large that exp overflows."""
    z = rng.standard_normal((5, 3))
    try:
        given = np.asarray(subject.call(z.copy()), float)
    except ValueError:
        return _without_keepdims(subject, rng)
    for key, made in _ways(z):
        if near(given, made):
            large = np.asarray(subject.call(1500.0 * z), float)
            return ("exp_overflow", "") if not key and not np.isfinite(large).all() else (key, "")
    return UNKNOWN


def _ways(z: Array) -> list[tuple[str, Array]]:
    """Right, and all slips; the maximum that is subtracted may be any of four: one is no number a row."""
    made = [("", exact(z))]
    for shift in (z.max(axis=1, keepdims=True), z.max(), z.max(axis=0), 0.0):
        e = np.exp(z - shift)
        made += [
            ("softmax_axis_0", e / e.sum(axis=0)),
            ("softmax_whole_array", e / e.sum()),
            ("softmax_not_normalised", e),
            ("softmax_maximum_axis", e / e.sum(axis=1, keepdims=True)),
        ]
    return [
        *made,
        ("softmax_twice", exact(exact(z))),
        ("softmax_not_normalised", z / z.sum(axis=1, keepdims=True)),
        ("softmax_of_minus", exact(-z)),
        ("softmax_logarithm", np.log(exact(z))),
    ]


def _without_keepdims(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """It stops unless N = P: then row sums are laid along the rows, and each entry gets another image's sum."""
    z = rng.standard_normal((4, 4))
    given, e = np.asarray(subject.call(z.copy()), float), np.exp(z)
    shifted = np.exp(z - z.max(axis=1))
    wrong = [e / e.sum(axis=1), shifted / shifted.sum(axis=1), shifted / shifted.sum(axis=1, keepdims=True)]
    stable = np.exp(z - z.max(axis=1, keepdims=True))
    return (
        ("softmax_keepdims_missing", "")
        if any(near(given, w) for w in [*wrong, stable / stable.sum(axis=1)])
        else UNKNOWN
    )


def softmax_vector(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(z (P,))`: for one sample."""
    z = rng.standard_normal(6)
    given = np.asarray(subject.call(z.copy()), float)
    if near(given, exact(z[None])[0]):
        large = np.asarray(subject.call(1500.0 * z), float)
        return RIGHT if np.isfinite(large).all() else ("exp_overflow", "")
    if near(given, np.exp(z)):
        return "softmax_not_normalised", ""
    return ("softmax_of_minus", "") if near(given, exact(-z[None])[0]) else UNKNOWN
