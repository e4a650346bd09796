"""Varying training images: shifted, rotated, strokes thicker or thinner, each time anew.

The images are sampled at moved places (bilinear interpolation, as in any text on image warping); what lies beyond the
edge is the edge's own pixel. Strokes grow and shrink by grey dilation and erosion with a cross of one pixel.
"""

import math

import numpy as np
from numpy.typing import NDArray

from handgrad.data.examples import Images
from handgrad.errors import UsageError

Floats = NDArray[np.float32]


def augment(
    out: Images,
    images: Images,
    rng: np.random.Generator,
    shift: float = 0.0,
    rotate: float = 0.0,
    thickness: float = 0.0,
) -> None:
    """Write a variation of each image; with all three at 0 the images themselves.

    Each image draws its own amounts, uniform from −amount to +amount. The same generator gives the same variations;
    turning one kind off leaves the others' draws as they are.

    Args:
        out: (N, C, H, W), overwritten, of the type of `images` (bytes are rounded); must not be `images`.
        images: (N, C, H, W) uint8 or float32.
        rng: from `stream(seed, "augment", …)`.
        shift: at most so many pixels, right and down separately.
        rotate: at most so many degrees about the middle.
        thickness: strokes (bright on dark) at most so many pixels thicker or thinner on each side.

    Raises:
        UsageError: if the rows are no pictures.

    >>> picture = np.zeros((1, 1, 5, 5), np.uint8)
    >>> picture[0, 0, 2, 2] = 200
    >>> out = np.empty_like(picture)
    >>> augment(out, picture, np.random.default_rng(0))
    >>> int(out[0, 0, 2, 2]), int(out.sum())
    (200, 200)
    """
    if images.ndim != 4:
        raise UsageError(f"augment: expected pictures (N, C, H, W), received {images.shape}: rows cannot be shifted")
    N = len(images)
    draws = rng.uniform(-1.0, 1.0, (4, N)).astype(np.float32)
    pixels: Floats = images.astype(np.float32)
    if thickness > 0:
        pixels = _thicken(pixels, thickness * draws[3])
    if shift > 0 or rotate > 0:
        pixels = _move(pixels, shift * draws[0], shift * draws[1], np.float32(math.radians(rotate)) * draws[2])
    if out.dtype == np.uint8:
        pixels += np.float32(0.5)
    np.copyto(out, pixels, casting="unsafe")


def _move(images: Floats, right: Floats, down: Floats, angle: Floats) -> Floats:
    """out[h, w] = image at R(−angle)·(place − middle − shift) + middle.    images (N, C, H, W), the rest (N,)"""
    N, C, H, W = images.shape
    h = np.arange(H, dtype=np.float32)[:, None] - np.float32((H - 1) / 2) - down[:, None, None]
    w = np.arange(W, dtype=np.float32)[None, :] - np.float32((W - 1) / 2) - right[:, None, None]
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    top, part_h = _place(cos * h - sin * w, H)  # (N, H, W)
    left, part_w = _place(sin * h + cos * w, W)
    corner = np.arange(N)[:, None, None] * ((H + 1) * (W + 1)) + top * (W + 1) + left
    out = np.empty_like(images)
    bordered = np.empty((N, H + 1, W + 1), np.float32)  # the last row and column again: every corner has neighbours
    flat = bordered.reshape(-1)
    for c in range(C):
        bordered[:, :H, :W], bordered[:, H, :W] = images[:, c], images[:, c, -1]
        bordered[:, :, W] = bordered[:, :, W - 1]
        upper, beside, lower, across = (flat[k:].take(corner, mode="clip") for k in (0, 1, W + 1, W + 2))
        _blend(upper, beside, part_w)
        _blend(lower, across, part_w)
        _blend(upper, lower, part_h)
        out[:, c] = upper
    return out


def _place(from_middle: Floats, size: int) -> tuple[NDArray[np.int64], Floats]:
    """The pixel before a place, kept within the image, and how far on to the next one the place lies."""
    from_middle += np.float32((size - 1) / 2)
    np.maximum(from_middle, 0, out=from_middle)
    np.minimum(from_middle, size - 1, out=from_middle)
    before = from_middle.astype(np.int64)
    from_middle -= before
    return before, from_middle


def _blend(first: Floats, second: Floats, part: Floats) -> None:
    """first += part · (second − first); `second` is used up."""
    second -= first
    second *= part
    first += second


def _thicken(images: Floats, amount: Floats) -> Floats:
    """Each image dilated (amount > 0) or eroded (< 0) by so many pixels; fractions blend the steps beside them."""
    out = images.copy()
    for sign, extreme in ((1, np.maximum), (-1, np.minimum)):
        chosen = np.flatnonzero(sign * amount > 0)
        if not len(chosen):
            continue
        size, current = np.abs(amount[chosen]), images[chosen]
        result = current.copy()
        for step in range(math.ceil(float(size.max()))):
            wider = _spread(current, extreme)
            share = np.clip(size - np.float32(step), 0, 1)[:, None, None, None]
            np.copyto(result, (1 - share) * current + share * wider, where=share > 0)
            current = wider
        out[chosen] = result
    return out


def _spread(images: Floats, extreme: np.ufunc) -> Floats:
    """The largest (or smallest) of each pixel and its four neighbours."""
    out = images.copy()
    extreme(out[:, :, 1:], images[:, :, :-1], out=out[:, :, 1:])
    extreme(out[:, :, :-1], images[:, :, 1:], out=out[:, :, :-1])
    extreme(out[:, :, :, 1:], images[:, :, :, :-1], out=out[:, :, :, 1:])
    extreme(out[:, :, :, :-1], images[:, :, :, 1:], out=out[:, :, :, :-1])
    return out
