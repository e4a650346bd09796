"""Convolution, pooling and batch normalisation: native equals reference on random shapes, in both dtypes."""

import numpy as np
import pytest
from equality import SUMS, Destination, Draw, assert_equal, dtypes, few, run_both, seeds
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("variant")

small = st.integers(1, 3)
Pair = tuple[int, int]
pairs = st.tuples(small, small)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Pair, Pair, Pair, Pair, Pair]:
    """Image, kernel, stride, padding and result sizes that fit: the padding after the image is drawn too."""
    image = draw(st.tuples(st.integers(1, 12), st.integers(1, 40)))
    kernel, stride = draw(st.tuples(st.integers(1, 5), st.integers(1, 5))), draw(pairs)
    padding, after = draw(st.tuples(st.integers(0, 4), st.integers(0, 4))), draw(st.tuples(small, small))
    padded = [max(i + p + a, k) for i, p, a, k in zip(image, padding, after, kernel, strict=True)]
    rows, columns = ((s - k) // t + 1 for s, k, t in zip(padded, kernel, stride, strict=True))
    return image, kernel, stride, padding, (rows, columns)


@few
@given(dtypes, small, small, st.integers(1, 9), convolutions(), seeds, st.tuples(*[st.booleans()] * 3))
def test_convolution(
    dtype: str,
    n: int,
    channels: int,
    filters: int,
    sizes: tuple[Pair, Pair, Pair, Pair, Pair],
    seed: int,
    wanted: tuple[bool, bool, bool],
) -> None:
    image, kernel, stride, padding, result = sizes
    draw = Draw(seed, dtype)
    x, dy = draw.normal(n, channels, *image), draw.normal(n, filters, *result)
    W, b = draw.normal(filters, channels, *kernel), draw.normal(filters)
    sums = {"tolerance": SUMS, "of_largest": True}
    assert_equal("conv2d_forward", dtype, Destination(*dy.shape), x, W, b, stride, padding, **sums)
    places = (Destination(*x.shape), Destination(*W.shape), Destination(filters))
    gradients = [place if want else None for place, want in zip(places, wanted, strict=True)]
    assert_equal("conv2d_backward", dtype, *gradients, dy, x, W, stride, padding, **sums)


@pytest.mark.parametrize(
    ("n", "channels", "filters", "side", "kernel"), [(37, 1, 16, 28, 5), (3, 16, 32, 14, 3), (100, 2, 6, 7, 7)]
)
def test_convolution_of_larger_images(n: int, channels: int, filters: int, side: int, kernel: int) -> None:
    draw = Draw(0, "float32")
    p = side if kernel % 2 and kernel < side else 1
    padding = (kernel // 2, kernel // 2) if p == side else (0, 0)
    x, W, b = draw.normal(n, channels, side, side), draw.normal(filters, channels, kernel, kernel), draw.normal(filters)
    dy = draw.normal(n, filters, p, p)
    sums = {"tolerance": SUMS, "of_largest": True}
    assert_equal("conv2d_forward", "float32", Destination(*dy.shape), x, W, b, (1, 1), padding, **sums)
    places = (Destination(*x.shape), Destination(*W.shape), Destination(filters))
    assert_equal("conv2d_backward", "float32", *places, dy, x, W, (1, 1), padding, **sums)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", [0, 5, 9])
@np.errstate(all="ignore")
def test_convolution_keeps_what_is_not_finite_in_its_windows(value: float, column: int) -> None:
    draw = Draw(0, "float64")
    x, W, b, dy = draw.normal(2, 2, 6, 10), draw.normal(3, 2, 3, 3), draw.normal(3), draw.normal(2, 3, 4, 8)
    x[1, 0, 2, column] = value
    fixed = ((1, 1), (0, 0))
    assert_equal("conv2d_forward", "float64", Destination(*dy.shape), x, W, b, *fixed, tolerance=SUMS, of_largest=True)
    places = (Destination(*x.shape), Destination(*W.shape), Destination(3))
    assert_equal("conv2d_backward", "float64", *places, dy, x, W, *fixed, tolerance=SUMS, of_largest=True)


@few
@given(dtypes, small, small, st.tuples(*[st.integers(1, 4)] * 2), pairs, pairs, pairs, seeds, st.booleans())
def test_pooling(
    dtype: str, n: int, channels: int, kernel: Pair, stride: Pair, result: Pair, left: Pair, seed: int, ties: bool
) -> None:
    draw = Draw(seed, dtype)
    # Behind the last window lies less than a stride.
    behind = [(extra - 1) % s for extra, s in zip(left, stride, strict=True)]
    sides = [(p - 1) * s + k + rest for p, s, k, rest in zip(result, stride, kernel, behind, strict=True)]
    x, dy = draw.normal(n, channels, *sides), draw.normal(n, channels, *result)
    if ties:
        x = np.round(x)
    arguments = (Destination(*dy.shape), Destination(*dy.shape, dtype="int32"), x, kernel, stride)
    assert_equal("max_pool_forward", dtype, *arguments)
    (_, winner, _), _ = run_both("max_pool_forward", dtype, *arguments)
    sums = {"tolerance": SUMS, "of_largest": True}
    assert_equal("max_pool_backward", dtype, Destination(*x.shape), dy, winner, **sums)
    assert_equal("avg_pool_forward", dtype, Destination(*dy.shape), x, kernel, stride, **sums)
    assert_equal("avg_pool_backward", dtype, Destination(*x.shape), dy, kernel, stride, **sums)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_max_pool_takes_nan_as_the_largest(value: float) -> None:
    x = Draw(0, "float32").normal(1, 2, 6, 6)
    x[0, 0, 2:4, 1:5] = value
    places = (Destination(1, 2, 3, 3), Destination(1, 2, 3, 3, dtype="int32"))
    assert_equal("max_pool_forward", "float32", *places, x, (2, 2), (2, 2))


@few
@given(
    dtypes,
    st.integers(2, 6),
    st.integers(1, 40),
    st.sampled_from([(), (1, 1), (3, 5), (7, 7)]),
    seeds,
    st.booleans(),
    st.booleans(),
)
def test_batch_norm(
    dtype: str, n: int, channels: int, rest: tuple[int, ...], seed: int, affine: bool, of_batch: bool
) -> None:
    draw = Draw(seed, dtype)
    x, dy = draw.normal(n, channels, *rest) + 3, draw.normal(n, channels, *rest)
    each = Destination(channels)
    running = (draw.normal(channels), draw.uniform(channels)) if affine else (None, None)
    sums = {"tolerance": SUMS, "of_largest": True}
    assert_equal("batch_statistics", dtype, each, each, *running, x, 1e-5, 0.9, **sums)
    assert_equal("running_statistics", dtype, each, each, draw.normal(channels), draw.uniform(channels), 1e-5)
    mean, inverse_std = draw.normal(channels) + 3, draw.uniform(channels) + 0.5
    scale, shift = (draw.normal(channels), draw.normal(channels)) if affine else (None, None)
    assert_equal("batch_norm_forward", dtype, Destination(*x.shape), x, mean, inverse_std, scale, shift, **sums)
    gradients = (Destination(*x.shape), each, each) if affine else (Destination(*x.shape), None, None)
    arguments = (dy, x, mean, inverse_std, scale, of_batch)
    assert_equal("batch_norm_backward", dtype, *gradients, *arguments, **sums)


@np.errstate(all="ignore")
def test_batch_norm_of_values_that_are_not_finite() -> None:
    x = Draw(0, "float32").normal(4, 3, 5)
    x[1, 1, 2] = np.nan
    x[2, 2, 0] = np.inf
    each = Destination(3)
    assert_equal("batch_statistics", "float32", each, each, None, None, x, 1e-5, 0.9, tolerance=SUMS)
