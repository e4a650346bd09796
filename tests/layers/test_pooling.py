"""The pooling layers keep the contract, and what is their own: ties, overlaps, remainders, NaN."""

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness import Case, LayerContract

from handgrad.check import check_layer, check_network
from handgrad.errors import ShapeError
from handgrad.layers import AvgPool2D, Conv2D, Dense, Flatten, MaxPool2D, ReLU
from handgrad.losses import SoftmaxCrossEntropy
from handgrad.network import Network


def loops(reduce: Any, kernel: tuple[int, int], stride: tuple[int, int]) -> Any:
    def pool(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
        (K, L), (s, t), (N, C, H, W) = kernel, stride, x.shape
        y = np.zeros((N, C, (H - K) // s + 1, (W - L) // t + 1))
        for n, c, p, q in np.ndindex(*y.shape):
            y[n, c, p, q] = reduce([x[n, c, p * s + i, q * t + j] for i in range(K) for j in range(L)])
        return y

    return pool


def max_by_jax(kernel: tuple[int, int], stride: tuple[int, int]) -> Any:
    def pool(x: Any, a: SimpleNamespace, train: bool) -> Any:
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, *kernel), (1, 1, *stride), "VALID")

    return pool


def avg_by_jax(kernel: tuple[int, int], stride: tuple[int, int]) -> Any:
    def pool(x: Any, a: SimpleNamespace, train: bool) -> Any:
        total = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 1, *kernel), (1, 1, *stride), "VALID")
        return total / (kernel[0] * kernel[1])

    return pool


#: name, input, window, stride
GEOMETRIES = [
    ("tiles", (2, 4, 6), (2, 2), (2, 2)),
    ("leaves a remainder", (2, 5, 7), (2, 2), (2, 2)),
    ("overlaps", (2, 6, 5), (3, 3), (1, 1)),
    ("overlaps a little", (1, 7, 7), (3, 3), (2, 2)),
    ("leaves gaps", (2, 7, 8), (2, 1), (3, 2)),
    ("flat", (3, 4, 6), (1, 3), (1, 3)),
    ("the whole image", (2, 4, 3), (4, 3), (4, 3)),
    ("1 x 1", (2, 3, 3), (1, 1), (1, 1)),
    ("wide", (1, 2, 37), (2, 2), (2, 2)),
]


def case(kind: Any, reduce: Any, by_jax: Any, name: str, shape: Any, kernel: Any, stride: Any) -> Case:
    too_small = ((2, kernel[0], kernel[1] - 1), "smaller window") if kernel[1] > 1 else ((12,), "Flatten")
    return Case(
        name,
        lambda: kind(kernel, stride),
        shape,
        loops(reduce, kernel, stride),
        by_jax(kernel, stride),
        refused=too_small,
    )


class TestMaxPool2D(LayerContract):
    cases = tuple(case(MaxPool2D, max, max_by_jax, *geometry) for geometry in GEOMETRIES)


class TestAvgPool2D(LayerContract):
    cases = tuple(case(AvgPool2D, np.mean, avg_by_jax, *geometry) for geometry in GEOMETRIES)


def run_pool(x: np.ndarray, dy: np.ndarray, layer: Any, kernels: str) -> tuple[np.ndarray, np.ndarray]:
    net = Network([layer]).build(x.shape[1:], x.dtype.name, kernels=kernels)
    workspace, dx = net.workspace(len(x)), np.empty_like(x)
    y = workspace.forward(x, train=True)
    workspace.backward(dy.astype(x.dtype), dx)
    return y.copy(), dx


