"""Random search and TPE: points that depend on the seed and on results alone."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest
from sweeping import summaries, write_tiny

from handgrad.config import ChoicesConfig, RandomSearchConfig, RangeConfig
from handgrad.config_file import load_config
from handgrad.errors import ConfigError, UsageError
from handgrad.runs import Run
from handgrad.sweep import SweepResult, Where, load_sweep, make_trials, run_sweep
from handgrad.sweep.points import write_points
from handgrad.sweep.search import draw_points
from handgrad.sweep.worker import Cutter

HERE = Where(workers=1)
SPACE: dict[str, Any] = {
    "optimizer.learning_rate": RangeConfig(low=1e-4, high=1e-1, log=True),
    "network.layers.1.units": RangeConfig(low=2, high=4),
    "network.layers.2.type": ChoicesConfig(choices=["Tanh", "Sigmoid"]),
}
TPE = """
[sweep.search]
type = "tpe"
points = 6
generation = 2
minimize = "valid_error"
prune = true

[sweep.search.space]
"optimizer.learning_rate" = { low = 1e-4, high = 0.1, log = true }
"""
RANDOM = """
[sweep.search]
type = "random"
points = 3
space = { "optimizer.learning_rate" = { low = 0.001, high = 0.1 } }
"""


def test_random_points_fill_their_ranges() -> None:
    points = draw_points(RandomSearchConfig(type="random", points=300, space=SPACE))
    logs = [math.log10(point["optimizer.learning_rate"]) for point in points]
    assert min(logs) >= -4
    assert max(logs) <= -1
    for decade in (-4, -3, -2):
        assert 70 <= sum(decade <= value < decade + 1 for value in logs) <= 130
    assert {point["network.layers.1.units"] for point in points} == {2, 3, 4}
    assert {point["network.layers.2.type"] for point in points} == {"Tanh", "Sigmoid"}


def test_linked_ranges_move_together(tmp_path: Path) -> None:
    lines = RANDOM.replace("optimizer.learning_rate", "loss.l1,loss.l2")
    trials = make_trials(load_config(write_tiny(tmp_path, lines))[1])
    assert len({trial.config.loss.l1 for trial in trials}) == 3
    assert all(trial.config.loss.l1 == trial.config.loss.l2 for trial in trials)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (RANDOM.replace("high = 0.1", "high = 1e-9"), "low must be below high"),
        (RANDOM.replace("low = 0.001", "log = true, low = 0"), "log = true needs low above 0"),
        ("grid = { seed = [1] }\n" + RANDOM, "not both"),
        (TPE.replace("valid_error", "test_eror"), "minimize"),
        ('timeout = "soon"', "timeout"),
    ],
)
def test_mistakes_in_the_section_are_named(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_config(write_tiny(tmp_path, lines))


def test_more_random_points_keep_the_first(tmp_path: Path) -> None:
    first = run_sweep(write_tiny(tmp_path, RANDOM), out=tmp_path, where=HERE)
    before = summaries(first.folder)
    second = run_sweep(overrides=["sweep.search.points=5"], folder=first.folder, where=HERE)
    assert [run.state for _, run in second.trials] == ["done"] * 5
    assert {name: summaries(first.folder)[name] for name in before} == before
    assert [trial.name for trial, _ in second.trials[:3]] == [trial.name for trial, _ in first.trials]


def test_tpe_proposes_the_same_again(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    experiment = write_tiny(tmp_path, TPE)
    first, second = (run_sweep(experiment, out=tmp_path, where=HERE) for _ in range(2))
    assert [run.state for _, run in first.trials] == ["done"] * 6
    assert len({trial.name for trial, _ in first.trials}) == 6
    assert settings(first) == settings(second) == settings(load_sweep(first.folder))


@pytest.mark.parametrize("when", [1, 2, 3, 4])
def test_a_killed_tpe_search_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    """Killed where its points are to be written: proposed but not written down, or told but not noted as such."""
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    experiment = write_tiny(tmp_path, TPE)
    whole = run_sweep(experiment, out=tmp_path, where=HERE)
    calls = []

    def killed(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == when:
            raise KeyboardInterrupt
        write_points(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("handgrad.sweep.tpe.write_points", killed)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(experiment, out=tmp_path, where=Where(workers=1), folder=tmp_path / "killed")
    resumed = run_sweep(folder=tmp_path / "killed", where=HERE)
    assert settings(resumed) == settings(whole)
    assert [run.state for _, run in resumed.trials] == ["done"] * 6


def settings(result: SweepResult) -> list[dict[str, Any]]:
    return [trial.settings for trial, _ in result.trials]


def test_a_trial_that_is_behind_is_cut_off(tmp_path: Path) -> None:
    class Writer:
        ended_by = None

    cutter = Cutter("valid_error", {31: 0.2})
    writer: Any = Writer()
    cutter.writer = writer
    stops = []
    for iteration, error in ((0, 0.9), (31, 0.2), (31, 0.3)):
        cutter.on_record({"iteration": iteration, "valid_error": error})
        stops.append(cutter.on_step(writer, 0.0))
    assert (stops, writer.ended_by) == ([False, False, True], "pruned")


def test_pruned_trials_are_done_and_say_so(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    lines = TPE.replace("points = 6", "points = 12").replace("valid_error", "valid_loss")
    result = run_sweep(write_tiny(tmp_path, lines), ["training.epochs=4"], out=tmp_path, where=HERE)
    ended = {run.summary["stopped_by"] for _, run in result.trials}
    assert ended == {"epochs", "pruned"}
    pruned = [run for _, run in result.trials if run.summary["stopped_by"] == "pruned"]
    assert all(run.state == "done" and run.summary["epochs"] < 4 for run in pruned)
    with open(result.folder / "trials.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["stopped_by"] == "pruned" for row in rows) == len(pruned)


def test_tpe_cannot_be_cut_into_shards(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shards"):
        run_sweep(write_tiny(tmp_path, TPE), out=tmp_path, where=Where(shard=(1, 2)))
    assert not list(tmp_path.glob("*/sweep.toml"))


def test_a_diverged_point_is_the_worst(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    lines = TPE.replace("{ low = 1e-4, high = 0.1, log = true }", "{ choices = [0.01, 1e200] }")
    result = run_sweep(write_tiny(tmp_path, lines), ["network.layers.2.type=Identity"], out=tmp_path, where=HERE)
    states = {trial.settings["optimizer.learning_rate"]: Run(run.folder).state for trial, run in result.trials}
    assert states == {0.01: "done", 1e200: "diverged"}
    assert result.failed == 0
