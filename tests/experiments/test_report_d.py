"""Report D: its training step against one written by hand, its experiments and sweeps as their files describe them."""

import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from handgrad.build import read_data
from handgrad.config_file import load_config
from handgrad.report.parameters import look_up
from handgrad.report.published import find_published
from handgrad.sweep import make_trials, sweeps_of
from handgrad.trial import make_trainer

EXPERIMENTS = ("threes-ones-conv-perceptron", "digits-conv-perceptron", "digits-identity-filters")
SWEEPS = {
    "threes-ones-orders": 3,
    "threes-ones-activations": 4,
    "threes-ones-rates": 36,
    "threes-ones-frozen-filters": 6,
    "threes-ones-frozen-perceptron": 6,
    "threes-ones-initializations": 7,
}
RATES = ["network.layers.0.learning_rate_multiplier=0.03", "network.layers.3.learning_rate_multiplier=0.2"]

ACTIVATIONS = {
    "Tanh": (np.tanh, lambda x: 1 - x**2),
    "Sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda x: x * (1 - x)),
    "ReLU": (lambda z: np.maximum(z, 0), lambda x: (x > 0).astype(float)),
    "Identity": (lambda z: z, np.ones_like),
}


def step_by_hand(a, b0, w, b1, image, label, lr_a, lr_w, activation):
    """One image of report D, in its letters: filters a (L, J, I), perceptron w (K, R); all four change in place."""
    act, derivative = ACTIVATIONS[activation]
    windows = sliding_window_view(image, a.shape[1:])  # (M, N, J, I)
    x1 = act(np.einsum("mnji,lji->lmn", windows, a) + b0[:, None, None])
    x2 = act(x1.reshape(-1) @ w + b1)
    p = np.eye(len(b1))[label]
    d2 = (x2 - p) * derivative(x2)
    d1 = (w @ d2).reshape(x1.shape) * derivative(x1)
    w -= lr_w * np.outer(x1.reshape(-1), d2)
    b1 -= lr_w * d2
    a -= lr_a * np.einsum("lmn,mnji->lji", d1, windows)
    b0 -= lr_a * d1.sum(axis=(1, 2))
    return 0.5 * float(np.sum((x2 - p) ** 2))


def alternating(labels):
    """The classes in turn, each in the order stored, for as long as it lasts."""
    rows = [list(np.flatnonzero(labels == k)) for k in range(labels.max() + 1)]
    found = []
    while any(rows):
        found += [row.pop(0) for row in rows if row]
    return found


def trained_beside_hand(name, overrides, epochs):
    """A trainer's losses and final parameters, and those of the same images shown by hand in the same order."""
    config = load_config(name, [*overrides, f"training.epochs={epochs}"])[1]
    data = read_data(config.data, 0)
    trainer = make_trainer(config, data)
    net = trainer.network
    a, b0, w, b1 = (net.parameters[n].astype(np.float64) for n in ("0.W", "0.b", "3.W", "3.b"))
    a = a[:, 0]
    lr_a = config.optimizer.learning_rate * config.network.layers[0].learning_rate_multiplier
    lr_w = config.optimizer.learning_rate * config.network.layers[3].learning_rate_multiplier
    shown, losses = [], []
    for _ in range(trainer.total):
        (index,) = trainer.batch_indices()
        shown.append(int(index))
        image = data.train.images[index, 0] / 255.0
        label = data.train.labels[index]
        expected = step_by_hand(a, b0, w, b1, image, label, lr_a, lr_w, config.network.layers[1].type)
        trainer.step()
        losses.append((float(trainer._losses[0]), expected))
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-4)
    for parameter, expected in (("0.W", a[:, None]), ("0.b", b0), ("3.W", w), ("3.b", b1)):
        np.testing.assert_allclose(net.parameters[parameter], expected, rtol=1e-3, atol=1e-5)  # float32 beside float64
    return shown, data.train.labels


@pytest.mark.parametrize("order", ["shuffle", "fixed", "alternate"])
def test_a_step_is_the_report_s_in_every_order(order: str) -> None:
    overrides = ["data.train_images=9", f"training.order={order}", *RATES]
    shown, labels = trained_beside_hand(EXPERIMENTS[0], overrides, epochs=3)
    epochs = [shown[:9], shown[9:18], shown[18:]]
    if order == "fixed":
        assert epochs == [list(range(9))] * 3
    elif order == "alternate":
        assert epochs == [alternating(labels)] * 3
        assert epochs[0] != list(range(9))
    else:
        assert all(sorted(epoch) == list(range(9)) for epoch in epochs)
        assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_is_the_report_s_with_every_activation(activation: str) -> None:
    types = [f"network.layers.{i}.type={activation}" for i in (1, 4)]
    trained_beside_hand(EXPERIMENTS[0], ["data.train_images=7", *types, *RATES], epochs=2)


