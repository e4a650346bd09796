"""Filters kept during training: the right weights at the right moments, the same after a resume, none in a lean run."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.build import read_data
from handgrad.errors import LoadError
from handgrad.experiment import resolve, resume, train
from handgrad.filters import FILE, MOST_BYTES, filter_layer, load_snapshots, moments
from handgrad.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D
from handgrad.network import Network
from handgrad.run_folder import RunLock, create_folder, new_run_name
from handgrad.runs import Run
from handgrad.storage import arrays_to_bytes
from handgrad.trial import begin_attempt, make_trainer, run_trial, train_here

NAME = "threes-ones-conv-perceptron"
SMALL = {"data.train_images": 10, "training.epochs": 20}


class StopAt:
    """A listener that asks to stop after some updates."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def on_record(self, record: dict) -> None:
        """Nothing."""

    def on_step(self, trainer, loss: float) -> bool:
        return trainer.iteration == self.iteration


def snapshots(run: Run) -> dict:
    return load_snapshots(run.folder, filter_layer(run.network))


def test_moments_are_few_and_lie_between_beginning_and_end() -> None:
    assert moments(200, 10) == [10, 20, 30, 40, 70, 90, 140]
    assert moments(10, 10) == []
    assert moments(5, 10) == []
    for total, every in ((1, 1), (2, 1), (8000, 1), (10_000, 1200), (10**7, 3)):
        found = moments(total, every)
        assert len(found) <= 8
        assert all(0 < k < total and k % every == 0 for k in found)


def test_a_snapshot_is_the_net_at_that_moment(tmp_path: Path) -> None:
    found = snapshots(train(NAME, SMALL, out=tmp_path, quiet=True))
    assert list(found) == moments(200, 10)
    for k in (10, 90):
        short = train(NAME, {**SMALL, "training.iterations": k}, out=tmp_path, quiet=True)
        np.testing.assert_array_equal(found[k], short.network.parameters["0.W"])
    assert not np.array_equal(found[10], found[20])


def test_units_of_a_dense_layer_are_laid_out_as_the_image(tmp_path: Path) -> None:
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2}]
    run = train(NAME, {**SMALL, "network.layers": layers, "optimizer.learning_rate": 0.01}, out=tmp_path, quiet=True)
    layer = filter_layer(run.network)
    W = run.network.parameters["1.W"]
    np.testing.assert_array_equal(layer.pictures(W)[1, 0], W[:, 1].reshape(28, 28))
    assert snapshots(run)[10].shape == (2, 1, 28, 28)


@pytest.mark.parametrize("at", [1, 10, 15, 90, 139, 140, 199])
def test_resume_leaves_the_same_file(tmp_path: Path, at: int) -> None:
    whole = train(NAME, SMALL, out=tmp_path, quiet=True)
    folder = tmp_path / new_run_name(NAME)
    config = resolve(NAME, SMALL)[1]
    assert run_trial(config, folder, experiment=NAME, listeners=(StopAt(at),)) == "interrupted"
    assert resume(folder, quiet=True).state == "done"
    assert (folder / FILE).read_bytes() == (whole.folder / FILE).read_bytes()


def test_moments_after_the_checkpoint_are_taken_anew(tmp_path: Path) -> None:
    """A kill loses what came after the last checkpoint; the file may be ahead of it."""
    whole = train(NAME, SMALL, out=tmp_path, quiet=True)
    folder = tmp_path / new_run_name(NAME)
    run_trial(resolve(NAME, SMALL)[1], folder, experiment=NAME, listeners=(StopAt(35),))
    ahead = {f"{k:09d}": a * (k <= 35) for k, a in snapshots(whole).items()}
    (folder / FILE).write_bytes(arrays_to_bytes(ahead))
    resume(folder, quiet=True)
    assert (folder / FILE).read_bytes() == (whole.folder / FILE).read_bytes()


def test_a_damaged_file_costs_moments_but_not_the_run(tmp_path: Path) -> None:
    folder = tmp_path / new_run_name(NAME)
    run_trial(resolve(NAME, SMALL)[1], folder, experiment=NAME, listeners=(StopAt(35),))
    (folder / FILE).write_bytes(b"torn")
    run = resume(folder, quiet=True)
    assert run.state == "done"
    assert list(snapshots(run)) == [40, 70, 90, 140]


def test_a_lean_run_keeps_none(tmp_path: Path) -> None:
    config = resolve(NAME, SMALL)[1]
    trainer = make_trainer(config, read_data(config.data, 0))
    create_folder(tmp_path / "lean")
    with RunLock(tmp_path / "lean"):
        begin_attempt(config, tmp_path / "lean", NAME)
        assert train_here(config, tmp_path / "lean", trainer, lean=True) == "done"
    assert not (tmp_path / "lean" / FILE).exists()


def test_a_file_of_another_layer_is_refused(tmp_path: Path) -> None:
    run = train(NAME, SMALL, out=tmp_path, quiet=True)
    other = filter_layer(Network([Conv2D(2, 7)]).build((1, 28, 28)))
    with pytest.raises(LoadError, match=r"expected filters \(2, 1, 7, 7\)"):
        load_snapshots(run.folder, other)


def test_the_first_layer_that_looks_at_an_image() -> None:
    after_pooling = Network([BatchNorm(), MaxPool2D(2), Flatten(), Dense(5)]).build((3, 8, 8))
    assert filter_layer(after_pooling).shape == (3, 4, 4)
    assert filter_layer(Network([Conv2D(4, 1), Flatten(), Dense(5)]).build((1, 8, 8))) is None
    assert filter_layer(Network([Dense(3), Dense(5)]).build((64,))) is None


@pytest.mark.parametrize(("side", "units"), [(28, 1000), (200, 1000), (2000, 3)])
def test_the_file_stays_small(side: int, units: int) -> None:
    layer = filter_layer(Network([Conv2D(units, side)]).build((1, side, side)))
    size = layer.kept * side * side * 4 * 8
    assert layer.kept == 1 or size <= MOST_BYTES
