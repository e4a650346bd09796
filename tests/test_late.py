"""Weight gradients made piece by piece move the weights as whole ones do."""

from typing import Any

import numpy as np
import pytest

from handgrad import late
from handgrad.config import TrainingConfig
from handgrad.data import Data, load_data
from handgrad.initializers import Normal
from handgrad.layers import Dense, Flatten, ReLU
from handgrad.losses import Penalty, SoftmaxCrossEntropy
from handgrad.network import Network
from handgrad.optimizers import OPTIMIZERS
from handgrad.training import Trainer

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "its own rate": {"learning_rate_multiplier": 0.5},
    "its own penalty": {"l1": 0.02, "l2": 0.3},
    "frozen": {"frozen": True},
}


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data("mnist", train_images=130, test_images=20)


def trained(data: Data, kernels: str, optimizer: str, settings: dict[str, Any]) -> Network:
    """Three layers after five steps: two whole batches of 50 and one of 30, twice."""
    init = Normal(0.1)
    layers = [Flatten(), Dense(21, init=init), ReLU(), Dense(17, init=init, **settings), ReLU(), Dense(10, init=init)]
    net = Network(layers).build((1, 28, 28), "float64", 3, kernels)
    Trainer(
        net,
        data,
        SoftmaxCrossEntropy(),
        OPTIMIZERS[optimizer](),
        0.02,
        TrainingConfig(batch_size=50, iterations=5, evaluate=[]),
        penalty=Penalty(net, l2=0.1),
    ).run()
    return net


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_late_equals_whole(
    digits: Data, kernels: str, optimizer: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(digits, kernels, optimizer, settings)
    monkeypatch.setattr(late, "LARGE", 300)  # the first two dense layers, in pieces of 4 and of 5 rows
    monkeypatch.setattr(late, "PIECE", 100)
    pieces = trained(digits, kernels, optimizer, settings)
    np.testing.assert_allclose(pieces.theta, whole.theta, rtol=1e-9, atol=1e-12)
    assert not pieces.gradients["1.W"].any(), "nothing was made late"
    assert whole.gradients["1.W"].any()


def test_a_batch_in_slices_is_never_late(digits: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "LARGE", 300)
    monkeypatch.setattr("handgrad.training.SLICE", 40)
    assert trained(digits, "reference", "sgd", {}).gradients["1.W"].any()


def test_what_is_left_over_when_rows_do_not_divide() -> None:
    net = Network([Dense(7)]).build((10,), "float64")
    workspace = net.workspace(3)
    gradient = late.LateGradient(net, net.table[0], workspace, Penalty(net))
    gradient._buffer = gradient._buffer[:4]
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(3, 10)), rng.normal(size=(3, 7))
    workspace.forward(x, train=True)
    workspace.backward(dy)
    made = []
    for where, grad in gradient.pieces():
        gradient.fill(where)
        made.append(grad.copy())
    assert [piece.size for piece in made] == [28, 28, 14]
    np.testing.assert_allclose(np.concatenate(made), (x.T @ dy).reshape(-1), rtol=1e-12)
