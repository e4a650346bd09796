"""In which order images are shown."""

import numpy as np

from handgrad.data.examples import Labels
from handgrad.errors import UsageError
from handgrad.streams import stream

ORDERS = ("shuffle", "fixed", "alternate")


def epoch_order(
    labels: Labels, order: str, seed: int, epoch: int, length: int | None = None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Which images an epoch shows, one after another; every image once before any comes again.

    Args:
        labels: (N,), of the training set.
        order: "shuffle", a permutation that depends on (seed, epoch) alone; "fixed", as stored; "alternate", the
            classes in turn, each in the order stored; a class that has no more images is passed over.
        seed: of the order.
        epoch: from 0.
        length: images an epoch shows; default N. Beyond N it goes on with a further permutation from the same
            stream (or from the start, where the order is not shuffled).

    Returns:
        indices (length,) int64.

    Raises:
        UsageError: for another order.

    >>> epoch_order(np.array([0, 0, 0, 1, 2, 2]), "alternate", seed=0, epoch=0).tolist()
    [0, 3, 4, 1, 5, 2]
    >>> len(epoch_order(np.zeros(4, np.int64), "shuffle", seed=0, epoch=0, length=10))
    10
    """
    N = len(labels)
    length = N if length is None else length
    rounds = max(1, -(-length // N))
    if order == "shuffle":
        rng = stream(seed, "order", epoch)
        passes = [rng.permutation(N) for _ in range(rounds)]
    elif order == "fixed":
        passes = [np.arange(N)] * rounds
    elif order == "alternate":
        passes = [_in_turn(labels)] * rounds
    else:
        raise UsageError(f"order: expected one of {', '.join(ORDERS)}, received {order!r}")
    return np.concatenate(passes)[:length].astype(np.int64, copy=False)


def _in_turn(labels: Labels) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """First the first image of each class, then the second of each, …"""
    by_class = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    place = np.empty(len(labels), np.int64)  # of an image among those of its class
    place[by_class] = np.arange(len(labels)) - np.repeat(starts, counts)
    return np.lexsort((labels, place))
