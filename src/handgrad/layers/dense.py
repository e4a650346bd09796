"""The dense layer."""

from handgrad.errors import ShapeError
from handgrad.initializers import HeNormal, Initializer, Zeros
from handgrad.kernels.types import Array
from handgrad.layers.base import Cache, Param, ParameterLayer, Shape


class Dense(ParameterLayer):
    """y = x W + b.    x (N, D), W (D, M), b (M,), y (N, M)

    Backward: dW = xᵀ dy,  db = Σₙ dy,  dx = dy Wᵀ.    Derivation: docs/derivations/dense.md
    (Goodfellow, Bengio, Courville 2016, Deep Learning, section 6.5).

    Args:
        units: M, the number of outputs.
        init: how W starts; default He normal. b starts at zero.
        learning_rate_multiplier: this layer's share of the learning rate; default 1.
        frozen: never updated, and its gradient not computed; default False.
        l1, l2: this layer's own penalty; default None takes the loss's.

    >>> Dense(10).output_shape((784,))
    (10,)
    """

    reads_output = False
    W: Array
    b: Array
    dW: Array | None
    db: Array | None

    def __init__(
        self,
        units: int,
        *,
        init: Initializer | None = None,
        learning_rate_multiplier: float = 1.0,
        frozen: bool = False,
        l1: float | None = None,
        l2: float | None = None,
    ) -> None:
        super().__init__(learning_rate_multiplier=learning_rate_multiplier, frozen=frozen, l1=l1, l2=l2)
        self.units = units
        self.init = init or HeNormal()

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeError(f"expects a vector (D,) for each sample, received {shape}; add Flatten before it")
        return (self.units,)

    def params(self, shape: Shape) -> tuple[Param, ...]:
        D, M = shape[0], self.units
        return (
            Param("W", (D, M), self.init, D, M, penalised=True),
            Param("b", (M,), Zeros(), D, M, penalised=False),
        )

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.dense_forward(y, x, self.W, self.b)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        self.k.dense_backward(dx, self.dW, self.db, dy, x, self.W)

    def backward_without_weights(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        """As `backward`, but dW is left as it is: handgrad.late makes it."""
        self.k.dense_backward(dx, None, self.db, dy, x, self.W)

    def describe(self) -> str:
        return f"{self.units} units"
