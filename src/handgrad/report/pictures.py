"""Images of a data set as small PNG files inside the page, and the mistakes a net is surest of."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from handgrad.kernels.types import Array


@dataclass(frozen=True)
class Mistake:
    """One misread test image: its place in the set, both classes, and what the net held of each."""

    index: int
    true: int
    predicted: int
    probability: float
    true_probability: float


def surest_mistakes(probabilities: Array, labels: NDArray[np.int64], limit: int) -> list[Mistake]:
    """The misread images, the most confident first; ties keep the order of the set.

    >>> surest_mistakes(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([1, 1, 1]), limit=5)[0].index
    0
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    order = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:limit]
    return [
        Mistake(
            index=int(i),
            true=int(labels[i]),
            predicted=int(predicted[i]),
            probability=float(probabilities[i, predicted[i]]),
            true_probability=float(probabilities[i, labels[i]]),
        )
        for i in order
    ]


def picture(image: NDArray[Any], low: float, high: float) -> NDArray[np.uint8] | None:
    """One image (H, W), (C, H, W) or (D,) as bytes (H, W) or (H, W, 3); `low` and `high` become 0 and 255.

    None where the sizes are not those of a picture.
    """
    shaped = image
    if image.ndim == 1:
        side = isqrt(image.size)
        if side * side != image.size or side < 4:
            return None
        shaped = image.reshape(1, side, side)
    elif image.ndim == 2:
        shaped = image[None]
    if shaped.ndim != 3 or shaped.shape[0] not in (1, 3):
        return None
    span = (high - low) or 1.0
    grey = np.clip((shaped.astype(np.float64) - low) / span, 0, 1)
    pixels = np.rint(255 * grey).astype(np.uint8)
    return pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))


def pixel_range(images: NDArray[Any]) -> tuple[float, float]:
    """The values drawn as black and as white: 0 and 255 for bytes, else the lowest and highest found."""
    if images.dtype == np.uint8:
        return 0.0, 255.0
    return float(images.min(initial=0.0)), float(images.max(initial=0.0))


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """A PNG of the pixels as a `data:` address."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
