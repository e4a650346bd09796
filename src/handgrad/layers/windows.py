"""Windows that slide over an image: what convolution and pooling have in common."""

from collections.abc import Sequence
from functools import cache

from handgrad.errors import ConfigError, ShapeError
from handgrad.kernels.types import Pair
from handgrad.layers.base import Shape

Side = int | Sequence[int]  # one number for both directions, or (down, right)


def pair(value: Side, what: str) -> Pair:
    """(down, right) from one number for both or from two.

    Raises:
        ConfigError: if they are not whole numbers from 1.

    >>> pair(3, "kernel"), pair((2, 5), "kernel")
    ((3, 3), (2, 5))
    """
    both = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(both) != 2 or any(not isinstance(side, int) or side < 1 for side in both):
        raise ConfigError(f"{what}: expected a whole number from 1, or a pair of them, received {value!r}")
    return both[0], both[1]


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """(C, H, W) of one sample.

    Raises:
        ShapeError: if the sample is no image.
    """
    if len(shape) != 3:
        raise ShapeError(
            f"expects images (C, H, W), received {shape}; put this layer before Flatten and Dense, "
            "on data that comes as images"
        )
    return shape[0], shape[1], shape[2]


@cache
def slide(length: int, window: int, step: int, padding: str | int = "valid") -> Pair:
    """How many windows lie along `length`, and how many zeros before its first number. No window fits: 0.

    With "same" there are ⌈length / step⌉ windows, and of an odd number of zeros the extra one comes last.

    >>> slide(28, 2, 2), slide(5, 2, 2), slide(2, 3, 1)
    ((14, 0), (2, 0), (0, 0))
    >>> slide(28, 3, 1, "same"), slide(5, 2, 2, "same"), slide(5, 3, 2, 4)
    ((28, 1), (3, 0), (6, 4))
    """
    if padding == "same":
        count = -(-length // step)
        return count, max((count - 1) * step + window - length, 0) // 2
    before = padding if isinstance(padding, int) else 0
    return max((length + 2 * before - window) // step + 1, 0), before
