"""What `handgrad runs` was asked, answered: which rows, in which order, shown in which columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from handgrad.errors import UsageError
from handgrad.listing import Row, SweepRow, find_run, find_sweep, read_rows, sort_rows
from handgrad.run_filters import Filter, check_keys, choose, parse_filter

_ALWAYS_SHOWN = ("state", "kind", "name", "started", "experiment", "test_error")


class Query:
    """A question about a folder of runs.

    Args:
        out: the folder.
        words: conditions and names; a sweep's name stands for its trials.
        sort: a key; default newest first.
        descending: largest first.
        limit: at most so many rows.
        whole_sweeps: for deleting: a sweep's whole name alone, with no condition, stands for the sweep itself, and
            conditions never choose a sweep.

    Raises:
        UsageError: if a name or a key is unknown.
    """

    def __init__(
        self,
        out: Path,
        words: Sequence[str],
        sort: str | None = None,
        descending: bool = False,
        limit: int | None = None,
        *,
        whole_sweeps: bool = False,
    ) -> None:
        self.out, self.sort, self.descending, self.limit = out, sort, descending, limit
        self.whole_sweeps = whole_sweeps
        found = [(word, None if Path(word).is_dir() else parse_filter(word)) for word in words]
        self.names = [word for word, condition in found if condition is None]
        self.filters: list[Filter] = [condition for _, condition in found if condition is not None]

    @property
    def keys(self) -> list[str]:
        """Keys that were asked for and have no column of their own yet."""
        asked = [*(f.key for f in self.filters), *([self.sort] if self.sort else [])]
        return [key for key in dict.fromkeys(asked) if key not in _ALWAYS_SHOWN]

    def rows(self) -> list[Row]:
        """The rows asked for."""
        return self._rows

    @cached_property
    def _rows(self) -> list[Row]:
        rows = choose(self._named(), self.filters)
        if self.whole_sweeps and not self.names:
            rows = [row for row in rows if not isinstance(row, SweepRow)]
        if self.sort:
            check_keys(rows, [self.sort])
            rows = sort_rows(rows, self.sort, self.descending)
        elif self.descending:
            raise UsageError("--descending: say by which key, with --sort")
        return rows[: self.limit]

    def _named(self) -> list[Row]:
        everything = read_rows(self.out)
        if not self.names:
            return everything
        places = {row.folder.resolve(): row for row in everything}
        rows: dict[Path, Row] = {}
        for name in self.names:
            for row in self._behind(name, places):
                rows[row.folder.resolve()] = row
        return list(rows.values())

    def _behind(self, name: str, places: dict[Path, Row]) -> list[Row]:
        """A run, or the trials of a sweep."""
        try:
            folder = find_run(name, self.out)
        except UsageError as error:
            try:
                sweep = SweepRow(find_sweep(name, self.out))
            except UsageError:
                raise error from None
            if not self.whole_sweeps or self.filters:
                return sweep.trials
            if sweep.folder.name != Path(name).name:
                raise UsageError(f"{name}: to delete a whole sweep, give its whole name: {sweep.folder.name}") from None
            return [sweep]
        known = places.get(folder.resolve()) if not folder.is_symlink() else None
        return [known or Row(folder)]


def table(rows: Sequence[Row], keys: Sequence[str] = ()) -> list[str]:
    """The rows for people: place, state, test error, the keys asked for, folder; errors in percent."""
    shown = list(keys) or _varied(rows)
    lines = [[_place(row), row.state, _result(row), *(_show(key, row.value(key)) for key in shown)] for row in rows]
    if shown and lines:
        lines.insert(0, ["", "state", "test error", *shown])
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    folders = [*([""] if len(lines) > len(rows) else []), *(str(row.folder) for row in rows)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=True)), folder]).rstrip()
        for line, folder in zip(lines, folders, strict=True)
    ]


def _varied(rows: Sequence[Row]) -> list[str]:
    """Of a sweep's trials: the keys of its grid, at most four."""
    if not rows or any(row.kind != "trial" for row in rows):
        return []
    grid = SweepRow(rows[0].folder.parent.parent).config.get("sweep", {}).get("grid", {})
    return [key.split(",")[0].strip() for key in grid][:4]


def _place(row: Row) -> str:
    return f"@{row.place}" if row.place else row.kind


def _result(row: Row) -> str:
    if isinstance(row, SweepRow):
        return f"{row.done} of {row.planned} done"
    error = row.value("test_error")
    return f"{100 * error:.2f} %" if isinstance(error, int | float) else ""


def _show(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{100 * value:.2f} %" if key.endswith("_error") else f"{value:.6g}"
    return str(value)
