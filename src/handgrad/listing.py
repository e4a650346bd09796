"""What lies in a folder of runs: found by name, and one row each with the values to filter and sort by.

Nothing heavy is imported: only names, small JSON files and, where a filter asks for a key of the config, TOML are read.
Symbolic links are not followed, and names that begin with a dot (half-written, half-deleted) are passed over.
"""

from __future__ import annotations

import math
import os
import re
import time
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from handgrad.errors import UsageError
from handgrad.run_state import is_locked, read_json, read_status

_NAMED_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?=-[0-9a-f]+$)")
_CONFIG_TOP = ("format", "title", "seed")
_HEADER = re.compile(r"^\[\[?([A-Za-z_]\w*)", re.MULTILINE)
DONE = ("done", "diverged")  # in a sweep divergence is a result


def started(folder: Path) -> str:
    """When a run was started, "2026-11-21T04:35:04": as its name says, so that resuming does not make it newer."""
    named = _NAMED_TIME.search(folder.name)
    if named:
        year, month, day, hour, minute, second = named.groups()
        return f"{year}-{month}-{day}T{hour}:{minute}:{second}"
    try:
        changed = folder.stat().st_mtime
    except OSError:  # gone since its name was read
        return ""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(changed))


def _folders_with(out: str | Path, marker: str) -> list[Path]:
    """The real folders in `out` that hold a file of this name."""
    try:
        with os.scandir(out) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [Path(out, name) for name in names if os.path.isfile(os.path.join(out, name, marker))]


def run_folders(out: str | Path = "runs") -> list[Path]:
    """The run folders in a folder, newest first: the order that @1, @2, … count in."""
    return sorted(_folders_with(out, "config.toml"), key=started, reverse=True)


def sweep_folders(out: str | Path = "runs") -> list[Path]:
    """The sweep folders in a folder, newest first."""
    return sorted(_folders_with(out, "sweep.toml"), key=started, reverse=True)


def find_run(name: str | Path, out: str | Path = "runs") -> Path:
    """The folder of a run: a path, a unique prefix of its name, `last`, or `@2` (the second newest).

    Raises:
        UsageError: if there is none, or more than one.
    """
    path = Path(name)
    if (path / "config.toml").is_file():
        return path
    found, text = run_folders(out), str(name)
    if text == "last" or (text.startswith("@") and text[1:].isdigit()):
        place = 1 if text == "last" else int(text[1:])
        if 1 <= place <= len(found):
            return found[place - 1]
        raise UsageError(f"{text}: there are {len(found)} runs in {out}")
    sweeps = [folder.name for folder in sweep_folders(out) if text and folder.name.startswith(text)]
    if sweeps and not any(folder.name.startswith(text) for folder in found):
        raise UsageError(f"{text}: this is a sweep, not a run; `handgrad runs {sweeps[0]}` lists its trials")
    return _only(text, found, out)


def find_sweep(name: str | Path, out: str | Path = "runs") -> Path:
    """The folder of a sweep: a path, or a unique prefix of its name.

    Raises:
        UsageError: if there is none, or more than one.
    """
    path = Path(name)
    return path if (path / "sweep.toml").is_file() else _only(str(name), sweep_folders(out), out)


def _only(text: str, found: list[Path], out: str | Path) -> Path:
    matching = [folder for folder in found if folder.name.startswith(text)] if text else []
    if len(matching) == 1 or (matching and matching[0].name == text):
        return matching[0]
    if not matching:
        raise UsageError(f"{text}: no run of this name in {out}; `handgrad runs` lists them")
    names = ", ".join(folder.name for folder in matching[:5])
    raise UsageError(f"{text}: {len(matching)} runs begin so: {names}; give more of the name")


