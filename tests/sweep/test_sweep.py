"""Sweeps: the grid expanded, trials known by their config, only what is missing run."""

import csv
from pathlib import Path

import pytest
from sweeping import summaries, write_tiny

from handgrad.config_file import load_config
from handgrad.errors import RunLockedError, UsageError
from handgrad.run_folder import RunLock
from handgrad.sweep import Where, load_sweep, make_trials, run_sweep

HERE = Where(workers=1)
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
    first = run_sweep("digits-mlp-rates", [*SMALL, grid], out=tmp_path, where=HERE)
    states = [run.state for _, run in first.trials]
    assert states == ["done", "done", "diverged", "diverged"]
    assert first.failed == 0
    before = {run.folder: (run.folder / "summary.json").stat().st_mtime_ns for _, run in first.trials[:2]}
    more = 'sweep.grid={"optimizer.learning_rate" = [0.01, 0.1]}'
    second = run_sweep(overrides=[more], folder=first.folder, where=HERE)
    assert {f: (f / "summary.json").stat().st_mtime_ns for f in before} == before
    assert [run.state for _, run in second.trials] == ["done"] * 4
    rows = second.rows()
    assert rows[1]["mean"] < rows[0]["mean"]
    assert "0.1" in second.table()
    assert second.name == "digits-mlp-rates"


def test_a_trial_keeps_its_metrics_only_unless_asked(tmp_path: Path) -> None:
    experiment = write_tiny(tmp_path, "trials = 1")
    lean = run_sweep(experiment, ["training.checkpoint_every='1 iterations'"], out=tmp_path, where=HERE)
    (folder,) = (lean.folder / "trials").iterdir()
    assert {p.name for p in folder.iterdir()} == {
        "config.toml",
        "lock",
        "log.txt",
        "metrics.jsonl",
        "status.json",
        "summary.json",
    }
    full = run_sweep(experiment, ["sweep.keep=all"], out=tmp_path, where=HERE)
    (folder,) = (full.folder / "trials").iterdir()
    assert (folder / "weights.safetensors").is_file()
    assert [s["weights_sha256"] for s in summaries(full.folder).values()] == [
        s["weights_sha256"] for s in summaries(lean.folder).values()
    ]


def test_two_shards_fill_one_folder(tmp_path: Path) -> None:
    experiment = write_tiny(tmp_path, "trials = 5")
    first = run_sweep(experiment, out=tmp_path, where=Where(shard=(1, 2)))
    assert [run.state for _, run in first.trials] == ["done", "pending"] * 2 + ["done"]
    assert first.failed == 0
    second = run_sweep(experiment, out=tmp_path, where=Where(shard=(2, 2)))
    assert second.folder == first.folder
    assert [run.state for _, run in second.trials] == ["done"] * 5
    with open(first.folder / "trials.csv", encoding="utf-8", newline="") as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["done"] * 5
    whole = run_sweep(experiment, out=tmp_path, where=HERE)
    assert summaries(whole.folder) == summaries(first.folder)


def test_a_trial_that_fails_is_reported_and_the_others_complete(tmp_path: Path) -> None:
    data = tmp_path / "later.npz"
    grid = f'grid = {{ "data.source" = ["mnist", "{data}"] }}'
    first = run_sweep(write_tiny(tmp_path, grid), out=tmp_path, where=HERE)
    assert [run.state for _, run in first.trials] == ["done", "failed"]
    assert first.failed == 1
    assert "later.npz" in first.trials[1][1].status["cause"]
    assert "Traceback" in (first.trials[1][1].folder / "log.txt").read_text("utf-8")


def test_a_running_sweep_is_not_started_twice(tmp_path: Path) -> None:
    sweep = run_sweep(write_tiny(tmp_path, "trials = 1"), out=tmp_path, where=HERE)
    with RunLock(sweep.folder), pytest.raises(RunLockedError):
        run_sweep(folder=sweep.folder, where=HERE)


def test_a_folder_that_is_no_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no sweep"):
        load_sweep(tmp_path)


def test_without_dask_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handgrad.sweep.engines.has_dask", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'handgrad\[sweep\]'"):
        run_sweep(write_tiny(tmp_path, "trials = 1"), out=tmp_path, where=Where(workers=2))
