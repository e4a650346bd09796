"""What images are, once read: a set with labels, a source with its division, and the data a run is given."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8] | NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Images (N, C, H, W) or (N, D), bytes or float32, C-contiguous, with labels (N,)."""

    images: NDArray[Any]
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, indices: Labels) -> "Examples":
        """These examples, in this order."""
        return Examples(np.ascontiguousarray(self.images[indices]), self.labels[indices])


@dataclass(frozen=True)
class Source:
    """Everything a source holds: its own division into train and test, or one pool."""

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


@dataclass(frozen=True)
class Data:
    """What a run is given. The network sees x = scale · image + offset."""

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
        """Shape of one image."""
        for examples in (self.train, self.test, self.valid):
            if examples is not None:
                return tuple(examples.images.shape[1:])
        return ()
