"""Batch normalisation keeps the contract, and what is its own: statistics, modes, and where its gradient vanishes."""

from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from harness import Case, LayerContract

from handgrad.check import check_layer
from handgrad.errors import ConfigError, ShapeError
from handgrad.layers import BatchNorm
from handgrad.network import Network


def loops(epsilon: float, batch_at_test: bool = False) -> Any:
    def norm(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
        y = np.empty_like(x)
        for c in range(x.shape[1]):
            seen = [float(v) for v in x[:, c].ravel()]
            mean = sum(seen) / len(seen)
            variance = sum((v - mean) ** 2 for v in seen) / len(seen)
            if not (train or batch_at_test):
                mean, variance = a.running_mean[c], a.running_variance[c]
            y[:, c] = (x[:, c] - mean) / (variance + epsilon) ** 0.5
            if hasattr(a, "scale"):
                y[:, c] = a.scale[c] * y[:, c] + a.shift[c]
        return y

    return norm


def by_jax(epsilon: float, batch_at_test: bool = False) -> Any:
    def norm(x: Any, a: SimpleNamespace, train: bool) -> Any:
        axes = (0, 2, 3) if x.ndim == 4 else (0,)
        spread = (slice(None), None, None) if x.ndim == 4 else (slice(None),)
        mean, variance = x.mean(axes), x.var(axes)
        if not (train or batch_at_test):
            mean, variance = a.running_mean, a.running_variance
        y = (x - mean[spread]) / jnp.sqrt(variance + epsilon)[spread]
        return a.scale[spread] * y + a.shift[spread] if hasattr(a, "scale") else y

    return norm


def case(name: str, shape: tuple[int, ...], **options: Any) -> Case:
    settings = options.get("epsilon", 1e-5), options.get("batch_statistics_at_test", False)
    return Case(
        name,
        lambda: BatchNorm(**options),
        shape,
        loops(*settings),
        by_jax(*settings),
        modes=(True, False),
        refused=((3, 4), "Flatten"),
    )


class TestBatchNorm(LayerContract):
    cases = (
        case("images", (3, 4, 5)),
        case("images, no scale and shift", (3, 4, 5), scale_and_shift=False),
        case("vectors", (7,)),
        case("vectors, no scale and shift", (7,), scale_and_shift=False),
        case("one channel", (1, 3, 11)),
        case("large epsilon", (2, 3, 3), epsilon=0.5, momentum=0.0),
        case("report B2's way", (2, 4, 3), scale_and_shift=False, batch_statistics_at_test=True),
    )


IMAGES, VECTORS = (4, 5, 6), (9,)


def built(shape: tuple[int, ...], dtype: str = "float64", kernels: str | None = None, **options: Any) -> Network:
    return Network([BatchNorm(**options)]).build(shape, dtype, kernels=kernels)


@pytest.mark.parametrize("shape", [IMAGES, VECTORS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_output_has_mean_0_and_variance_1(shape: tuple[int, ...], dtype: str, kernels: str) -> None:
    x = (5 + 3 * np.random.default_rng(0).standard_normal((16, *shape))).astype(dtype)
    y = built(shape, dtype, kernels).workspace(16).forward(x, train=True).astype(np.float64)
    axes = (0, 2, 3) if len(shape) == 3 else 0
    np.testing.assert_allclose(y.mean(axes), 0.0, atol=1e-6)
    np.testing.assert_allclose(y.var(axes), 1.0, rtol=1e-4)


@pytest.mark.parametrize("shape", [IMAGES, VECTORS])
def test_gradient_sums_to_0_and_is_orthogonal_to_the_output(shape: tuple[int, ...], kernels: str) -> None:
    """Shifting or scaling a whole channel changes nothing, so the gradient has no part in these directions."""
    rng = np.random.default_rng(1)
    x, dy = rng.standard_normal((2, 6, *shape))
    net = built(shape, kernels=kernels, scale_and_shift=False, epsilon=1e-12)
    workspace, dx = net.workspace(6), np.empty_like(x)
    x_hat = workspace.forward(x, train=True)
    workspace.backward(dy, dx)
    axes = (0, 2, 3) if len(shape) == 3 else 0
    assert np.abs(dx).max() > 0.1
    np.testing.assert_allclose(dx.sum(axes), 0.0, atol=1e-12)
    np.testing.assert_allclose((dx * x_hat).sum(axes), 0.0, atol=1e-10)


@pytest.mark.parametrize("shape", [IMAGES, VECTORS])
def test_running_statistics_follow_the_batches(shape: tuple[int, ...], kernels: str) -> None:
    """running ← 0.8 running + 0.2 batch's, of the variance the unbiased one, from 0 and 1; inference moves nothing."""
    net = built(shape, kernels=kernels, momentum=0.8)
    workspace = net.workspace(8)
    rng, axes = np.random.default_rng(2), (0, 2, 3) if len(shape) == 3 else (0,)
    mean, variance = np.zeros(shape[0]), np.ones(shape[0])
    for n in (8, 3, 8):
        x = 2 + rng.standard_normal((n, *shape))
        workspace.forward(x, train=True)
        mean = 0.8 * mean + 0.2 * x.mean(axes)
        variance = 0.8 * variance + 0.2 * x.var(axes, ddof=1)
        workspace.forward(5 * x, train=False)
    np.testing.assert_allclose(net.state["0.running_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(net.state["0.running_variance"], variance, rtol=1e-12)


@pytest.mark.parametrize("shape", [IMAGES, VECTORS])
def test_inference_agrees_with_training_once_the_averages_have_settled(shape: tuple[int, ...], kernels: str) -> None:
    net = built(shape, kernels=kernels, momentum=0.0)
    workspace, x = net.workspace(64), 1 + np.random.default_rng(3).standard_normal((64, *shape))
    trained = workspace.forward(x, train=True).copy()
    unbiased = np.sqrt((x[:, 0].size - 1) / x[:, 0].size)
    np.testing.assert_allclose(workspace.forward(x), trained * unbiased, rtol=1e-4, atol=1e-6)


def test_statistics_of_many_shifted_values_in_float32(kernels: str) -> None:
    """100,352 values about 1,000 with standard deviation 0.5: sums in float32 would lose them."""
    x = (1000 + 0.5 * np.random.default_rng(4).standard_normal((32, 2, 56, 56))).astype(np.float32)
    net = built((2, 56, 56), "float32", kernels, momentum=0.0)
    net.workspace(32).forward(x, train=True)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(net.state["0.running_mean"], exact.mean((0, 2, 3)), rtol=1e-7)
    np.testing.assert_allclose(net.state["0.running_variance"], exact.var((0, 2, 3), ddof=1), rtol=1e-6)


def test_prediction_depends_on_its_neighbours_in_report_b2s_way_only(kernels: str) -> None:
    x = np.random.default_rng(5).standard_normal((6, 2, 3, 3))
    for at_test in (False, True):
        workspace = built((2, 3, 3), kernels=kernels, batch_statistics_at_test=at_test).workspace(6)
        among_others, among_fewer = workspace.forward(x)[:2].copy(), workspace.forward(x[:2]).copy()
        assert np.array_equal(among_others, among_fewer) is not at_test


def test_constant_channel_becomes_0(kernels: str) -> None:
    net = built((2, 3, 3), kernels=kernels)
    workspace, x = net.workspace(4), np.full((4, 2, 3, 3), 7.0)
    dx = np.empty_like(x)
    assert not workspace.forward(x, train=True).any()
    workspace.backward(np.random.default_rng(6).standard_normal(x.shape), dx)
    assert np.isfinite(dx).all()


@pytest.mark.parametrize(("shape", "smallest"), [((32, 28, 28), 1), ((784,), 2), ((16, 1, 1), 2), ((16, 1, 2), 1)])
def test_smallest_training_batch(shape: tuple[int, ...], smallest: int) -> None:
    assert BatchNorm().min_training_batch(shape) == smallest


def test_scale_and_shift_start_as_nothing_and_are_no_weights() -> None:
    net = built((3, 4, 4))
    np.testing.assert_array_equal(net.parameters["0.scale"], 1.0)
    np.testing.assert_array_equal(net.parameters["0.shift"], 0.0)
    assert [entry.penalised for entry in net.table] == [False, False]
    assert built((3, 4, 4), scale_and_shift=False).parameter_count == 0


@pytest.mark.parametrize("arguments", [{"epsilon": 0.0}, {"momentum": 1.0}, {"momentum": -0.1}])
def test_impossible_numbers_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="expected epsilon > 0 and 0 <= momentum < 1, received"):
        BatchNorm(**arguments)


def test_shape_that_is_neither_image_nor_vector() -> None:
    with pytest.raises(ShapeError, match=r"layer 0 \(BatchNorm\): expects images"):
        built((3, 4))


@pytest.mark.parametrize("train", [True, False])
def test_report_b2s_size(train: bool, kernels: str) -> None:
    report = check_layer(BatchNorm(scale_and_shift=False), (32, 12, 12), train=train, kernels=kernels)
    assert report.passed, report.format()
