"""Which point is best by what, what differs by more than chance, and what a reader is warned of."""

from pathlib import Path

import pytest
from made_runs import made_point, made_run, write_run

from handgrad.compare import Point, compare_points, points_of_runs
from handgrad.compare.grid import heat_map
from handgrad.errors import UsageError
from handgrad.settings import Wording

RATE = "optimizer.learning_rate"


def notes(points: list[Point]) -> list[tuple[str, str]]:
    return [(note.kind, note.text) for note in compare_points("x", "X", points).notes]


def test_a_clear_difference_is_one_and_a_small_one_is_not() -> None:
    found = compare_points(
        "x",
        "X",
        [
            made_point({RATE: 0.1}, [0.100, 0.101, 0.099, 0.100]),
            made_point({RATE: 0.2}, [0.101, 0.099, 0.100, 0.101]),
            made_point({RATE: 0.3}, [0.200, 0.202, 0.199, 0.201]),
        ],
    )
    assert [judged.verdict for judged in found.judged] == ["best", "not told apart", "worse"]
    assert found.pairs == 3
    assert "paired t test" in found.method
    assert "3 pairs by Holm" in found.method
    assert found.judged[1].needed is not None
    assert found.judged[1].needed > 4


def test_a_difference_that_the_correction_takes_away_is_said_to_be_one_by_itself() -> None:
    errors = [[0.100, 0.100, 0.110], [0.120, 0.121, 0.128], *([0.11, 0.19, 0.17 + 0.001 * i] for i in range(8))]
    found = compare_points("x", "X", [made_point({RATE: i}, e) for i, e in enumerate(errors)])
    assert found.judged[1].verdict == "alone"
    assert found.judged[1].test.p < 0.05 < found.judged[1].corrected


def test_validation_chooses_where_there_is_one_and_the_test_is_stated() -> None:
    points = [
        made_point({RATE: 0.1}, [0.10, 0.11], valid_error=0.30),
        made_point({RATE: 0.2}, [0.12, 0.13], valid_error=0.20),
    ]
    found = compare_points("x", "X", points)
    assert (found.measure, found.chosen_by) == ("test_error", "valid_error")
    assert found.best.point.settings == {RATE: 0.2}
    assert found.judged[0].verdict == "not told apart"  # two trials say little, whatever the sign
    assert not any("chosen on the test" in text for _, text in notes(points))


def test_choosing_on_the_test_images_is_warned_of() -> None:
    kinds = notes([made_point({RATE: 0.1}, [0.1, 0.2]), made_point({RATE: 0.2}, [0.2, 0.3])])
    assert any(kind == "caution" and "chosen on the test images" in text for kind, text in kinds)


def test_one_seed_is_no_test() -> None:
    points = [made_point({RATE: 0.1}, [0.1]), made_point({RATE: 0.2}, [0.2])]
    found = compare_points("x", "X", points)
    assert found.judged[1].verdict == "one trial"
    assert found.judged[1].chance == pytest.approx(1.96 * (2 * 0.15 * 0.85 / 1500) ** 0.5)
    assert (found.pairs, found.method) == (0, "")
    assert any("One seed a point" in text for _, text in notes(points))


def test_a_point_of_which_a_trial_diverged_is_not_the_best() -> None:
    points = [made_point({RATE: 1.0}, [0.05, None, 0.06]), made_point({RATE: 0.1}, [0.1, 0.1, 0.11])]
    found = compare_points("x", "X", points)
    assert found.best.point.settings == {RATE: 0.1}
    assert any("1 of 6 trials diverged" in text for _, text in notes(points))


def test_without_errors_the_loss_is_compared_and_without_anything_nothing() -> None:
    runs = [(0, made_run(None)), (1, made_run(None))]
    for _, run in runs:
        run.summary = {"train_loss": 0.5, "test_error": None, "seconds": 1.0}
    losses = compare_points("x", "X", [Point({RATE: 1}, runs), Point({RATE: 2}, runs)])  # type: ignore[arg-type]
    assert losses.measure == "train_loss"
    nothing = compare_points("x", "X", [made_point({RATE: 1}, [None])])
    assert nothing.best is None
    assert [judged.verdict for judged in nothing.judged] == ["not measured"]


# ------------------------------------------------------------------------------------------------ runs


def sgd(rate: float) -> dict[str, object]:
    return {"type": "sgd", "learning_rate": rate}


def test_runs_that_differ_in_seeds_alone_are_trials_of_one_point(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / f"{rate}-{seed}", rate + seed / 1000, seed=seed, title=f"{seed}", optimizer=sgd(rate))
        for rate in (0.1, 0.2)
        for seed in (3, 1)
    ]
    points = points_of_runs(runs)
    assert [point.settings for point in points] == [{RATE: 0.1}, {RATE: 0.2}]
    assert points[0].measured("test_error") == pytest.approx({0: 0.101, 1: 0.103})
    assert [point.label for point in points] == ["learning rate 0.1", "learning rate 0.2"]


