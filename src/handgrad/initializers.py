"""Initial values of weights. Each is drawn in float64 from the layer's own stream, then cast.

`std` and `variance` are told apart everywhere: N(0, σ = 0.1) has variance 0.01.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from handgrad.errors import ConfigError
from handgrad.kernels.types import Array


@dataclass(frozen=True)
class Initializer:
    """How a weight tensor starts. `fan_in` and `fan_out` are the numbers of inputs and outputs of one unit."""

    type: ClassVar[str] = ""

    def draw(self, rng: np.random.Generator, shape: Sequence[int], fan_in: int, fan_out: int) -> Array:
        """Float64 values of the given shape."""
        std = self.std_of(fan_in, fan_out)
        return rng.normal(0.0, std, tuple(shape)) if std else np.zeros(tuple(shape))

    def std_of(self, fan_in: int, fan_out: int) -> float:
        """Standard deviation of the distribution drawn from (about its own mean)."""
        return 0.0

    def describe(self, fan_in: int, fan_out: int) -> str:
        """For people: the distribution with its numbers."""
        std = self.std_of(fan_in, fan_out)
        return f"N(0, σ = {std:.4g})"


@dataclass(frozen=True)
class Normal(Initializer):
    """N(0, σ): `std` is the standard deviation, not the variance.

    >>> Normal(std=0.1).describe(784, 100)
    'N(0, σ = 0.1)'
    """

    type: ClassVar[str] = "normal"
    std: float = 0.1

    def std_of(self, fan_in: int, fan_out: int) -> float:
        return self.std


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform on [low, high)."""

    type: ClassVar[str] = "uniform"
    low: float = -0.1
    high: float = 0.1

    def draw(self, rng: np.random.Generator, shape: Sequence[int], fan_in: int, fan_out: int) -> Array:
        return rng.uniform(self.low, self.high, tuple(shape))

    def std_of(self, fan_in: int, fan_out: int) -> float:
        return (self.high - self.low) / math.sqrt(12.0)

    def describe(self, fan_in: int, fan_out: int) -> str:
        return f"U[{self.low:g}, {self.high:g})"


@dataclass(frozen=True)
class XavierNormal(Initializer):
    """Variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010, eq. 12)."""

    type: ClassVar[str] = "xavier_normal"

    def std_of(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2.0 / (fan_in + fan_out))


@dataclass(frozen=True)
class HeNormal(Initializer):
    """Variance 2 / fan_in, made for ReLU (He et al. 2015, eq. 10)."""

    type: ClassVar[str] = "he_normal"

    def std_of(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2.0 / fan_in)


class _ScaledUniform(Initializer):
    """Uniform on ±√3·σ, which has standard deviation σ."""

    def draw(self, rng: np.random.Generator, shape: Sequence[int], fan_in: int, fan_out: int) -> Array:
        limit = math.sqrt(3.0) * self.std_of(fan_in, fan_out)
        return rng.uniform(-limit, limit, tuple(shape))

    def describe(self, fan_in: int, fan_out: int) -> str:
        limit = math.sqrt(3.0) * self.std_of(fan_in, fan_out)
        return f"U[−{limit:.4g}, {limit:.4g})"


@dataclass(frozen=True)
class XavierUniform(_ScaledUniform):
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010, eq. 16)."""

    type: ClassVar[str] = "xavier_uniform"

    def std_of(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2.0 / (fan_in + fan_out))


@dataclass(frozen=True)
class HeUniform(_ScaledUniform):
    """Uniform with variance 2 / fan_in (He et al. 2015)."""

    type: ClassVar[str] = "he_uniform"

    def std_of(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2.0 / fan_in)


@dataclass(frozen=True)
class Identity(Initializer):
    """Ones on the diagonal, zeros elsewhere: a square dense layer then passes its input on.

    >>> Identity().draw(np.random.default_rng(0), (2, 2), 2, 2)
    array([[1., 0.],
           [0., 1.]])
    """

    type: ClassVar[str] = "identity"

    def draw(self, rng: np.random.Generator, shape: Sequence[int], fan_in: int, fan_out: int) -> Array:
        if len(shape) != 2:
            raise ConfigError(
                f"the initialiser 'identity' makes a matrix; received the shape {tuple(shape)}; "
                "use it on Dense layers only"
            )
        return np.asarray(np.eye(shape[0], shape[1]))

    def describe(self, fan_in: int, fan_out: int) -> str:
        return "identity"


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zero: right for biases, fatal for weights (every unit stays the twin of every other)."""

    type: ClassVar[str] = "zeros"

    def describe(self, fan_in: int, fan_out: int) -> str:
        return "zeros"


INITIALIZERS: dict[str, type[Initializer]] = {
    kind.type: kind for kind in (Normal, Uniform, XavierNormal, XavierUniform, HeNormal, HeUniform, Identity, Zeros)
}
