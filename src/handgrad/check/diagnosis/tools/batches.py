"""Functions that hand out a part of the data: one batch, all batches of an epoch, a split."""

from __future__ import annotations

from collections import Counter

import numpy as np

from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found
from handgrad.check.diagnosis.tools.samples import Samples, batches_in, marked, parts_in, samples_in
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

_SIZE = 5
APART = ("labels_shuffled_apart", "")


def batch(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(x (N, 3), labels (N,), size, number of the call)` twice: pairs fit, and the second batch is another."""
    x, labels = marked(500)
    made = [samples_in(subject.call(x.copy(), labels.copy(), np.asarray(8), np.asarray(i))) for i in (0, 1)]
    (first, named), (second, _) = made
    if first is None or second is None or not len(first):
        return UNKNOWN
    if named is not None and len(named) == len(first) and not np.array_equal(first, named):
        return APART
    return ("same_batch_again", "") if np.array_equal(first, second) else RIGHT


def batches(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(x (N, 3), labels (N,), size)`: every sample once an epoch; a last short batch may be left out."""
    made = []
    for N in (20, 23):
        x, labels = marked(N)
        value = subject.call(x.copy(), labels.copy(), np.asarray(_SIZE), np.asarray(0))
        made.append((N, batches_in(value, 4 * N)))
    if any(not parts or any(images is None for images, _ in parts) for _, parts in made):
        return UNKNOWN
    if any(_apart(part) for _, parts in made for part in parts):
        return APART
    if any(images is not None and len(images) >= 2 * _SIZE for _, parts in made for images, _ in parts):
        return UNKNOWN  # it has a size of its own
    endless = any(len(parts) == 4 * N for N, parts in made)
    for N, parts in made:
        found = _covered(N, parts[: N // _SIZE] if endless else parts, endless)
        if found != RIGHT:
            return found
    return RIGHT


def _apart(part: Samples) -> bool:
    images, labels = part
    return images is not None and labels is not None and not np.array_equal(images, labels)


def _covered(N: int, parts: list[Samples], endless: bool) -> Found:
    seen = [images for images, _ in parts if images is not None]
    if len(seen) > 1 and all(np.array_equal(seen[0], other) for other in seen[1:]):
        return "same_batch_again", ""
    if any(len(images) == 0 for images in seen):
        return "batches_empty", ""
    count = Counter(int(n) for images in seen for n in images)
    repeated, missing = sum(c > 1 for c in count.values()), N - len(count)
    if repeated:
        walks = all(np.array_equal(np.diff(images), np.ones(len(images) - 1)) for images in seen)
        return ("batches_repeat", str(repeated)) if walks else RIGHT  # drawn at random, with repetition
    if endless:
        return RIGHT
    short = N % _SIZE
    return ("batches_drop", str(missing)) if missing > short else RIGHT


def split(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(x (N, 3), labels (N,))`: the parts hold every sample once, with its label."""
    N = 60
    x, labels = marked(N)
    parts = parts_in(subject.call(x, labels))
    if len(parts) < 2 or any(images is None or not len(images) for images, _ in parts):
        return UNKNOWN
    numbers: list[Array] = [images for images, _ in parts if images is not None]
    if any(named is not None and len(named) != len(images) for images, (_, named) in zip(numbers, parts, strict=True)):
        return "split_lengths", ""
    if any(_apart(part) for part in parts):
        return APART
    count = Counter(int(n) for images in numbers for n in images)
    shared = sum(c > 1 for c in count.values())
    if shared:
        return "split_overlaps", str(shared)
    missing = N - len(count)
    return ("split_loses", str(missing)) if 0 < missing <= 2 else RIGHT


def folds(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(N)` → pairs of row numbers, for training and for testing: apart, and each row is tested once."""
    N = 24
    pairs = subject.call(np.asarray(N))
    if not isinstance(pairs, list) or len(pairs) < 2 or any(not _is_pair(pair, N) for pair in pairs):
        return UNKNOWN
    shared = max(len(set(np.ravel(train)) & set(np.ravel(test))) for train, test in pairs)
    if shared:
        return "split_overlaps", str(shared)
    tested = Counter(int(n) for _, test in pairs for n in np.ravel(test))
    missing = N - len(tested)
    return ("split_loses", str(missing)) if missing else RIGHT


def _is_pair(pair: object, N: int) -> bool:
    """Two arrays of row numbers."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return False
    parts = [np.asarray(part) for part in pair]
    return all(p.ndim == 1 and p.dtype.kind in "iu" and len(p) and p.min() >= 0 and p.max() < N for p in parts)
