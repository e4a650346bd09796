"""The order in which images are shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.data.batches import ORDERS, epoch_order
from handgrad.errors import UsageError

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=40).map(np.array)


@given(labels=LABELS, order=st.sampled_from(ORDERS), seed=st.integers(0, 2**40), epoch=st.integers(0, 999))
def test_every_image_once(labels: np.ndarray, order: str, seed: int, epoch: int) -> None:
    found = epoch_order(labels, order, seed, epoch)
    assert found.dtype == np.int64
    assert sorted(found.tolist()) == list(range(len(labels)))


@given(labels=LABELS, order=st.sampled_from(ORDERS), length=st.integers(1, 150))
def test_any_length_goes_round_by_whole_passes(labels: np.ndarray, order: str, length: int) -> None:
    N = len(labels)
    found = epoch_order(labels, order, 3, 5, length)
    assert len(found) == length
    for start in range(0, length - N + 1, N):
        assert sorted(found[start : start + N].tolist()) == list(range(N))
    rest = found[length - length % N :]
    assert len(set(rest.tolist())) == len(rest)
    np.testing.assert_array_equal(found[: min(N, length)], epoch_order(labels, order, 3, 5)[:length])


def test_a_shuffle_depends_on_seed_and_epoch_alone() -> None:
    labels = np.zeros(1000, np.int64)
    same, again = (epoch_order(labels, "shuffle", 7, 4) for _ in range(2))
    np.testing.assert_array_equal(same, again)
    np.testing.assert_array_equal(same, epoch_order(np.arange(1000) % 10, "shuffle", 7, 4))
    for other in (epoch_order(labels, "shuffle", 8, 4), epoch_order(labels, "shuffle", 7, 5)):
        assert (same != other).mean() > 0.9


def test_further_passes_are_shuffled_anew() -> None:
    found = epoch_order(np.zeros(500, np.int64), "shuffle", 0, 0, 1000)
    assert (found[:500] != found[500:]).mean() > 0.9


def test_fixed_is_the_order_stored() -> None:
    assert epoch_order(np.array([2, 0, 1]), "fixed", 0, 9, 5).tolist() == [0, 1, 2, 0, 1]


@given(labels=LABELS)
def test_alternate_takes_the_classes_in_turn(labels: np.ndarray) -> None:
    shown = epoch_order(labels, "alternate", 0, 0)
    left = {c: np.flatnonzero(labels == c).tolist() for c in np.unique(labels).tolist()}
    expected = []
    while any(left.values()):
        expected += [places.pop(0) for places in left.values() if places]
    assert shown.tolist() == expected


def test_another_order_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="order: expected one of shuffle, fixed, alternate, received 'random'"):
        epoch_order(np.zeros(3, np.int64), "random", 0, 0)
