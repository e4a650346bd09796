"""Functions that prepare data: one-hot targets, scaling of pixels and features, shuffling."""

from __future__ import annotations

import numpy as np

from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found, arrays_in, factor_between, near
from handgrad.check.diagnosis.tools.samples import marked, places_of, samples_in
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

_NEIGHBOUR = "the label of another class"


def one_hot(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(labels (N,), classes)`; hot and cold may be any two numbers, such as 0.99 and 0.01."""
    labels, P = np.array([2, 0, 4, 1, 3, 2, 2]), 5
    try:
        given = np.asarray(subject.call(labels.copy(), np.asarray(P)), float)
    except IndexError:
        few = np.asarray(subject.call(np.minimum(labels, 3), np.asarray(P)), float)
        return ("one_hot_class_missing", "") if 4 in few.shape else UNKNOWN
    if given.ndim == 3 and given.shape[-1] == 1:
        given = given[:, :, 0]
    if given.ndim == 2 and len(labels) in given.shape and np.all(given == 1):
        return "one_hot_all_rows", ""
    if given.ndim != 2 or np.unique(given).size != 2:
        return UNKNOWN
    hot = given > given.mean()
    if hot.shape[0] == len(labels) and hot.shape[1] >= P:
        return _one_hot_key(hot, labels, P)
    if hot.shape[1] == len(labels) and hot.shape[0] >= P:
        key, detail = _one_hot_key(hot.T, labels, P)
        right = np.eye(hot.shape[0], dtype=bool)[labels]
        if key == UNKNOWN[0] and np.array_equal(hot, right.reshape(hot.shape)):
            return "one_hot_reshaped", ""
        return (key or "one_hot_columns"), detail
    return UNKNOWN


def decode(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(Y (N, P))` → the labels (N,): the largest entry of each row."""
    labels = np.array([2, 0, 4, 1, 3, 2, 2])
    given = np.squeeze(np.asarray(subject.call(np.eye(5)[labels]), float))
    if near(given, labels):
        return RIGHT
    if near(given, labels + 1) or near(given, labels - 1):
        return "labels_off_by_one", _NEIGHBOUR
    return ("accuracy_axis_0", "") if near(given, np.eye(5)[labels].argmax(0)) else UNKNOWN


def _one_hot_key(hot: Array, labels: Array, P: int) -> Found:
    """`hot` (N, classes) as bool."""
    right = np.eye(hot.shape[1], dtype=bool)[labels]
    if np.array_equal(hot, right):
        return RIGHT
    for by in (1, -1):
        if np.array_equal(hot, np.roll(right, by, 1)):
            return "labels_off_by_one", _NEIGHBOUR + (" (of a column too many)" if hot.shape[1] == P + 1 else "")
    if np.array_equal(hot, np.broadcast_to(right.any(0), hot.shape)):
        return "one_hot_all_rows", ""
    if np.array_equal(hot, ~right):
        return "one_hot_inverted", ""
    return UNKNOWN


def normalize(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(pixels (N, D), bytes)`: divided by 255 or standardised, in floating point, once."""
    pixels = rng.integers(3, 253, (20, 30)).astype(np.uint8)  # without a 0, which would hide a minimum's part
    pixels[0, :3] = 3, 255, 128
    given = _same_shape(subject.call(pixels.copy()), pixels)
    if given is None:
        return UNKNOWN
    x = pixels.astype(float)
    if np.array_equal(given, pixels):
        return "pixels_not_scaled", "as they were"
    if near(given, x - x.mean(0)) or near(given, x - x.mean()) or near(given, x - x.mean(1, keepdims=True)):
        return RIGHT  # only centred: the mean image is subtracted
    for key, values in _scaled_wrongly(x):
        if near(given, values):
            return key, ""
    largest = float(np.abs(given).max())
    if not np.any(given % 1.0) and largest < 300:
        return "pixels_integer_division", ""
    if (k := factor_between(given, x)) is not None and abs(k * 255.0**2 - 1) < 0.02:
        return "pixels_scaled_twice", f"{largest:.2g}"
    if largest > 20 and factor_between(given, x) is not None:
        return "pixels_not_scaled", f"up to {largest:.3g}"
    return UNKNOWN if largest > 20 or not np.isfinite(given).all() else RIGHT


def _scaled_wrongly(x: Array) -> list[tuple[str, Array]]:
    """Slips of a standardisation and of a scaling to [0, 1]."""
    made: list[tuple[str, Array]] = []
    for axis in (0, 1, None):
        mean, deviation, variance = (f(x, axis=axis, keepdims=True) for f in (np.mean, np.std, np.var))
        low, high = x.min(axis=axis, keepdims=True), x.max(axis=axis, keepdims=True)
        made += [
            ("scaled_without_brackets", x - mean / deviation),
            ("scaled_without_brackets", x - low / (high - low)),
            ("scaled_by_variance", (x - mean) / variance),
            ("scaled_with_plus", (x + mean) / deviation),
        ]
    for one, other in ((0, 1), (1, 0)):
        made.append(("scaled_axes_mixed", (x - x.mean(one, keepdims=True)) / x.std(other, keepdims=True)))
    return made


def normalize_pair(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(train (N, D), test (M, D))`: the test set is scaled by the statistics of the training set."""
    train, test = rng.normal(3.0, 2.0, (40, 6)), rng.normal(5.0, 3.0, (30, 6))
    arrays = arrays_in(subject.call(train.copy(), test.copy()))
    made = next((a for a in arrays if a.shape == test.shape), None)
    if made is None:
        return UNKNOWN
    for axis in (0, None):
        own, theirs = _statistics(test, axis), _statistics(train, axis)
        if any(near(made, (test - shift) / scale) for shift, scale in own):
            return "statistics_of_the_test_set", ""
        if any(near(made, (test - shift) / scale) for shift, scale in theirs):
            return RIGHT
    if any(near(made, (test - test.mean(axis)) / test.var(axis)) for axis in (0, None)):
        return "statistics_of_the_test_set", ""
    if any(near(made, (test - train.mean(axis)) / train.var(axis)) for axis in (0, None)):
        return "scaled_by_variance", ""
    return RIGHT if near(made, test / 255.0) else UNKNOWN


def _statistics(x: Array, axis: int | None) -> list[tuple[Array, Array]]:
    low, high = np.asarray(x.min(axis=axis)), np.asarray(x.max(axis=axis))
    mean = np.asarray(x.mean(axis=axis))
    deviations = [np.asarray(x.std(axis=axis, ddof=d)) for d in (0, 1)]
    return [*((mean, d) for d in deviations), *((mean, d + 1e-8) for d in deviations), (low, high - low)]


def _same_shape(value: object, pixels: Array) -> Array | None:
    return next((np.asarray(a, float) for a in arrays_in(value) if a.shape == pixels.shape), None)


def shuffle(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(x (N, 3), labels (N,))`, returned or in place: each image keeps its label, each comes once."""
    x, labels = marked(40)
    value = subject.call(x, labels)
    images, numbers = samples_in(value) if value is not None else (places_of(x), labels)
    if images is None or len(images) != 40:
        return UNKNOWN
    if numbers is None:
        if not set(images.tolist()) <= set(range(40)):
            return UNKNOWN
    elif len(numbers) != 40:
        return UNKNOWN
    lost = len(set(images.tolist()))
    if lost < 40:
        return (
            "shuffle_overwrites" if numbers is not None and len(set(numbers.tolist())) == 40 else "shuffle_repeats"
        ), (str(lost))
    if numbers is not None and not np.array_equal(images, numbers):
        still = "the labels stayed where they were" if np.array_equal(numbers, np.arange(40)) else ""
        still = "the images stayed where they were" if np.array_equal(images, np.arange(40)) else still
        return "labels_shuffled_apart", still
    return ("shuffle_does_nothing", "") if np.array_equal(images, np.arange(40)) else RIGHT
