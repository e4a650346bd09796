"""What the numbers of a sweep say, as sentences: the best point, what is a difference and what is chance.

Nothing here is written down beforehand: every sentence is computed, and one that the numbers do not carry is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.report import words

if TYPE_CHECKING:
    from handgrad.runs import Run

# Two-sided 95 % quantiles of Student's t by degrees of freedom; beyond ten the normal's 1.96 is close enough to 2.2.
_T95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23}


@dataclass
class Point:
    """One point of a grid: what was set, its finished runs by seed, and the states of all its trials."""

    settings: dict[str, Any]
    runs: dict[int, Run]
    states: list[str]

    @property
    def value(self) -> Any:
        """The value of the first key; of linked keys, the first one's."""
        first = next(iter(self.settings.values()))
        return first[0] if isinstance(first, list) and first else first

    @property
    def label(self) -> str:
        """The settings on one line, keys by their last part."""
        return ", ".join(f"{_short(key)} {_shown(value)}" for key, value in self.settings.items())

    def values(self, key: str) -> list[float]:
        """A figure of every finished run, in the order of the seeds."""
        found = [self.runs[seed].summary.get(key) for seed in sorted(self.runs)]
        return [float(v) for v in found if v is not None]

    def mean_error(self) -> float:
        """Mean test error over the finished runs."""
        return float(np.mean(self.values("test_error")))


def _short(key: str) -> str:
    return key.split(",")[0].rpartition(".")[2].replace("_", " ")


def _shown(value: Any) -> str:
    if isinstance(value, list) and value and all(v == value[0] for v in value):
        value = value[0]
    return words.setting(value)


def findings(points: Sequence[Point]) -> list[str]:
    """Sentences on the points that have finished runs, best first."""
    measured = sorted((p for p in points if p.values("test_error")), key=Point.mean_error)
    if not measured:
        return ["No trial finished."]
    best = measured[0]
    spread = best.values("test_error")
    said = [
        f"Best on the test images: {best.label}, {words.percent(1 - best.mean_error())} right"
        + (f" on average over {len(spread)} seeds, from {_range(spread)}" if len(spread) > 1 else " in one run")
        + "."
    ]
    said += [_difference(best, other) for other in measured[1:]]
    said += _times(measured)
    missing = [p.label for p in points if not p.values("test_error")]
    if missing:
        said.append(f"Without a finished run: {'; '.join(missing)}.")
    said.append("The best point is chosen on the test images, so its figure is a little too good.")
    return said


def _range(errors: Sequence[float]) -> str:
    return f"{words.percent(1 - max(errors))} to {words.percent(1 - min(errors))}"


def images_tested(point: Point) -> int:
    """How many test images its runs had."""
    return max((int(run.summary["data"]["test"]) for run in point.runs.values()), default=0)


def _difference(best: Point, other: Point) -> str:
    """How far another point lies from the best, in images, and whether that is more than chance."""
    gap = other.mean_error() - best.mean_error()
    images = gap * images_tested(best)
    tested = images_tested(best)
    text = f"{other.label} lies {words.points(gap).lstrip('+')} points below it, {images:.1f} of {tested:,} images"
    bound, how = chance_of_difference(best, other)
    verdict = "more than chance" if gap > bound else "within chance, no finding"
    return f"{text}: {verdict} ({how}: ±{words.points(bound).lstrip('+')} points)."


def chance_of_difference(first: Point, second: Point) -> tuple[float, str]:
    """What difference in test error chance alone can make, and by which method.

    With two or more seeds in common: the half width of the 95 % interval of the paired differences (Student's t).
    With fewer: 1.96 standard errors of a difference of two errors measured on n images each.
    """
    seeds = sorted(first.runs.keys() & second.runs.keys())
    if len(seeds) > 1:
        pairs = [second.runs[s].summary["test_error"] - first.runs[s].summary["test_error"] for s in seeds]
        quantile = _T95.get(len(seeds) - 1, 2.2)
        half = quantile * float(np.std(pairs, ddof=1)) / math.sqrt(len(seeds))
        return half, f"95 % interval, {len(seeds)} seeds paired"
    error, n = (first.mean_error() + second.mean_error()) / 2, max(1, images_tested(first))
    return 1.96 * math.sqrt(2 * error * (1 - error) / n), "binomial, one run each"


def _times(points: Sequence[Point]) -> list[str]:
    times = sorted(((float(np.mean(p.values("seconds"))), p) for p in points), key=lambda pair: pair[0])
    if len(times) < 2 or times[-1][0] < 1.5 * times[0][0]:
        return []
    (short, fast), (long, slow) = times[0], times[-1]
    return [
        f"{slow.label} takes {words.duration(long)}, {long / short:.1f} times as long as {fast.label} "
        f"({words.duration(short)})."
    ]
