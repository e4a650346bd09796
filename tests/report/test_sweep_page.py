"""A sweep's page: findings computed from the numbers, chance named as chance, published figures beside ours."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from handgrad.config_file import load_config
from handgrad.report.findings import Point, chance_of_difference
from handgrad.report.findings import findings as found
from handgrad.report.published import find_published
from handgrad.report.sweep import write_sweep_report
from handgrad.sweep import run_sweep


@dataclass
class FakeRun:
    summary: dict[str, Any] = field(default_factory=dict)


def point(units: int, errors: list[float], seconds: float = 10.0) -> Point:
    runs = {
        seed: FakeRun({"test_error": e, "seconds": seconds, "data": {"test": 1500}}) for seed, e in enumerate(errors)
    }
    return Point({"network.layers.1.units": units}, runs, ["done"] * len(errors))


def findings(points: list[Point]) -> list[str]:
    """The sentences with plain spaces."""
    return [sentence.replace("\xa0", " ") for sentence in found(points)]


def test_a_difference_within_the_spread_is_called_chance() -> None:
    said = findings([point(1000, [0.101, 0.097, 0.105]), point(2000, [0.099, 0.101, 0.1035])])
    assert "within chance, no finding" in said[1]
    assert "1,500 images" in said[1]


def test_a_difference_beyond_the_spread_is_called_one() -> None:
    said = findings([point(100, [0.150, 0.151, 0.149]), point(1000, [0.100, 0.101, 0.100])])
    assert said[0].startswith("Best on the test images: units 1000, 89.97 % right on average over 3 seeds")
    assert "more than chance" in said[1]
    assert "5.00 points" in said[1] or "4.97 points" in said[1]


def test_one_run_each_is_judged_by_the_binomial() -> None:
    bound, how = chance_of_difference(point(1, [0.1]), point(2, [0.1]))
    assert how == "binomial, one run each"
    assert bound == pytest.approx(1.96 * (2 * 0.1 * 0.9 / 1500) ** 0.5)


def test_times_and_missing_points_are_told() -> None:
    said = findings(
        [point(100, [0.1], 5.0), point(2000, [0.1], 50.0), Point({"network.layers.1.units": 7}, {}, ["failed"])]
    )
    assert any("10.0 times as long" in sentence for sentence in said)
    assert any("Without a finished run: units 7" in sentence for sentence in said)
    assert findings([Point({"a": 1}, {}, ["failed"])]) == ["No trial finished."]


def test_published_points_belong_to_the_grid() -> None:
    for name in ("letters-mlp-units", "letters-cnn-l2", "letters-cnn-dropout"):
        grid = next(iter(load_config(name)[1].sweep.grid.values()))
        values = [v[0] if isinstance(v, list) else v for v in grid]
        assert [p.value for p in find_published(name).points] == values


def test_the_page_of_a_real_sweep(tmp_path: Path) -> None:
    small = [
        "data.train_images=400",
        "data.test_images=200",
        "training.epochs=1",
        "training.batches_per_epoch=8",
        "sweep.trials=2",
        'sweep.grid={"optimizer.learning_rate" = [0.05, 1e30]}',
        'title="<script>alert(1)</script>"',
    ]
    result = run_sweep("digits-mlp-rates", small, out=tmp_path)
    page = write_sweep_report(result).read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "diverged" in page
    assert "learning rate 0.05" in page
    assert "learning rate 1e+30" in page
