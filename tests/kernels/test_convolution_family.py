"""Convolution, pooling and batch normalisation in every kernel set, judged by JAX on geometries drawn at random."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.kernels import get_kernels

# JAX compiles anew for every shape.
few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
sides = st.integers(1, 9)
Pair = tuple[int, int]
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
seeds = st.integers(0, 2**32 - 1)


def assert_close(received: np.ndarray, expected: Any) -> None:
    np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-11)


@few
@given(st.tuples(sides, sides), pairs, pairs, st.tuples(*[st.integers(0, 3)] * 4), pairs, seeds)
def test_convolution(
    kernels: str,
    image: Pair,
    kernel: Pair,
    stride: Pair,
    zeros: tuple[int, int, int, int],
    planes: Pair,
    seed: int,
) -> None:
    k, rng, (C, F) = get_kernels(kernels), np.random.default_rng(seed), planes
    image = max(image[0], kernel[0]), max(image[1], kernel[1])
    x, W, b = rng.normal(size=(2, C, *image)), rng.normal(size=(F, C, *kernel)), rng.normal(size=F)
    around = [zeros[:2], zeros[2:]]

    def judge(x: Any, W: Any, b: Any) -> Any:
        return jax.lax.conv_general_dilated(x, W, stride, around) + b[:, None, None]

    expected, pull_back = jax.vjp(judge, x, W, b)
    y, dx, dW, db = np.empty(expected.shape), np.empty_like(x), np.empty_like(W), np.empty_like(b)
    dy, padding = rng.normal(size=y.shape), (zeros[0], zeros[2])
    k.conv2d_forward(y, x, W, b, stride, padding)
    k.conv2d_backward(dx, dW, db, dy, x, W, stride, padding)
    for received, by_jax in zip((y, dx, dW, db), (expected, *pull_back(dy)), strict=True):
        assert_close(received, by_jax)


@few
@given(st.tuples(sides, sides), pairs, pairs, seeds, st.booleans())
def test_pooling(kernels: str, image: Pair, kernel: Pair, stride: Pair, seed: int, ties: bool) -> None:
    k, rng = get_kernels(kernels), np.random.default_rng(seed)
    image = max(image[0], kernel[0]), max(image[1], kernel[1])
    x = rng.normal(size=(2, 3, *image))
    if ties:
        x = np.maximum(x.round(), 0.0)
    window, step = (1, 1, *kernel), (1, 1, *stride)

    def largest(x: Any) -> Any:
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, step, "VALID")

    def average(x: Any) -> Any:
        total = jax.lax.reduce_window(x, 0.0, jax.lax.add, window, step, "VALID")
        return total / (kernel[0] * kernel[1])

    expected, pull_back = jax.vjp(largest, x)
    y, dx, winner = np.empty(expected.shape), np.empty_like(x), np.empty(expected.shape, np.int32)
    dy = rng.normal(size=y.shape)
    k.max_pool_forward(y, winner, x, kernel, stride)
    k.max_pool_backward(dx, dy, winner)
    assert_close(y, expected)
    assert_close(dx, pull_back(dy)[0])

    expected, pull_back = jax.vjp(average, x)
    k.avg_pool_forward(y, x, kernel, stride)
    k.avg_pool_backward(dx, dy, kernel, stride)
    assert_close(y, expected)
    assert_close(dx, pull_back(dy)[0])


@few
@given(st.sampled_from([(), (1, 2), (3, 5)]), st.integers(1, 5), st.integers(2, 6), st.booleans(), seeds)
def test_batch_norm(kernels: str, rest: tuple[int, ...], C: int, N: int, affine: bool, seed: int) -> None:
    k, rng = get_kernels(kernels), np.random.default_rng(seed)
    x, scale, shift = rng.normal(3, 2, size=(N, C, *rest)), rng.normal(size=C), rng.normal(size=C)
    axes, spread = (0, *range(2, x.ndim)), (slice(None), *[None] * len(rest))

    def judge(x: Any, scale: Any, shift: Any) -> Any:
        centred = x - x.mean(axes, keepdims=True)
        x_hat = centred / jnp.sqrt((centred**2).mean(axes, keepdims=True) + 1e-3)
        return scale[spread] * x_hat + shift[spread] if affine else x_hat

    expected, pull_back = jax.vjp(judge, x, scale, shift)
    y, dx, dscale, dshift = (np.empty_like(a) for a in (x, x, scale, shift))
    mean, inverse_std = np.empty(C), np.empty(C)
    dy = rng.normal(size=x.shape)
    trained = (scale, shift) if affine else (None, None)
    k.batch_statistics(mean, inverse_std, None, None, x, 1e-3, 0.9)
    k.batch_norm_forward(y, x, mean, inverse_std, *trained)
    assert_close(y, expected)
    k.batch_norm_backward(
        dx, dscale if affine else None, dshift if affine else None, dy, x, mean, inverse_std, trained[0], True
    )
    judged = pull_back(dy)
    assert_close(dx, judged[0])
    if affine:
        assert_close(dscale, judged[1])
        assert_close(dshift, judged[2])
