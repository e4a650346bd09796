"""Curves of a point: the mean over its trials, in a band from the lowest to the highest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.compare.points import Point

MAX_POINTS = 240


@dataclass(frozen=True)
class Band:
    """Mean, lowest and highest of some trials at the places `x` that all of them evaluated."""

    name: str
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    trials: int


def progress_axis(points: Sequence[Point]) -> str:
    """What curves are drawn against: iterations, or epochs where points differ in the images an update sees."""
    sizes = {
        (run.config.training.batch_size, run.config.data.train_images)
        for point in points
        for run in point.runs.values()
    }
    return "epoch" if len(sizes) > 1 else "iteration"


def band_of(
    name: str, records: Sequence[Sequence[Mapping[str, Any]]], key: str, axis: str = "iteration", factor: float = 1.0
) -> Band | None:
    """The band of one figure over some trials' records; None where no evaluation is shared by all of them.

    Args:
        name: what the curve is called.
        records: the lines of `metrics.jsonl` of each trial.
        key: such as test_error.
        axis: iteration or epoch.
        factor: 100 for percent.

    >>> lines = [[{"iteration": 0, "test_error": e}, {"iteration": 5, "test_error": e / 2}] for e in (0.5, 0.7)]
    >>> found = band_of("mine", lines, "test_error", factor=100.0)
    >>> found.mean.tolist(), found.low.tolist(), found.trials
    ([60.0, 30.0], [50.0, 25.0], 2)
    """
    curves = [
        {line[axis]: line[key] for line in lines if line.get(key) is not None and axis in line} for lines in records
    ]
    shared = sorted(set.intersection(*map(set, curves))) if curves else []
    if not shared:
        return None
    table = factor * np.array([[curve[place] for place in shared] for curve in curves], dtype=np.float64)
    return Band(
        name, np.array(shared, dtype=np.float64), table.mean(axis=0), table.min(axis=0), table.max(axis=0), len(curves)
    )


def band_of_point(point: Point, key: str, axis: str, factor: float = 1.0) -> Band | None:
    """The band of a point's finished trials, thinned to what a figure can show."""
    band = band_of(point.label, [run.metrics for run in point.runs.values()], key, axis, factor)
    return None if band is None else thin_band(band)


def thin_band(band: Band, limit: int = MAX_POINTS) -> Band:
    """At most `limit` places, evenly spread, both ends among them."""
    if len(band.x) <= limit:
        return band
    chosen = np.unique(np.linspace(0, len(band.x) - 1, limit).round().astype(int))
    return Band(band.name, band.x[chosen], band.mean[chosen], band.low[chosen], band.high[chosen], band.trials)


def alike_but_one(points: Sequence[Point], centre: Point, key: str) -> list[Point]:
    """The points that differ from `centre` in this key at most, in the order of the grid."""
    return [p for p in points if all(p.settings[k] == v for k, v in centre.settings.items() if k != key)]
