"""Pooling layers. Neither has anything to train. Derivation: docs/derivations/pooling.md."""

from handgrad.errors import ShapeError
from handgrad.kernels.types import Array
from handgrad.layers.base import Buffer, Cache, Layer, Shape
from handgrad.layers.windows import Side, image_shape, pair, slide


class _Pool2D(Layer):
    """What both share. Rows and columns behind the last window that fits are left out (PyTorch's way)."""

    def __init__(self, kernel: Side, stride: Side | None = None) -> None:
        self.kernel = pair(kernel, "kernel")
        self.stride = self.kernel if stride is None else pair(stride, "stride")

    def output_shape(self, shape: Shape) -> Shape:
        C, H, W = image_shape(shape)
        (K, L), (s, t) = self.kernel, self.stride
        P, Q = slide(H, K, s)[0], slide(W, L, t)[0]
        if not P or not Q:
            raise ShapeError(
                f"expects images of at least its window's {K}x{L}, received {shape}; "
                "take a smaller window, or pool less before it"
            )
        return (C, P, Q)

    def describe(self) -> str:
        (K, L), (s, t) = self.kernel, self.stride
        return f"{K}x{L}" if self.stride == self.kernel else f"{K}x{L}, stride {s}x{t}"


class MaxPool2D(_Pool2D):
    """y = the largest value of each window.    x (N, C, H, W), y (N, C, P, Q)

    Backward: dy goes to the place it came from, zero elsewhere; overlapping windows add. Of equal maxima the
    first in reading order is the one: after ReLU most windows are tied, at zero. A NaN in a window comes out.
    (Goodfellow, Bengio, Courville 2016, Deep Learning, section 9.3.)

    Args:
        kernel: height and width of the window, one number or a pair.
        stride: how far it moves, down and right; default its own size, so that windows neither overlap nor
            leave gaps. Rows and columns behind the last whole window are left out.

    >>> MaxPool2D(2).output_shape((32, 28, 28)), MaxPool2D(2).output_shape((32, 5, 5))
    ((32, 14, 14), (32, 2, 2))
    """

    def buffers(self, shape: Shape) -> tuple[Buffer, ...]:
        return (Buffer("winner", self.output_shape(shape), dtype="int32"),)

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.max_pool_forward(y, cache.winner, x, self.kernel, self.stride)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.max_pool_backward(dx, dy, cache.winner)


class AvgPool2D(_Pool2D):
    """y = the mean of each window.    x (N, C, H, W), y (N, C, P, Q)

    Backward: each of a window's K·L places gets dy / (K·L); overlapping windows add.
    (LeCun et al. 1998, Gradient-based learning applied to document recognition, section II.B, without its
    coefficient.)

    Args:
        kernel: height and width of the window, one number or a pair.
        stride: how far it moves, down and right; default its own size. Rows and columns behind the last whole
            window are left out.

    >>> AvgPool2D((1, 28)).output_shape((1, 28, 28))
    (1, 28, 1)
    """

    def forward(self, y: Array, x: Array, cache: Cache, train: bool) -> None:
        self.k.avg_pool_forward(y, x, self.kernel, self.stride)

    def backward(self, dx: Array | None, dy: Array, x: Array, y: Array, cache: Cache) -> None:
        if dx is not None:
            self.k.avg_pool_backward(dx, dy, self.kernel, self.stride)