def test_a_step_is_the_report_s_with_small_filters() -> None:
    small = ["data.train_images=6", "network.layers.0.filters=3", "network.layers.0.learning_rate_multiplier=0.002"]
    trained_beside_hand("digits-conv-perceptron", small, epochs=2)


@pytest.mark.parametrize("still", [0, 3])
def test_a_rate_of_zero_freezes_its_layer_alone(still: int) -> None:
    other = 3 - still
    overrides = ["data.train_images=5", f"network.layers.{still}.learning_rate_multiplier=0.0"]
    config = load_config(EXPERIMENTS[0], overrides)[1]
    trainer = make_trainer(config, read_data(config.data, 0))
    before = {name: a.copy() for name, a in trainer.network.parameters.items()}
    for _ in range(5):
        trainer.step()
    assert np.array_equal(trainer.network.parameters[f"{still}.W"], before[f"{still}.W"])
    assert not np.array_equal(trainer.network.parameters[f"{other}.W"], before[f"{other}.W"])


def test_behind_the_identity_a_filter_answers_for_its_digit_alone() -> None:
    config = load_config("digits-identity-filters", ["data.train_images=20"])[1]
    data = read_data(config.data, 0)
    trainer = make_trainer(config, data)
    net = trainer.network
    assert np.array_equal(net.parameters["3.W"], np.eye(10))
    a, b = net.parameters["0.W"][:, 0].astype(np.float64), net.parameters["0.b"].astype(np.float64)
    for _ in range(20):
        (index,) = trainer.batch_indices()
        image, p = data.train.images[index, 0] / 255.0, np.eye(10)[data.train.labels[index]]
        x1 = np.tanh(np.tensordot(a, image, 2) + b)
        x2 = np.tanh(x1)
        delta = (x2 - p) * (1 - x2**2) * (1 - x1**2)
        a -= 0.001 * delta[:, None, None] * image
        b -= 0.001 * delta
        trainer.step()
    np.testing.assert_allclose(net.parameters["0.W"][:, 0], a, atol=1e-6)
    assert np.array_equal(net.parameters["3.W"], np.eye(10))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_builds_and_takes_one_image_at_a_time(name: str) -> None:
    config = load_config(name, ["data.train_images=20", "data.test_images=10"])[1]
    trainer = make_trainer(config, read_data(config.data, 0))
    assert trainer.batch_size == 1
    assert trainer.network.output_shape == (len(trainer.data.class_names),)
    assert config.loss.type == "squared_error"


def test_sizes_are_the_report_s() -> None:
    first, second, third = (load_config(name)[1] for name in EXPERIMENTS)
    assert (first.data.train_images, first.data.test_images, first.training.epochs) == (31, 98, 200)
    assert (first.network.layers[0].filters, first.network.layers[0].kernel) == (2, 28)
    assert (second.network.layers[0].filters, second.network.layers[0].kernel) == (16, 7)
    assert (second.data.train_images, second.training.epochs) == (2000, 20)
    assert (third.network.layers[0].filters, third.network.layers[0].kernel) == (10, 28)


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_has_its_points_and_draws_new_samples(name: str) -> None:
    config = load_config(name)[1]
    trials = make_trials(config)
    assert len(trials) == SWEEPS[name] * config.sweep.trials
    assert config.sweep.trials >= 4
    samples = [read_data(trial.config.data, trial.config.seed_for("split")) for trial in trials[:2]]
    assert not np.array_equal(samples[0].train.images, samples[1].train.images)
    assert len({trial.name for trial in trials}) == len(trials)


def test_the_grid_of_rates_is_the_report_s() -> None:
    grid = load_config("threes-ones-rates")[1].sweep.grid
    assert list(grid.values()) == [[0.0, 0.0001, 0.001, 0.01, 0.1, 1.0]] * 2
    assert math.prod(map(len, grid.values())) == 36


def test_the_first_experiment_s_sweeps_are_all_of_these() -> None:
    assert set(sweeps_of(EXPERIMENTS[0])) == set(SWEEPS)


@pytest.mark.parametrize("name", [*EXPERIMENTS, *SWEEPS])
def test_every_parameter_of_the_report_has_a_place_in_the_config(name: str) -> None:
    published = find_published(name)
    config = load_config(name)[1].model_dump()
    names = [parameter.name for parameter in published.parameters]
    for wanted in ("Epochs", "T", "TT", "L", "I", "J", "R", "lrA", "lrW", "ACT", "ORDER", "INIT", "TrialNum"):
        assert wanted in names
    for parameter in published.parameters:
        assert look_up(config, parameter.key) is not None, parameter.name


def test_the_net_tells_threes_from_ones_on_new_samples() -> None:
    errors = []
    for seed in (0, 1):
        config = load_config(EXPERIMENTS[0], [f"seed={seed}"])[1]
        trainer = make_trainer(config, read_data(config.data, seed))
        trainer.run()
        errors.append(trainer.measure_set("test").error)
    assert np.mean(errors) < 0.08
