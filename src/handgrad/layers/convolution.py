"""The convolutional layer."""

from handgrad.errors import ConfigError, ShapeError
from handgrad.initializers import HeNormal, Initializer, Zeros
from handgrad.kernels.types import Array, Pair
from handgrad.layers.base import Cache, Param, ParameterLayer, Shape
from handgrad.layers.windows import Side, image_shape, pair, slide


class Conv2D(ParameterLayer):
    """y[f] = b[f] + Σ_c x[c] ⋆ W[f, c], ⋆ the cross-correlation.

    x (N, C, H, W), W (F, C, K, L), b (F,), y (N, F, P, Q), where filter f sees K x L places of each channel.
    Backward: dW[f, c] = Σₙ x[c] ⋆ dy[f],  db = Σ dy over images and places,  dx[c] = Σ_f dy[f] convolved in
    full with W[f, c].    Derivation: docs/derivations/convolution.md (Goodfellow, Bengio, Courville 2016,
    Deep Learning, section 9.5).

    Args:
        filters: F, the number of filters.
        kernel: their height and width, one number or a pair.
        stride: how far the window moves, down and right; default 1.
        padding: zeros around the image. "valid" (default): none. A number: so many on every side. "same": so
            many that P = ⌈H / stride⌉, an odd one at the bottom and right (SAME of TensorFlow, SAME_UPPER of
            ONNX).
        init: how W starts; default He normal, a filter's fan-in being C·K·L. b starts at zero.
        learning_rate_multiplier: this layer's share of the learning rate; default 1.
        frozen: never updated, and its gradient not computed; default False.
        l1, l2: this layer's own penalty; default None takes the loss's.

    Raises:
        ConfigError: if a number is not possible, such as a stride of 0.

    >>> Conv2D(32, 3, padding="same").output_shape((1, 28, 28))
    (32, 28, 28)
    """

    reads_output = False
    W: Array
    b: Array
    dW: Array | None
    db: Array | None

    def __init__(
        self,
        filters: int,
        kernel: Side,
        *,
        stride: Side = 1,
        padding: str | int = "valid",
        init: Initializer | None = None,
        learning_rate_multiplier: float = 1.0,
        frozen: bool = False,
        l1: float | None = None,
        l2: float | None = None,
    ) -> None:
        super().__init__(learning_rate_multiplier=learning_rate_multiplier, frozen=frozen, l1=l1, l2=l2)
        if filters < 1:
            raise ConfigError(f"filters: expected a whole number from 1, received {filters!r}")
        if padding not in ("valid", "same") and not (isinstance(padding, int) and padding >= 0):
            raise ConfigError(f'padding: expected "valid", "same" or a number from 0, received {padding!r}')
        self.filters = filters
        self.kernel, self.stride = pair(kernel, "kernel"), pair(stride, "stride")
        self.padding = padding
        self.init = init or HeNormal()

    def output_shape(self, shape: Shape) -> Shape:
        _, H, W = image_shape(shape)
        (P, _), (Q, _) = self._slide(H, W)
        if not P or not Q:
            K, L = self.kernel
            raise ShapeError(
                f"expects images of at least its kernel's {K}x{L} (padding = {self.padding!r}), "
                f'received {shape}; take a smaller kernel or padding = "same"'
            )
        return (self.filters, P, Q)

    def _slide(self, H: int, W: int) -> tuple[Pair, Pair]:
        (K, L), (s, t) = self.kernel, self.stride
        return slide(H, K, s, self.padding), slide(W, L, t, self.padding)

    def _zeros_before(self, x: Array) -> Pair:
        if self.padding == "valid":
            return 0, 0
        (_, top), (_, left) = self._slide(*x.shape[2:])
        return top, left

    def params(self, shape: Shape) -> tuple[Param, ...]:
        F, C, (K, L) = self.filters, shape[0], self.kernel
        fan_in, fan_out = C * K * L, F * K * L
        return (
            Param("W", (F, C, K, L), self.init, fan_in, fan_out, penalised=True),
            Param("b", (F,), Zeros(), fan_in, fan_out, penalised=False),
        )

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.conv2d_forward(y, x, self.W, self.b, self.stride, self._zeros_before(x))

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        self.k.conv2d_backward(dx, self.dW, self.db, dy, x, self.W, self.stride, self._zeros_before(x))

    def describe(self) -> str:
        K, L = self.kernel
        stride = "" if self.stride == (1, 1) else f", stride {self.stride[0]}x{self.stride[1]}"
        padding = "" if self.padding == "valid" else f", padding {self.padding}"
        return f"{self.filters} filters {K}x{L}{stride}{padding}"