def test_runs_without_a_seed_in_common_are_not_paired(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / f"{rate}-{seed}", 0.1 * rate + seed / 1000, seed=seed, optimizer=sgd(rate))
        for rate, seed in ((0.1, 0), (0.1, 1), (0.2, 2), (0.2, 3))
    ]
    points = points_of_runs(runs)
    found = compare_points("x", "X", points)
    assert found.judged[1].verdict == "one trial"
    assert found.judged[1].test.pairs == 0
    assert any("No seed in common" in text for _, text in notes(points))


def test_runs_on_other_data_are_told(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / "a", 0.1),
        write_run(tmp_path / "b", 0.2, told={"name": "notmnist", "test": 50}),
        write_run(tmp_path / "c", 0.2, optimizer=sgd(3.0), told={"sampled": True}, status={"data": {"sampled": True}}),
    ]
    found = notes(points_of_runs(runs))
    assert found[0][0] == "wrong"
    text = " ".join(text for _, text in found)
    assert "notmnist, 50 test images" not in text  # same config, same seed: the first one named counts
    assert "1 run repeats the settings and seeds of another" in text
    assert "small sample" in text


def test_versions_and_unfinished_runs_are_told(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / "a", 0.1, status={"versions": {"numpy": "1.26"}, "threads": 1}),
        write_run(tmp_path / "b", None, state="interrupted", optimizer=sgd(0.2)),
        write_run(tmp_path / "c", 0.2, optimizer=sgd(0.3), status={"threads": 2}),
    ]
    text = " ".join(text for _, text in notes(points_of_runs(runs)))
    assert "1 of 3 trials is interrupted" in text
    assert "numpy 1.26 and 2.0" in text
    assert "threads 1 and 2" in text


def test_stopping_on_the_test_set_is_told(tmp_path: Path) -> None:
    stop = {"iterations": 100, "stop": {"on": "test", "error": 0.07}}
    runs = [write_run(tmp_path / str(rate), rate, training=stop, optimizer=sgd(rate)) for rate in (0.1, 0.2)]
    assert any("test set decides when training stops" in text for _, text in notes(points_of_runs(runs)))


def test_runs_that_differ_in_much_get_letters(tmp_path: Path) -> None:
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 5}, {"type": "ReLU"}, {"type": "Dense", "units": 10}]
    runs = [write_run(tmp_path / "a", 0.1), write_run(tmp_path / "b", 0.2, network={"layers": layers})]
    points = points_of_runs(runs)
    assert [point.label for point in points] == ["A (mine)", "B (mine)"]
    assert points[1].settings["network.layers.2.type"] == "ReLU"
    assert points[0].settings["network.layers.2.type"] is None


def test_no_runs_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="name the runs"):
        points_of_runs([])


# ------------------------------------------------------------------------------------------------ heat map

FILTERS, PERCEPTRON = "network.layers.0.learning_rate_multiplier", "network.layers.3.learning_rate_multiplier"


def test_a_heat_map_tells_frozen_diverged_failed_and_missing_cells_apart() -> None:
    points = [
        made_point({FILTERS: 0.0, PERCEPTRON: 0.1}, [0.4, 0.5]),
        made_point({FILTERS: 0.0, PERCEPTRON: 1.0}, [0.4, None]),
        made_point({FILTERS: 1.0, PERCEPTRON: 1.0}, [None, None]),
    ]
    points[2].trials[0][1].state = "failed"  # type: ignore[misc]
    wording = Wording({FILTERS: "lrA", PERCEPTRON: "lrW"})
    grid = heat_map(compare_points("x", "X", points, wording))
    assert grid is not None
    assert (grid.row_name, grid.column_name) == ("lrA", "lrW")
    assert (grid.rows, grid.columns) == (["0 (frozen)", "1"], ["0.1", "1"])
    assert grid.cells[0][0].best
    assert (grid.cells[0][1].state, grid.cells[0][1].lost, grid.cells[0][1].trials) == ("diverged", 1, 2)
    assert grid.cells[1][0].judged is None
    assert (grid.cells[1][1].state, grid.cells[1][1].mean) == ("failed", None)


def test_one_key_or_linked_points_make_no_heat_map() -> None:
    one = [made_point({RATE: r}, [0.1, 0.2]) for r in (1, 2)]
    diagonal = [made_point({RATE: r, "training.batch_size": r}, [0.1, 0.2]) for r in (1, 2)]
    assert heat_map(compare_points("x", "X", one)) is None
    assert heat_map(compare_points("x", "X", diagonal)) is None
