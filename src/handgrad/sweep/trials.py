"""Sweeps: every point of a grid, once a seed, each trial a run folder of its own.

A trial is known by its config: its folder's name is the hash of the resolved config with its seeds, so a sweep is all
configs less the folders that say done.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.build import read_data
from handgrad.config import Config
from handgrad.config_file import load_config, make_config, set_key, to_toml
from handgrad.errors import HandgradError, UsageError
from handgrad.progress import PlainProgress
from handgrad.run_folder import create_folder, new_run_name
from handgrad.runs import Run
from handgrad.storage import save_bytes
from handgrad.trial import run_trial


@dataclass(frozen=True)
class Trial:
    """One point of the grid with one seed: what was set, and the config that results."""

    settings: dict[str, Any]
    seed: int
    config: Config

    @property
    def name(self) -> str:
        """First 16 hex digits of the SHA-256 of the resolved config."""
        return hashlib.sha256(to_toml(self.config).encode()).hexdigest()[:16]


def make_trials(config: Config) -> list[Trial]:
    """All trials of a config with a [sweep] section, in the order of the grid, seeds innermost.

    Raises:
        UsageError: if there is no such section, or linked keys and values don't match.
        ConfigError: if a point of the grid is no valid config.

    >>> len(make_trials(load_config("digits-mlp-rates")[1]))
    12
    """
    if config.sweep is None:
        raise UsageError("this experiment has no [sweep] section: add one with grid and trials")
    base = config.model_dump(exclude_none=True, exclude={"sweep"})
    trials = []
    for values in itertools.product(*config.sweep.grid.values()):
        settings = dict(zip(config.sweep.grid, values, strict=True))
        for number in range(config.sweep.trials):
            table = make_config(base).model_dump(exclude_none=True)
            for key, value in settings.items():
                _set_linked(table, key, value)
            for purpose in config.sweep.vary:
                table["seeds"][purpose] = config.seed_for(purpose) + number
            trials.append(Trial(settings, number, make_config(table, f"sweep point {settings}")))
    return trials


def _set_linked(table: dict[str, Any], key: str, value: Any) -> None:
    """ "a,b" = [1, 2] sets both keys together."""
    keys = [part.strip() for part in key.split(",")]
    if len(keys) == 1:
        set_key(table, key, value)
        return
    if not isinstance(value, list) or len(value) != len(keys):
        raise UsageError(
            f"sweep.grid: {key!r} links {len(keys)} keys; expected lists of {len(keys)}, received {value!r}"
        )
    for part, own in zip(keys, value, strict=True):
        set_key(table, part, own)


@dataclass
class SweepResult:
    """What a sweep left: its folder, its trials with their run folders, and how many failed."""

    folder: Path
    name: str
    title: str
    trials: list[tuple[Trial, Run]]

    @property
    def failed(self) -> int:
        """Trials that neither finished nor diverged: divergence is a result."""
        return sum(run.state not in ("done", "diverged") for _, run in self.trials)

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
            settings = ", ".join(f"{key.split(',')[0]}={describe_value(v)}" for key, v in row["settings"].items())
            if row["mean"] is None:
                shown = ", ".join(row["states"])
            else:
                spread = "" if row["std"] is None else f" ± {100 * row['std']:.2f}"
                shown = f"test error {100 * row['mean']:.2f}{spread} % over {len(row['test_error'])} seeds"
            lines.append(f"{settings:<60} {shown}")
        return "\n".join(lines)


def describe_value(value: Any) -> str:
    """A grid's value in few characters."""
    if isinstance(value, list):
        return describe_value(value[0]) if all(v == value[0] for v in value) else ", ".join(map(describe_value, value))
    if isinstance(value, dict):
        rest = ", ".join(f"{k} {v}" for k, v in value.items() if k not in ("type", "per"))
        return f"{value.get('type', '')} {rest}".strip()
    return str(value)


def run_sweep(
    experiment: str,
    overrides: Sequence[str] = (),
    *,
    out: str | Path = "runs",
    folder: Path | None = None,
) -> SweepResult:
    """Run all trials that are not done yet, one after another; a trial that fails does not stop the rest.

    Args:
        experiment: a name or TOML file with a [sweep] section.
        overrides: "key=value" strings.
        out: where the sweep folder goes.
        folder: go on in this sweep folder.
    """
    name, config = load_config(experiment, overrides)
    trials = make_trials(config)
    folder = folder or Path(out) / new_run_name(name)
    create_folder(folder)
    save_bytes(folder / "sweep.toml", to_toml(config).encode())
    data = read_data(config.data, config.seed_for("split"))
    pairs = []
    for trial in trials:
        where = folder / "trials" / trial.name
        same_data = trial.config.data == config.data and trial.config.seed_for("split") == config.seed_for("split")
        try:
            run_trial(
                trial.config,
                where,
                experiment=name,
                data=data if same_data else None,
                listeners=(PlainProgress(pause=float("inf")),),
            )
        except HandgradError as error:
            create_folder(where)
            save_bytes(where / "log.txt", f"{error}\n".encode())
        pairs.append((trial, Run(where)))
    return SweepResult(folder, name, config.title or name, pairs)


def sweeps_of(experiment: str) -> list[str]:
    """The sweeps that belong to an experiment: those of the same report.

    >>> sweeps_of("digits-mlp-inverse-sqrt")
    ['digits-mlp-rates']
    """
    belong = {
        "digits-mlp-inverse-sqrt": ["digits-mlp-rates"],
        "digits-mlp-l1-halving": ["digits-mlp-l1-comparisons"],
        "letters-mlp-momentum": ["letters-mlp-units"],
        "letters-cnn-adam": ["letters-cnn-l2", "letters-cnn-dropout"],
    }
    return belong.get(experiment, [])
