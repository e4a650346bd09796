"""The report's own names of settings on the page: values in its words, what was printed, their place in the config."""

import pytest
from synthetic import MakeRun, config_table

from handgrad.errors import ConfigError
from handgrad.report.facts import gather
from handgrad.report.html import write_report
from handgrad.report.parameters import parameters
from handgrad.report.published import Published, find_published, load_published

PARAMETERS = [
    {"name": "R", "means": "units <b>", "key": "network.layers.3.units", "value": 3},
    {
        "name": "lr",
        "means": "rate",
        "key": "network.layers.1.learning_rate_multiplier",
        "times": "optimizer.learning_rate",
    },
    {"name": "ACT", "means": "activation", "key": "network.layers.2.type", "value": "relu", "words": {"ReLU": "relu"}},
    {"name": "INIT", "means": "weights", "key": "network.layers.1.init", "value": "normal", "loosely": True},
    {"name": "ORDER", "means": "order", "key": "training.order", "value": "fixed", "words": {"shuffle": "random"}},
    {"name": "X", "means": "nothing here", "key": "network.layers.9.units", "value": 1},
]


def published(**more: object) -> Published:
    return Published.model_validate({"format": 1, "report": "D", "about": "…", "parameters": PARAMETERS} | more)


def test_rows_say_ours_and_what_was_printed(make_run: MakeRun) -> None:
    table = config_table()
    table["network"]["layers"][1]["learning_rate_multiplier"] = 0.3
    section = parameters(gather(make_run(config=table), published()))
    rows = {row["name"]: (row["ours"], row["printed"], row["differs"]) for row in section["rows"]}
    assert rows == {
        "R": ("3", "3", False),
        "lr": ("0.03", "–", False),
        "ACT": ("relu", "relu", False),
        "INIT": ("normal, std 0.1", "normal", False),
        "ORDER": ("random", "fixed", True),
        "X": ("–", "1", True),
    }


def test_the_page_shows_them_escaped(make_run: MakeRun) -> None:
    page = write_report(make_run(), published=published()).read_text()
    assert "units &lt;b&gt;" in page
    assert "<code>training.order</code>" in page
    assert "fixed (other here)" in page


def test_no_names_no_section(make_run: MakeRun) -> None:
    run = make_run()
    assert parameters(gather(run, published(parameters=[]))) is None
    assert parameters(gather(run, None)) is None


def test_a_sweep_borrows_the_names_of_its_experiment() -> None:
    own, borrowed = find_published("threes-ones-conv-perceptron"), find_published("threes-ones-rates")
    assert borrowed.parameters == own.parameters
    assert borrowed.about != own.about


def test_a_parameter_without_a_place_is_refused(tmp_path) -> None:
    path = tmp_path / "x.published.toml"
    path.write_text('format = 1\nreport = "D"\nabout = "…"\n[[parameters]]\nname = "L"\nmeans = "filters"\n')
    with pytest.raises(ConfigError, match=r"parameters\.0\.key"):
        load_published(path)
