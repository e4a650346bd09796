"""Points of a comparison: one combination of settings each, and its trials, runs that differ in their seeds alone."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handgrad.errors import UsageError
from handgrad.settings import PLAIN, Wording, settings_name

if TYPE_CHECKING:
    from handgrad.runs import Run
    from handgrad.sweep import SweepResult

# What may differ between runs of one point: names for people, seeds, and where and when it saves.
FREE_SETTINGS = ("title", "seed", "seeds", "display", "sweep", "training.checkpoint_every", "training.threads")
MAX_NAMED_KEYS = 3


@dataclass
class Point:
    """One point of a grid: what was set, and its trials by number, whatever became of them.

    `name` replaces the settings where runs differ in too many of them to be told on one line; `wording` holds a
    report's own words for them; `repeated` counts runs left out because another has their settings and their seeds.
    """

    settings: dict[str, Any]
    trials: list[tuple[int, Run]]
    name: str = ""
    wording: Wording = PLAIN
    repeated: int = 0

    @property
    def label(self) -> str:
        """The settings on one line."""
        return self.name or settings_name(self.settings, self.wording) or "these settings"

    @property
    def value(self) -> Any:
        """The value of the first key; of linked keys, the first one's."""
        first = next(iter(self.settings.values()), None)
        return first[0] if isinstance(first, list) and first else first

    @property
    def runs(self) -> dict[int, Run]:
        """The finished runs by trial number."""
        return {number: run for number, run in sorted(self.trials, key=lambda pair: pair[0]) if run.summary}

    @property
    def states(self) -> list[str]:
        """The states of all trials."""
        return [run.state for _, run in self.trials]

    def measured(self, key: str) -> dict[int, float]:
        """A figure of the summary by trial number, of every finished run that has it."""
        found = {number: run.summary.get(key) for number, run in self.runs.items()}
        return {number: float(value) for number, value in found.items() if value is not None}

    def values(self, key: str) -> list[float]:
        """The same figures in the order of the trials."""
        return list(self.measured(key).values())

    def count(self, state: str) -> int:
        """How many trials ended so."""
        return self.states.count(state)


def points_of_sweep(result: SweepResult) -> list[Point]:
    """The points of a sweep's grid in its order, each with all its trials."""
    points: list[Point] = []
    for trial, run in result.trials:
        point = next((p for p in reversed(points) if p.settings == trial.settings), None)
        if point is None:
            point = Point(dict(trial.settings), [])
            points.append(point)
        point.trials.append((trial.seed, run))
    return points


def points_of_runs(runs: Sequence[Run]) -> list[Point]:
    """Runs put together by their configs: those that differ in their seeds alone are trials of one point.

    Trials are numbered alike in all points, so that runs with the same seeds make a pair. Of two runs with the same
    config and the same seeds the first one named counts.

    Raises:
        UsageError: if there is no run.
        LoadError: if a config cannot be read.
    """
    if not runs:
        raise UsageError("name the runs or the sweep to compare: paths, prefixes, last, @2; `handgrad runs` lists them")
    flat = [flatten(run.config.model_dump(exclude_none=True)) for run in runs]
    grouped: list[tuple[dict[str, Any], list[Run]]] = []
    for table, run in zip(flat, runs, strict=True):
        fixed = {key: value for key, value in table.items() if not is_free(key)}
        group = next((members for other, members in grouped if other == fixed), None)
        if group is None:
            grouped.append((fixed, group := []))
        group.append(run)
    keys = differing_keys([fixed for fixed, _ in grouped])
    numbers = {seeds: number for number, seeds in enumerate(sorted({_seeds(run) for run in runs}))}
    points = []
    for (fixed, members), letter in zip(grouped, _letters(), strict=False):
        trials: dict[int, Run] = {}
        for run in members:
            trials.setdefault(numbers[_seeds(run)], run)
        repeated = len(members) - len(trials)
        name = f"{letter} ({members[0].name})" if len(keys) > MAX_NAMED_KEYS else ""
        name = name or ("" if keys else members[0].name)
        points.append(Point({key: fixed.get(key) for key in keys}, sorted(trials.items()), name, repeated=repeated))
    return points


def _seeds(run: Run) -> tuple[int, int, int]:
    return run.config.seed_for("split"), run.config.seed_for("init"), run.config.seed_for("order")


def _letters() -> Iterator[str]:
    """A, B, … Z, A1, B1, …"""
    yield from string.ascii_uppercase
    number = 1
    while True:
        yield from (f"{letter}{number}" for letter in string.ascii_uppercase)
        number += 1


def is_free(key: str) -> bool:
    """Whether runs of one point may differ in this key.

    >>> is_free("seeds.init"), is_free("optimizer.learning_rate")
    (True, False)
    """
    return any(key == free or key.startswith(f"{free}.") for free in FREE_SETTINGS)


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as one, with the key paths that overrides use; layers by index.

    >>> flatten({"a": {"b": 1}, "layers": [{"units": 2}]})
    {'a.b': 1, 'layers.0.units': 2}
    """
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            value = {str(index): item for index, item in enumerate(value)}
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def differing_keys(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys whose values are not the same in all tables, in the order of their first appearance.

    >>> differing_keys([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}])
    ['b', 'c']
    """
    keys = dict.fromkeys(key for table in tables for key in table)
    return [key for key in keys if any(table.get(key) != tables[0].get(key) for table in tables[1:])]
