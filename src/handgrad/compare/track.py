"""Am I on track? Someone's log laid over the band of a reference experiment, and a verdict for each of its curves.

The band at an iteration is where one more run of the reference is expected with 95 %: mean ± t s √(1 + 1/n) over its n
seeds (the prediction interval of the normal distribution), and at least from the lowest to the highest of them. s is
the median of the standard deviations at five neighbouring places, for that of a few seeds at one place is mostly luck.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handgrad.compare.bands import Band
from handgrad.compare.own_log import Log
from handgrad.compare.reference import Reference
from handgrad.compare.statistics import t_quantile
from handgrad.errors import UsageError

Verdict = Literal["diverges", "too slow", "better", "on track", "too short"]
LEAST_STRETCH = 0.1  # a verdict rests on this share of the places or more, up to the end, and on two at least
OUTSIDE_SHARE = 0.9  # of that stretch, so that a dip into a noisy band does not count
NEIGHBOURS = 5


@dataclass(frozen=True)
class TrackedCurve:
    """One curve of the log on its band, both at the iterations `x` where they can be compared.

    `since` is the iteration from which the verdict holds, None where it holds throughout or says nothing of a place.
    """

    measure: str
    against: str
    x: NDArray[np.float64]
    own: NDArray[np.float64]
    band: Band
    verdict: Verdict
    since: float | None = None

    @property
    def telling(self) -> int:
        """The index of the place to cite: the last one outside the band for a verdict that says so, else the last."""
        outside = {"too slow": self.own > self.band.high, "better": self.own < self.band.low}.get(self.verdict)
        known = np.flatnonzero(outside if outside is not None else ~np.isnan(self.own))
        return int(known[-1]) if len(known) else len(self.x) - 1


@dataclass(frozen=True)
class Track:
    """A log against a reference: its curves, the overall verdict with the curve that decided it, what was assumed."""

    log: Log
    reference: Reference
    curves: list[TrackedCurve]
    assumed: list[str] = field(default_factory=list)

    @property
    def decisive(self) -> TrackedCurve:
        """The curve the overall verdict comes from: what is wrong before what is well, test before training."""
        order = ["diverges", "too slow", "better", "on track", "too short"]
        unseen = [c for c in self.curves if not (c.verdict == "better" and c.measure.startswith("train_"))]
        return min(
            unseen or self.curves, key=lambda curve: (order.index(curve.verdict), not curve.measure.startswith("test_"))
        )

    @property
    def verdict(self) -> Verdict:
        """The overall verdict; a training loss below the band alone is no reason for alarm."""
        found = self.decisive
        return "on track" if found.verdict == "better" and found.measure.startswith("train_") else found.verdict

    @property
    def end(self) -> float:
        """The last iteration of the reference."""
        return max(float(x[-1]) for x, _ in self.reference.curves.values())


def judge_log(log: Log, reference: Reference) -> Track:
    """Lay a log over a reference.

    Raises:
        UsageError: if they have no measure or no stretch of iterations in common.
    """
    assumed = [*log.assumed]
    x = _iterations(log, reference, assumed)
    curves = []
    for measure, own in log.curves.items():
        against = measure if measure in reference.curves else measure.replace("valid_", "test_", 1)
        if against not in reference.curves:
            assumed.append(f"The reference has no {_name(measure)}; that column is left out.")
            continue
        if against != measure:
            assumed.append(f"The {_name(measure)} is set against the reference's {_name(against)}.")
        curve = _track(measure, against, x, _per_image(measure, own, x, reference, assumed), reference)
        if curve is not None:
            curves.append(curve)
    if not curves:
        end = max(float(places[-1]) for places, _ in reference.curves.values())
        raise UsageError(
            f"{log.path}: nothing to compare with {reference.experiment}: it has {', '.join(reference.curves)} for "
            f"iterations 0 to {end:,.0f}; the log has {', '.join(log.curves)} for {x.min():,.0f} to {x.max():,.0f}"
        )
    return Track(log, reference, curves, assumed)


def _name(measure: str) -> str:
    which, what = measure.split("_")
    return f"{ {'test': 'test', 'valid': 'validation', 'train': 'training'}[which] } {what}"


def _iterations(log: Log, reference: Reference, assumed: list[str]) -> NDArray[np.float64]:
    """Places as numbers of updates done."""
    if log.axis == "iteration":
        return log.x
    x = log.x
    if x[0] == 0 and _has_learned(log, reference):
        assumed.append("Epoch 0 shows a net that has learned already: line 0 is taken as the end of the first epoch.")
        x = x + 1
    assumed.append(f"An epoch is {reference.updates_per_epoch:,.0f} updates, as in the reference.")
    return x * reference.updates_per_epoch


def _has_learned(log: Log, reference: Reference) -> bool:
    """Whether the first line is nearer to the reference after an epoch than before any update."""
    for measure, own in log.curves.items():
        against = measure if measure in reference.curves else measure.replace("valid_", "test_", 1)
        if against in reference.curves and math.isfinite(own[0]):
            x, values = reference.curves[against]
            before, after = np.interp([0.0, reference.updates_per_epoch], x, values.mean(axis=0))
            return bool(abs(own[0] - after) < abs(own[0] - before))
    return False


def _per_image(
    measure: str, own: NDArray[np.float64], x: NDArray[np.float64], reference: Reference, assumed: list[str]
) -> NDArray[np.float64]:
    """A loss that is plainly a sum over a batch or a test set, divided by it."""
    known = np.flatnonzero(np.isfinite(own))
    if not measure.endswith("_loss") or not len(known) or measure not in reference.curves:
        return own
    places, values = reference.curves[measure]
    expected = float(np.interp(x[known[0]], places, values.mean(axis=0)))
    for count, what in ((reference.batch_size, "a batch of"), (reference.test_images, "the test set of")):
        if count and count > 10 and expected > 0 and 0.5 < own[known[0]] / expected / count < 2:
            assumed.append(f"The {_name(measure)} looks like a sum over {what} {count:,} images and is divided by it.")
            return own / count
    return own


def _track(
    measure: str, against: str, x: NDArray[np.float64], own: NDArray[np.float64], reference: Reference
) -> TrackedCurve | None:
    places, values = reference.curves[against]
    given = ~np.isnan(own) & (x >= places[0]) & (x <= places[-1])
    if not given.any():
        return None
    x, own = _thinned(x[given], own[given], places)
    whole = prediction_band(places, values, reference.experiment)
    mean, low, high = (np.interp(x, places, edge) for edge in (whole.mean, whole.low, whole.high))
    band = Band(whole.name, x, mean, low, high, whole.trials)
    verdict, since = _judge(measure, x, own, band)
    return TrackedCurve(measure, against, x, own, band, verdict, since)


def _thinned(
    x: NDArray[np.float64], own: NDArray[np.float64], places: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A log of every batch is noisy where the reference is not: its means around the reference's own places."""
    inside = places[(places >= x[0]) & (places <= x[-1])]
    if len(x) < 4 * len(inside) or len(inside) < 2:
        return x, own
    nearest = np.searchsorted((inside[1:] + inside[:-1]) / 2, x)
    return inside, np.array([own[nearest == i].mean() if (nearest == i).any() else np.nan for i in range(len(inside))])


