"""Measures: report A's rule for classes, whole sets in slices, weights of one output."""

import numpy as np
import pytest

from handgrad.curves import parting_point
from handgrad.data import Examples
from handgrad.layers import Dense, Flatten, Sigmoid
from handgrad.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from handgrad.metrics import Evaluator, class_errors, confusion_matrix, measure, predicted_classes
from handgrad.network import Network


def test_mean_class_error_counts_every_class_alike() -> None:
    labels = np.array([0, 0, 0, 0, 1, 2])
    predicted = np.array([0, 0, 0, 1, 2, 2])
    measured = measure(np.ones(6), predicted, labels, 4)
    assert measured.error == pytest.approx(2 / 6)
    assert measured.class_errors == [0.25, 1.0, 0.0, 0.0]
    assert measured.mean_class_error == pytest.approx(1.25 / 4)
    assert measured.confusion.sum() == 6
    assert measured.confusion[0, 1] == 1


def test_counts_do_not_overflow_small_types() -> None:
    labels = np.zeros(100_000, np.int64)
    assert confusion_matrix(labels, labels, 3)[0, 0] == 100_000
    assert class_errors(np.array([[0, 100_000], [0, 0]])) == [1.0, 0.0]


def test_a_set_measured_in_slices_equals_one_pass() -> None:
    rng = np.random.default_rng(0)
    examples = Examples(rng.integers(0, 256, (130, 1, 6, 5), dtype=np.uint8), rng.integers(0, 4, 130))
    net = Network([Flatten(), Dense(4)]).build((1, 6, 5), dtype="float64", seed=1)
    whole = Evaluator(net, SoftmaxCrossEntropy(), 1 / 255, -0.5, capacity=1000)(examples)
    sliced = Evaluator(net, SoftmaxCrossEntropy(), 1 / 255, -0.5, capacity=33)(examples)
    assert sliced.loss == pytest.approx(whole.loss, rel=1e-12)
    assert (sliced.confusion == whole.confusion).all()
    z = (examples.images.reshape(130, -1) / 255 - 0.5) @ net.parameters["1.W"]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert whole.loss == pytest.approx(-np.log(p[np.arange(130), examples.labels]).mean())
    assert whole.error == np.mean(z.argmax(axis=1) != examples.labels)


def test_one_sigmoid_output_separates_two_classes() -> None:
    rng = np.random.default_rng(0)
    examples = Examples(rng.random((40, 3), dtype=np.float32), rng.integers(0, 2, 40))
    net = Network([Dense(1), Sigmoid()]).build((3,), dtype="float64", seed=1)
    measured = Evaluator(net, BinaryCrossEntropy())(examples)
    p = 1 / (1 + np.exp(-(examples.images @ net.parameters["0.W"])[:, 0]))
    t = examples.labels
    assert measured.loss == pytest.approx(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), rel=1e-6)
    assert measured.error == np.mean((p > 0.5) != t)
    assert predicted_classes(np.array([[0.4], [0.6]])).tolist() == [0, 1]


def test_parting_point_is_where_the_gap_stays_beyond_chance() -> None:
    def record(i: int, train: float, valid: float) -> dict:
        return {"iteration": i, "train_error": train, "valid_error": valid}

    together = [record(i, 0.2, 0.21) for i in range(5)]
    once_apart = [record(5, 0.1, 0.2), record(6, 0.2, 0.2)]
    apart = [record(i, 0.05, 0.2) for i in range(7, 12)]
    assert parting_point(together, 500) is None
    assert parting_point(together + once_apart, 500) is None
    assert parting_point(together + once_apart + apart, 500) == 7
    assert parting_point([{"iteration": 0, "test_error": 0.1}], 500) is None
