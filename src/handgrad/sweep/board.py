"""Where a sweep stands: the state of every trial, and the table of all of them."""

from __future__ import annotations

import csv
import fcntl
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgrad.runs import Run
from handgrad.storage import save_bytes
from handgrad.sweep.search import split_keys
from handgrad.sweep.trials import Trial

MEASURES = [f"{which}_{what}" for which in ("train", "valid", "test") for what in ("loss", "error", "mean_class_error")]
NUMBERS = ("iterations", "epochs", "seconds", "parameters", "penalty", "stopped_by", *MEASURES)
LAST = ("state", "cause", "attempts", *NUMBERS, "folder")


def trial_row(trial: Trial, run: Run | None = None) -> dict[str, Any]:
    """A trial's line of `trials.csv`; without its run folder, that of a pending one."""
    row: dict[str, Any] = {"trial": trial.name, "seed": trial.seed, "folder": f"trials/{trial.name}"}
    for key, value in trial.settings.items():
        keys = split_keys(key)
        row |= dict(zip(keys, value if len(keys) > 1 else [value], strict=True))
    if run is None:
        return row | {"state": "pending"}
    status, summary = run.status, run.summary
    row |= {"state": run.state, "cause": status.get("cause") or "", "attempts": status.get("attempts", 0)}
    return row | {key: summary[key] for key in NUMBERS if summary.get(key) is not None}


@dataclass
class Board:
    """The trials of a sweep and what is known of them; a trial without a folder is pending.

    Attributes:
        folder: of the sweep.
        trials: in order.
        rows: by trial's name, for those that ended.
    """

    folder: Path
    trials: Sequence[Trial]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run_of(self, trial: Trial) -> Run:
        """The trial's run folder, read anew."""
        return Run(self.folder / "trials" / trial.name)

    def read(self, trial: Trial) -> dict[str, Any]:
        """Look at a trial's folder; returns its line."""
        row = trial_row(trial, self.run_of(trial))
        self.rows[trial.name] = row
        return row

    def row(self, trial: Trial) -> dict[str, Any]:
        """A trial's line as last read."""
        return self.rows.get(trial.name) or trial_row(trial)

    def counts(self) -> Counter[str]:
        """How many trials are in each state."""
        return Counter(str(self.row(trial)["state"]) for trial in self.trials)

    def write_table(self) -> None:
        """Write `trials.csv` anew.

        Raises:
            SaveError: if it cannot be written.
        """
        keys = list(dict.fromkeys(k for trial in self.trials for key in trial.settings for k in split_keys(key)))
        text = io.StringIO()
        writer = csv.DictWriter(text, ["trial", *keys, "seed", *LAST], lineterminator="\n")
        writer.writeheader()
        for trial in self.trials:
            writer.writerow({key: _cell(value) for key, value in self.row(trial).items()})
        save_bytes(self.folder / "trials.csv", text.getvalue().encode())


def write_whole_table(folder: Path, trials: Sequence[Trial]) -> None:
    """Write `trials.csv` from what the folders say, one process after another: the last one has seen all of them.

    Raises:
        SaveError: if it cannot be written.
    """
    with open(folder / "table.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        board = Board(folder, trials)
        for trial in trials:
            board.read(trial)
        board.write_table()


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list | bool) else value
