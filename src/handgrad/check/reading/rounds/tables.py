"""Small random tables and image sets with the faces of pandas, scikit-learn and Keras: what would be loaded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from handgrad.kernels.types import Array

_N = 24
_ROWS = 1100  # of digits: programs set the first thousand apart
_PIXELS = 784


class Table(np.ndarray):
    """An array that answers to what programs ask of a data frame: values, columns, drop, iloc, a column's name."""

    @property
    def values(self) -> Array:
        """The numbers."""
        return np.array(self)

    def to_numpy(self, *_: Any, **__: Any) -> Array:
        """The numbers."""
        return np.array(self)

    @property
    def columns(self) -> list[str]:
        """Names for the columns."""
        return [f"column{i}" for i in range(self.shape[-1])]

    @property
    def iloc(self) -> Table:
        """Itself: rows and columns by number."""
        return self

    def drop(self, *_: Any, **__: Any) -> Table:
        """Without one column, the labels."""
        made: Table = self[:, 1:]
        return made

    def sample(self, *_: Any, **__: Any) -> Table:
        """Itself."""
        return self

    head = dropna = reset_index = sample

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return super().__getitem__((slice(None), 0))
        return self if isinstance(key, list) and key and isinstance(key[0], str) else super().__getitem__(key)


def read_table(name: Any = "", *_: Any, **__: Any) -> Table:
    """A label and pixels where the name says digits, else a label and five features."""
    rng = np.random.default_rng(4)
    digits = any(word in str(name).lower() for word in ("train", "test", "mnist", "digit"))
    labels = np.arange(_ROWS) % 10 if digits else np.arange(_N) % 2
    features = rng.integers(0, 256, (_ROWS, _PIXELS)) if digits else rng.uniform(0.1, 5.0, (_N, 5))
    return np.column_stack([labels, features]).astype(int if digits else float).view(Table)


def data_set(name: str) -> tuple[Array, Array]:
    """Inputs and targets of scikit-learn's sets, by the function's name."""
    rng = np.random.default_rng(4)
    if "mnist" in name or "openml" in name:
        return rng.integers(0, 256, (_N, _PIXELS)).astype(float), np.arange(_N) % 10
    if "digits" in name:
        return rng.integers(0, 17, (_N, 64)).astype(float), np.arange(_N) % 10
    if any(word in name for word in ("boston", "diabetes", "housing", "regression")):
        return rng.standard_normal((_N, 5)), rng.standard_normal(_N)
    plane = "moons" in name or "circles" in name
    two = plane or any(word in name for word in ("cancer", "classification"))
    return rng.uniform(0.1, 5.0, (_N, 2 if plane else 5)), np.arange(_N) % (2 if two else 3)


def keras_images(*_: Any, **__: Any) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """`mnist.load_data()`."""
    rng = np.random.default_rng(4)
    images, labels = rng.integers(0, 256, (_N, 28, 28)).astype(np.uint8), np.arange(_N) % 10
    return (images, labels), (images[:10].copy(), labels[:10].copy())


KERAS = SimpleNamespace(load_data=keras_images)
PANDAS = SimpleNamespace(
    read_csv=read_table, read_excel=read_table, DataFrame=lambda d=0, *_, **__: np.array(d).view(Table)
)
