"""How a layer lays out its arrays, and which layouts are tried for which kind of layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handgrad.check.reading.arrange import from_program, to_program
from handgrad.kernels.types import Array

IMAGES = ("conv", "maxpool", "avgpool", "flatten")
CONV_WEIGHTS = ("F,C,K,L", "K,L,C,F", "F,K,L,C", "C,F,K,L", "F,K,L", "K,L,F", "K,L", "F,CKL", "CKL,F")
_BIASES = {
    "M": (-1,),
    "1,M": (1, -1),
    "M,1": (-1, 1),
    "1,1,1,M": (1, 1, 1, -1),
    "1,M,1,1": (1, -1, 1, 1),
    "M,1,1": (-1, 1, 1),
}


@dataclass(frozen=True)
class Axes:
    """Patterns (see arrange.py) of a layer's input, output, weights and bias.

    Attributes:
        x, y: of NCHW, or of ND for two axes; without N the program takes one image a call.
        W: of FCKL, or of DM.
        b: "M", "1,M", "M,1", "1,1,1,M", "1,M,1,1", "M,1,1".
    """

    x: str = "N,D"
    y: str = "N,D"
    W: str = "D,M"
    b: str = "M"

    @property
    def alone(self) -> bool:
        """One image a call."""
        return "N" not in self.x

    @property
    def gray(self) -> bool:
        """The input has no axis for channels."""
        return "H" in self.x and "C" not in self.x

    @property
    def one_filter(self) -> bool:
        """The output has no axis for channels."""
        return "H" in self.y and "C" not in self.y

    def out(self, name: str, values: Array) -> Array:
        """handgrad's array as the program wants it.

        Raises:
            ValueError: it does not fit the pattern.
        """
        if name in ("x", "y"):
            return to_program(values, *self._letters(name, values.ndim))
        if name == "W":
            return to_program(values, "FCKL" if values.ndim == 4 else "DM", self.W)
        return values.reshape(_BIASES[self.b]).copy()

    def back(self, name: str, values: Array, expected: tuple[int, ...]) -> Array:
        """The program's array as handgrad has it; as it is where its shape is another's."""
        values = np.array(values, float)
        try:
            if name in ("x", "y"):
                letters, pattern = self._letters(
                    name, len(expected) or values.ndim + (self.alone and "H" not in self.x)
                )
                sizes = dict(zip(letters, expected, strict=True)) if expected else {}
                return from_program(values, letters, pattern, sizes)
            if name == "W":
                letters = "FCKL" if len(expected) == 4 else "DM"
                return from_program(values, letters, self.W, dict(zip(letters, expected, strict=True)))
        except (ValueError, KeyError):
            return values
        return _bias_back(values, expected)

    def _letters(self, name: str, axes: int) -> tuple[str, str]:
        pattern = self.x if name == "x" else self.y
        if "H" in pattern:
            return "NCHW", pattern
        return ("NCHW", "N,C,H,W") if axes == 4 else ("ND", pattern)


def _bias_back(values: Array, expected: tuple[int, ...]) -> Array:
    """A bias gradient flat; one that has a value at each place is summed over them."""
    if values.size == int(np.prod(expected)):
        return values.reshape(expected)
    return values


def formats_of(kind: str) -> list[Axes]:
    """The layouts to try, likely ones first."""
    if kind == "conv":
        return _convolutions()
    if kind in ("maxpool", "avgpool"):
        same = ("N,C,H,W", "N,H,W,C", "C,H,W", "H,W,C", "H,W", "N,H,W")
        return [Axes(p, p) for p in same]
    if kind == "flatten":
        return [Axes("N,C,H,W", "N,D"), Axes("C,H,W", "D"), Axes("C,H,W", "D,1"), Axes("C,H,W", "1,D")]
    if kind == "dense":
        return [
            Axes(x, x, w, b)
            for x, w, b in (
                ("N,D", "D,M", "M"), ("N,D", "D,M", "1,M"), ("N,D", "M,D", "M"), ("N,D", "M,D", "1,M"),
                ("D,N", "M,D", "M,1"), ("D,N", "D,M", "M,1"), ("D,N", "M,D", "M"), ("N,D", "M,D", "M,1"),
                ("D,1", "M,D", "M,1"), ("D", "D,M", "M"), ("D", "M,D", "M"), ("1,D", "D,M", "1,M"),
            )
        ]  # fmt: skip
    if kind == "batchnorm":
        return [Axes(b="M"), Axes(b="1,M"), Axes("D,N", "D,N", b="M,1"), Axes("N,C,H,W", "N,C,H,W", b="1,M,1,1"),
                Axes("N,H,W,C", "N,H,W,C", b="M")]  # fmt: skip
    if kind == "softmax":
        return [Axes(), Axes("D,N", "D,N"), Axes("D", "D"), Axes("D,1", "D,1")]
    return [Axes(), Axes("N,C,H,W", "N,C,H,W"), Axes("D", "D"), Axes("D,1", "D,1")]


def _convolutions() -> list[Axes]:
    found = []
    for x, y in (
        ("N,C,H,W", "N,C,H,W"), ("N,H,W,C", "N,H,W,C"), ("C,H,W", "C,H,W"), ("H,W", "H,W,C"), ("H,W,C", "H,W,C"),
        ("H,W", "C,H,W"), ("H,W", "H,W"), ("N,H,W", "N,C,H,W"), ("N,H,W", "N,H,W,C"), ("N,H,W", "N,H,W"),
    ):  # fmt: skip
        for w in CONV_WEIGHTS:
            if ("C" not in w) != ("C" not in x) or ("F" not in w) != ("C" not in y):
                continue
            last = y.endswith("C")
            for b in ("M", "M,1", "1,1,1,M") if last else ("M", "M,1", "1,M,1,1", "M,1,1", "1,M"):
                found.append(Axes(x, y, w, b))
    return found


def options_for(kind: str) -> list[Mapping[str, float]]:
    """Hyperparameters to try, those that show most first."""
    if kind == "conv":
        pairs = ((3, 2, 1), (3, 1, 1), (3, 2, 0), (3, 1, 0), (2, 1, 0), (5, 1, 2), (5, 1, 0), (3, 1, 2), (2, 2, 0))
        return [{"kernel": k, "stride": s, "padding": p} for k, s, p in pairs]
    if kind in ("maxpool", "avgpool"):
        return [{"kernel": k, "stride": s} for k, s in ((2, 2), (3, 2), (2, 1), (3, 3))]
    if kind == "dropout":
        return [{"keep_probability": 0.8}, {"keep_probability": 0.5}]
    return [{"epsilon": e} for e in (1e-5, 1e-8, 1e-3, 1e-7, 1e-6)] if kind == "batchnorm" else [{}]
