"""The training loop: A's order of things, stopping, slices, divergence."""

import numpy as np
import pytest

from handgrad.config import EarlyStoppingConfig, StopConfig, TrainingConfig
from handgrad.data import Data, Examples, load_data
from handgrad.errors import DivergedError
from handgrad.experiment import fit
from handgrad.initializers import Normal
from handgrad.layers import Dense, Flatten, ReLU
from handgrad.losses import Penalty, SoftmaxCrossEntropy
from handgrad.network import Network
from handgrad.optimizers import SGD
from handgrad.stopping import EarlyStopping, reached
from handgrad.training import Trainer


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_data("mnist", train_images=300, valid_images=60, test_images=90)


def small_net(dtype: str = "float32") -> Network:
    layers = [Flatten(), Dense(12, init=Normal(0.1)), ReLU(), Dense(10, init=Normal(0.1))]
    return Network(layers).build((1, 28, 28), dtype=dtype, seed=3)


def trainer_of(digits: Data, net: Network, **options) -> Trainer:
    return Trainer(net, digits, SoftmaxCrossEntropy(), SGD(), 0.1, TrainingConfig(**options))


def test_record_k_describes_the_net_after_k_updates(digits: Data) -> None:
    """Evaluating at every iteration: the batch's loss of record k is that of batch k before its update."""
    net = small_net()
    records = fit(net, digits, learning_rate=0.1, epochs=1, batch_size=50, evaluate_every=1)
    assert [r["iteration"] for r in records] == [0, 1, 2, 3, 4, 5, 6]
    assert "batch_loss" not in records[-1]

    by_hand, losses, tests = small_net(), [], []
    trainer = trainer_of(digits, by_hand, iterations=6, batch_size=50)
    W = by_hand.parameters
    for _ in range(6):
        indices = trainer.batch_indices()
        x = digits.train.images[indices].reshape(50, -1) / np.float32(255)
        t = np.eye(10, dtype=np.float32)[digits.train.labels[indices]]
        tests.append(plain_error(W, digits.test))
        h = np.maximum(x @ W["1.W"] + W["1.b"], 0)
        z = h @ W["3.W"] + W["3.b"]
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        losses.append(float(-(t * np.log(p)).sum(1).mean()))
        dz = (p - t) / 50
        dh = dz @ W["3.W"].T * (h > 0)
        for name, g in {"3.W": h.T @ dz, "3.b": dz.sum(0), "1.W": x.T @ dh, "1.b": dh.sum(0)}.items():
            W[name] -= np.float32(0.1) * g
        trainer.iteration += 1
    np.testing.assert_allclose([r["batch_loss"] for r in records[:-1]], losses, rtol=2e-5)
    np.testing.assert_allclose(net.theta, by_hand.theta, rtol=2e-4, atol=2e-6)
    assert [r["test_error"] for r in records[:-1]] == pytest.approx(tests, abs=1.5 / 90)


def plain_error(W, examples: Examples) -> float:
    x = examples.images.reshape(len(examples), -1) / np.float32(255)
    h = np.maximum(x @ W["1.W"] + W["1.b"], 0)
    return float(np.mean((h @ W["3.W"] + W["3.b"]).argmax(1) != examples.labels))


