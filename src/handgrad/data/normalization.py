"""From stored pixels to what the network sees: x = scale · image + offset, two numbers kept with the model."""

import numpy as np

from handgrad.data.examples import Images
from handgrad.errors import DataError, UsageError

MODES = ("0..1", "standard", "none")


def scale_and_offset(images: Images, mode: str, notices: list[str]) -> tuple[float, float]:
    """The two numbers for a training set.

    "0..1": bytes are divided by 255, floats within 0..1 left alone, floats up to 255 divided by 255 with a notice;
    other floats are left alone with a notice. "standard": mean 0 and standard deviation 1 over all the training
    set's pixels. "none": the stored values as they are.

    Args:
        images: of the training set, (N, …) uint8 or float32.
        mode: "0..1", "standard" or "none".
        notices: receives what is unusual about the range of pixels.

    Raises:
        UsageError: for another mode.
        DataError: for "standard" where all pixels are equal.

    >>> scale, offset = scale_and_offset(np.array([[0, 255]], np.uint8), "0..1", [])
    >>> round(1 / scale), offset
    (255, 0.0)
    >>> scale_and_offset(np.array([[0, 4]], np.uint8), "standard", [])
    (0.5, -1.0)
    """
    if mode not in MODES:
        raise UsageError(f"normalize: expected one of {', '.join(MODES)}, received {mode!r}")
    low, high = float(images.min()), float(images.max())
    if images.dtype == np.uint8 and 0 < high <= 1:
        notices.append("The pixels are bytes of 0 and 1 only: taken as 0..1, not 0..255.")
    if mode == "standard":
        return _standard(images)
    if mode == "none" or low == high == 0:
        return 1.0, 0.0
    if images.dtype == np.uint8:
        return (1.0 if high <= 1 else 1 / 255), 0.0
    if low >= 0 and high <= 1:
        return 1.0, 0.0
    if low >= 0 and high <= 255:
        notices.append(f"The pixels are floats from {low:g} to {high:g}: taken as 0..255 and divided by 255.")
        return 1 / 255, 0.0
    notices.append(f"The pixels are floats from {low:g} to {high:g}, neither 0..1 nor 0..255: left as they are.")
    return 1.0, 0.0


def _standard(images: Images) -> tuple[float, float]:
    """1/σ and −mean/σ, in slices: no copy of the whole in floats."""
    total = squares = 0.0
    for start in range(0, len(images), 1000):
        part = images[start : start + 1000].astype(np.float64)
        total += float(part.sum())
        squares += float(np.vdot(part, part))
    mean = total / images.size
    deviation = max(squares / images.size - mean * mean, 0.0) ** 0.5
    if deviation < 1e-12:
        raise DataError(f"normalize = 'standard': expected pixels that differ, found all equal to {mean:g}")
    return 1 / deviation, -mean / deviation


def note_inverted(images: Images, notices: list[str]) -> None:
    """Add a notice if the border of the pictures is bright: usual are bright strokes on a dark ground.

    Args:
        images: (N, C, H, W); the first 1,000 are looked at. Rows that are no pictures are passed over.
        notices: receives the sentence.

    >>> told = []
    >>> note_inverted(np.full((2, 1, 8, 8), 255, np.uint8), told)
    >>> told[0][:24]
    'The ground of the images'
    """
    if images.ndim != 4:
        return
    part = images[:1000]
    rim = np.concatenate([part[:, :, 0], part[:, :, -1], part[:, :, :, 0], part[:, :, :, -1]], axis=-1)
    low, high = float(part.min()), float(part.max())
    top = 255.0 if images.dtype == np.uint8 and high > 1 else high
    if float(np.median(rim)) > 0.75 * top + 0.25 * min(low, 0.0):
        notices.append(
            "The ground of the images is bright; usual are bright strokes on black (as in MNIST): "
            "a net trained on one kind does not know the other."
        )
