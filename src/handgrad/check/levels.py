"""Levels of help: how much of a finding is told, and who caps it."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from pathlib import Path

from handgrad.errors import UsageError

DEFAULT = 2
HIGHEST = 4


@dataclass(frozen=True)
class Cap:
    """A course's limit: no more than `level` before `until`."""

    level: int
    until: datetime.date | None
    file: Path


def find_cap(folder: Path, today: datetime.date | None = None) -> Cap | None:
    """The cap of the nearest `course.toml` in a folder or its parents, if its date has not passed.

    The file says `level = 1` and, if it wants, `until = 2026-12-01` (the first day on which all may be told).

    Raises:
        UsageError: a course.toml that cannot be read.
    """
    for place in (folder.resolve(), *folder.resolve().parents):
        file = place / "course.toml"
        if file.is_file():
            return _read_cap(file, today or datetime.date.today())
    return None


def _read_cap(file: Path, today: datetime.date) -> Cap | None:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error
    unknown = sorted(set(values) - {"level", "until"})
    level, until = values.get("level", 1), values.get("until")
    if isinstance(until, datetime.datetime):
        until = until.date()
    if unknown or type(level) is not int or not 0 <= level <= HIGHEST or not isinstance(until, datetime.date | None):
        raise UsageError(
            f"{file}: expected `level = 0…{HIGHEST}` and, if wanted, `until = 2026-12-01` (a date without quotes); "
            f"received {values}"
        )
    return None if until is not None and today >= until else Cap(level, until, file)


def choose_level(wanted: int | None, more: bool, last: int | None, cap: Cap | None) -> int:
    """The level to tell at: as wanted, or one further than last time, never above the cap.

    >>> choose_level(None, False, None, None), choose_level(None, True, 2, None), choose_level(4, False, None, None)
    (2, 3, 4)
    """
    level = DEFAULT if wanted is None else wanted
    if more:
        level = min((DEFAULT if last is None else last) + 1, HIGHEST)
    if cap is not None:
        level = min(level, cap.level)
    if not 0 <= level <= HIGHEST:
        raise UsageError(f"--level: expected 0 to {HIGHEST}, received {level}")
    return level