def test_full_batch_in_slices_equals_one_pass(digits: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def gradient(slice_size: int) -> np.ndarray:
        monkeypatch.setattr("handgrad.training.SLICE", slice_size)
        net = small_net("float64")
        trainer = trainer_of(digits, net, iterations=1, batch_size="all")
        trainer.step()
        return net.grad.copy()

    whole = gradient(1000)
    assert np.abs(whole).max() > 1e-3
    np.testing.assert_allclose(gradient(70), whole, rtol=1e-10, atol=1e-14)


def test_divergence_names_iteration_and_tensor(digits: Data) -> None:
    net = small_net()
    with pytest.raises(DivergedError, match=r"iteration \d+: .*layer \d") as caught:
        fit(net, digits, learning_rate=1e30, epochs=3)
    assert "learning rate" in str(caught.value)


def test_divergence_names_a_poisoned_parameter(digits: Data) -> None:
    net = small_net()
    net.parameters["3.W"][0, 0] = np.nan
    with pytest.raises(DivergedError, match=r"iteration 0: .*parameter 3\.W of layer 3 \(Dense\)"):
        fit(net, digits, learning_rate=0.1, epochs=1)


def test_stop_rule_ends_before_the_update(digits: Data) -> None:
    net = small_net()
    start = net.theta.copy()
    records = fit(net, digits, learning_rate=0.1, epochs=1, stop=StopConfig(on="test", mean_class_error=1.0))
    assert len(records) == 1
    np.testing.assert_array_equal(net.theta, start)


def test_reached_needs_every_measure() -> None:
    rule = StopConfig(on="test", error=0.1, loss=0.5)
    assert reached(rule, {"test_error": 0.1, "test_loss": 0.4})
    assert not reached(rule, {"test_error": 0.1, "test_loss": 0.6})
    assert not reached(rule, {"valid_error": 0.0})
    assert not reached(StopConfig(), {"test_error": 0.0})


def test_early_stopping_restores_the_best() -> None:
    net = small_net()
    early = EarlyStopping(EarlyStoppingConfig(patience=2))
    ended, values = [], [1.0, 0.5, float("nan"), 0.7]
    for i, value in enumerate(values):
        net.theta.fill(i)
        ended.append(early.update({"iteration": i, "valid_loss": value}, net))
    early.restore(net)
    assert ended == [False, False, False, True]
    assert early.best_iteration == 1
    assert (net.theta == 1).all()


def test_early_stopping_in_training(digits: Data) -> None:
    net = small_net()
    records = fit(
        net,
        digits,
        learning_rate=0.5,
        epochs=200,
        evaluate=["valid"],
        early_stopping=EarlyStoppingConfig(patience=3),
    )
    losses = [r["valid_loss"] for r in records]
    best = int(np.argmin(losses))
    assert len(losses) == best + 4
    trainer = trainer_of(digits, net, iterations=1)
    assert trainer.measure_set("valid").loss == pytest.approx(losses[best], rel=1e-6)


def test_order_depends_on_the_epoch_and_the_seed_alone(digits: Data) -> None:
    trainer = trainer_of(digits, small_net(), epochs=5, batch_size=50)
    trainer.iteration = 6 * 3 + 2
    later = trainer.batch_indices().copy()
    again = trainer_of(digits, small_net(), epochs=5, batch_size=50)
    seen = []
    for again.iteration in range(6 * 3 + 3):
        seen.append(again.batch_indices().copy())
    np.testing.assert_array_equal(later, seen[-1])
    assert sorted(np.concatenate(seen[:6])) == list(range(300))
    assert not np.array_equal(seen[0], seen[6])


def test_frozen_layer_stays_and_multiplier_scales(digits: Data) -> None:
    def after_one_step(**first) -> tuple[np.ndarray, np.ndarray]:
        layers = [Flatten(), Dense(12, init=Normal(0.1), **first), ReLU(), Dense(10, init=Normal(0.1))]
        net = Network(layers).build((1, 28, 28), dtype="float64", seed=3)
        start = net.theta.copy()
        fit(net, digits, learning_rate=0.1, iterations=1)
        moved = net.theta - start
        edge = 784 * 12 + 12
        return moved[:edge], moved[edge:]

    plain = after_one_step()
    half = after_one_step(learning_rate_multiplier=0.5)
    frozen = after_one_step(frozen=True)
    assert np.abs(plain[0]).max() > 0
    np.testing.assert_allclose(half[0], 0.5 * plain[0], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(half[1], plain[1], rtol=1e-12)
    assert not frozen[0].any()
    np.testing.assert_allclose(frozen[1], plain[1], rtol=1e-12)


def test_penalty_pulls_weights_not_biases(digits: Data) -> None:
    net = small_net("float64")
    net.theta[:] = np.random.default_rng(0).normal(size=net.theta.size)
    penalty = Penalty(net, l1=0.3, l2=0.2)
    net.grad.fill(0.0)
    penalty.add_gradient()
    W = net.parameters["1.W"]
    np.testing.assert_allclose(net.gradients["1.W"], 0.3 * np.sign(W) + 0.2 * W)
    assert not net.gradients["1.b"].any()
    weights = [net.parameters[n] for n in ("1.W", "3.W")]
    expected = sum(0.3 * np.abs(w).sum() + 0.1 * (w * w).sum() for w in weights)
    assert penalty.value() == pytest.approx(expected)


def test_augmented_training_is_repeatable(digits: Data) -> None:
    from handgrad.config import AugmentConfig

    def final() -> np.ndarray:
        net = small_net()
        options = TrainingConfig(epochs=1)
        vary = AugmentConfig(shift=2, rotate=10)
        Trainer(net, digits, SoftmaxCrossEntropy(), SGD(), 0.1, options, augment=vary).run()
        return net.theta

    np.testing.assert_array_equal(final(), final())
    plain = small_net()
    fit(plain, digits, learning_rate=0.1, epochs=1)
    assert not np.array_equal(plain.theta, final())
