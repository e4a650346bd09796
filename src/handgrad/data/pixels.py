"""Making images of whatever array was found: bytes stay bytes, floats become float32, all else is checked."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.examples import Images
from handgrad.errors import DataError

CHANNELS = (1, 3, 4)
SMALLEST_SIDE = 8  # rows of 64 numbers and more may be square pictures; shorter ones are measurements


def clean_images(images: NDArray[Any], where: str, notices: list[str]) -> Images:
    """Images as handgrad keeps them: (N, C, H, W) or (N, D), uint8 or float32, C-contiguous.

    (N, H, W) becomes (N, 1, H, W); channels in the last place are moved to the second; rows of a square number of
    pixels (64 and more) become pictures. Whole numbers within 0..255 become bytes, float64 and float16 float32.

    Args:
        images: any array of numbers, one image a row.
        where: file and member, for messages.
        notices: receives what was converted.

    Raises:
        DataError: for other shapes, other types, numbers outside 0..255, NaN or infinity.

    >>> clean_images(np.zeros((5, 28, 28)), "here", []).shape
    (5, 1, 28, 28)
    >>> told = []
    >>> clean_images(np.zeros((5, 784), np.uint8), "here", told).shape, told
    ((5, 1, 28, 28), ['here: rows of 784 numbers are taken as pictures of 28×28.'])
    """
    if images.ndim < 2 or images.ndim > 4 or 0 in images.shape:
        raise DataError(f"{where}: expected images (N, H, W), (N, C, H, W) or (N, D), found {images.shape}")
    return np.ascontiguousarray(_with_channels(_with_type(images, where), where, notices))


def _with_type(images: NDArray[Any], where: str) -> Images:
    kind = images.dtype.kind
    if images.dtype == np.uint8:
        return images
    if kind == "b":
        return images.astype(np.uint8)
    if kind in "iu":
        low, high = images.min(), images.max()
        if int(low) < 0 or int(high) > 255:
            flat = images.reshape(-1)
            place = int(np.argmax((flat < 0) | (flat > 255)))
            row = place // (images.size // len(images))
            raise DataError(f"{where}: expected pixels within 0..255, found {flat[place]} in row {row}")
        return images.astype(np.uint8)
    if kind == "f":
        return _finite(images, where)
    raise DataError(f"{where}: expected pixels as bytes or floats, found the type {images.dtype}")


def _finite(images: NDArray[Any], where: str) -> Images:
    """float32, with every value finite; slice by slice, so that no second copy is needed for the check."""
    bad, first = 0, None
    for start in range(0, len(images), 1000):
        wrong = ~np.isfinite(images[start : start + 1000])
        if wrong.any():
            bad += int(wrong.sum())
            if first is None:
                index = np.argwhere(wrong)[0]
                first = (int(index[0]) + start, *(int(i) for i in index[1:]))
    if bad:
        raise DataError(f"{where}: expected finite pixels, found {bad:,} NaN or infinite, first at {first}")
    return images.astype(np.float32, copy=False)


def _with_channels(images: Images, where: str, notices: list[str]) -> Images:
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 2:
        D = images.shape[1]
        side = math.isqrt(D)
        if side * side != D or side < SMALLEST_SIDE:
            return images
        notices.append(f"{where}: rows of {D} numbers are taken as pictures of {side}×{side}.")
        return images.reshape(-1, 1, side, side)
    if images.shape[1] in CHANNELS:
        return images
    if images.shape[3] in CHANNELS:
        notices.append(f"{where}: the channels were in the last place and are moved to the second (N, C, H, W).")
        return images.transpose(0, 3, 1, 2)
    raise DataError(f"{where}: expected 1, 3 or 4 channels, found images of shape {images.shape[1:]}")


def check_same_shape(images: Images, others: Images, where: str) -> None:
    """Training and test images must have one shape.

    Raises:
        DataError: naming both.

    >>> check_same_shape(np.zeros((2, 1, 4, 4)), np.zeros((3, 1, 4, 4)), "here")
    """
    if images.shape[1:] != others.shape[1:]:
        raise DataError(
            f"{where}: expected test images of the training images' shape {images.shape[1:]}, found {others.shape[1:]}"
        )
    if images.dtype != others.dtype:
        raise DataError(
            f"{where}: expected test images of the training images' type {images.dtype}, found {others.dtype}"
        )
