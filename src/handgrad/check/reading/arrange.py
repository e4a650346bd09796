"""How a program lays its arrays out: patterns such as "N,H,W,C" or "F,CKL" for an array with axes NCHW or FCKL.

Each axis of the program's array is named by its letters; several letters are axes that were merged by a reshape, "1" is
an axis of length 1. An axis that the pattern leaves out has length 1 in handgrad's array ("H,W": one grey image).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handgrad.kernels.types import Array


def to_program(values: Array, letters: str, pattern: str) -> Array:
    """handgrad's array as the program has it.

    Raises:
        ValueError: an axis that the pattern leaves out is longer than 1.

    >>> to_program(np.zeros((2, 3, 5, 7)), "NCHW", "N,H,W,C").shape
    (2, 5, 7, 3)
    >>> to_program(np.zeros((4, 3, 2, 2)), "FCKL", "F,CKL").shape
    (4, 12)
    """
    axes = pattern.split(",")
    order = [letter for axis in axes for letter in axis if letter != "1"]
    missing = [letter for letter in letters if letter not in order]
    if any(values.shape[letters.index(letter)] != 1 for letter in missing):
        raise ValueError(f"the pattern {pattern} has no axis for {', '.join(missing)}")
    sizes = dict(zip(letters, values.shape, strict=True)) | {"1": 1}
    turned = values.transpose([letters.index(letter) for letter in [*missing, *order]])
    shape = [int(np.prod([sizes[letter] for letter in axis])) for axis in axes]
    return np.array(turned.reshape(shape), order="C")


def from_program(values: Array, letters: str, pattern: str, sizes: Mapping[str, int]) -> Array:
    """The program's array as handgrad has it; `sizes` names the axes that were merged, others are read off.

    Raises:
        ValueError: the array has not the shape that the pattern says.

    >>> from_program(np.zeros((2, 5, 7, 3)), "NCHW", "N,H,W,C", {}).shape
    (2, 3, 5, 7)
    """
    axes = pattern.split(",")
    if values.ndim != len(axes):
        raise ValueError(f"{values.ndim} axes for the pattern {pattern}")
    known = dict(sizes) | {"1": 1}
    known |= {axis: n for axis, n in zip(axes, values.shape, strict=True) if len(axis) == 1 and axis != "1"}
    order = [letter for axis in axes for letter in axis if letter != "1"]
    spread = values.reshape([known[letter] for letter in order])
    missing = [letter for letter in letters if letter not in order]
    spread = spread.reshape([*([1] * len(missing)), *spread.shape])
    names = [*missing, *order]
    return np.array(spread.transpose([names.index(letter) for letter in letters]), order="C")