def test_the_first_of_equal_maxima_wins(kernels: str) -> None:
    x = np.array([[[[5.0, 5, 1, 2], [5, 5, 2, 2], [0, 3, 0, 0], [3, 3, 0, 0]]]])
    y, dx = run_pool(x, np.arange(1.0, 5).reshape(1, 1, 2, 2), MaxPool2D(2), kernels)
    np.testing.assert_array_equal(y[0, 0], [[5, 2], [3, 0]])
    np.testing.assert_array_equal(dx[0, 0], [[1, 0, 0, 2], [0, 0, 0, 0], [0, 3, 4, 0], [0, 0, 0, 0]])


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1), ((2, 5), (1, 2))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ties_everywhere(kernel: Any, stride: Any, dtype: str, kernels: str) -> None:
    """Whole numbers 0, 1, 2: hardly a window without a tie. The winner is found by a plain search."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (3, 2, 7, 19)).astype(dtype)
    layer = MaxPool2D(kernel, stride)
    (K, L), (s, t) = layer.kernel, layer.stride
    dy = rng.integers(1, 9, (3, *layer.output_shape(x.shape[1:]))).astype(dtype)
    expected = np.zeros_like(x)
    for n, c, p, q in np.ndindex(*dy.shape):
        inside = [(i, j) for i in range(p * s, p * s + K) for j in range(q * t, q * t + L)]
        best = max(inside, key=lambda place: (x[n, c, *place], -place[0], -place[1]))
        expected[n, c, *best] += dy[n, c, p, q]
    _, dx = run_pool(x, dy, layer, kernels)
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2)])
def test_ties_of_real_images_after_relu(
    digits: tuple[np.ndarray, np.ndarray], kernel: int, stride: int, kernels: str
) -> None:
    """Report B2's case: most windows are tied. JAX takes the first of them, too."""
    rng = np.random.default_rng(2)
    x = np.maximum(digits[0][:8] - 0.3 * rng.random((8, 1, 28, 28)).round(1), 0.0)
    layer = MaxPool2D(kernel, stride)
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), (2, 3))[:, :, ::stride, ::stride].reshape(
        -1, kernel * kernel
    )
    tied = (windows == windows.max(axis=1, keepdims=True)).sum(axis=1) > 1
    assert tied.mean() > 0.5
    dy = rng.standard_normal((8, *layer.output_shape(x.shape[1:])))
    y, dx = run_pool(x, dy, layer, kernels)
    judged, pull_back = jax.vjp(lambda v: max_by_jax((kernel, kernel), (stride, stride))(v, SimpleNamespace(), True), x)
    np.testing.assert_array_equal(y, judged)
    np.testing.assert_allclose(dx, pull_back(dy)[0], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(dx.sum(), dy.sum())


def test_net_on_real_images(digits: tuple[np.ndarray, np.ndarray], kernels: str) -> None:
    """The check redraws coordinates whose step lets another place win; enough must remain."""
    images, labels = digits
    layers = [Conv2D(3, 3, padding="same"), ReLU(), MaxPool2D(3, 2), AvgPool2D(2), Flatten(), Dense(10)]
    report = check_network(
        layers, (1, 28, 28), SoftmaxCrossEntropy(), x=images[::10], labels=labels[::10], kernels=kernels
    )
    assert report.passed, report.format()
    assert report.line("0.W").coordinates >= 20


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", [MaxPool2D(2), MaxPool2D(3, 1), AvgPool2D(2), AvgPool2D(3, 1)])
def test_nan_comes_out_of_its_windows_only(layer: Any, dtype: str, kernels: str) -> None:
    x = np.random.default_rng(3).random((2, 2, 6, 22)).astype(dtype)
    x[1, 0, 2, 3] = x[0, 1, 5, 20] = np.nan
    (K, L), (s, t) = layer.kernel, layer.stride
    windows = np.lib.stride_tricks.sliding_window_view(x, (K, L), (2, 3))[:, :, ::s, ::t]
    expected = np.isnan(windows).any(axis=(4, 5))
    y, _ = run_pool(x, np.ones((2, *layer.output_shape(x.shape[1:]))), layer, kernels)
    np.testing.assert_array_equal(np.isnan(y), expected)


@pytest.mark.parametrize("value", [-np.inf, np.inf])
def test_infinite_windows_have_a_winner(value: float, kernels: str) -> None:
    x = np.full((1, 1, 4, 4), value)
    y, dx = run_pool(x, np.ones((1, 1, 2, 2)), MaxPool2D(2), kernels)
    assert (y == value).all()
    np.testing.assert_array_equal(dx[0, 0], [[1, 0, 1, 0], [0, 0, 0, 0]] * 2)


def test_remainder_gets_no_gradient(kernels: str) -> None:
    x = np.random.default_rng(4).random((1, 2, 5, 5))
    for layer in (MaxPool2D(2), AvgPool2D(2)):
        _, dx = run_pool(x, np.ones((1, 2, 2, 2)), layer, kernels)
        assert not dx[:, :, 4].any()
        assert not dx[:, :, :, 4].any()
        assert dx.sum() == pytest.approx(8.0)


def test_window_that_does_not_fit() -> None:
    with pytest.raises(ShapeError) as caught:
        Network([Conv2D(4, 25), MaxPool2D(2), AvgPool2D((3, 2))]).build((1, 28, 28))
    message = str(caught.value)
    for part in ("layer 2 (AvgPool2D)", "expects", "3x2", "received (4, 2, 2)", "smaller window"):
        assert part in message


def test_pooling_a_large_image(kernels: str) -> None:
    report = check_layer(MaxPool2D(2), (3, 28, 28), samples=2, kernels=kernels)
    assert report.passed, report.format()
