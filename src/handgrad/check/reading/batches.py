"""Images and targets as a program wants them: rows or columns, together or one by one, one-hot or class numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.kernels.types import Array


@dataclass(frozen=True)
class Batch:
    """Images and targets as a program wants them.

    Attributes:
        x, t: in its orientation; t one-hot or class numbers.
        rows: N images as rows.
    """

    x: Array
    t: Any
    rows: bool = True


_SHAPES = {
    "vector": (-1,), "column": (-1, 1), "row": (1, -1), "listed column": (1, -1, 1), "listed row": (1, 1, -1)
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How images and targets are handed over.

    Attributes:
        samples: "rows" (N, D), "columns" (D, N), "vector" (D,) one by one, "column" (D, 1) one by one, "row" (1, D);
            "listed column" (1, D, 1) and "listed row" (1, 1, D) for a loop over a list with one sample.
        labels: "onehot", "numbers", "flat" (N,) of 0 and 1.
        ones: "first" or "last" where the images come with a 1 for the first layer's biases.
    """

    samples: str
    labels: str
    ones: str = ""

    @property
    def alone(self) -> bool:
        """One image a call."""
        return self.samples in ("vector", "column", "row", "listed column", "listed row")

    @property
    def listed(self) -> bool:
        """One image a call, in a list."""
        return self.samples.startswith("listed")

    def batches(self, x: Array, t: Array) -> list[Batch]:
        """The batch, or one an image."""
        if self.ones:
            x = np.insert(x, 0 if self.ones == "first" else x.shape[1], 1.0, axis=1)
        if self.samples == "rows":
            return [Batch(x, self._labels(t))]
        if self.samples == "columns":
            return [Batch(np.ascontiguousarray(x.T), self._labels(t, columns=True), rows=False)]
        made = []
        for image, target in zip(x, t, strict=True):
            shape = _SHAPES[self.samples]
            label = target.reshape(shape) if self.labels == "onehot" else self._labels(target[None])
            if self.labels != "onehot" and self.samples != "row" and not self.listed:
                label = label[0]
            made.append(Batch(image.reshape(shape).copy(), label, rows=self.samples == "row"))
        return made

    def _labels(self, t: Array, columns: bool = False) -> Any:
        if self.labels == "onehot":
            return np.ascontiguousarray(t.T) if columns else t.copy()
        if t.shape[1] == 1:
            return t[:, 0].astype(int) if self.labels == "numbers" else t[:, 0].copy()
        return t.argmax(axis=1)

    def outputs(self, found: Array) -> Array:
        """A program's output as (N, P), or (P,) of one image."""
        return found.T if self.samples == "columns" else found