def prediction_band(x: NDArray[np.float64], values: NDArray[np.float64], name: str) -> Band:
    """Where one more run is expected: see the head of this file.

    Args:
        x: places (n,).
        values: (runs, n), two runs at least.

    >>> band = prediction_band(np.array([0.0]), np.array([[1.0], [2.0], [3.0]]), "mine")
    >>> band.low.tolist(), band.high.round(2).tolist()
    ([0.0], [6.97])
    """
    n = len(values)
    mean = values.mean(axis=0)
    half = t_quantile(n - 1) * _running_median(values.std(axis=0, ddof=1)) * math.sqrt(1 + 1 / n)
    low = np.maximum(0.0, np.minimum(values.min(axis=0), mean - half))
    return Band(name, x, mean, low, np.maximum(values.max(axis=0), mean + half), n)


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each place and its neighbours, of those there are at the ends."""
    reach = NEIGHBOURS // 2
    return np.array([np.median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))])


def _judge(measure: str, x: NDArray[np.float64], own: NDArray[np.float64], band: Band) -> tuple[Verdict, float | None]:
    """Where the curve leaves its band for good, and to which side."""
    infinite = np.flatnonzero(np.isinf(own))
    if len(infinite):
        return "diverges", float(x[infinite[0]])
    if measure.endswith("_loss") and len(own) > 1 and own[-1] > band.high[-1] and own[-1] > 1.5 * own[0]:
        return "diverges", float(x[int(np.argmin(own))])
    known = ~np.isnan(own)
    sides: tuple[tuple[NDArray[np.bool_], Verdict], ...] = (
        (own[known] > band.high[known], "too slow"),
        (own[known] < band.low[known], "better"),
    )
    for outside, verdict in sides:
        start = _stretch(outside)
        if start is not None:
            return verdict, float(x[known][start])
    return ("too short", None) if known.sum() < 2 else ("on track", None)


def _stretch(outside: NDArray[np.bool_]) -> int | None:
    """Where the longest stretch up to the end begins that lies outside but for a tenth of it; None if there is none."""
    n = len(outside)
    share = np.cumsum(outside[::-1])[::-1] / np.arange(n, 0, -1)
    long_enough = np.arange(n, 0, -1) >= max(2, math.ceil(LEAST_STRETCH * n))
    starts = np.flatnonzero(outside & long_enough & (share >= OUTSIDE_SHARE))
    return int(starts[0]) if len(starts) else None
