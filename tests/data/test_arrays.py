"""Images and labels as arrays: what is accepted and converted, and what is refused by value and row."""

from typing import Any

import numpy as np
import pytest
from crafted import pixels
from hypothesis import given
from hypothesis import strategies as st

from handgrad.data import load_data, load_source
from handgrad.errors import DataError, UsageError

IMAGES = pixels(6)


def refusal(images: Any, labels: Any) -> str:
    with pytest.raises(DataError) as caught:
        load_source((images, labels))
    return str(caught.value)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((6, 8, 8), (1, 8, 8)),
        ((6, 3, 8, 8), (3, 8, 8)),
        ((6, 8, 8, 3), (3, 8, 8)),
        ((6, 784), (1, 28, 28)),
        ((6, 4), (4,)),
        ((6, 63), (63,)),
    ],
)
def test_shapes(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    pool = load_source((np.ones(shape, np.uint8), [0, 1, 2, 0, 1, 2])).pool
    assert pool is not None
    assert pool.images.shape == (6, *expected)
    assert pool.images.flags.c_contiguous


def test_channels_in_the_last_place_move_with_their_values() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
    found = load_source((images, [0, 1] * 3))
    assert found.pool is not None
    np.testing.assert_array_equal(found.pool.images[:, 2], images[..., 2])
    assert "channels were in the last place" in found.notice


@pytest.mark.parametrize("shape", [(6,), (6, 8, 8, 8), (6, 1, 2, 8, 8), (0, 8, 8), (6, 0, 8)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    assert "expected" in refusal(np.ones(shape, np.uint8), [0, 1] * 3)


@pytest.mark.parametrize("dtype", ["int64", "uint16", "bool", "float16", "float32", "float64"])
def test_types_become_bytes_or_float32(dtype: str) -> None:
    pool = load_source(((IMAGES % 2).astype(dtype), [0, 1] * 3)).pool
    assert pool is not None
    assert pool.images.dtype == (np.float32 if dtype.startswith("float") else np.uint8)
    np.testing.assert_array_equal(pool.images[:, 0], IMAGES % 2)


def test_whole_numbers_beyond_bytes_are_refused() -> None:
    images = IMAGES.astype(np.int32)
    images[4, 1, 1] = 256
    assert "expected pixels within 0..255, found 256 in row 4" in refusal(images, [0, 1] * 3)
    images[2, 0, 0] = -1
    assert "found -1 in row 2" in refusal(images, [0, 1] * 3)


@pytest.mark.parametrize("dtype", ["complex128", "U3", "object"])
def test_other_types_are_refused(dtype: str) -> None:
    assert "expected pixels as bytes or floats" in refusal(IMAGES.astype(dtype), [0, 1] * 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_counted_and_located(bad: float) -> None:
    images = np.zeros((2500, 8, 8), np.float32)
    images[1200, 3, 4] = images[2400, 0, 0] = bad
    text = refusal(images, np.arange(2500) % 2)
    assert "found 2 NaN or infinite, first at (1200, 3, 4)" in text


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, -1, 0, 1], "expected labels 0, 1, 2, …, found -1 in row 3"),
        ([0, 1, 2, 0, 1.5, 1], "found 1.5 in row 4"),
        ([0, np.nan, 0, 1, 0, 1], "found nan in row 1"),
        ([0, 1, 2, 0, 1], "expected one label for each of the 6 images, found 5 labels"),
        ([0, 1, 2, 0, 1, 5000], "expected at most 1,000 classes, found the label 5000 in row 5"),
        (["a", "b"] * 3, "expected labels that are whole numbers, found the type <U1"),
        (np.zeros((6, 3)), "expected one-hot labels, a single 1 and zeros, found [0. 0. 0.] in row 0"),
        (np.zeros((6, 3, 1)), "expected one label for each of the 6 images, found (6, 3, 1) labels"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, message: str) -> None:
    assert message in refusal(IMAGES, labels)


def test_test_labels_outside_the_training_classes_are_refused() -> None:
    with pytest.raises(DataError, match="test arrays: expected labels from 0 to 2, found 3 in row 5"):
        load_source(((IMAGES, [0, 1, 2] * 2), (IMAGES, [0, 1, 2, 0, 1, 3])))


@given(st.permutations([0, 1, 2, 3, 4, 5]), st.sampled_from([0, 1]))
def test_labels_from_0_or_from_1_keep_their_names(labels: list[int], first: int) -> None:
    found = load_source((IMAGES, np.array(labels) + first))
    assert found.pool is not None
    assert [found.class_names[k] for k in found.pool.labels] == [str(label + first) for label in labels]
    assert ("count from 1" in found.notice) == bool(first)


def test_a_class_without_images_gets_a_notice() -> None:
    found = load_source((IMAGES, [0, 1, 4, 0, 1, 4]))
    assert found.class_names == ("0", "1", "2", "3", "4")
    assert "no image of classes 2, 3" in found.notice


def test_one_class_is_refused_for_training_only() -> None:
    assert load_source((IMAGES, [0] * 6)).pool is not None
    with pytest.raises(DataError, match="of at least two classes, found 5 of class 0 only"):
        load_data((IMAGES, [0] * 6))


@pytest.mark.parametrize("given", [(IMAGES,), (IMAGES, IMAGES, IMAGES), {"images": IMAGES}])
def test_other_forms_are_wrong_usage(given: Any) -> None:
    with pytest.raises(UsageError, match=r"expected arrays as \(images, labels\)"):
        load_source(given)


def test_labels_as_whole_floats_are_accepted() -> None:
    pool = load_source((IMAGES, np.array([0.0, 1.0, 2.0] * 2))).pool
    assert pool is not None
    assert pool.labels.tolist() == [0, 1, 2] * 2
