"""The convolutional layer keeps the contract, and what is its own."""

from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
from harness import Case, LayerContract

from handgrad.check import check_layer
from handgrad.errors import ConfigError, ShapeError
from handgrad.initializers import Normal
from handgrad.layers import Conv2D, Dense
from handgrad.network import Network


def zeros_around(length: int, window: int, step: int, padding: str | int) -> tuple[int, int]:
    """Zeros before and after, by the definitions of "same" and "valid"."""
    if padding == "valid":
        return 0, 0
    if isinstance(padding, int):
        return padding, padding
    missing = max((int(np.ceil(length / step)) - 1) * step + window - length, 0)
    return missing // 2, missing - missing // 2


def loops(stride: tuple[int, int], padding: str | int) -> Any:
    def conv(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
        (s, t), (F, C, K, L) = stride, a.W.shape
        rows, columns = zeros_around(x.shape[2], K, s, padding), zeros_around(x.shape[3], L, t, padding)
        padded = np.pad(x, ((0, 0), (0, 0), rows, columns))
        P, Q = (padded.shape[2] - K) // s + 1, (padded.shape[3] - L) // t + 1
        y = np.zeros((len(x), F, P, Q))
        for n, f, p, q in np.ndindex(*y.shape):
            y[n, f, p, q] = a.b[f]
            for c, i, j in np.ndindex(C, K, L):
                y[n, f, p, q] += padded[n, c, p * s + i, q * t + j] * a.W[f, c, i, j]
        return y

    return conv


def by_jax(stride: tuple[int, int], padding: str | int) -> Any:
    around = [(padding, padding)] * 2 if isinstance(padding, int) else padding.upper()

    def conv(x: Any, a: SimpleNamespace, train: bool) -> Any:
        return jax.lax.conv_general_dilated(x, a.W, stride, around) + a.b[:, None, None]

    return conv


def case(
    name: str,
    shape: tuple[int, int, int],
    filters: int,
    kernel: Any,
    stride: Any = 1,
    padding: str | int = "valid",
    refused: Any = ((12,), "before Flatten"),
) -> Case:
    both = (stride, stride) if isinstance(stride, int) else stride
    return Case(
        name,
        lambda: Conv2D(filters, kernel, stride=stride, padding=padding, init=Normal(0.5)),
        shape,
        loops(both, padding),
        by_jax(both, padding),
        refused=refused,
    )


class TestConv2D(LayerContract):
    cases = (
        case("valid", (2, 6, 5), 3, 3, refused=((2, 2, 6), "smaller kernel")),
        case("same", (2, 5, 6), 3, 3, padding="same"),
        case("one channel, one filter", (1, 4, 4), 1, 2),
        case("even kernel, same", (2, 5, 4), 2, (2, 4), padding="same"),
        case("flat kernel", (3, 4, 7), 2, (1, 3)),
        case("1 x 1", (3, 4, 3), 4, 1),
        case("stride 2", (2, 7, 8), 2, 3, stride=2),
        case("stride 2, same, even", (2, 6, 7), 2, 3, stride=2, padding="same"),
        case("uneven strides", (1, 9, 8), 2, (3, 2), stride=(1, 3), padding="same"),
        case("stride above the kernel", (2, 8, 7), 2, 2, stride=3),
        case("stride above the kernel, same", (2, 8, 7), 2, 1, stride=3, padding="same"),
        case("padding 1", (2, 4, 5), 2, 3, padding=1, refused=((2, 6, 0), "received")),
        case("padding 2, stride 3", (1, 6, 5), 2, (4, 3), stride=3, padding=2),
        case("padding makes it fit", (1, 2, 2), 3, 5, padding=2),
        case("the whole image", (1, 6, 5), 2, (6, 5), refused=((1, 5, 6), "smaller kernel")),
        case("the whole image, channels", (3, 4, 4), 2, 4),
        case("wide", (1, 3, 40), 9, 3, padding="same"),
        case("many filters and channels", (9, 5, 6), 17, 3, padding="same"),
    )


def test_same_puts_the_odd_zero_last() -> None:
    net = Network([Conv2D(1, 2, padding="same")]).build((1, 3, 3), "float64")
    net.parameters["0.W"][...] = [[[[1, 10], [100, 1000]]]]
    x = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    expected = [[5421.0, 6532, 603], [8754, 9865, 906], [87, 98, 9]]
    np.testing.assert_array_equal(net.forward(x)[0, 0], expected)


def test_it_is_a_cross_correlation() -> None:
    """Shown a single 1, it draws each filter turned by 180°; a convolution would draw it upright."""
    net = Network([Conv2D(2, 3, init=Normal(1.0))]).build((1, 5, 5), "float64")
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1.0
    np.testing.assert_array_equal(net.forward(x)[0], net.parameters["0.W"][:, 0, ::-1, ::-1])


def test_default_initialisation_counts_a_filters_inputs() -> None:
    (row,) = Network([Conv2D(64, (5, 3))]).build((16, 8, 8)).summary_rows()
    assert row["init_variance"] == pytest.approx(2 / (16 * 5 * 3))
    assert row["parameters"] == 64 * 16 * 5 * 3 + 64
    params = Conv2D(64, (5, 3)).params((16, 8, 8))
    assert [(p.fan_in, p.fan_out, p.penalised) for p in params] == [(240, 960, True), (240, 960, False)]


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Conv2D(32, 3, padding="same"), (1, 28, 28), (32, 28, 28)),  # report B2
        (Conv2D(2, 28), (1, 28, 28), (2, 1, 1)),  # report D, threes against ones
        (Conv2D(16, 7), (1, 28, 28), (16, 22, 22)),  # report D, ten digits
        (Conv2D(4, (3, 5), stride=(2, 3), padding=1), (3, 8, 9), (4, 4, 3)),
        (Conv2D(4, 3, stride=2, padding="same"), (3, 9, 8), (4, 5, 4)),
    ],
)
def test_output_shapes(layer: Conv2D, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert layer.output_shape(shape) == expected


def test_kernel_larger_than_the_image() -> None:
    with pytest.raises(ShapeError) as caught:
        Network([Conv2D(4, 3), Conv2D(4, (30, 7))]).build((1, 28, 28))
    message = str(caught.value)
    for part in ("layer 1 (Conv2D)", "expects", "30x7", "received (4, 26, 26)", "smaller kernel"):
        assert part in message


@pytest.mark.parametrize(
    "arguments",
    [
        {"filters": 0},
        {"kernel": 0},
        {"kernel": (3, 3, 3)},
        {"kernel": 2.5},
        {"stride": 0},
        {"stride": (1, -1)},
        {"padding": -1},
        {"padding": "full"},
    ],
)
def test_impossible_numbers_are_refused(arguments: dict[str, Any]) -> None:
    (name,) = arguments
    with pytest.raises(ConfigError, match=f"{name}: expected .*, received"):
        Conv2D(**{"filters": 2, "kernel": 3} | arguments)


def test_report_b2s_first_layer(kernels: str) -> None:
    report = check_layer(Conv2D(32, 3, padding="same"), (1, 28, 28), samples=2, kernels=kernels)
    assert report.passed, report.format()


def test_report_ds_filters(kernels: str) -> None:
    for layer in (Conv2D(2, 28), Conv2D(16, 7)):
        report = check_layer(layer, (1, 28, 28), samples=1, kernels=kernels)
        assert report.passed, report.format()


def test_a_filter_of_the_images_size_is_a_dense_unit(kernels: str) -> None:
    conv = Network([Conv2D(3, 6, init=Normal(0.3))]).build((2, 6, 6), "float64", kernels=kernels)
    dense = Network([Dense(3)]).build((72,), "float64", kernels=kernels)
    dense.parameters["0.W"][...] = conv.parameters["0.W"].reshape(3, 72).T
    x = np.random.default_rng(0).standard_normal((4, 2, 6, 6))
    np.testing.assert_allclose(conv.forward(x).reshape(4, 3), dense.forward(x.reshape(4, 72)), rtol=1e-12)


def test_nan_in_a_pixel_reaches_every_window_that_sees_it(kernels: str) -> None:
    net = Network([Conv2D(2, 3, padding="same")]).build((1, 6, 20), "float32", kernels=kernels)
    x = np.zeros((1, 1, 6, 20), np.float32)
    x[0, 0, 2, 7] = np.nan
    seen = np.zeros((6, 20), bool)
    seen[1:4, 6:9] = True
    assert (np.isnan(net.forward(x)[0]) == seen).all()
