"""Runs made up for comparisons: what a run folder holds, without training."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgrad.compare import Point
from handgrad.config_file import make_config, to_toml
from handgrad.runs import Run


@dataclass
class MadeRun:
    """What a comparison reads of a run."""

    summary: dict[str, Any] = field(default_factory=dict)
    state: str = "done"
    status: dict[str, Any] = field(default_factory=dict)
    config: Any = None
    metrics: list[dict[str, Any]] = field(default_factory=list)
    folder: Path = Path(__file__).parent


def made_run(error: float | None, state: str = "done", seconds: float = 10.0, **summary: Any) -> MadeRun:
    if error is None:
        return MadeRun(state=state)
    data = {"name": "mnist", "test": 1500, "valid": 0, "train": 100, "sampled": False}
    return MadeRun({"test_error": error, "seconds": seconds, "data": data} | summary, state)


def made_point(settings: dict[str, Any], errors: list[float | None], **more: Any) -> Point:
    """A point of trials 0, 1, …; None for one that diverged."""
    runs = [made_run(e, "done" if e is not None else "diverged", **more) for e in errors]
    return Point(settings, list(enumerate(runs)))  # type: ignore[arg-type]


def table(**changes: Any) -> dict[str, Any]:
    """A small config as a table, top-level sections replaced."""
    values: dict[str, Any] = {
        "data": {"source": "mnist"},
        "network": {"layers": [{"type": "Flatten"}, {"type": "Dense", "units": 10}]},
        "loss": {"type": "softmax_cross_entropy"},
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "training": {"iterations": 100},
    }
    return values | changes


def write_run(
    folder: Path,
    error: float | None,
    *,
    seed: int = 0,
    state: str = "done",
    lines: list[dict[str, Any]] | None = None,
    told: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    **sections: Any,
) -> Run:
    """A run folder as the engine leaves it, of a config with these sections; `told` is of the summary's data."""
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(to_toml(make_config(table(seed=seed, **sections))), "utf-8")
    known = {"state": state, "experiment": "mine", "versions": {"numpy": "2.0"}, "kernels": "native"}
    (folder / "status.json").write_text(json.dumps(known | (status or {})), "utf-8")
    if error is not None:
        data = {"name": "mnist", "test": 1000, "valid": 0, "train": 100, "sampled": False} | (told or {})
        summary = {"test_error": error, "test_loss": 3 * error, "seconds": 1.0, "iterations": 100, "epochs": 10.0}
        (folder / "summary.json").write_text(json.dumps(summary | {"data": data}), "utf-8")
    if lines is None:
        start = error or 0.5
        lines = [
            {"iteration": k, "epoch": k / 10, "test_error": start + 0.4 / (1 + k), "test_loss": start + 2 / (1 + k)}
            for k in range(0, 101, 10)
        ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return Run(folder)
