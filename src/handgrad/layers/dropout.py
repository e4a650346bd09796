"""Dropout."""

from handgrad.errors import ConfigError
from handgrad.kernels.types import Array
from handgrad.layers.base import Buffer, Cache, Layer, Shape


class Dropout(Layer):
    """y = x · mask, each entry of the mask 1/p with probability p, else 0;  dx = dy · mask.    Any shape.

    The 1/p ("inverted" dropout) keeps the expectation of y at x, so that in inference y = x. Masks come from
    the layer's own stream, uniform numbers below p being kept, and are the same in float32 and float64.
    Derivation: docs/derivations/dropout.md (Srivastava et al. 2014, Dropout, sections 4 and 10).

    Args:
        keep_probability: p, in (0, 1].

    Raises:
        ConfigError: if p is not in (0, 1].

    >>> Dropout(0.5).output_shape((784,))
    (784,)
    """

    draws = True

    def __init__(self, keep_probability: float) -> None:
        if not 0 < keep_probability <= 1:
            raise ConfigError(f"keep_probability: expected a number in (0, 1], received {keep_probability!r}")
        self.keep_probability = keep_probability

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def buffers(self, shape: Shape) -> tuple[Buffer, ...]:
        return Buffer("mask", shape), Buffer("uniform", shape, dtype="float32")

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        if train:
            self.rng.random(out=cache.uniform, dtype="float32")
            self.k.dropout_forward(y, cache.mask, x, cache.uniform, self.keep_probability)
        else:
            cache.uniform.fill(0.0)  # keeps everything: the mask is 1
            self.k.dropout_forward(y, cache.mask, x, cache.uniform, 1.0)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.dropout_backward(dx, dy, cache.mask)

    def describe(self) -> str:
        return f"keep_probability {self.keep_probability:g}"
