"""The dense layer's ways of computing its products — one sample, many zeros, BLAS — all equal the reference."""

import numpy as np
import pytest
from equality import SUMS, Destination, Draw, assert_equal, dtypes, few, seeds
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("variant")

#: below and above 64 samples and 64 places, which the bits of zeros are cut into, and not a multiple of either
samples = st.integers(4, 8) | st.sampled_from([31, 32, 33, 50, 64, 65, 300])
places = st.sampled_from([64, 65, 127, 130, 784])
#: below one vector, tails of one, and more than the registers hold
units = st.integers(1, 40) | st.sampled_from([100, 104, 105, 208, 213])


def arguments(seed: int, dtype: str, n: int, d: int, m: int, density: float) -> tuple[np.ndarray, ...]:
    """x with so many numbers other than zero, W, b, dy."""
    draw = Draw(seed, dtype)
    x = draw.normal(n, d) * (draw.rng.random((n, d)) < density).astype(dtype)
    return x, draw.normal(d, m), draw.normal(m), draw.normal(n, m)


def check(dtype: str, x: np.ndarray, W: np.ndarray, b: np.ndarray, dy: np.ndarray, wanted: tuple[bool, ...]) -> None:
    assert_equal("dense_forward", dtype, Destination(*dy.shape), x, W, b, tolerance=SUMS, of_largest=True)
    whole = (Destination(*x.shape), Destination(*W.shape), Destination(*b.shape))
    gradients = [place if want else None for place, want in zip(whole, wanted, strict=True)]
    assert_equal("dense_backward", dtype, *gradients, dy, x, W, tolerance=SUMS, of_largest=True)


@few
@given(dtypes, samples, places, units, seeds, st.sampled_from([0.0, 0.02, 0.19, 0.35, 1.0]))
def test_zeros_are_passed_over(dtype: str, n: int, d: int, m: int, seed: int, density: float) -> None:
    check(dtype, *arguments(seed, dtype, n, d, m, density), wanted=(True, True, True))


@few
@given(dtypes, st.integers(1, 70), units, seeds, st.tuples(*[st.booleans()] * 3))
def test_one_sample(dtype: str, d: int, m: int, seed: int, wanted: tuple[bool, ...]) -> None:
    check(dtype, *arguments(seed, dtype, 1, d, m, 1.0), wanted=wanted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_not_passed_over(value: float) -> None:
    x, W, b, dy = arguments(0, "float32", 40, 130, 20, 0.1)
    x[3, 7] = value
    with np.errstate(invalid="ignore"):
        check("float32", x, W, b, dy, wanted=(True, True, True))


@few
@given(dtypes, st.integers(1, 5), st.integers(1, 3), st.integers(1, 9), st.integers(1, 20), st.integers(1, 20), seeds)
def test_filters_that_see_the_whole_image(dtype: str, n: int, c: int, f: int, h: int, w: int, seed: int) -> None:
    draw = Draw(seed, dtype)
    x, W, b, dy = draw.normal(n, c, h, w), draw.normal(f, c, h, w), draw.normal(f), draw.normal(n, f, 1, 1)
    fixed, sums = ((1, 1), (0, 0)), {"tolerance": SUMS, "of_largest": True}
    assert_equal("conv2d_forward", dtype, Destination(*dy.shape), x, W, b, *fixed, **sums)
    whole = (Destination(*x.shape), Destination(*W.shape), Destination(f))
    assert_equal("conv2d_backward", dtype, *whole, dy, x, W, *fixed, **sums)
