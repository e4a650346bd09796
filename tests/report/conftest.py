"""Synthetic run folders in the format of the design, read back by the real reader."""

import json
from pathlib import Path
from typing import Any

import pytest
from synthetic import CLASSES, MakeRun, config_table, evaluations, summary_of, synthetic_data

from handgrad.build import make_network
from handgrad.config_file import make_config, to_toml
from handgrad.data import Data
from handgrad.runs import Run
from handgrad.weights import save_weights


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Make a run folder and read it; what is not given is that of a run that ended well."""

    def make(
        *,
        experiment: str = "mine",
        classes: int = CLASSES,
        state: str = "done",
        metrics: list[dict[str, Any]] | None = None,
        summary: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        data: Data | None = None,
        weights: bool = True,
        status: dict[str, Any] | None = None,
    ) -> Run:
        folder = tmp_path / "run"
        folder.mkdir()
        lines = evaluations(50, classes=classes) if metrics is None else metrics
        if summary is None:
            summary = summary_of(lines[-1]) if lines and state == "done" else {}
        built = make_config(config or config_table(classes))
        (folder / "config.toml").write_text(to_toml(built), encoding="utf-8")
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        if summary:
            (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        found: dict[str, Any] = {
            "state": state,
            "experiment": experiment,
            "started": "2026-01-02T03:04:05+0000",
            "machine": {"system": "Linux x86_64", "cpu": "A processor", "cores": 2, "memory_gib": 7.8},
            "versions": {"handgrad": "0.1.0", "python": "3.11.0", "numpy": "2.0.0", "blas": "openblas 0.3"},
            "threads": 2,
            "kernels": "reference",
            "attempts": 1,
            "seed": 0,
        }
        (folder / "status.json").write_text(json.dumps(found | (status or {})), encoding="utf-8")
        data = data or synthetic_data(classes)
        if weights:
            save_weights(folder / "weights.safetensors", make_network(built).build(data.input_shape, seed=0))
        run = Run(folder)
        run.__dict__["data"] = data  # what Run reads from the disk on first use
        return run

    return make
