"""What data looks like inside handgrad: images with labels, a source of them, and the sets an experiment uses."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]  # (N, C, H, W) or (N, D), uint8 or float32, C-contiguous
Labels = NDArray[np.int64]  # (N,)


@dataclass(frozen=True)
class Examples:
    """Images and their labels, row by row.

    Attributes:
        images: (N, C, H, W), or (N, D) where the rows are no pictures; uint8 or float32, C-contiguous.
        labels: (N,) int64, positions in the class names.

    >>> len(Examples(np.zeros((3, 1, 28, 28), np.uint8), np.array([0, 1, 1])))
    3
    """

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, rows: "Labels | NDArray[np.bool_] | slice") -> "Examples":
        """These rows, in this order; a view where they are a slice."""
        return Examples(self.images[rows], self.labels[rows])


@dataclass(frozen=True)
class Source:
    """All that was found in one place, before any of it is chosen.

    Attributes:
        name: the registered name, or that of the file or folder.
        class_names: label k is class_names[k].
        train, test: where the source has that division; else both are None and all is in `pool`.
        pool: images without division.
        origin: where they were found, for people.
        notice: what people should know about them; "" if nothing.
        sampled: True for the small stand-in for a registered source.
        full_class_counts: images of each class in the whole source, by division, where this is a stand-in.
        checksums: for each file "verified" or "no published checksum".
        unreadable: what could not be read and was left out, as "file: reason".
    """

    name: str
    class_names: tuple[str, ...]
    train: Examples | None = None
    test: Examples | None = None
    pool: Examples | None = None
    origin: str = ""
    notice: str = ""
    sampled: bool = False
    full_class_counts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    @property
    def divisions(self) -> dict[str, Examples]:
        """The sets that are there, by name: train and test, or pool."""
        named = {"train": self.train, "test": self.test, "pool": self.pool}
        return {name: examples for name, examples in named.items() if examples is not None}


@dataclass(frozen=True)
class Data:
    """The sets one experiment uses. The network sees x = scale · image + offset.

    Attributes:
        name: of the source.
        class_names: label k is class_names[k].
        train, valid, test: None where there is no such set.
        scale, offset: how stored pixels become the network's input.
        origin, notice, sampled: of the source; the notice also says what was scaled or looks unusual.
        counts_requested: what was asked for, by set, before anything was scaled.
    """

    name: str
    class_names: tuple[str, ...]
    train: Examples | None
    valid: Examples | None
    test: Examples | None
    scale: float
    offset: float
    origin: str
    notice: str = ""
    sampled: bool = False
    counts_requested: dict[str, int | float | None] = field(default_factory=dict)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image, (C, H, W) or (D,); () where there are none at all."""
        for examples in (self.train, self.test, self.valid):
            if examples is not None:
                return tuple(examples.images.shape[1:])
        return ()
