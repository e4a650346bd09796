"""Samples that can be told apart: what functions for shuffling, batches and splits are given, and read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from handgrad.kernels.types import Array

Samples = tuple[Array | None, Array | None]  # the numbers of the images, and the labels that came with them
_FEATURES = 3


def marked(N: int) -> tuple[Array, Array]:
    """x (N, 3) and labels (N,): sample n is [n, n + ¼, n + ½] with the label n."""
    labels = np.arange(N)
    return labels[:, None] + np.array([0.0, 0.25, 0.5]), labels


def places_of(x: Array) -> Array:
    """The numbers of the samples in x (n, 3), (3, n) or (3,)."""
    x = np.atleast_2d(np.asarray(x, float))
    rows = x.shape[1] == _FEATURES and bool(np.all(x[:, 1] - x[:, 0] == 0.25))
    return np.asarray(x[:, 0] if rows else x[0])


def _is_images(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.dtype.kind not in "fiu":
        return False
    rows = value.shape[1] == _FEATURES and bool(np.all((value[:, 1] - value[:, 0]) == 0.25))
    columns = value.shape[0] == _FEATURES and bool(np.all((value[1] - value[0]) == 0.25))
    return rows or columns


def _is_labels(value: Any) -> bool:
    shape = np.shape(value)
    return len(shape) in (1, 2) and sum(n != 1 for n in shape) <= 1 and np.asarray(value).dtype.kind in "fiu"


def samples_in(value: Any) -> Samples:
    """Images and labels in a tuple, list or dict, or a list of pairs (image, label)."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, np.ndarray):
        value = [value]
    value = list(value) if isinstance(value, tuple | list | zip) else []
    if value and all(isinstance(v, tuple | list) and len(v) == 2 and np.shape(v[0]) == (_FEATURES,) for v in value):
        return np.array([v[0][0] for v in value]), np.array([float(np.ravel(v[1])[0]) for v in value])
    images = next((places_of(v) for v in value if _is_images(v)), None)
    labels = next((np.asarray(v, float).reshape(-1) for v in value if not _is_images(v) and _is_labels(v)), None)
    return images, labels


def parts_in(value: Any) -> list[Samples]:
    """All images and all labels of a split, the first images with the first labels."""
    flat = list(_flat(value))
    images = [places_of(v) for v in flat if _is_images(v)]
    labels = [np.asarray(v, float).reshape(-1) for v in flat if not _is_images(v) and _is_labels(v)]
    if labels and len(labels) != len(images):
        return []
    return [(images[i], labels[i] if labels else None) for i in range(len(images))]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def batches_in(value: Any, limit: int) -> list[Samples]:
    """The batches of a list, a generator, or two lists; at most `limit` of them."""
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, list) and v for v in value):
        value = list(zip(*value, strict=False))
    if isinstance(value, np.ndarray) or value is None or isinstance(value, dict | str):
        return []
    return [_batch(part) for part in islice(iter(value), limit)]


def _batch(part: Any) -> Samples:
    if isinstance(part, Sequence) and len(part) >= 1 and all(np.size(v) == 0 for v in part):
        return np.array([]), np.array([])
    return samples_in(part)
