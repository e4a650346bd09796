"""Activations: elementwise functions, and softmax over the classes. Backward is written in the output y.

Derivations: docs/derivations/activations.md and docs/derivations/softmax.md.
"""

from handgrad.errors import ShapeError
from handgrad.kernels.types import Array
from handgrad.layers.base import Cache, Layer, Shape


class ReLU(Layer):
    """y = max(x, 0);  dx = dy where y > 0, else 0.    Any shape. The slope at exactly 0 is taken as 0.

    >>> ReLU().output_shape((100,))
    (100,)
    """

    in_place = True

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.relu_forward(y, x)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.relu_backward(dx, dy, y)


class Tanh(Layer):
    """y = tanh x;  dx = dy (1 − y²).    Any shape.

    >>> Tanh().output_shape((100,))
    (100,)
    """

    in_place = True

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.tanh_forward(y, x)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.tanh_backward(dx, dy, y)


class Sigmoid(Layer):
    """y = 1 / (1 + e⁻ˣ);  dx = dy y (1 − y).    Any shape.

    >>> Sigmoid().output_shape((1,))
    (1,)
    """

    in_place = True

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.sigmoid_forward(y, x)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.sigmoid_backward(dx, dy, y)


class Softmax(Layer):
    """y = eˣ / Σ eˣ over the P classes;  dx = y ∘ (dy − ⟨dy, y⟩), the full Jacobian.    x, y (N, P)

    Goes with the loss `cross_entropy`. The loss `softmax_cross_entropy` contains its own softmax.

    >>> Softmax().output_shape((10,))
    (10,)
    """

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeError(f"expects a vector (P,) for each sample, received {shape}; add Flatten before it")
        return shape

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.softmax_forward(y, x)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.softmax_backward(dx, dy, y)
