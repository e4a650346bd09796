"""The same net on random draws of test images: only where a run used the first ones of more."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.experiment import train
from handgrad.report.draws import random_draws
from handgrad.report.facts import gather
from handgrad.report.words import percent
from handgrad.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Trained on pictures whose first test images are noise and whose other ones are easy."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("easy")
    patterns = rng.integers(0, 256, (3, 8, 8))
    labels = {"train": rng.integers(0, 3, 300), "test": np.arange(200) % 3}
    images = {name: patterns[t].astype(np.uint8) for name, t in labels.items()}
    images["test"][:100] = rng.integers(0, 256, (100, 8, 8))
    path = folder / "easy.npz"
    np.savez(
        path,
        x_train=images["train"],
        y_train=labels["train"],
        x_test=images["test"],
        y_test=labels["test"],
    )
    overrides = {
        "data.source": str(path),
        "data.train_images": 300,
        "data.test_images": 100,
        "network.layers.5.units": 3,
        "training.iterations": 60,
    }
    return train("digits-mlp-constant", overrides, out=folder, quiet=True)


def test_first_and_random_images_are_told_apart(run: Run) -> None:
    data = random_draws(gather(run, None))
    assert data is not None
    assert (data["images"], data["all_images"], data["rest_images"]) == ("100", "200", "100")
    assert data["first"] == percent(run.summary["test_mean_class_error"])
    assert data["rest"] == percent(0.0)
    first = run.summary["test_mean_class_error"]
    assert first > 0.4
    mean = float(data["mean"].rstrip(" %\xa0")) / 100
    assert 0.3 * first < mean < 0.7 * first


def test_a_run_on_all_test_images_has_no_such_section(tmp_path: Path) -> None:
    overrides = {"data.train_images": 100, "training.iterations": 5, "data.subset": "random"}
    facts = gather(train("digits-mlp-constant", overrides, out=tmp_path, quiet=True), None)
    assert random_draws(facts) is None