class Row:
    """A line of the list: a run, a trial, or a whole sweep.

    Args:
        folder: the run's or sweep's.
        place: n of its name @n; None for trials and sweeps, which are known by their folder.
    """

    kind = "run"

    def __init__(self, folder: Path, place: int | None = None) -> None:
        self.folder, self.place = folder, place

    @cached_property
    def status(self) -> dict[str, Any]:
        """`status.json`, or {}."""
        return read_status(self.folder)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """`summary.json`, or {}."""
        return read_json(self.folder / "summary.json")

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.toml` as it stands, or {} where it cannot be read."""
        try:
            return tomllib.loads((self.folder / "config.toml").read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def _config_value(self, key: str) -> Any:
        """A key of the config; of a file as handgrad writes it only the section in question is parsed."""
        try:
            text = (self.folder / "config.toml").read_text("utf-8")
            return _look_up(tomllib.loads(_section(text, key.partition(".")[0])), key)
        except (OSError, ValueError):
            return _look_up(self.config, key)

    @cached_property
    def locked(self) -> bool:
        """Whether a living process works in it."""
        return is_locked(self.folder)

    @cached_property
    def state(self) -> str:
        """running, done, interrupted, failed, diverged, killed or timeout."""
        state = str(self.status.get("state", "running"))
        return "killed" if state == "running" and not self.locked else state

    def value(self, key: str) -> Any:
        """What a filter or an order asks for; None where the row has no such thing.

        A key is looked up in summary, status and config: test_error, kernels, optimizer.learning_rate.
        """
        if key in ("state", "kind"):
            return getattr(self, key)
        if key in ("name", "started"):
            return self.folder.name if key == "name" else started(self.folder)
        if key == "experiment":
            return self.status.get("experiment", self.folder.name)
        for table in (self.summary, self.status):
            if (found := _look_up(table, key)) is not None:
                return found
        return self._config_value(key) if "." in key or key in _CONFIG_TOP else None

    def keys(self) -> set[str]:
        """Every key that `value` knows of this row."""
        own = {"state", "kind", "name", "started", "experiment"}
        return own.union(*(_paths(table) for table in (self.summary, self.status, self.config)))

    def as_json(self) -> dict[str, Any]:
        """For programs: folder, state, and the whole summary."""
        return {
            "kind": self.kind,
            "place": self.place,
            "folder": str(self.folder),
            "started": started(self.folder),
            "experiment": self.value("experiment"),
            **self.summary,
            "state": self.state,
        }


class TrialRow(Row):
    """A trial of a sweep."""

    kind = "trial"


class SweepRow(Row):
    """A whole sweep: how many of its trials are done. It has no test error of its own, so no filter on one finds it."""

    kind = "sweep"

    @cached_property
    def trials(self) -> list[Row]:
        """Its trials, in the order of their names."""
        return [TrialRow(folder) for folder in sorted(_folders_with(self.folder / "trials", "config.toml"))]

    @cached_property
    def config(self) -> dict[str, Any]:
        """`sweep.toml`."""
        try:
            return tomllib.loads((self.folder / "sweep.toml").read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    @cached_property
    def done(self) -> int:
        """Trials that are done or diverged."""
        return sum(trial.state in DONE for trial in self.trials)

    @cached_property
    def planned(self) -> int:
        """Trials that the sweep asks for; at least those that there are."""
        sweep = self.config.get("sweep", {})
        points = math.prod(len(values) for values in sweep.get("grid", {}).values() if isinstance(values, list))
        points = int(sweep.get("search", {}).get("points", points))
        return max(points * int(sweep.get("trials", 1)), len(self.trials))

    @cached_property
    def locked(self) -> bool:
        """Whether a living process works in it or in any of its trials."""
        return is_locked(self.folder) or any(trial.locked for trial in self.trials)

    @cached_property
    def state(self) -> str:
        """running, done, or else what most of the trials that are not done say."""
        if self.locked:
            return "running"
        if self.done == self.planned:
            return "done"
        states = [trial.state for trial in self.trials if trial.state not in DONE]
        return max(sorted(set(states)), key=states.count) if states else "interrupted"

    def value(self, key: str) -> Any:
        """Its state, name and time, and the experiment its name begins with."""
        if key == "experiment":
            return _NAMED_TIME.sub("", self.folder.name).rpartition("-")[0].rstrip("-") or self.folder.name
        return super().value(key) if key in ("state", "kind", "name", "started") else None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**super().as_json(), "trials": self.planned, "done": self.done}


def read_rows(out: str | Path = "runs") -> list[Row]:
    """All runs and sweeps of a folder, newest first; only runs have places."""
    rows: list[Row] = [Row(folder, place) for place, folder in enumerate(run_folders(out), start=1)]
    rows += [SweepRow(folder) for folder in sweep_folders(out)]
    return sorted(rows, key=lambda row: started(row.folder), reverse=True)


def sort_rows(rows: list[Row], key: str, descending: bool = False) -> list[Row]:
    """By a key, smallest first; rows that have no such value come last either way."""
    numbers, words, rest = [], [], []
    for row in rows:
        value = row.value(key)
        if isinstance(value, int | float):
            numbers.append((value, row))
        elif value is None:
            rest.append(row)
        else:
            words.append((str(value), row))
    numbers.sort(key=lambda pair: pair[0], reverse=descending)
    words.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in numbers] + [row for _, row in words] + rest


def _look_up(table: dict[str, Any], key: str) -> Any:
    here: Any = table
    for part in key.split("."):
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def _section(text: str, name: str) -> str:
    """The part of a TOML text that holds the table of this name; all of it where that cannot be told by headers."""
    headers = list(_HEADER.finditer(text))
    own = [place for place, header in enumerate(headers) if header[1] == name]
    if not own or own[-1] - own[0] != len(own) - 1 or '"""' in text or "'''" in text:
        return text
    end = headers[own[-1] + 1].start() if own[-1] + 1 < len(headers) else len(text)
    return text[headers[own[0]].start() : end]


def _paths(table: Any, above: str = "") -> Iterator[str]:
    items = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in items:
        path = f"{above}{key}"
        yield path
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from _paths(value, f"{path}.")
