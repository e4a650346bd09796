"""Published numbers: what the files say, how they compare, and what is flagged."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import MakeRun, config_table, evaluations, summary_of

from handgrad.errors import ConfigError
from handgrad.report import write_report
from handgrad.report.published import compare, compare_classes, find_published, load_published

DIGITS = [str(digit) for digit in range(10)]
HEAD = 'format = 1\nreport = "X"\nabout = "about"\n'


def test_report_a_the_fourth_class_is_corrected_and_the_mean_then_fits() -> None:
    published = find_published("digits-mlp-inverse-sqrt")
    assert published is not None
    rows = compare_classes(published, {}, DIGITS)
    assert [row.label for row in rows if row.corrected] == ["3"]
    assert rows[3].printed == "0.013"
    assert rows[3].theirs == 0.13
    average = next(row for row in compare(published, {}) if row.metric == "test_mean_class_error")
    assert np.mean([row.theirs for row in rows]) == pytest.approx(average.theirs, abs=1e-12)


def test_report_a_sums_are_compared_per_image() -> None:
    published = find_published("digits-mlp-inverse-sqrt")
    assert published is not None
    by_metric = {row.metric: row for row in compare(published, {"test_loss": 0.34, "batch_loss": 0.2})}
    assert by_metric["test_loss"].theirs == pytest.approx(0.335, abs=5e-4)
    assert by_metric["batch_loss"].theirs == pytest.approx(0.230, abs=5e-4)
    assert by_metric["test_loss"].difference == pytest.approx(0.34 - 1675.58 / 5000)
    text = " ".join(flag.text for flag in published.flags)
    for expected in ("0.013", "11.51", "1675.58", "0.230", "0.335", "test set chose", "harder half"):
        assert expected in text


def test_report_c_accuracy_called_error_is_turned_round() -> None:
    published = find_published("digits-mlp-l1-halving")
    assert published is not None
    (row,) = compare(published, {"test_error": 0.18})
    assert row.theirs == pytest.approx(0.1745)
    assert row.printed == "82.55 %"
    text = " ".join(flag.text for flag in published.flags)
    for expected in ("accuracy", "plus is a slip", "number of epochs is not given"):
        assert expected in text


def test_report_e_overall_fits_neither_mean_of_its_list() -> None:
    published = find_published("digits-mlp-constant")
    assert published is not None
    rows = compare_classes(published, {}, DIGITS)
    overall = compare(published, {})[0].theirs
    shown = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]  # MNIST's 10,000 test images by class
    assert 100 * np.mean([row.theirs for row in rows]) == pytest.approx(2.8035)
    assert 100 * np.average([row.theirs for row in rows], weights=shown) == pytest.approx(2.743, abs=5e-4)
    assert 100 * overall == pytest.approx(2.76)
    text = " ".join(flag.text for flag in published.flags)
    for expected in ("2.760", "2.804", "2.743", "initialisation is not stated"):
        assert expected in text


def test_published_numbers_never_become_results(make_run: MakeRun) -> None:
    run = make_run(experiment="digits-mlp-constant")
    before = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    write_report(run)
    assert {name: (run.folder / name).read_bytes() for name in before} == before


def test_verdict_sets_ours_against_theirs(make_run: MakeRun) -> None:
    lines = evaluations(20)
    summary = summary_of(lines[-1], test_error=0.0256)
    run = make_run(experiment="digits-mlp-constant", metrics=lines, summary=summary)
    html = write_report(run).read_text("utf-8").replace("\u00a0", " ")
    assert "Report E published 2.76 %: ours is 0.20 points lower, within the 2.34 to 2.83 % of independent runs" in html
    assert "ours lies within" in html


def test_verdict_of_report_a_speaks_of_the_average(make_run: MakeRun) -> None:
    lines = evaluations(20, classes=10)
    summary = summary_of(lines[-1], test_mean_class_error=0.105)
    run = make_run(
        experiment="digits-mlp-inverse-sqrt",
        metrics=lines,
        summary=summary,
        classes=10,
        config=config_table(10, display={"loss": "sum"}),
    )
    html = write_report(run).read_text("utf-8").replace("\u00a0", " ")
    assert "has an average error of 10.50 % over the classes" in html
    assert "Report A published 9.80 %: ours is 0.70 points higher" in html
    assert "a sum over 5,000 images" in html
    assert 'class="struck"' in html


@pytest.mark.parametrize("name", ["digits-mlp-rates", "mine", "../digits-mlp-constant", ""])
def test_most_experiments_have_nothing_published(name: str) -> None:
    assert find_published(name) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format = ", "not valid TOML"),
        (HEAD + "colour = 1", "colour"),
        (HEAD + '[[values]]\nlabel = "x"\nunit = "fraction"', "exactly one of"),
        (HEAD + '[[values]]\nlabel = "x"\nvalue = 1.0\nunit = "sum"', "summed over"),
        (HEAD + '[[values]]\nlabel = "x"\nvalue = 1.0\nunit = "furlong"', "unit"),
        (
            HEAD + '[[values]]\nlabel = "x"\nvalues = [1.0]\nunit = "percent"\n'
            'corrections = [{ index = 1, value = 2.0, why = "y" }]',
            "outside",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_key(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "x.published.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=expected) as caught:
        load_published(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_published(tmp_path / "none.toml")


def test_a_list_of_another_length_is_not_compared() -> None:
    published = find_published("digits-mlp-constant")
    assert published is not None
    assert compare_classes(published, {}, ["only", "two"]) == []


def test_times_are_said_as_times() -> None:
    from handgrad.report.published import Comparison
    from handgrad.report.results import _comparison_row

    row = _comparison_row(Comparison("Time taken", "seconds", "232.41 s", 232.41, 59.5), comparable=True)
    assert (row["ours"], row["theirs"], row["difference"]) == ("59.5 s", "3 min 52 s", "–")
