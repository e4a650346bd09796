"""Whether two gradients agree, by which factor they differ, and what such a factor is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handgrad.check.subject import Finding
from handgrad.kernels.types import Array

EXACT = 1e-6  # float64: relative difference let pass without a word
FLOAT32 = 2e-3  # as large as the noise of single precision may get
ZERO = 1e-12


def relative(a: Array, b: Array) -> float:
    """‖a − b‖ / (‖a‖ + ‖b‖), the number that students quote; 0 where both are 0, 1 where one is not finite.

    >>> float(round(relative(np.array([2.0]), np.array([1.0])), 3))
    0.333
    """
    if a.shape != b.shape or not np.isfinite(a).all():
        return 1.0
    size = float(np.linalg.norm(a) + np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / size if size > 0 else 0.0


def worst_index(a: Array, b: Array) -> tuple[int, ...]:
    """Where two arrays of one shape differ most."""
    difference = np.abs(np.where(np.isfinite(a), a, np.inf) - b)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(difference)), a.shape))


def at_worst(finding: Finding, given: Array, truth: Array, difference: float) -> Finding:
    """A finding with both numbers where two gradients of one shape differ most, and their relative difference."""
    index = worst_index(given, truth)
    return replace(
        finding, index=index, expected=float(truth[index]), received=float(given[index]), relative=difference
    )


@dataclass(frozen=True)
class Context:
    """The numbers of one probe that a factor may be made of.

    `inputs` are the net's, `into` the layer's. For images `places` is H·W of the output and `window` K·L; `keep` is
    dropout's p.
    """

    N: int
    P: int
    eta: float
    into: int
    out: int
    l2: float = 0.0
    places: int = 1
    window: int = 1
    keep: float = 1.0
    inputs: int = 0


@dataclass(frozen=True)
class Factor:
    """A factor with its name: "1/N", "−1", or "0.02" where nothing in the program explains it.

    `cost` grows with how far-fetched it is; `steady` says whether it was the same at every probe.
    """

    name: str
    value: float
    cost: float
    steady: bool


_NAMED: tuple[tuple[str, float, Callable[[Context], float]], ...] = (
    ("1", 0.0, lambda c: 1.0),
    ("N", 1.0, lambda c: c.N),
    ("1/N", 1.0, lambda c: 1 / c.N),
    ("2", 1.0, lambda c: 2.0),
    ("1/2", 1.0, lambda c: 0.5),
    ("P", 1.1, lambda c: c.P),
    ("1/P", 1.1, lambda c: 1 / c.P),
    ("N·P", 1.2, lambda c: c.N * c.P),
    ("1/(N·P)", 1.2, lambda c: 1 / (c.N * c.P)),
    ("N²", 1.3, lambda c: c.N**2),
    ("1/N²", 1.3, lambda c: 1 / c.N**2),
    ("η", 1.2, lambda c: c.eta),
    ("1/η", 1.3, lambda c: 1 / c.eta),
    ("2/N", 1.4, lambda c: 2 / c.N),
    ("N/2", 1.4, lambda c: c.N / 2),
    ("2N", 1.4, lambda c: 2 * c.N),
    ("1/(2N)", 1.4, lambda c: 1 / (2 * c.N)),
    ("2/P", 1.5, lambda c: 2 / c.P),
    ("P/2", 1.5, lambda c: c.P / 2),
    ("N/P", 1.6, lambda c: c.N / c.P),
    ("P/N", 1.6, lambda c: c.P / c.N),
    ("N/inputs", 1.6, lambda c: c.N / (c.inputs or np.nan)),
    ("2/(N·P)", 1.6, lambda c: 2 / (c.N * c.P)),
    ("N·P/2", 1.6, lambda c: c.N * c.P / 2),
    ("η/N", 1.6, lambda c: c.eta / c.N),
    ("η·N", 1.6, lambda c: c.eta * c.N),
    ("1/√N", 1.6, lambda c: c.N**-0.5),
    ("√N", 1.6, lambda c: c.N**0.5),
    ("N−1", 1.6, lambda c: c.N - 1),
    ("N/(N−1)", 1.4, lambda c: c.N / max(c.N - 1, 1)),
    ("1/(N−1)", 1.4, lambda c: 1 / max(c.N - 1, 1)),
    ("1/D", 1.7, lambda c: 1 / c.into),
    ("1/M", 1.7, lambda c: 1 / c.out),
    ("M", 1.7, lambda c: c.out),
    ("1/(D·M)", 1.7, lambda c: 1 / (c.into * c.out)),
    ("1/(N·M)", 1.7, lambda c: 1 / (c.N * c.out)),
    ("1/(N·D)", 1.7, lambda c: 1 / (c.N * c.into)),
    ("1/(N·H·W)", 1.1, lambda c: 1 / (c.N * c.places)),
    ("1/(H·W)", 1.2, lambda c: 1 / c.places),
    ("N·H·W", 1.2, lambda c: c.N * c.places),
    ("H·W", 1.3, lambda c: c.places),
    ("1/K²", 1.1, lambda c: 1 / c.window),
    ("K²", 1.1, lambda c: c.window),
    ("p", 1.1, lambda c: c.keep),
    ("1/p", 1.1, lambda c: 1 / c.keep),
    ("p²", 1.3, lambda c: c.keep**2),
    ("1/(1−p)", 1.2, lambda c: 1 / (1 - c.keep) if c.keep < 1 else 1.0),
)


def name_factor(values: Sequence[float], contexts: Sequence[Context], tolerance: float) -> Factor | None:
    """The simplest name that gives the value at every probe; None where no name and no constant does."""
    near = max(tolerance * 3, 1e-6)
    for sign, word in ((1.0, ""), (-1.0, "−")):
        for name, cost, make in _NAMED:
            if all(abs(v - sign * make(c)) <= near * abs(make(c)) for v, c in zip(values, contexts, strict=True)):
                steady = len({round(make(c), 9) for c in contexts}) == 1
                return Factor(
                    word + name, values[0], cost + (1.0 if sign < 0 and name != "1" else 0.0) + (sign < 0), steady
                )
    return _unnamed(values, contexts, near)


def _unnamed(values: Sequence[float], contexts: Sequence[Context], near: float) -> Factor | None:
    """A constant, or a constant over or under N."""
    first = values[0]
    if all(abs(v - first) <= near * abs(first) for v in values):
        return Factor(f"{first:.4g}", first, 2.0, True)
    if all(
        abs(v * c.N - first * contexts[0].N) <= near * abs(first * contexts[0].N)
        for v, c in zip(values, contexts, strict=True)
    ):
        return Factor(f"{first * contexts[0].N:.4g}/N", first, 2.3, False)
    if all(
        abs(v / c.N - first / contexts[0].N) <= near * abs(first / contexts[0].N)
        for v, c in zip(values, contexts, strict=True)
    ):
        return Factor(f"N/{contexts[0].N / first:.4g}", first, 2.3, False)
    by_entries = [v / (c.N * c.P) for v, c in zip(values, contexts, strict=True)]
    if all(abs(share - by_entries[0]) <= near * abs(by_entries[0]) for share in by_entries):
        return Factor(f"N·P/{1 / by_entries[0]:.4g}", first, 2.4, False)
    return None


def least_squares_factor(target: Array, predicted: Array) -> tuple[float, float]:
    """k that makes k·predicted nearest to the target, and what then remains: ‖target − k·predicted‖ / ‖target‖."""
    a, b = target.ravel(), predicted.ravel()
    bb = float(b @ b)
    aa = float(a @ a)
    if not np.isfinite(aa) or not np.isfinite(bb):
        return 0.0, 1.0
    if bb <= ZERO**2 or aa == 0.0:
        return 0.0, 0.0 if aa == bb == 0.0 else 1.0
    k = float(a @ b) / bb
    rest = a - k * b
    return k, float(np.sqrt((rest @ rest) / aa))


def cosine(a: Array, b: Array) -> float:
    """Of the angle between two tensors; 0 where one is 0."""
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a.ravel() @ b.ravel()) / size if size > 0 else 0.0


class Remover:
    """Takes the components along some arrays out of a tensor: what a forgotten or doubled penalty would add.

    Args:
        along: arrays of the tensor's shape.
    """

    def __init__(self, along: Sequence[Array]) -> None:
        columns = np.stack([a.ravel() for a in along], axis=1)
        self.basis = np.linalg.qr(columns)[0]
        self.columns = columns

    def __call__(self, values: Array) -> Array:
        flat = values.ravel()
        rest: Array = (flat - self.basis @ (self.basis.T @ flat)).reshape(values.shape)
        return rest

    def coefficients(self, values: Array) -> list[float]:
        """Of the arrays, in the least-squares sense."""
        solved = np.linalg.lstsq(self.columns, values.ravel(), rcond=None)[0]
        return [float(c) for c in solved]
