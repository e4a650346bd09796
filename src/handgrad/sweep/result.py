"""What a sweep left, read from its folder."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.config import Config
from handgrad.config_file import make_config
from handgrad.errors import LoadError, UsageError
from handgrad.run_folder import read_status
from handgrad.runs import Run
from handgrad.settings import settings_name
from handgrad.sweep.points import read_points
from handgrad.sweep.trials import Trial, make_trials


@dataclass
class SweepResult:
    """What a sweep left: its folder, its trials with their run folders, and how many failed."""

    folder: Path
    name: str
    title: str
    trials: list[tuple[Trial, Run]]

    @property
    def failed(self) -> int:
        """Trials that failed, were killed or hung; divergence is a result, and what was not run is none."""
        return sum(run.state in ("failed", "killed", "timeout") for _, run in self.trials)

    def rows(self) -> list[dict[str, Any]]:
        """One row a point of the grid: settings, number of seeds, mean and standard deviation of the test error."""
        rows: list[dict[str, Any]] = []
        for settings, group in itertools.groupby(self.trials, key=lambda pair: pair[0].settings):
            runs = [run for _, run in group]
            errors = [r.summary["test_error"] for r in runs if r.summary.get("test_error") is not None]
            rows.append(
                {
                    "settings": settings,
                    "seeds": len(runs),
                    "test_error": errors,
                    "mean": float(np.mean(errors)) if errors else None,
                    "std": float(np.std(errors, ddof=1)) if len(errors) > 1 else None,
                    "states": [r.state for r in runs],
                }
            )
        return rows

    def table(self) -> str:
        """The rows for people, errors in percent."""
        lines = []
        for row in self.rows():
            if row["mean"] is None:
                shown = ", ".join(f"{count} {state}" for state, count in Counter(row["states"]).items())
            else:
                spread = "" if row["std"] is None else f" ± {100 * row['std']:.2f}"
                shown = f"test error {100 * row['mean']:.2f}{spread} % over {len(row['test_error'])} seeds"
            lines.append(f"{settings_name(row['settings']):<60} {shown}")
        return "\n".join(lines)


def read_sweep_config(folder: Path) -> Config:
    """`sweep.toml` of a sweep's folder.

    Raises:
        UsageError: if the folder is no sweep's.
        LoadError: if the file cannot be read.
    """
    path = folder / "sweep.toml"
    if not path.is_file():
        raise UsageError(f"{folder}: expected a sweep's folder, found no sweep.toml in it")
    try:
        return make_config(tomllib.loads(path.read_text("utf-8")), str(path))
    except (OSError, ValueError) as error:
        raise LoadError(f"{path}: the sweep's config cannot be read: {error}") from error


def sweep_name(folder: Path) -> str:
    """The experiment that a sweep's folder belongs to: as its status says, else as the folder is called."""
    named = read_status(folder).get("experiment")
    return str(named) if named else re.sub(r"-\d{8}-\d{6}-[0-9a-f]+$", "", folder.name)


def load_sweep(folder: str | Path) -> SweepResult:
    """Read a sweep's folder: all its trials, also those that have not been run.

    Raises:
        UsageError: if the folder is no sweep's.
        LoadError: if its config cannot be read.
    """
    folder = Path(folder)
    config = read_sweep_config(folder)
    name = sweep_name(folder)
    proposed = [point["settings"] for point in read_points(folder)]
    pairs = [(trial, Run(folder / "trials" / trial.name)) for trial in make_trials(config, proposed)]
    return SweepResult(folder, name, config.title or name, pairs)
