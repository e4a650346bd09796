"""What is a difference and what is chance, over trials paired by their number.

The same trial number means the same seeds, often the same images too, so trials are compared pair by pair: what a
lucky draw gives both is no difference between them. Student (1908), Biometrika 6; Holm (1979), Scand. J. Statist. 6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
POWER = 0.8
MAX_SEEDS = 1000
_QUANTILES = 2000


@dataclass(frozen=True)
class Estimate:
    """Mean of some trials; with two or more their standard deviation (n − 1) and the 95 % interval of the mean."""

    count: int
    mean: float
    deviation: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PairedTest:
    """Second minus first over their shared trials: mean, standard deviation, 95 % interval, p value and its method.

    `p` is None where nothing can be tested: fewer than two pairs.
    """

    pairs: int
    difference: float
    deviation: float | None
    low: float | None
    high: float | None
    p: float | None
    method: str


def estimate(values: Sequence[float]) -> Estimate:
    """Mean, spread and Student's 95 % interval of the mean.

    Args:
        values: one a trial, at least one.

    >>> found = estimate([1.0, 2.0, 3.0])
    >>> found.mean, found.deviation, round(found.low, 2), round(found.high, 2)
    (2.0, 1.0, -0.48, 4.48)
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Estimate(n, mean, None, None, None)
    deviation = float(np.std(values, ddof=1))
    half = t_quantile(n - 1) * deviation / math.sqrt(n)
    return Estimate(n, mean, deviation, mean - half, mean + half)


def t_quantile(freedom: int, level: float = LEVEL) -> float:
    """The two-sided quantile of Student's t: |t| exceeds it with probability `level`.

    >>> round(t_quantile(1), 3), round(t_quantile(9), 3)
    (12.706, 2.262)
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - level / 2))


def paired_test(first: Mapping[int, float], second: Mapping[int, float]) -> PairedTest:
    """Test second − first over the trials that both have.

    Student's paired t test. Where all differences are equal, as small test sets make them, t has no spread to go by:
    then the exact sign test, p = 2 · 0.5ⁿ, and no interval.

    Args:
        first, second: figures by trial number.

    >>> round(paired_test({0: 1.0, 1: 2.0, 2: 3.0}, {0: 2.0, 1: 3.5, 2: 4.0}).p, 4)
    0.0198
    """
    shared = sorted(first.keys() & second.keys())
    differences = np.array([second[number] - first[number] for number in shared])
    n = len(shared)
    if n == 0:
        return PairedTest(0, math.nan, None, None, None, None, "no trial in common")
    mean = float(differences.mean())
    if n == 1:
        return PairedTest(1, mean, None, None, None, None, "one trial")
    deviation = float(differences.std(ddof=1))
    p = float(_p_values(differences[None, :])[0])
    if _without_spread(np.array(deviation), np.abs(differences).max()):
        return PairedTest(n, mean, 0.0, None, None, p, "sign test")
    half = t_quantile(n - 1) * deviation / math.sqrt(n)
    return PairedTest(n, mean, deviation, mean - half, mean + half, p, "paired t test")


def _without_spread(deviation: NDArray[np.float64], largest: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the differences are equal but for rounding."""
    return deviation <= 1e-9 * np.maximum(largest, 1e-12)


