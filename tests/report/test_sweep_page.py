"""A sweep's page: findings computed from the numbers, chance named as chance, published figures beside ours."""

from pathlib import Path
from typing import Any

import pytest

from handgrad.compare import Point, compare_points
from handgrad.config_file import load_config
from handgrad.report.findings import findings as found
from handgrad.report.findings import headline
from handgrad.report.published import find_published
from handgrad.report.sweep import write_sweep_report
from handgrad.report.wording import wording_of
from handgrad.runs import Run
from handgrad.sweep import load_sweep, run_sweep

UNITS = "network.layers.1.units"
FILTERS, PERCEPTRON = "network.layers.0.learning_rate_multiplier", "network.layers.3.learning_rate_multiplier"


class FakeRun(Run):
    """A run that is its summary."""

    def __init__(self, error: float | None, seconds: float = 10.0) -> None:
        super().__init__(Path(__file__).parent)
        state = "done" if error is not None else "diverged"
        data = {"name": "mnist", "test": 1500, "valid": 0}
        values = {"status": {"state": state}, "metrics": [], "config": load_config("digits-mlp-constant")[1]}
        values["summary"] = {} if error is None else {"test_error": error, "seconds": seconds, "data": data}
        self.__dict__.update(values)


def point(settings: dict[str, Any], errors: list[float | None], seconds: float = 10.0) -> Point:
    return Point(settings, [(seed, FakeRun(error, seconds)) for seed, error in enumerate(errors)])


def units(number: int, errors: list[float | None], seconds: float = 10.0) -> Point:
    return point({UNITS: number}, errors, seconds)


def findings(points: list[Point]) -> list[str]:
    return found(compare_points("x", "X", points))


def test_a_difference_within_the_spread_is_called_chance() -> None:
    said = findings([units(1000, [0.101, 0.097, 0.105]), units(2000, [0.099, 0.101, 0.1035])])
    assert said[1] == "It is not told apart from the other one: the differences are within chance."
    assert "within chance, no finding" in said[2]
    assert "1,500 images" in said[2]
    assert "Even a thousand trials" in said[2]


def test_a_difference_beyond_the_spread_is_called_one() -> None:
    said = findings([units(100, [0.150, 0.151, 0.149]), units(1000, [0.100, 0.101, 0.100])])
    assert said[0].startswith("Best on the test images: units 1000, 89.97 % right on average over 3 trials")
    assert said[1] == "It differs from the other by more than chance."
    assert (
        "units 100 is 4.97 points worse, 74.5 of 1,500 images: more than chance (paired t test over 3 trials" in said[2]
    )


def test_the_trials_that_would_tell_them_apart_are_told() -> None:
    said = findings([units(1, [0.10, 0.11, 0.12, 0.10]), units(2, [0.11, 0.115, 0.14, 0.10])])
    assert "About 10 trials each would tell such a difference apart, a rough figure from so few trials." in said[2]


def test_points_with_the_same_figures_are_level() -> None:
    said = findings([units(1, [0.10, 0.12]), units(2, [0.12, 0.10]), units(3, [0.2, 0.3])])
    assert said[0].endswith("from 88.00 % to 90.00 %, level with units 2.")
    assert "units 2 has the same mean." in said


def test_one_run_each_is_judged_by_the_number_of_images() -> None:
    said = findings([units(1, [0.10]), units(2, [0.11])])
    assert said[0].endswith("90.00 % right in one run.")
    assert "within the ±2.19 points that the number of images leaves open" in said[1]


def test_times_and_missing_points_are_told() -> None:
    said = findings([units(100, [0.1], 5.0), units(2000, [0.1], 50.0), units(7, [None])])
    assert any("10.0 times as long" in sentence for sentence in said)
    assert any("Diverged in every trial: units 7." in sentence for sentence in said)
    assert findings([units(1, [None])]) == ["No trial finished."]


def test_a_large_grid_is_told_in_groups() -> None:
    points = [
        point({FILTERS: a, PERCEPTRON: b}, [0.1 * (1 - a) + 0.05 * (1 - b) + 0.01 * s + 0.02 for s in range(4)])
        for a in (0.0, 0.5, 1.0)
        for b in (0.0, 0.25, 0.5, 1.0)
    ]
    points.append(point({FILTERS: 2.0, PERCEPTRON: 1.0}, [0.02, None, 0.03, 0.05]))
    said = found(compare_points("x", "X", points, wording_of("threes-ones-conv-perceptron")))
    assert said[0].startswith("Best on the test images: lrA 1, lrW 1, 96.50 % right")
    assert any(s.startswith("With lrA 0, which keeps its weights as they were drawn, at best 86.50 %") for s in said)
    assert any(s == "Diverged in some trials: lrA 2, lrW 1 (1 of 4)." for s in said)
    assert len(said) < 12


def test_the_headline_says_whether_the_best_stands_out() -> None:
    comparison = compare_points("x", "X", [units(1, [0.1, 0.11]), units(2, [0.1, 0.12])])
    assert headline(comparison).count(".") >= 2
    assert "not told apart" in headline(comparison)


def test_published_points_belong_to_the_grid() -> None:
    for name in ("letters-mlp-units", "letters-cnn-l2", "letters-cnn-dropout"):
        grid = next(iter(load_config(name)[1].sweep.grid.values()))
        values = [v[0] if isinstance(v, list) else v for v in grid]
        assert [p.value for p in find_published(name).points] == values


SMALL = [
    "data.train_images=400",
    "data.test_images=200",
    "training.epochs=1",
    "training.batches_per_epoch=8",
    "sweep.trials=2",
    'title="<script>alert(1)</script>"',
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A real sweep over two keys, one of whose rows diverges."""
    grid = 'sweep.grid={"optimizer.learning_rate" = [0.05, 1e30], "training.batch_size" = [20, 50]}'
    result = run_sweep("digits-mlp-rates", [*SMALL, grid], out=tmp_path_factory.mktemp("sweep"))
    return write_sweep_report(load_sweep(result.folder)).read_text("utf-8")


def test_the_page_of_a_real_sweep_is_safe_and_complete(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    for section in ("heat-map", "findings", "results", "differences", "curves", "trials"):
        assert f'<section id="{section}">' in page
    assert page.count("<svg") == 2
    assert "nan" not in page[: page.index('<section id="trials">')]  # there the causes say what was nan


def test_the_page_shows_diverged_cells_as_diverged(page: str) -> None:
    heat = page[page.index('<section id="heat-map">') : page.index('<section id="findings">')]
    assert heat.count("<small>diverged</small>") == 2
    assert heat.count('class="lost"') == 2
    assert heat.count('class=" best"') == 1
    assert "1e+30" in heat


def test_a_sweep_that_did_not_run_is_shown_as_pending(tmp_path: Path) -> None:
    result = run_sweep("digits-mlp-rates", [*SMALL, 'sweep.grid={"optimizer.learning_rate" = [0.05]}'], out=tmp_path)
    text = (result.folder / "sweep.toml").read_text()
    assert "0.05" in text
    (result.folder / "sweep.toml").write_text(text.replace("0.05,", "0.05,\n    0.06,"))
    page = write_sweep_report(load_sweep(result.folder)).read_text("utf-8")
    assert "2 of 4 trials are pending" in page
    assert "Without a finished run: learning rate 0.06." in page
