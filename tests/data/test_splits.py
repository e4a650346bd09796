"""Choosing sets: classes, counts, first or random, the stand-in's proportion, and what cannot be had."""

import re
from pathlib import Path

import numpy as np
import pytest
from crafted import pixels
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.data import Data, Source, load_data, load_source
from handgrad.errors import DataError, UsageError

N = 60
POOL = load_source((pixels(N), np.arange(N) % 4))
DIVIDED = load_source(((pixels(N), np.arange(N) % 4), (pixels(20, seed=1), np.arange(20) % 4)))


def sizes(data: Data) -> tuple[int, int, int]:
    train, valid, test = (0 if part is None else len(part) for part in (data.train, data.valid, data.test))
    return train, valid, test


@pytest.mark.parametrize(
    ("source", "counts", "expected"),
    [
        (DIVIDED, {}, (60, 0, 20)),
        (DIVIDED, {"valid_images": 10}, (50, 10, 20)),
        (DIVIDED, {"train_images": 30, "valid_images": 10, "test_images": 5}, (30, 10, 5)),
        (DIVIDED, {"train_images": 0.5, "valid_images": 0.25, "test_images": 0.5}, (30, 15, 10)),
        (DIVIDED, {"test_images": 0}, (60, 0, 0)),
        (POOL, {}, (48, 0, 12)),
        (POOL, {"train_images": 40}, (40, 0, 20)),
        (POOL, {"train_images": 40, "valid_images": 5}, (40, 5, 15)),
        (POOL, {"train_images": 0.5, "valid_images": 0.1, "test_images": 0.2}, (30, 6, 12)),
        (POOL, {"test_images": 10}, (50, 0, 10)),
        (POOL, {"train_images": 60}, (60, 0, 0)),
    ],
)
def test_counts(source: Source, counts: dict[str, int], expected: tuple[int, int, int]) -> None:
    data = load_data(source, **counts)  # type: ignore[arg-type]
    assert sizes(data) == expected
    assert data.counts_requested == {s: counts.get(f"{s}_images") for s in ("train", "valid", "test")}


@pytest.mark.parametrize(
    ("source", "counts", "message"),
    [
        (DIVIDED, {"train_images": 61}, "asked for 61 training images, found 60"),
        (DIVIDED, {"train_images": 60, "valid_images": 1}, "asked for 60 training + 1 validation images, found 60"),
        (DIVIDED, {"valid_images": 60}, "asked for 0 training + 60 validation images, found 60"),
        (DIVIDED, {"test_images": 21}, "asked for 21 test images, found 20"),
        (POOL, {"train_images": 50, "test_images": 11}, "asked for 50 training + 11 test images, found 60"),
        (POOL, {"test_images": 60}, "asked for 0 training + 60 test images, found 60"),
    ],
)
def test_too_many_are_refused_with_the_counts(source: Source, counts: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        load_data(source, **counts)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [-1, 0, 1.0, 1.5, 0.0, True, "10", float("nan")])
def test_counts_that_make_no_sense_are_wrong_usage(count: object) -> None:
    with pytest.raises(UsageError, match="train_images: expected a count, or a fraction between 0 and 1, received"):
        load_data(POOL, train_images=count)  # type: ignore[arg-type]


def test_first_takes_the_order_of_the_file_without_a_copy() -> None:
    data = load_data(POOL, train_images=30, valid_images=10, test_images=5)
    start = 0
    for part in (data.train, data.valid, data.test):
        assert part is not None
        assert POOL.pool is not None
        assert np.shares_memory(part.images, POOL.pool.images)
        np.testing.assert_array_equal(part.images, POOL.pool.images[start : start + len(part)])
        start += len(part)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), train=st.integers(20, 40), valid=st.integers(0, 10))
def test_random_draws_by_the_seed_and_never_twice(seed: int, train: int, valid: int) -> None:
    one, again = (
        load_data(POOL, train_images=train, valid_images=valid, test_images=10, subset="random", seed=seed)
        for _ in range(2)
    )
    drawn = []
    for part, same in zip((one.train, one.valid, one.test), (again.train, again.valid, again.test), strict=True):
        if part is not None and same is not None:
            np.testing.assert_array_equal(part.images, same.images)
            drawn += [image.tobytes() for image in part.images]
    assert len(set(drawn)) == len(drawn) == train + valid + 10
    assert POOL.pool is not None
    label_of = {image.tobytes(): int(t) for image, t in zip(POOL.pool.images, POOL.pool.labels, strict=True)}
    assert one.train is not None
    assert [label_of[image.tobytes()] for image in one.train.images] == one.train.labels.tolist()


