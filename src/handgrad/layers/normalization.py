"""Batch normalisation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from handgrad.errors import ConfigError, ShapeError
from handgrad.initializers import Initializer, Zeros
from handgrad.kernels.types import Array
from handgrad.layers.base import Buffer, Cache, Param, ParameterLayer, Shape, State


@dataclass(frozen=True)
class _Ones(Initializer):
    """All one: batch normalisation starts as x̂ itself."""

    type: ClassVar[str] = "ones"

    def draw(self, rng: np.random.Generator, shape: Sequence[int], fan_in: int, fan_out: int) -> Array:
        return np.ones(tuple(shape))

    def describe(self, fan_in: int, fan_out: int) -> str:
        return "ones"


class BatchNorm(ParameterLayer):
    """y = scale · x̂ + shift,  x̂ = (x − μ) / √(σ² + ε).    x, y (N, C, H, W) or (N, D)

    In training μ and σ² are the batch's mean and (biased) variance, of each channel over images and places,
    or of each unit over the batch, m values in all; they move with x, so with g = scale · dy

        dx = (g − Σg/m − x̂ Σ(g x̂)/m) / √(σ² + ε),  dscale = Σ dy x̂,  dshift = Σ dy.

    In inference they are running averages, running ← momentum · running + (1 − momentum) · batch's (PyTorch's
    momentum is 1 − ours), which keep the unbiased variance σ² m/(m − 1); they start at 0 and 1.
    Derivation: docs/derivations/normalization.md
    (Ioffe and Szegedy 2015, Batch normalization, algorithms 1 and 2).

    Args:
        scale_and_shift: train them; default True. False leaves y = x̂.
        epsilon: ε; default 1e-5.
        momentum: of the running averages; default 0.9.
        batch_statistics_at_test: use the statistics of whatever is shown in inference too (report B2's way:
            an image's prediction then depends on its neighbours); default False.
        learning_rate_multiplier: of scale and shift; default 1.
        frozen: scale and shift are never updated (the statistics still are the batch's); default False.

    Raises:
        ConfigError: if epsilon is not positive or momentum not in [0, 1).

    >>> BatchNorm().output_shape((32, 28, 28))
    (32, 28, 28)
    """

    reads_output = False

    mixes_samples = True
    scale: Array | None = None
    shift: Array | None = None
    dscale: Array | None = None
    dshift: Array | None = None
    running_mean: Array
    running_variance: Array

    def __init__(
        self,
        *,
        scale_and_shift: bool = True,
        epsilon: float = 1e-5,
        momentum: float = 0.9,
        batch_statistics_at_test: bool = False,
        learning_rate_multiplier: float = 1.0,
        frozen: bool = False,
    ) -> None:
        super().__init__(learning_rate_multiplier=learning_rate_multiplier, frozen=frozen)
        if epsilon <= 0 or not 0 <= momentum < 1:
            raise ConfigError(
                f"BatchNorm: expected epsilon > 0 and 0 <= momentum < 1, received {epsilon!r} and {momentum!r}"
            )
        self.scale_and_shift = scale_and_shift
        self.epsilon, self.momentum = epsilon, momentum
        self.batch_statistics_at_test = batch_statistics_at_test

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) not in (1, 3):
            raise ShapeError(f"expects images (C, H, W) or vectors (D,), received {shape}; add Flatten first")
        return shape

    def min_training_batch(self, shape: Shape) -> int:
        """The smallest batch it can be trained with: one value alone has no variance, and becomes 0.

        >>> BatchNorm().min_training_batch((32, 28, 28)), BatchNorm().min_training_batch((784,))
        (1, 2)
        """
        return 2 if math.prod(shape[1:]) == 1 else 1

    def params(self, shape: Shape) -> tuple[Param, ...]:
        if not self.scale_and_shift:
            return ()
        C = shape[0]
        return (
            Param("scale", (C,), _Ones(), 1, 1, penalised=False),
            Param("shift", (C,), Zeros(), 1, 1, penalised=False),
        )

    def state(self, shape: Shape) -> tuple[State, ...]:
        C = shape[0]
        return State("running_mean", (C,), 0.0), State("running_variance", (C,), 1.0)

    def buffers(self, shape: Shape) -> tuple[Buffer, ...]:
        C = shape[0]
        return (
            Buffer("mean", (C,), per_sample=False),
            Buffer("inverse_std", (C,), per_sample=False),
            Buffer("of_batch", (1,), per_sample=False, dtype="int8"),  # whether they are the batch's own
        )

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        mean, inverse_std = cache.mean, cache.inverse_std
        cache.of_batch[0] = train or self.batch_statistics_at_test
        means, variances = self.running_mean, self.running_variance
        if train:
            self.k.batch_statistics(mean, inverse_std, means, variances, x, self.epsilon, self.momentum)
        elif self.batch_statistics_at_test:
            self.k.batch_statistics(mean, inverse_std, None, None, x, self.epsilon, self.momentum)
        else:
            self.k.running_statistics(mean, inverse_std, means, variances, self.epsilon)
        self.k.batch_norm_forward(y, x, mean, inverse_std, self.scale, self.shift)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        mean, inverse_std, of_batch = cache.mean, cache.inverse_std, bool(cache.of_batch[0])
        self.k.batch_norm_backward(dx, self.dscale, self.dshift, dy, x, mean, inverse_std, self.scale, of_batch)

    def describe(self) -> str:
        return "" if self.scale_and_shift else "without scale and shift"
