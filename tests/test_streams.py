"""Random streams: each depends on seed, purpose and index alone, and no two are alike."""

import itertools

import numpy as np
import pytest

from handgrad.streams import PURPOSES, stream


def test_same_names_same_numbers() -> None:
    np.testing.assert_array_equal(stream(7, "order", 3).random(5), stream(7, "order", 3).random(5))


def test_a_stream_does_not_depend_on_what_others_drew() -> None:
    expected = stream(0, "init", 1).random(3)
    stream(0, "init", 0).random(100)
    stream(0, "dropout", 1).random(100)
    np.testing.assert_array_equal(stream(0, "init", 1).random(3), expected)


def test_all_streams_differ() -> None:
    keys = itertools.product((0, 1, 2), PURPOSES, ((), (0,), (1,), (1, 0), (0, 1)))
    first = {tuple(stream(seed, purpose, *index).integers(0, 2**32, 4)) for seed, purpose, index in keys}
    assert len(first) == 3 * len(PURPOSES) * 5


def test_the_numbers_of_the_table_stay() -> None:
    """A changed number would change every result published with a seed."""
    known = {"split": 0, "init": 1, "order": 2, "dropout": 3, "augment": 4, "sample": 5, "check": 6}
    assert known.items() <= PURPOSES.items()
    assert len(set(PURPOSES.values())) == len(PURPOSES)
    assert stream(0, "init", 0).integers(0, 1000, 4).tolist() == [484, 945, 969, 411]


def test_unknown_purpose() -> None:
    with pytest.raises(KeyError):
        stream(0, "luck")
