"""Variations of images: none at zero, the right ones otherwise, the same ones by the same seed."""

from typing import Any

import numpy as np
import pytest

from handgrad.data import Data
from handgrad.data.augmentation import augment
from handgrad.errors import UsageError
from handgrad.streams import stream


class Fixed:
    """Stands in for a generator: every image draws the same known amounts, as parts of the maximum."""

    def __init__(self, right: float = 0, down: float = 0, turn: float = 0, thicker: float = 0) -> None:
        self.amounts = (right, down, turn, thicker)

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> np.ndarray:
        assert (low, high, shape[0]) == (-1.0, 1.0, 4)
        return np.repeat(np.array(self.amounts)[:, None], shape[1], axis=1)


def vary(images: np.ndarray, rng: Any, **amounts: float) -> np.ndarray:
    out = np.empty_like(images)
    augment(out, images, rng, **amounts)
    return out


def blob(dtype: str = "f4") -> np.ndarray:
    """A round spot off the middle, (1, 1, 28, 28) in 0..200."""
    h, w = np.mgrid[:28, :28]
    return (200 * np.exp(-((h - 11) ** 2 + (w - 17) ** 2) / 8.0))[None, None].astype(dtype)


def centre(image: np.ndarray) -> tuple[float, float]:
    weights = image[0, 0].astype(np.float64)
    h, w = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return float((h * weights).sum() / weights.sum()), float((w * weights).sum() / weights.sum())


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_zero_is_the_image_itself(real: Data, dtype: str, rng: np.random.Generator) -> None:
    assert real.train is not None
    images = real.train.images[:50].astype(dtype)
    np.testing.assert_array_equal(vary(images, rng), images)
    np.testing.assert_array_equal(vary(images, Fixed(), shift=3, rotate=20, thickness=2), images)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize(("right", "down"), [(1, 0), (-1, 0), (0, 1), (0.5, -1)])
def test_a_shift_moves_the_centre_of_mass(dtype: str, right: float, down: float) -> None:
    images = blob(dtype)
    before, after = centre(images), centre(vary(images, Fixed(right=right, down=down), shift=3))
    assert after[0] - before[0] == pytest.approx(3 * down, abs=0.05)
    assert after[1] - before[1] == pytest.approx(3 * right, abs=0.05)


def test_a_shift_by_whole_pixels_is_exact() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 1, 9, 7), dtype=np.uint8)
    shifted = vary(images, Fixed(right=1, down=-1), shift=2)
    np.testing.assert_array_equal(shifted[:, :, :-2, 2:], images[:, :, 2:, :-2])
    np.testing.assert_array_equal(shifted[:, :, :-2, 0], images[:, :, 2:, 0])  # beyond the edge: the edge's own pixel


def test_a_rotation_turns_about_the_middle() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 9, 9), dtype=np.uint8)
    quarter = vary(images, Fixed(turn=1), rotate=90)
    expected = [np.rot90(image[0], k) for image in images for k in (1, -1)]
    assert any(np.array_equal(quarter[0, 0], one) for one in expected[:2])
    np.testing.assert_array_equal(vary(quarter, Fixed(turn=-1), rotate=90), images)
    np.testing.assert_array_equal(vary(images, Fixed(turn=1), rotate=180), images[:, :, ::-1, ::-1])


def test_a_rotation_keeps_the_distance_from_the_middle() -> None:
    images = blob()
    h, w = centre(vary(images, Fixed(turn=1), rotate=37))
    h0, w0 = centre(images)
    assert np.hypot(h - 13.5, w - 13.5) == pytest.approx(np.hypot(h0 - 13.5, w0 - 13.5), abs=0.05)
    between = np.arctan2(h - 13.5, w - 13.5) - np.arctan2(h0 - 13.5, w0 - 13.5)
    assert abs(np.degrees(between)) == pytest.approx(37, abs=0.5)


@pytest.mark.parametrize(("amount", "width"), [(1, 7), (0.5, 5), (-0.5, 1)])
def test_thickness_is_in_pixels_on_each_side(amount: float, width: int) -> None:
    bar = np.zeros((1, 1, 15, 15), np.uint8)
    bar[..., 6:9] = 100
    found = vary(bar, Fixed(thicker=amount), thickness=2)
    assert (found[0, 0] == 100).sum(axis=1).tolist() == [width] * 15


def test_a_fraction_of_a_pixel_lies_between() -> None:
    images = blob()
    masses = [vary(images, Fixed(thicker=a), thickness=2).sum() for a in (-1, -0.6, -0.1, 0, 0.1, 0.6, 1)]
    assert masses == sorted(masses)
    assert len(set(masses)) == len(masses)


def test_the_same_stream_gives_the_same_and_each_image_its_own(real: Data) -> None:
    assert real.train is not None
    images = np.repeat(real.train.images[:1], 20, axis=0)
    amounts = {"shift": 2.0, "rotate": 15.0, "thickness": 1.0}
    one, again, other = (vary(images, stream(0, "augment", k), **amounts) for k in (4, 4, 5))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert len({image.tobytes() for image in one}) == 20


def test_turning_one_kind_off_leaves_the_others(real: Data) -> None:
    """With a rotation that rounds to nothing the shift is the one that was drawn before."""
    assert real.train is not None
    images = real.train.images[:20].astype(np.float32)
    alone = vary(images, stream(0, "augment", 1), shift=2)
    with_rotation = vary(images, stream(0, "augment", 1), shift=2, rotate=1e-9)
    np.testing.assert_allclose(alone, with_rotation, atol=1e-2)


def test_amounts_stay_within_their_bounds(real: Data) -> None:
    images = np.repeat(blob(), 500, axis=0)
    found = vary(images, stream(0, "augment", 0), shift=2.5)
    moved = np.array([np.subtract(centre(image[None]), centre(blob())) for image in found])
    assert np.abs(moved).max() <= 2.55
    assert (moved.max(axis=0) > 2.3).all()
    assert (moved.min(axis=0) < -2.3).all()
    assert np.abs(moved.mean(axis=0)).max() < 0.2


@pytest.mark.parametrize("amounts", [{"shift": 30.0}, {"rotate": 180.0}, {"thickness": 5.0}])
def test_values_stay_within_those_of_the_image(real: Data, amounts: dict[str, float]) -> None:
    assert real.train is not None
    images = real.train.images[:100].astype(np.float32) / 255
    found = vary(images, stream(1, "augment", 0), **amounts)
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-6


def test_channels_move_together() -> None:
    picture = np.random.default_rng(0).random((5, 1, 12, 10)).astype(np.float32)
    amounts = {"shift": 2.0, "rotate": 30.0, "thickness": 1.0}
    three = vary(np.repeat(picture, 3, axis=1), stream(0, "augment", 0), **amounts)
    for c in range(3):
        np.testing.assert_array_equal(three[:, c], vary(picture, stream(0, "augment", 0), **amounts)[:, 0])


def test_rows_that_are_no_pictures_are_wrong_usage(rng: np.random.Generator) -> None:
    rows = np.zeros((3, 4), np.float32)
    with pytest.raises(UsageError, match=r"expected pictures \(N, C, H, W\), received \(3, 4\)"):
        augment(rows.copy(), rows, rng, shift=1)
