"""Loss functions by name, and their derivatives with respect to the outputs.

A sum, a mean over samples or over everything, and a half are conventions: the value may be any of these times the
definition, the derivative any positive number times the slope. `call(p (N, P), t (N, P), labels (N,))` gives for "loss"
(name, L), for "loss_derivative" (name, L or None, dL, whether it is certain which argument is which).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.check.diagnosis.model import softmax
from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found, factor_between
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

Loss = Callable[[Array, Array], Array]  # entry by entry, (N, P)
_H = 1e-6


def _log(p: Array) -> Array:
    return np.asarray(np.log(np.maximum(p, 1e-300)))


def _with_logits(p: Array, t: Array) -> Array:
    return np.asarray(np.logaddexp(0, p) - t * p)


def _huber(p: Array, t: Array) -> Array:
    e = np.abs(p - t)
    return np.asarray(np.where(e <= 1, 0.5 * e * e, e - 0.5))


def _of_other_classes(p: Array, t: Array) -> Array:
    return np.asarray((1 - t) * np.maximum(0.0, p - (p * t).sum(axis=1, keepdims=True) + 1))


LOSSES: dict[str, list[Loss]] = {
    "mse": [lambda p, t: (p - t) ** 2],
    "mae": [lambda p, t: np.abs(p - t)],
    "cross_entropy": [
        lambda p, t: -t * _log(p),
        lambda p, t: -t * _log(softmax(p)),
        lambda p, t: -t * _log(p) - (1 - t) * _log(1 - p),
        _with_logits,
    ],
    "binary_cross_entropy": [lambda p, t: -t * _log(p) - (1 - t) * _log(1 - p), _with_logits],
    "huber": [_huber],
    "nll": [lambda p, t: -t * p, lambda p, t: -t * _log(p), lambda p, t: -t * _log(softmax(p))],
    "hinge": [lambda p, t: np.maximum(0.0, 1 - (2 * t - 1) * p), _of_other_classes],
}
_SLIPS: dict[str, list[tuple[str, Loss]]] = {
    "mse": [
        ("loss_errors_cancel", lambda p, t: p - t),
        ("loss_of_other", lambda p, t: np.abs(p - t)),
        ("loss_squares_apart", lambda p, t: p * p - t * t),
        ("loss_plus", lambda p, t: (p + t) ** 2),
    ],
    "mae": [("loss_errors_cancel", lambda p, t: p - t), ("loss_of_other", lambda p, t: (p - t) ** 2)],
    "cross_entropy": [
        ("loss_log_missing", lambda p, t: t * p),
        ("loss_targets_exchanged", lambda p, t: -(1 - t) * _log(1 - p)),
        ("loss_targets_exchanged", lambda p, t: -(1 - t) * _log(p)),
        ("loss_second_sign", lambda p, t: -t * _log(p) + (1 - t) * _log(1 - p)),
        ("loss_of_other", lambda p, t: (p - t) ** 2),
    ],
    "binary_cross_entropy": [
        ("loss_second_missing", lambda p, t: -t * _log(p)),
        ("loss_second_sign", lambda p, t: -t * _log(p) + (1 - t) * _log(1 - p)),
        ("loss_log_missing", lambda p, t: t * p + (1 - t) * (1 - p)),
        ("loss_targets_exchanged", lambda p, t: -(1 - t) * _log(p) - t * _log(1 - p)),
        ("loss_of_other", lambda p, t: (p - t) ** 2),
    ],
    "huber": [("huber_jumps", lambda p, t: np.where(np.abs(p - t) <= 1, 0.5 * (p - t) ** 2, np.abs(p - t)))],
    "hinge": [
        ("hinge_sign", lambda p, t: np.maximum(0.0, 1 + (2 * t - 1) * p)),
        ("hinge_without_maximum", lambda p, t: 1 - (2 * t - 1) * p),
    ],
}


def _batches(rng: np.random.Generator, stem: str) -> list[tuple[Array, Array]]:
    made = []
    for N, P in ((5, 3), (7, 4), (6, 9)):
        t = np.eye(P)[rng.integers(P, size=N)]
        p = softmax(1.5 * rng.standard_normal((N, P)))
        if stem in ("huber", "hinge"):
            p = 2.5 * rng.standard_normal((N, P))
        made.append((p, t))
    return made


def _asked(subject: ToolSubject, p: Array, t: Array) -> tuple[Any, ...]:
    answer: Any = subject.call(p.copy(), t.copy(), t.argmax(1))
    return tuple(answer)


def _shapes(entries: Array) -> list[Array]:
    """Entry by entry, a number a sample, a number an output, one number."""
    return [entries, entries.sum(1), entries.sum(1, keepdims=True), entries.sum(0), np.asarray(entries.sum())]


def _divisors(p: Array) -> list[float]:
    N, P = p.shape
    return [k / n for k in (1.0, 0.5, 2.0) for n in (1, N, P, N * P, N - 1)]


def _is_sum_of(form: Loss, values: list[Array], batches: list[tuple[Array, Array]], sign: float = 1.0) -> bool:
    """Whether one rule, a shape and a divisor, gives the values on all batches."""
    made = [_shapes(form(p, t)) for p, t in batches]
    for shape in range(5):
        factors = [factor_between(np.squeeze(v), np.squeeze(m[shape])) for v, m in zip(values, made, strict=True)]
        if None in factors:
            continue
        for known in zip(*(_divisors(p) for p, _ in batches), strict=True):
            if all(abs(k / (sign * d) - 1) < 2e-4 for k, d in zip(factors, known, strict=True) if k is not None):
                return True
    return False


def loss(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """The value against the definition of its name, in any of the usual reductions."""
    stem = _asked(subject, *_batches(rng, "mse")[0])[0]
    batches = _batches(rng, stem)
    values = [np.asarray(_asked(subject, p, t)[1], float) for p, t in batches]
    if stem not in LOSSES or not all(np.isfinite(v).all() for v in values):
        return UNKNOWN
    if any(_is_sum_of(form, v, batches) for form in LOSSES[stem] for v in _equivalent(stem, values)):
        return _at_the_edge(subject, stem)
    if any(_is_sum_of(form, values, batches, -1.0) for form in LOSSES[stem]) and stem != "nll":
        return "loss_minus_missing", ""
    for key, form in _SLIPS.get(stem, []):
        if any(_is_sum_of(form, values, batches, sign) for sign in (1.0, -1.0)):
            return key, stem.replace("_", " ")
    return _of_all_pairs(stem, values, batches)


def _equivalent(stem: str, values: list[Array]) -> list[list[Array]]:
    """The values, and what they would be without a root (mse) or with the natural logarithm (cross-entropies)."""
    if stem == "mse":
        return [values, [v * v for v in values]]
    bases = (2.0, 10.0) if "cross_entropy" in stem else ()
    return [values, *([v * np.log(base) for v in values] for base in bases)]


def _of_all_pairs(stem: str, values: list[Array], batches: list[tuple[Array, Array]]) -> Found:
    """p[:, y] picks every image's entry for every label; a square of a sum lets errors cancel."""

    def pairs(p: Array, t: Array) -> Array:
        return -_log(p[:, t.argmax(1)])

    def squared(p: Array, t: Array) -> list[float]:
        return [
            float((p - t).sum()) ** 2 * k / n for k in (1, 0.5) for n in (1, p.size, len(p), p.size**2, len(p) ** 2)
        ]

    if stem == "cross_entropy":
        for means in (True, False):
            made = [pairs(p, t).mean() if means else pairs(p, t).sum() / len(p) for p, t in batches]
            if all(
                v.size == 1 and abs(float(v.reshape(-1)[0]) - m) < 1e-5 * m for v, m in zip(values, made, strict=True)
            ):
                return "loss_all_pairs", ""
    if stem in ("mse", "mae"):
        small = [v for v, (p, t) in zip(values, batches, strict=True) if abs((p - t).sum()) < 1e-9 and v.size == 1]
        if len(small) == len(values) and all(abs(float(v.reshape(-1)[0])) < 1e-12 for v in small):
            return "loss_errors_cancel", ""
    return UNKNOWN


