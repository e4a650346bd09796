"""What people add to a gradient where the penalty's slope belongs: the penalty itself, or a bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from handgrad.check.diagnosis.compare import Remover, least_squares_factor
from handgrad.check.diagnosis.view import View
from handgrad.kernels.types import Array

Pairs = Sequence[tuple[Array, Array]]
Odd = tuple[str, str, float, list[float]]  # key, detail, coefficient, the factors of the loss's part


def odd_penalty(views: Sequence[View], name: str, pairs: Pairs, tolerance: float) -> Odd | None:
    """A term that no penalty has a right to, in a weights' gradient; None where none of them fits at every probe."""
    if name[0] != "W":
        return _bias_itself(views, name, pairs, tolerance)
    for key, detail, make in _TERMS:
        found = _fitted(views, name, pairs, tolerance, make)
        if found is not None and steady_or_over_n(views, found[0]):
            return key, detail, found[0][0], found[1]
    return None


def steady_or_over_n(views: Sequence[View], values: Sequence[float]) -> bool:
    """Whether these are one constant λ, or λ/N."""
    for samples in (np.ones(len(views)), np.array([len(view.trace.x) for view in views])):
        if np.ptp(values * samples) <= 1e-4 * abs(values[0] * samples[0]):
            return True
    return False


_TERMS: tuple[tuple[str, str, Callable[[View, int], Array]], ...] = (
    ("penalty_not_differentiated", "|W|", lambda v, l: np.abs(v.trace.W[l])),
    ("penalty_not_differentiated", "W²", lambda v, l: v.trace.W[l] ** 2),
    ("penalty_not_differentiated", "ΣW²", lambda v, l: np.full_like(v.trace.W[l], (v.trace.W[l] ** 2).sum())),
    ("penalty_not_differentiated", "Σ|W|", lambda v, l: np.full_like(v.trace.W[l], np.abs(v.trace.W[l]).sum())),
    ("penalty_not_differentiated", "ΣW²", lambda v, l: np.full_like(v.trace.W[l], _squares(v))),
    ("bias_added_to_gradient", "the bias", lambda v, l: np.broadcast_to(v.trace.b[l], v.trace.W[l].shape)),
    ("constant_added", "one and the same number", lambda v, l: np.ones_like(v.trace.W[l])),
)


def _squares(view: View) -> float:
    return float(sum((W**2).sum() for W in view.trace.W))


def _fitted(
    views: Sequence[View], name: str, pairs: Pairs, tolerance: float, make: Callable[[View, int], Array]
) -> tuple[list[float], list[float]] | None:
    """The term's coefficients and the loss's factors, with any multiples of W and sign(W) beside them."""
    l, coefficients, factors = int(name[1:]) - 1, [], []
    for view, (target, made) in zip(views, pairs, strict=True):
        W, extra = view.trace.W[l], make(view, l)
        if target.shape != W.shape or W.size < 12 or not extra.any():
            return None
        remover = Remover([extra, W, np.sign(W)])
        k, rest = least_squares_factor(remover(target), remover(made))
        if abs(k) < 1e-9 or rest * np.linalg.norm(remover(target)) > tolerance * np.linalg.norm(target):
            return None
        share = remover.coefficients(target - k * made)[0]
        if abs(share) * np.linalg.norm(extra) < 1e3 * tolerance * np.linalg.norm(target):
            return None
        factors.append(k)
        coefficients.append(share)
    return coefficients, factors


def _bias_itself(views: Sequence[View], name: str, pairs: Pairs, tolerance: float) -> Odd | None:
    """db with the bias itself added, where no penalty could have brought it; or one number added to all entries."""
    spec, factors = views[0].trace.spec, []
    if spec.l1 or spec.l2:
        return None
    added = _constant_beside(views, pairs, tolerance)
    if added is not None:
        return added
    for view, (target, made) in zip(views, pairs, strict=True):
        k, rest = least_squares_factor(target - view.trace.b[int(name[1:]) - 1], made)
        if target.size < 3 or abs(k) < 1e-9 or rest > tolerance:
            return None
        factors.append(k)
    return "bias_added_to_gradient", "the bias", 1.0, factors


def _constant_beside(views: Sequence[View], pairs: Pairs, tolerance: float) -> Odd | None:
    """db with one number added to all its entries, the same at every probe, or over N."""
    numbers, factors = [], []
    for target, made in pairs:
        columns = np.stack([np.ravel(made), np.ones(made.size)], axis=1)
        if target.size < 3 or np.linalg.matrix_rank(columns) < 2:
            return None
        factor, number = np.linalg.lstsq(columns, np.ravel(target), rcond=None)[0]
        rest = np.ravel(target) - columns @ np.array([factor, number])
        if np.linalg.norm(rest) > tolerance * np.linalg.norm(target) or min(abs(factor), abs(number)) < 1e-6:
            return None
        numbers.append(float(number))
        factors.append(float(factor))
    return (
        ("constant_added", "one and the same number", numbers[0], factors) if steady_or_over_n(views, numbers) else None
    )
