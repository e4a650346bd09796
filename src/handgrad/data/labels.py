"""Making class numbers of whatever labels were found, and names for the classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.examples import Labels
from handgrad.errors import DataError

MAX_CLASSES = 1000


def clean_labels(labels: NDArray[Any], images: int, where: str, notices: list[str]) -> Labels:
    """Labels as whole numbers (N,), one for each image; which class each stands for is `number_classes`' business.

    Whole numbers stored as floats are accepted; so is one-hot, (N, P) with a single 1 in each row, with a notice.

    Args:
        labels: what was found.
        images: how many images there are.
        where: file and member, for messages.
        notices: receives what was converted.

    Raises:
        DataError: if they are of another count, not whole numbers, or negative; names value and row.

    >>> told = []
    >>> clean_labels(np.eye(3), 3, "here", told).tolist(), told
    ([0, 1, 2], ['here: the labels are one-hot, of 3 classes.'])
    """
    if labels.ndim not in (1, 2) or len(labels) != images:
        count = f"{len(labels):,}" if labels.ndim == 1 else str(labels.shape)
        raise DataError(f"{where}: expected one label for each of the {images:,} images, found {count} labels")
    if labels.dtype.kind not in "iufb":
        raise DataError(f"{where}: expected labels that are whole numbers, found the type {labels.dtype}")
    if labels.ndim == 2:
        return _from_rows(labels, where, notices)
    return _whole(labels, where)


def _from_rows(labels: NDArray[Any], where: str, notices: list[str]) -> Labels:
    if labels.shape[1] == 1:
        return _whole(labels[:, 0], where)
    ones = labels == 1
    right = (ones | (labels == 0)).all(axis=1) & (ones.sum(axis=1) == 1)
    if not right.all():
        row = int(np.argmin(right))
        raise DataError(f"{where}: expected one-hot labels, a single 1 and zeros, found {labels[row]} in row {row}")
    notices.append(f"{where}: the labels are one-hot, of {labels.shape[1]} classes.")
    classes: Labels = np.argmax(ones, axis=1).astype(np.int64, copy=False)
    return classes


def _whole(labels: NDArray[Any], where: str) -> Labels:
    values = labels.astype(np.float64)
    wrong = ~((values >= 0) & (values < 2**31) & (values == np.floor(values)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{where}: expected labels 0, 1, 2, …, found {labels[row]} in row {row} (counted from 0)")
    return labels.astype(np.int64)


def number_classes(
    parts: Sequence[tuple[str, Labels]],
    notices: list[str],
    class_names: tuple[str, ...] | None = None,
    first: int | None = None,
) -> tuple[tuple[str, ...], list[Labels]]:
    """Names of the classes, and the labels as positions among them.

    Args:
        parts: (where, labels) of each division, training before test: the first one says which classes there are.
        notices: receives what is unusual: counting from 1, classes without images.
        class_names: where they are known; labels then count from 0.
        first: the number of the first class, 0 or 1; default finds out: 1 if the labels are 1 to P without a gap.

    Returns:
        names, by default the labels themselves as text, and for each part its labels, from 0.

    Raises:
        DataError: for a label outside the classes, naming value and row.

    >>> told = []
    >>> number_classes([("here", np.array([1, 2, 2, 3]))], told)
    (('1', '2', '3'), [array([0, 1, 1, 2])])
    >>> told
    ['here: the labels count from 1 to 3; class 1 comes first.']
    """
    where, labels = parts[0]
    if class_names is None:
        if first is None:
            first = _first_class(labels)
            if first:
                notices.append(f"{where}: the labels count from 1 to {labels.max()}; class 1 comes first.")
        class_names = _names(labels, first, where)
    first = first or 0
    for part, values in parts:
        wrong = (values < first) | (values >= first + len(class_names))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"{part}: expected labels from {first} to {first + len(class_names) - 1}, "
                f"found {values[row]} in row {row} (counted from 0)"
            )
    present = set(labels.tolist())
    if missing := [k for k in range(first, first + len(class_names)) if k not in present]:
        notices.append(f"{where}: there is no image of {_listed([class_names[k - first] for k in missing])}.")
    return class_names, [values - first if first else values for _, values in parts]


def _first_class(labels: Labels) -> int:
    present = set(labels.tolist())  # np.unique would load all of numpy.ma
    return int(len(present) > 1 and min(present) == 1 and max(present) == len(present))


def _names(labels: Labels, first: int, where: str) -> tuple[str, ...]:
    highest = int(labels.max())
    if highest >= MAX_CLASSES + first:
        row = int(labels.argmax())
        raise DataError(f"{where}: expected at most {MAX_CLASSES:,} classes, found the label {highest} in row {row}")
    return tuple(str(k) for k in range(first, highest + 1))


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"class {shown}" if len(names) == 1 else f"classes {shown}"