def test_random_differs_by_seed_and_keeps_divisions_apart() -> None:
    first, other = (load_data(DIVIDED, train_images=30, subset="random", seed=seed) for seed in (0, 1))
    assert first.train is not None
    assert other.train is not None
    assert first.test is not None
    assert DIVIDED.test is not None
    assert not np.array_equal(first.train.images, other.train.images)
    own = {image.tobytes() for image in DIVIDED.test.images}
    assert {image.tobytes() for image in first.test.images} == own


def test_classes_are_numbered_anew_in_the_order_given() -> None:
    data = load_data(DIVIDED, classes=[3, "1"])
    assert data.class_names == ("3", "1")
    assert data.train is not None
    assert DIVIDED.train is not None
    for image, label in zip(data.train.images, data.train.labels, strict=True):
        place = np.flatnonzero((DIVIDED.train.images == image).all(axis=(1, 2, 3)))[0]
        assert DIVIDED.train.labels[place] == (3, 1)[label]


@pytest.mark.parametrize("classes", [[4], [-1], ["A"], [1, 1], [1, "1"], [True, 2]])
def test_classes_that_are_not_there_are_wrong_usage(classes: list[object]) -> None:
    with pytest.raises(UsageError, match="classes: expected"):
        load_data(POOL, classes=classes)  # type: ignore[arg-type]


def test_one_class_cannot_be_trained() -> None:
    with pytest.raises(DataError, match="of at least two classes, found 12 of class 1 only"):
        load_data(POOL, classes=[1])


def test_sorted_data_cut_at_the_front_gets_a_notice() -> None:
    data = load_data((pixels(N), np.arange(N) // 15), train_images=30)
    assert "The test images have classes that the training images lack (2, 3)" in data.notice


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, (4000, 0, 1000)),
        ({"train_images": 500, "test_images": 200}, (500, 0, 200)),
        ({"train_images": 50_000, "test_images": 5000}, (3333, 0, 500)),
        ({"train_images": 60_000, "test_images": 10_000}, (4000, 0, 1000)),
        ({"train_images": 55_000, "valid_images": 5000}, (3666, 333, 1000)),
        ({"train_images": 0.5, "test_images": 0.5}, (2000, 0, 500)),
    ],
)
def test_the_sample_scales_what_it_cannot_give(
    bare_machine: Path, counts: dict[str, int], expected: tuple[int, int, int]
) -> None:
    data = load_data("mnist", **counts)  # type: ignore[arg-type]
    assert sizes(data) == expected
    assert data.sampled
    assert "not comparable" in data.notice
    assert ("in place of" in data.notice) == any(n > 1000 for n in counts.values())


def test_the_sample_scales_chosen_classes_by_their_own_counts(bare_machine: Path) -> None:
    data = load_data("mnist", classes=[3, 1], train_images=12_873, test_images=2145)  # all threes and ones of MNIST
    available = load_data("mnist", classes=[3, 1])
    assert sizes(data) == sizes(available)


def test_more_than_the_whole_has_is_refused_on_the_sample_too(bare_machine: Path) -> None:
    with pytest.raises(DataError, match="asked for 60,001 training images, found 4,000"):
        load_data("mnist", train_images=60_001)
    with pytest.raises(DataError, match="asked for 10,001 test images, found 1,000"):
        load_data("mnist", test_images=10_001)


def test_real_digits_by_class(real: Data) -> None:
    threes = load_data("mnist", classes=[3, 1], train_images=31, test_images=98)
    assert sizes(threes) == (31, 0, 98)
    assert threes.sampled == real.sampled
    assert threes.train is not None
    assert real.train is not None
    expected = real.train.images[np.isin(real.train.labels, [1, 3])][:31]
    np.testing.assert_array_equal(threes.train.images, expected)


@pytest.mark.parametrize(("name", "value"), [("subset", "last"), ("normalize", "0-1")])
def test_other_words_are_wrong_usage(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: expected one of .*, received '{value}'"):
        load_data(POOL, **{name: value})  # type: ignore[arg-type]


def test_counts_from_numpy_count_as_counts(bare_machine: Path) -> None:
    data = load_data("mnist", train_images=np.int64(50_000), test_images=np.int32(5000))
    assert sizes(data) == (3333, 0, 500)
    assert data.counts_requested == {"train": 50_000, "valid": None, "test": 5000}
    assert "3,333 training images in place of 50,000." in data.notice
