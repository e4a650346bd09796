"""What a layer is: hyperparameters, shapes, declared arrays, and two methods that fill arrays it is handed.

Life of a layer: its constructor fixes the hyperparameters; `Network.build` asks for `output_shape`, then for what it
declares (`params`, `state`, `buffers`), allocates all of it, and binds the arrays by name: a parameter `W` becomes
`self.W`, its gradient `self.dW` (None when the layer is frozen), a state `running_mean` becomes `self.running_mean`.
A layer never allocates and never imports NumPy to compute: it calls the kernels in `self.k`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from handgrad.initializers import Initializer
from handgrad.kernels.types import Array, Kernels

Shape = tuple[int, ...]
Cache = SimpleNamespace


@dataclass(frozen=True)
class Param:
    """An array that training moves. The penalty acts on it only when `penalised` (weights yes, biases no)."""

    name: str
    shape: Shape
    init: Initializer
    fan_in: int
    fan_out: int
    penalised: bool


@dataclass(frozen=True)
class State:
    """An array that is saved with the weights but not trained, such as a running mean; starts as `value` everywhere."""

    name: str
    shape: Shape
    value: float


@dataclass(frozen=True)
class Buffer:
    """An array that forward leaves for backward, or scratch. `per_sample` puts the batch axis in front of `shape`."""

    name: str
    shape: Shape
    per_sample: bool = True
    dtype: str = ""  # empty: the network's own


class Layer(ABC):
    """One step of a network. See the module's text for the life of a layer."""

    k: Kernels
    rng: np.random.Generator

    #: a layer that only looks at the same numbers in another shape; it needs no arrays of its own
    reshapes: ClassVar[bool] = False
    #: this layer draws random numbers in training
    draws: ClassVar[bool] = False
    #: in training a sample's output depends on the other samples of its batch
    mixes_samples: ClassVar[bool] = False
    #: forward may write y over x, and backward dx over dy: elementwise, and nothing but y is read afterwards
    in_place: ClassVar[bool] = False
    #: backward reads y, which the next layer must then leave as it is
    reads_output: ClassVar[bool] = True

    frozen: bool = False
    learning_rate_multiplier: float = 1.0
    l1: float | None = None
    l2: float | None = None

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one sample's output, given one sample's input.

        Raises:
            ShapeError: the only place where a layer refuses a shape; the message says expected, received, remedy.
        """

    def params(self, shape: Shape) -> tuple[Param, ...]:
        """What it trains, given one sample's input shape."""
        return ()

    def state(self, shape: Shape) -> tuple[State, ...]:
        """What it keeps besides, given one sample's input shape."""
        return ()

    def buffers(self, shape: Shape) -> tuple[Buffer, ...]:
        """What it hands from forward to backward, given one sample's input shape."""
        return ()

    def min_training_batch(self, shape: Shape) -> int:
        """The smallest batch it can be trained with, given one sample's input shape."""
        return 1

    @abstractmethod
    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        """Overwrite y. x and y are cut to the n samples at hand, as are the cache's per-sample arrays."""

    @abstractmethod
    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        """Overwrite dx (unless None) and the parameters' gradients (unless None), from dy."""

    def describe(self) -> str:
        """Hyperparameters for a table, in a few words."""
        return ""


class ParameterLayer(Layer):
    """A layer with weights: its share of the learning rate, whether it is frozen, and its own penalty."""

    def __init__(
        self,
        *,
        learning_rate_multiplier: float = 1.0,
        frozen: bool = False,
        l1: float | None = None,
        l2: float | None = None,
    ) -> None:
        self.learning_rate_multiplier = learning_rate_multiplier
        self.frozen = frozen
        self.l1 = l1
        self.l2 = l2