def _p_values(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p of each row (k, n) of differences, NaN where a pair is missing; NaN for fewer than two pairs."""
    from scipy.special import stdtr

    known = np.isfinite(differences)
    n = known.sum(axis=1)
    filled = np.where(known, differences, 0.0)
    mean = filled.sum(axis=1) / np.maximum(n, 1)
    squares = np.where(known, (filled - mean[:, None]) ** 2, 0.0).sum(axis=1)
    deviation = np.sqrt(squares / np.maximum(n - 1, 1))
    largest = np.abs(filled).max(axis=1, initial=0.0)
    flat = _without_spread(deviation, largest)
    t = np.divide(mean * np.sqrt(n), deviation, out=np.zeros_like(mean), where=~flat)
    p = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(t))
    p = np.where(flat, np.where(largest <= 1e-12, 1.0, np.minimum(1.0, 2 * 0.5**n)), p)
    return np.where(n < 2, np.nan, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected so that the chance of *any* false finding among them stays at the level, by Holm's steps.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    m = len(p_values)
    stepped = np.maximum.accumulate((m - np.arange(m)) * np.asarray(p_values, dtype=np.float64)[order])
    corrected = np.empty(m)
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(p) for p in corrected]


def corrected_against(reference: int, values: Sequence[Mapping[int, float]]) -> tuple[list[float | None], int]:
    """p of every point against one of them, corrected over *all pairs* of points; and how many pairs were tested.

    The reference is often the best point, picked by the same numbers: any pair might have become the one looked at, so
    all of them count. Correcting over the pairs with the best alone finds too much (tests/compare measures it).

    Args:
        reference: index of the point the others are set against.
        values: figures by trial number of each point.

    Returns:
        corrected p of each point, None for the reference and where nothing could be tested.
    """
    numbers = sorted({number for point in values for number in point})
    table = np.array([[point.get(number, math.nan) for number in numbers] for point in values])
    pairs: list[tuple[int, int]] = []
    found: list[float] = []
    for index in range(len(values) - 1):
        for offset, p in enumerate(_p_values(table[index + 1 :] - table[index]), start=index + 1):
            if math.isfinite(p):
                pairs.append((index, offset))
                found.append(float(p))
    corrected: list[float | None] = [None] * len(values)
    for (one, other), p in zip(pairs, holm(found) if found else [], strict=True):
        if reference in (one, other):
            corrected[other if one == reference else one] = p
    return corrected, len(pairs)


def power_of(trials: int, effect: float, level: float = LEVEL) -> float:
    """How often a two-sided paired t test over n trials finds a true difference of `effect` standard deviations.

    P(|T| > q) of the noncentral t distribution with n − 1 degrees of freedom and noncentrality δ = effect · √n, as the
    mean of Φ(δ − q s) + Φ(−δ − q s) over quantiles of the measured spread s = √(χ²/(n − 1)): the series that libraries
    sum fails for the large q of a corrected test.

    >>> round(power_of(34, 0.5), 2)
    0.81
    """
    from scipy.special import ndtr

    quantile, shift, spread = t_quantile(trials - 1, level), effect * math.sqrt(trials), _spreads(trials - 1)
    return float(np.mean(ndtr(shift - quantile * spread) + ndtr(-shift - quantile * spread)))


@lru_cache(maxsize=1024)
def _spreads(freedom: int) -> NDArray[np.float64]:
    """Quantiles of √(χ²/freedom), evenly spaced in probability."""
    from scipy.special import gammaincinv

    middles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return np.asarray(np.sqrt(2 * gammaincinv(freedom / 2, middles) / freedom))


def seeds_needed(
    difference: float, deviation: float, level: float = LEVEL, power: float = POWER, at_most: int = MAX_SEEDS
) -> int | None:
    """The fewest paired trials that find this difference with the given power, were it and its spread the true ones.

    Args:
        difference, deviation: mean and standard deviation of the paired differences.
        level: of the two-sided test; for one of m comparisons 0.05 / m.

    Returns:
        the number, or None if more than `at_most` would be needed.

    >>> seeds_needed(0.5, 1.0)
    34
    """
    if difference == 0:
        return None
    if deviation == 0:
        return math.ceil(1 - math.log2(level))  # the sign test's
    effect = difference / deviation
    low, high = 2, 2
    while power_of(high, effect, level) < power:
        low, high = high + 1, 2 * high
        if low > at_most:
            return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle, effect, level) >= power else (middle + 1, high)
    return low if low <= at_most else None


def chance_of_one_run(error: float, images: int) -> float:
    """Half the 95 % interval of a difference of two errors near `error`, each measured once on `images` images.

    1.96 √(2 e (1 − e) / n), the binomial distribution in its normal approximation. It knows nothing of other seeds.

    >>> round(chance_of_one_run(0.1, 1500), 4)
    0.0215
    """
    return 1.96 * math.sqrt(2 * error * (1 - error) / max(1, images))
