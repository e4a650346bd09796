"""Two varied keys as a heat map: rows by columns, each cell a figure, or what became of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handgrad.compare.judgement import Comparison, Judged
from handgrad.settings import Wording, freezes, key_names, value_name


@dataclass(frozen=True)
class Cell:
    """One combination: its point as judged (None where the grid has none), the mean figure, and what to say beside it.

    `state` is "" for a point whose trials all finished, else what became of the others: "diverged", "failed", …
    """

    judged: Judged | None
    mean: float | None
    deviation: float | None
    state: str
    lost: int
    trials: int

    @property
    def best(self) -> bool:
        """Whether this is the best point of all."""
        return self.judged is not None and self.judged.verdict == "best"


@dataclass(frozen=True)
class HeatMap:
    """Names and values of both keys, and the cells by row and column; `frozen` says that some value freezes a layer."""

    measure: str
    row_name: str
    column_name: str
    rows: list[str]
    columns: list[str]
    cells: list[list[Cell]]
    frozen: bool

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest figure."""
        means = [cell.mean for row in self.cells for cell in row if cell.mean is not None]
        return (min(means), max(means)) if means else (0.0, 0.0)


def heat_map(comparison: Comparison) -> HeatMap | None:
    """The heat map of points that differ in exactly two keys of two or more values each; None for any others."""
    if len(comparison.keys) != 2 or any(judged.point.name for judged in comparison.judged):
        return None
    row_key, column_key = comparison.keys
    rows = _distinct([point.settings[row_key] for point in comparison.points])
    columns = _distinct([point.settings[column_key] for point in comparison.points])
    if len(rows) < 2 or len(columns) < 2 or len(comparison.judged) <= max(len(rows), len(columns)):
        return None
    at = {
        (rows.index(j.point.settings[row_key]), columns.index(j.point.settings[column_key])): j
        for j in comparison.judged
    }
    names, wording = key_names(comparison.keys, comparison.wording), comparison.wording
    return HeatMap(
        comparison.measure,
        names[row_key],
        names[column_key],
        [_value(row_key, value, wording) for value in rows],
        [_value(column_key, value, wording) for value in columns],
        [[_cell(at.get((r, c))) for c in range(len(columns))] for r in range(len(rows))],
        any(freezes(row_key, value) for value in rows) or any(freezes(column_key, value) for value in columns),
    )


def _distinct(values: Sequence[Any]) -> list[Any]:
    """In the order of the grid; numbers of searches, which come in no order, rising."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return sorted(found) if all(isinstance(v, int | float) and not isinstance(v, bool) for v in found) else found


def _value(key: str, value: Any, wording: Wording) -> str:
    text = value_name(key, value, wording)
    return f"{text} (frozen)" if freezes(key, value) else text


def _cell(judged: Judged | None) -> Cell:
    if judged is None:
        return Cell(None, None, None, "not in the grid", 0, 0)
    lost = [state for state in judged.point.states if state != "done"]
    worst = next((s for s in ("failed", "diverged", "timeout", "killed") if s in lost), lost[0] if lost else "")
    found = judged.estimate
    mean, deviation = (found.mean, found.deviation) if found else (None, None)
    return Cell(judged, mean, deviation, worst, len(lost), len(judged.point.states))
