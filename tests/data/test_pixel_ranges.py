"""Scale and offset, and what is said of unusual pixels."""

import numpy as np
import pytest
from crafted import peak_bytes

from handgrad.data import Data, load_data
from handgrad.data.normalization import note_inverted, scale_and_offset
from handgrad.errors import DataError


def seen(images: np.ndarray, mode: str) -> tuple[np.ndarray, list[str]]:
    """What the network sees, and the notices."""
    notices: list[str] = []
    scale, offset = scale_and_offset(images, mode, notices)
    return scale * images.astype(np.float64) + offset, notices


def test_bytes_and_their_floats_look_the_same(real: Data) -> None:
    assert real.train is not None
    images = real.train.images[:2000]
    for mode in ("0..1", "standard"):
        as_bytes, _ = seen(images, mode)
        as_floats, told = seen(images.astype(np.float32) / 255, mode)
        np.testing.assert_allclose(as_bytes, as_floats, atol=2e-6)
        assert told == []
    assert real.scale == 1 / 255
    assert real.offset == 0


def test_standard_is_mean_0_and_deviation_1(real: Data) -> None:
    assert real.train is not None
    scale, offset = scale_and_offset(real.train.images, "standard", [])
    values = np.bincount(real.train.images[:4000].reshape(-1), minlength=256)
    if len(real.train) == 4000:
        mean = (values * np.arange(256)).sum() / values.sum()
        assert scale * mean + offset == pytest.approx(0, abs=1e-9)
        spread = (values * (np.arange(256) - mean) ** 2).sum() / values.sum()
        assert scale == pytest.approx(spread**-0.5)
    else:  # the numbers everyone uses for MNIST divided by 255: 0.1307 and 0.3081
        assert -offset / scale / 255 == pytest.approx(0.1307, abs=5e-5)
        assert 1 / scale / 255 == pytest.approx(0.3081, abs=5e-5)


def test_standard_needs_no_copy_in_floats() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40_000, 1, 28, 28), dtype=np.uint8)
    assert peak_bytes(lambda: scale_and_offset(images, "standard", [])) < images.nbytes / 2


@pytest.mark.parametrize(
    ("images", "scale", "words"),
    [
        (np.array([[0, 200]], np.uint8), 1 / 255, None),
        (np.array([[0, 1]], np.uint8), 1.0, "bytes of 0 and 1 only"),
        (np.array([[0, 0]], np.uint8), 1.0, None),
        (np.array([[0, 1]], np.float32), 1.0, None),
        (np.array([[0, 254]], np.float32), 1 / 255, "taken as 0..255 and divided by 255"),
        (np.array([[-1, 1]], np.float32), 1.0, "neither 0..1 nor 0..255: left as they are"),
        (np.array([[0, 4096]], np.float32), 1.0, "neither 0..1 nor 0..255: left as they are"),
    ],
)
def test_ranges(images: np.ndarray, scale: float, words: str | None) -> None:
    notices: list[str] = []
    assert scale_and_offset(images, "0..1", notices) == (scale, 0.0)
    assert len(notices) == (words is not None)
    assert words is None or words in notices[0]


def test_none_leaves_the_values() -> None:
    assert scale_and_offset(np.array([[0, 254]], np.float32), "none", []) == (1.0, 0.0)


def test_equal_pixels_cannot_be_standardised() -> None:
    with pytest.raises(DataError, match="expected pixels that differ, found all equal to 7"):
        scale_and_offset(np.full((3, 4), 7, np.uint8), "standard", [])


@pytest.mark.parametrize("floats", [False, True])
def test_inverted_colours_get_a_notice(real: Data, floats: bool) -> None:
    assert real.train is not None
    images, labels = real.train.images[:500], real.train.labels[:500]
    inverted = 255 - images
    if floats:
        images, inverted = images / np.float32(255), inverted / np.float32(255)
    for pictures, bright in ((images, False), (inverted, True)):
        assert ("ground of the images is bright" in load_data((pictures, labels)).notice) == bright


def test_rows_that_are_no_pictures_have_no_ground() -> None:
    notices: list[str] = []
    note_inverted(np.full((5, 4), 255, np.uint8), notices)
    assert notices == []
