"""Curves over trials: only shared places count, thinning keeps the ends, one key varies at a time."""

from pathlib import Path

import numpy as np
from made_runs import made_point, write_run

from handgrad.compare import points_of_runs
from handgrad.compare.bands import alike_but_one, band_of, progress_axis, thin_band


def test_a_band_spans_its_trials_where_all_were_evaluated() -> None:
    short = [{"iteration": k, "test_error": 0.5} for k in (0, 10)]
    long = [{"iteration": k, "test_error": 0.3} for k in (0, 10, 20)]
    band = band_of("x", [short, long], "test_error")
    assert band.x.tolist() == [0, 10]
    assert (band.low.tolist(), band.high.tolist()) == ([0.3, 0.3], [0.5, 0.5])
    assert band_of("x", [short, []], "test_error") is None
    assert band_of("x", [short], "valid_error") is None


def test_thinning_keeps_both_ends() -> None:
    lines = [{"iteration": k, "loss": 1 / (1 + k)} for k in range(1001)]
    band = thin_band(band_of("x", [lines], "loss"), 50)
    assert len(band.x) == 50
    assert (band.x[0], band.x[-1]) == (0, 1000)


def test_epochs_are_the_axis_where_batches_differ(tmp_path: Path) -> None:
    batches = [{"iterations": 100, "batch_size": size} for size in (10, 20)]
    runs = [write_run(tmp_path / str(i), 0.1, training=t) for i, t in enumerate(batches)]
    assert progress_axis(points_of_runs(runs)) == "epoch"
    assert progress_axis(points_of_runs(runs[:1])) == "iteration"


def test_alike_but_one_key() -> None:
    points = [made_point({"a": a, "b": b}, [0.1]) for a in (1, 2, 3) for b in (1, 2)]
    found = alike_but_one(points, points[3], "a")
    assert [p.settings for p in found] == [{"a": 1, "b": 2}, {"a": 2, "b": 2}, {"a": 3, "b": 2}]
    assert np.all([p.settings["b"] == 2 for p in found])
