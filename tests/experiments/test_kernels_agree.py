"""Speed changes nothing beyond rounding: reference and native draw the same curves on every experiment."""

import numpy as np
import pytest

from handgrad.build import make_loss, make_network, make_optimizer, make_schedule
from handgrad.config_file import experiment_names, load_config
from handgrad.data import Data, load_data
from handgrad.kernels import native_problem
from handgrad.kernels.threads import use_threads
from handgrad.losses import Penalty
from handgrad.training import Trainer

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(native_problem()), reason="native kernels are not built here")]


@pytest.fixture(scope="module")
def digits() -> Data:
    """Every experiment sees these, whatever its own data: 28 × 28 pixels in ten classes, four fifths of them zero."""
    return load_data("mnist", train_images=300, valid_images=60, test_images=90)


def curves(name: str, data: Data, kernels: str, threads: int) -> list[dict[str, float]]:
    """The records of six updates, with an evaluation at each."""
    config = load_config(name)[1]
    classes = make_network(config).build(data.input_shape).output_shape[-1]
    if classes < 10:
        data = load_data("mnist", classes=tuple(range(classes)), train_images=60, test_images=30)
    network = make_network(config).build(data.input_shape, seed=config.seed_for("init"), kernels=kernels)
    records: list[dict[str, float]] = []

    class Keep:
        def on_record(self, record: dict[str, float]) -> None:
            records.append(record)

        def on_step(self, trainer: Trainer, loss: float) -> bool:
            return False

    options = {"iterations": 6, "epochs": None, "evaluate_every": 1, "evaluate": ["train", "test"], "stop": None}
    trainer = Trainer(
        network,
        data,
        make_loss(config),
        make_optimizer(config.optimizer),
        config.optimizer.learning_rate,
        config.training.model_copy(update={**options, "early_stopping": None}),
        schedule=make_schedule(config.optimizer.schedule),
        penalty=Penalty(network, config.loss.l1, config.loss.l2),
        seed=config.seed_for("order"),
        listeners=(Keep(),),
    )
    with use_threads(network.k, threads):
        trainer.run()
    return records


@pytest.mark.parametrize("name", experiment_names())
def test_reference_and_native_draw_the_same_curves(name: str, digits: Data) -> None:
    expected = curves(name, digits, "reference", 1)
    assert len(expected) == 7
    for threads in (1, 2):
        received = curves(name, digits, "native", threads)
        for what in ("batch_loss", "train_loss", "test_loss", "penalty"):
            a, b = ([r[what] for r in records if what in r] for records in (expected, received))
            np.testing.assert_allclose(b, a, rtol=2e-4, atol=1e-6, err_msg=f"{name}: {what}, {threads} threads")
