"""Sweeps: the grid expanded, trials known by their config, only what is missing run."""

from pathlib import Path

import pytest

from handgrad.config_file import load_config
from handgrad.errors import UsageError
from handgrad.sweep import make_trials, run_sweep

SMALL = [
    "data.train_images=500",
    "data.test_images=200",
    "training.epochs=1",
    "training.batches_per_epoch=10",
    "sweep.trials=2",
]


def test_grid_times_seeds() -> None:
    trials = make_trials(load_config("digits-mlp-rates", ["sweep.trials=2"])[1])
    assert [t.config.optimizer.learning_rate for t in trials] == [
        0.01,
        0.01,
        0.008,
        0.008,
        0.005,
        0.005,
        0.002,
        0.002,
    ]
    assert [t.config.seeds.init for t in trials[:2]] == [0, 1]
    assert [t.config.seeds.split for t in trials[:2]] == [None, None]
    assert len({t.name for t in trials}) == 8


def test_linked_keys_move_together() -> None:
    trials = make_trials(load_config("digits-mlp-l1-comparisons", ["sweep.trials=1"])[1])
    inits = [[layer.init.type for layer in t.config.network.layers if layer.type == "Dense"] for t in trials]
    assert inits == [["normal"] * 3, ["normal"] * 3, ["uniform"] * 3, ["uniform"] * 3]


def test_links_of_other_lengths_are_refused() -> None:
    config = load_config("digits-mlp-rates", ['sweep.grid={"seed,format" = [[1, 1, 1]]}'])[1]
    with pytest.raises(UsageError, match="links 2 keys"):
        make_trials(config)


def test_an_experiment_without_sweep_is_refused() -> None:
    with pytest.raises(UsageError, match="no \\[sweep\\] section"):
        make_trials(load_config("digits-mlp-constant")[1])


def test_a_sweep_runs_what_is_missing(tmp_path: Path) -> None:
    grid = 'sweep.grid={"optimizer.learning_rate" = [0.01, 1e30]}'
    first = run_sweep("digits-mlp-rates", [*SMALL, grid], out=tmp_path)
    states = [run.state for _, run in first.trials]
    assert states == ["done", "done", "diverged", "diverged"]
    assert first.failed == 0
    before = {run.folder: (run.folder / "summary.json").stat().st_mtime_ns for _, run in first.trials[:2]}
    more = 'sweep.grid={"optimizer.learning_rate" = [0.01, 0.1]}'
    second = run_sweep("digits-mlp-rates", [*SMALL, more], folder=first.folder)
    assert {f: (f / "summary.json").stat().st_mtime_ns for f in before} == before
    assert [run.state for _, run in second.trials] == ["done"] * 4
    rows = second.rows()
    assert rows[1]["mean"] < rows[0]["mean"]
    assert "0.1" in second.table()
