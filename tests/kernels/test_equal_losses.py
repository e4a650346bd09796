"""Input, dense, losses and penalty: native equals reference on random shapes, in both dtypes, NaN included."""

import numpy as np
import pytest
from equality import SUMS, Destination, Draw, assert_equal, counts, dtypes, few, seeds
from hypothesis import given
from hypothesis import strategies as st

import handgrad.kernels.reference as reference

pytestmark = pytest.mark.usefixtures("variant")

LOSSES = ["softmax_cross_entropy", "cross_entropy", "binary_cross_entropy", "squared_error"]
classes = st.integers(1, 40)


@few
@given(
    dtypes,
    st.sampled_from(["uint8", "float32", "float64"]),
    counts,
    st.sampled_from([(), (5,), (1, 28, 28), (3, 7)]),
    seeds,
    st.sampled_from([(1 / 255, 0.0), (2 / 255, -1.0)]),
)
def test_gather_images(
    dtype: str, pixel: str, n: int, shape: tuple[int, ...], seed: int, scaling: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (11, *shape)).astype(pixel)
    indices = rng.integers(0, 11, n)
    assert_equal("gather_images", dtype, Destination(n, *shape), images, indices, *scaling, of_largest=True)


@few
@given(dtypes, counts, classes, seeds)
def test_one_hot(dtype: str, n: int, width: int, seed: int) -> None:
    assert_equal("one_hot", dtype, Destination(n, width), np.random.default_rng(seed).integers(width, size=n))


@few
@given(dtypes, counts, counts, counts, seeds, st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_dense(dtype: str, n: int, d: int, m: int, seed: int, wanted: tuple[bool, bool, bool]) -> None:
    draw = Draw(seed, dtype)
    x, W, b, dy = draw.normal(n, d), draw.normal(d, m), draw.normal(m), draw.normal(n, m)
    assert_equal("dense_forward", dtype, Destination(n, m), x, W, b, tolerance=SUMS, of_largest=True)
    places = (Destination(n, d), Destination(d, m), Destination(m))
    gradients = [place if want else None for place, want in zip(places, wanted, strict=True)]
    assert_equal("dense_backward", dtype, *gradients, dy, x, W, tolerance=SUMS, of_largest=True)


@few
@given(st.sampled_from(LOSSES), dtypes, counts, classes, seeds, st.booleans())
def test_loss(kernel: str, dtype: str, n: int, width: int, seed: int, gradient: bool) -> None:
    draw = Draw(seed, dtype)
    y = (
        draw.normal(n, width, scale=3)
        if kernel in ("softmax_cross_entropy", "squared_error")
        else draw.uniform(n, width)
    )
    t, factors = draw.targets(n, width), draw.uniform(n)
    place = Destination(n, width) if gradient else None
    assert_equal(kernel, dtype, Destination(n), place, y, t, factors, tolerance=SUMS, of_largest=True)


@pytest.mark.parametrize("width", [1, 511, 512, 513, 1000])
@pytest.mark.parametrize("gradient", [True, False])
def test_softmax_of_many_classes(width: int, gradient: bool) -> None:
    draw = Draw(0, "float32")
    z, t, factors = draw.normal(3, width), draw.targets(3, width), draw.uniform(3)
    place = Destination(3, width) if gradient else None
    arguments = (Destination(3), place, z, t, factors)
    assert_equal("softmax_cross_entropy", "float32", *arguments, tolerance=SUMS, of_largest=True)


@pytest.mark.parametrize("kernel", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 1.0, 1e30, -1e30])
@np.errstate(all="ignore")
def test_loss_of_strange_outputs(kernel: str, dtype: str, value: float) -> None:
    draw = Draw(1, dtype)
    y, t, factors = draw.uniform(3, 10), draw.targets(3, 10), draw.uniform(3)
    y[1, 4] = value
    assert_equal(kernel, dtype, Destination(3), Destination(3, 10), y, t, factors, tolerance=SUMS)


@few
@given(dtypes, counts, seeds, st.sampled_from([0.0, 0.01]), st.sampled_from([0.0, 0.3]))
def test_penalty(dtype: str, n: int, seed: int, l1: float, l2: float) -> None:
    from handgrad.kernels import native

    draw = Draw(seed, dtype)
    W, dW = draw.normal(n, 3), draw.normal(n, 3)
    W[0] = 0
    assert native.penalty_value(W, l1, l2) == pytest.approx(reference.penalty_value(W, l1, l2), rel=1e-13)
    assert_equal("add_penalty_gradient", dtype, dW, W, l1, l2, of_largest=True)


@np.errstate(all="ignore")
def test_penalty_of_weights_that_are_not_finite() -> None:
    from handgrad.kernels import native

    W = np.array([np.nan, np.inf, -np.inf, 1.0])
    for l1, l2 in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.1, 0.1)):
        np.testing.assert_equal(native.penalty_value(W[1:], l1, l2), reference.penalty_value(W[1:], l1, l2))
        np.testing.assert_equal(native.penalty_value(W, l1, l2), reference.penalty_value(W, l1, l2))
        assert_equal("add_penalty_gradient", "float64", np.ones(4), W, l1, l2)
