"""Both ways of normalising at test time, side by side, and the net left as it was."""

from pathlib import Path

import pytest

from handgrad.experiment import train
from handgrad.report import write_report
from handgrad.report.batch_statistics import both_ways
from handgrad.report.facts import gather
from handgrad.report.words import percent
from handgrad.runs import Run

CNN = [
    {"type": "Conv2D", "filters": 3, "kernel": 5, "stride": 2},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "Flatten"},
    {"type": "Dense", "units": 10},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    overrides = {
        "data.train_images": 300,
        "data.test_images": 200,
        "network.layers": CNN,
        "training.iterations": 12,
        "training.batch_size": 30,
    }
    return train("digits-mlp-constant", overrides, out=tmp_path_factory.mktemp("runs"), quiet=True)


def test_both_ways_are_measured(run: Run) -> None:
    data = both_ways(gather(run, None))
    assert data is not None
    running, batch = data["rows"]
    assert running["configured"]
    assert not batch["configured"]
    assert running["accuracy"] == percent(1 - run.summary["test_error"])
    assert batch["label"] == "each batch of 30 by its own"
    assert batch["loss"] != running["loss"]
    assert not run.network.layers[1].batch_statistics_at_test
    assert run.evaluate().error == run.summary["test_error"]


def test_the_page_has_the_section(run: Run) -> None:
    assert "Batch normalisation at test time" in write_report(run).read_text("utf-8")


def test_a_net_without_it_has_none(tmp_path: Path) -> None:
    small = {"data.train_images": 100, "data.test_images": 50, "training.iterations": 2}
    assert both_ways(gather(train("digits-mlp-constant", small, out=tmp_path, quiet=True), None)) is None
