"""Layers that pass every number on as it is. They move no data: the workspace gives them a view.

Derivation: docs/derivations/reshape.md.
"""

import math

from handgrad.kernels.types import Array
from handgrad.layers.base import Cache, Layer, Shape


class _View(Layer):
    reshapes = True

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        """Nothing to do: y is x's memory in another shape."""

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        """Nothing to do: dx is dy's memory in another shape."""


class Flatten(_View):
    """(C, H, W) → (C·H·W,), in reading order; dx is dy in the input's shape.

    >>> Flatten().output_shape((1, 28, 28))
    (784,)
    """

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


class Identity(_View):
    """y = x;  dx = dy: a linear output, or a place holder in an experiment on activations.

    >>> Identity().output_shape((10,))
    (10,)
    """

    def output_shape(self, shape: Shape) -> Shape:
        return shape
