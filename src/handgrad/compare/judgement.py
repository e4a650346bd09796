"""A comparison: which point is best by what, and of every other whether it differs from it by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from handgrad.compare.notes import Note, notes_on
from handgrad.compare.points import Point
from handgrad.compare.statistics import (
    LEVEL,
    Estimate,
    PairedTest,
    chance_of_one_run,
    corrected_against,
    estimate,
    paired_test,
    seeds_needed,
)
from handgrad.settings import PLAIN, Wording

# "alone": a difference when tested by itself, but not once corrected over all pairs.
Verdict = Literal["best", "worse", "better", "alone", "not told apart", "one trial", "not measured"]


@dataclass(frozen=True)
class Judged:
    """A point with its figure, and how it stands to the best one.

    `test` is this point minus the best; `corrected` its p value corrected over all pairs of points; `needed` the paired
    trials that would tell the two apart, None where more than a thousand, or where that cannot be said; `chance` half
    the interval that the number of test images alone leaves, for single runs.
    """

    point: Point
    estimate: Estimate | None = None
    test: PairedTest | None = None
    corrected: float | None = None
    verdict: Verdict = "not measured"
    needed: int | None = None
    chance: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Points of one sweep or of named runs, judged by one measure of `summary.json`.

    `measure` is what the table states and tests (the test error where there is one); `chosen_by` what the best point is
    chosen by: the validation error where all runs have one. `pairs` is the number of tests corrected for.
    """

    name: str
    title: str
    measure: str
    chosen_by: str
    judged: list[Judged]
    pairs: int = 0
    notes: list[Note] = field(default_factory=list)

    @property
    def points(self) -> list[Point]:
        """All points, in the order of the grid."""
        return [judged.point for judged in self.judged]

    @property
    def best(self) -> Judged | None:
        """The best point; None where nothing was measured."""
        return next((judged for judged in self.judged if judged.verdict == "best"), None)

    @property
    def keys(self) -> list[str]:
        """The keys in which the points differ."""
        return list(self.judged[0].point.settings) if self.judged else []

    @property
    def wording(self) -> Wording:
        """A report's own words for the settings."""
        return self.judged[0].point.wording if self.judged else PLAIN

    @property
    def method(self) -> str:
        """How differences were judged, in a few words; empty where none could be tested."""
        if not self.pairs:
            return ""
        tests = {judged.test.method for judged in self.judged if judged.test and judged.test.p is not None}
        corrected = f", corrected over {self.pairs} pairs by Holm's method" if self.pairs > 1 else ""
        return f"{' and '.join(sorted(tests))}, two-sided, level 5 %{corrected}"


def compare_points(name: str, title: str, points: Sequence[Point], wording: Wording = PLAIN) -> Comparison:
    """Judge points against the best of them.

    Args:
        name: of the sweep, or of what was compared.
        title: for people.
        points: from `points_of_sweep` or `points_of_runs`.
        wording: a report's own words for the settings.
    """
    points = [replace(point, wording=wording) for point in points]
    measure = _measure(points)
    chosen_by = measure.replace("test_", "valid_", 1) if _all_validated(points, measure) else measure
    figures = [point.measured(measure) for point in points]
    best = _best(points, figures, chosen_by)
    if best is None:
        return Comparison(name, title, measure, chosen_by, [Judged(p) for p in points], 0, notes_on(points, None))
    corrected, pairs = corrected_against(best, figures)
    level = LEVEL / max(1, pairs)
    judged = [
        Judged(point, estimate(list(own.values())), verdict="best")
        if index == best
        else _judge(point, own, figures[best], points[best], p, level, measure)
        for index, (point, own, p) in enumerate(zip(points, figures, corrected, strict=True))
    ]
    return Comparison(name, title, measure, chosen_by, judged, pairs, notes_on(points, chosen_by))


def _measure(points: Sequence[Point]) -> str:
    """The first of these that most runs have: an error before a loss, test before validation before training."""
    measures = [f"{name}_{what}" for name in ("test", "valid", "train") for what in ("error", "loss")]
    return max(measures, key=lambda key: sum(len(point.measured(key)) for point in points))


def _all_validated(points: Sequence[Point], measure: str) -> bool:
    chosen = measure.replace("test_", "valid_", 1)
    return chosen != measure and all(
        point.measured(chosen).keys() >= point.measured(measure).keys() for point in points
    )


def _best(points: Sequence[Point], figures: Sequence[dict[int, float]], chosen_by: str) -> int | None:
    """The lowest mean; a point of which a trial diverged comes after those of which none did."""
    measured = [index for index, own in enumerate(figures) if own]

    def rank(index: int) -> tuple[bool, float]:
        values = points[index].values(chosen_by)
        return points[index].count("diverged") > 0, sum(values) / len(values)

    return min(measured, key=rank) if measured else None


def _judge(
    point: Point,
    own: dict[int, float],
    others: dict[int, float],
    best: Point,
    corrected: float | None,
    level: float,
    measure: str,
) -> Judged:
    """One point against the best."""
    if not own:
        return Judged(point)
    test, found = paired_test(others, own), estimate(list(own.values()))
    if corrected is None:
        chance = None
        if measure.endswith("_error"):
            middle = (found.mean + estimate(list(others.values())).mean) / 2
            chance = chance_of_one_run(middle, images_of(best, measure))
        return Judged(point, found, test, None, "one trial", None, chance)
    if corrected <= LEVEL:
        return Judged(point, found, test, corrected, "worse" if test.difference > 0 else "better")
    needed = None if test.deviation is None else seeds_needed(test.difference, test.deviation, level)
    alone = test.p is not None and test.p <= LEVEL
    return Judged(point, found, test, corrected, "alone" if alone else "not told apart", needed)


def images_of(point: Point, measure: str) -> int:
    """How many images the measure's set had."""
    which = measure.partition("_")[0]
    return max((int((run.summary.get("data") or {}).get(which) or 0) for run in point.runs.values()), default=0)