def _at_the_edge(subject: ToolSubject, stem: str) -> Found:
    """Probabilities that are exactly 0 and 1."""
    if stem not in ("cross_entropy", "binary_cross_entropy"):
        return RIGHT
    t = np.eye(3)[[0, 2, 1, 1]]
    value = np.asarray(_asked(subject, t.copy(), t)[1], float)
    return RIGHT if np.isfinite(value).all() else ("log_of_zero", "")


def loss_derivative(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """Against the slope of the program's own loss where there is one, else of the one that the name says; p − t is
    taken too, where the derivative of softmax or sigmoid is inside."""
    stem = _asked(subject, *_batches(rng, "mse")[0])[0]
    if stem not in LOSSES:
        return UNKNOWN
    batches = _batches(rng, stem)
    found = {_of_batch(subject, stem, p, t) for p, t in batches}
    if found == {RIGHT}:
        return _two_of_own(subject, stem, batches)
    return found.pop() if len(found) == 1 else UNKNOWN


def _two_of_own(subject: ToolSubject, stem: str, batches: list[tuple[Array, Array]]) -> Found:
    """Whether the derivative is half or twice the slope of the program's own loss, whatever the sizes: a square's 2."""
    factors = []
    for p, t in batches:
        _, value, made, _ = _asked(subject, p, t)
        if stem != "mse" or value is None or np.size(value) != 1:
            return RIGHT
        factors.append(factor_between(np.asarray(made, float), _own_slope(subject, p, t)))
    for times, words in ((0.5, "half"), (2.0, "twice")):
        if all(k is not None and abs(k / times - 1) < 1e-3 for k in factors):
            return "loss_derivative_two", words
    return RIGHT


def _of_batch(subject: ToolSubject, stem: str, p: Array, t: Array) -> Found:
    _, value, made, certain = _asked(subject, p, t)
    if made is None:
        return UNKNOWN
    given = np.asarray(made, float)
    if given.size == 1:
        return "loss_derivative_scalar", ""
    if given.shape != p.shape or not np.isfinite(given).all():
        return UNKNOWN
    slopes = [_slope(form, p, t) for form in LOSSES[stem]]
    if value is not None and np.size(value) == 1:
        slopes.append(_own_slope(subject, p, t))
    if "cross_entropy" in stem or stem == "nll":
        slopes += [p - t, softmax(p) - t]
    factors = [factor_between(given, slope) for slope in slopes]
    if any(k is not None and k > 0 for k in factors):
        return RIGHT
    if any(k is not None for k in factors):
        return ("loss_derivative_sign", stem.replace("_", " ")) if certain else UNKNOWN
    for key, form in _derivative_slips(stem, p, t):
        if factor_between(given, form) is not None:
            return key, stem.replace("_", " ")
    return UNKNOWN


def _derivative_slips(stem: str, p: Array, t: Array) -> list[tuple[str, Array]]:
    e, safe = p - t, np.clip(p, 1e-9, 1 - 1e-9)
    if stem == "mse":
        return [("loss_derivative_is_loss", e * e), ("loss_derivative_without_sign", np.abs(e)), ("loss_plus", p + t)]
    if stem == "mae":
        return [("loss_derivative_is_loss", np.abs(e)), ("loss_derivative_is_loss", e)]
    if stem == "binary_cross_entropy":
        return [
            ("loss_second_sign", -t / safe - (1 - t) / (1 - safe)),
            ("loss_second_missing", -t / safe),
            ("loss_derivative_is_loss", -t * np.log(safe) - (1 - t) * np.log(1 - safe)),
        ]
    if stem == "cross_entropy":
        return [
            ("loss_derivative_is_loss", t * np.log(safe)),
            ("loss_derivative_without_sign", np.abs(e)),
            ("loss_second_sign", -t / safe - (1 - t) / (1 - safe)),
        ]
    return []


def _slope(form: Loss, p: Array, t: Array) -> Array:
    """Of a sum over the entries; where entries of a row depend on each other, of the whole sum."""
    made = np.zeros_like(p)
    for i in np.ndindex(p.shape):
        h = np.zeros_like(p)
        h[i] = _H
        made[i] = (form(p + h, t) - form(p - h, t)).sum() / (2 * _H)
    return made


def _own_slope(subject: ToolSubject, p: Array, t: Array) -> Array:
    return _slope(lambda q, targets: np.asarray(_asked(subject, q, targets)[1], float), p, t)
