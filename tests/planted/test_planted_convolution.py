"""Mistakes in convolution, pooling, batch normalisation and dropout turn the check red at the right tensors."""

from typing import Any

import numpy as np
import pytest
from plant import plant, wrong_tensors

from handgrad.check import GradientReport, check_network
from handgrad.kernels import reference
from handgrad.kernels.types import Array
from handgrad.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU
from handgrad.losses import SoftmaxCrossEntropy
from handgrad.network import Network

pytestmark = pytest.mark.slow

SHAPE, SAMPLES = (2, 5, 4), 3


def cnn() -> list[Layer]:
    """Report B2's layers in small, and a second convolution: overlapping windows, stride, padding. Dropout comes
    after ReLU, because before it one mistake would not show (see below)."""
    return [
        Conv2D(2, 3, padding="same"),
        ReLU(),
        BatchNorm(),
        MaxPool2D(2, 1),
        Conv2D(2, (3, 2), stride=2, padding=1),
        Flatten(),
        Dense(4),
        ReLU(),
        Dropout(0.5),
        Dense(3),
    ]


EVERY = ["x", "0.W", "0.b", "2.scale", "2.shift", "4.W", "4.b", "6.W", "6.b", "9.W", "9.b"]


def below(layer: int, *also: str) -> str:
    """The tensors that get their gradient through this layer, and those named."""
    names = [name for name in EVERY if name == "x" or int(name.split(".")[0]) < layer or name in also]
    return " ".join(names)


def check_planted(**wrong: Any) -> GradientReport:
    net = Network(cnn()).build(SHAPE, "float64", seed=4, kernels="reference")
    return check_network(plant(net, **wrong), SHAPE, SoftmaxCrossEntropy(), samples=SAMPLES, seed=5)


# ------------------------------------------------------------------------------------------ convolution


def conv2d_backward_but(**parts: Any) -> Any:
    """The reference's, then the named destinations written over by part(dy, x, W, stride, padding)."""

    def backward(dx: Any, dW: Any, db: Any, dy: Array, x: Array, W: Array, stride: Any, padding: Any) -> None:
        reference.conv2d_backward(dx, dW, db, dy, x, W, stride, padding)
        for name, destination in (("dx", dx), ("dW", dW), ("db", db)):
            if name in parts and destination is not None:
                destination[...] = parts[name](dy, x, W, stride, padding)

    return backward


def right(dy: Array, x: Array, W: Array, stride: Any, padding: Any) -> tuple[Array, Array]:
    dx, dW = np.empty_like(x), np.empty_like(W)
    reference.conv2d_backward(dx, dW, None, dy, x, W, stride, padding)
    return dx, dW


def dW_flipped(*arguments: Any) -> Array:
    return right(*arguments)[1][:, :, ::-1, ::-1]


def dx_with_the_kernel_not_turned(dy: Array, x: Array, W: Array, stride: Any, padding: Any) -> Array:
    return right(dy, x, np.ascontiguousarray(W[:, :, ::-1, ::-1]), stride, padding)[0]


def dx_overlaps_overwrite(dy: Array, x: Array, W: Array, stride: Any, padding: Any) -> Array:
    (K, L), (s, t), (top, left) = W.shape[2:], stride, padding
    padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * top + K, x.shape[3] + 2 * left + L))
    for p, q in np.ndindex(*dy.shape[2:]):
        part = np.einsum("nf,fcij->ncij", dy[:, :, p, q], W)
        padded[:, :, p * s : p * s + K, q * t : q * t + L] = part
    return padded[:, :, top : top + x.shape[2], left : left + x.shape[3]]


def first_only(axis: int, which: int) -> Any:
    def part(*arguments: Any) -> Array:
        gradient = right(*arguments)[which].copy()
        np.moveaxis(gradient, axis, 0)[1:] = 0
        return gradient

    return part


def padded_on_one_side(which: int) -> Any:
    def part(dy: Array, x: Array, W: Array, stride: Any, padding: Any) -> Array:
        return right(dy, x, W, stride, (0, 0))[which]

    return part


def dW_of_image_0(dy: Array, x: Array, W: Array, stride: Any, padding: Any) -> Array:
    return right(dy[:1], x[:1], W, stride, padding)[1]


CONVOLUTION = [
    ("dW flipped", {"dW": dW_flipped}, "0.W 4.W"),
    ("dx with the kernel not turned", {"dx": dx_with_the_kernel_not_turned}, below(4)),
    ("col2im with =", {"dx": dx_overlaps_overwrite}, below(4)),
    ("dW of channel 0 only", {"dW": first_only(1, 1)}, "0.W 4.W"),
    ("dx of channel 0 only", {"dx": first_only(1, 0)}, below(4)),
    ("dW of image 0 only", {"dW": dW_of_image_0}, "0.W 4.W"),
    ("dx of image 0 only", {"dx": first_only(0, 0)}, below(4)),
    ("bias averaged", {"db": lambda dy, *rest: dy.mean(axis=(0, 2, 3))}, "0.b 4.b"),
    ("bias of one place", {"db": lambda dy, *rest: dy[:, :, 0, 0].sum(axis=0)}, "0.b 4.b"),
    ("padding on one side, dW", {"dW": padded_on_one_side(1)}, "0.W 4.W"),
    ("padding on one side, dx", {"dx": padded_on_one_side(0)}, below(4)),
]


@pytest.mark.parametrize(("parts", "wrong"), [m[1:] for m in CONVOLUTION], ids=[m[0] for m in CONVOLUTION])
def test_mistake_in_convolution(parts: dict[str, Any], wrong: str) -> None:
    report = check_planted(conv2d_backward=conv2d_backward_but(**parts))
    assert wrong_tensors(report) == wrong, report.format()


def test_without_a_mistake_all_is_right() -> None:
    report = check_planted(conv2d_backward=conv2d_backward_but())
    assert [(line.name, line.verdict) for line in report.lines] == [(name, "right") for name in EVERY]


# ------------------------------------------------------------------------------------------ pooling

#: kernel and stride of the net's pooling layer, and of the mistakes
K, S = 2, 1


def windows(array: Array) -> list[tuple[tuple[int, int], Any]]:
    """Each window's place in the result and its part of an array."""
    P, Q = (array.shape[2] - K) // S + 1, (array.shape[3] - K) // S + 1
    return [
        ((p, q), array[:, :, p * S : p * S + K, q * S : q * S + K])
        for p in range(P)
        for q in range(Q)
    ]  # fmt: skip


class Pooling:
    """Max-pooling kernels that keep x from the way forward, as wrong programs do."""

    def __init__(self, share: Any) -> None:
        self.share = share

    def forward(self, y: Array, winner: Array, x: Array, kernel: Any, stride: Any) -> None:
        reference.max_pool_forward(y, winner, x, kernel, stride)
        self.x, self.y = x, y

    def backward(self, dx: Array, dy: Array, winner: Array) -> None:
        dx[...] = 0
        for (p, q), part in windows(dx):
            seen = self.x[:, :, p * S : p * S + K, q * S : q * S + K]
            part += self.share(seen, self.y[:, :, p, q, None, None]) * dy[:, :, p, q, None, None]

    @property
    def kernels(self) -> dict[str, Any]:
        return {"max_pool_forward": self.forward, "max_pool_backward": self.backward}


def last_winner(seen: Array, largest: Array) -> Array:
    ties = (seen == largest).reshape(*seen.shape[:2], K * K)
    last = K * K - 1 - ties[..., ::-1].argmax(axis=2)
    return (np.arange(K * K) == last[..., None]).reshape(seen.shape)


def one_window_only(dx: Array, dy: Array, winner: Array) -> None:
    """`return` inside the loop."""
    reference.max_pool_backward(dx, np.where(np.arange(dy.shape[3]) == 0, dy, 0.0), winner)


def test_pool_to_all_ties() -> None:
    """After ReLU most windows are tied."""
    report = check_planted(**Pooling(lambda seen, largest: seen == largest).kernels)
    assert wrong_tensors(report) == below(3), report.format()


def test_pool_treated_as_average() -> None:
    report = check_planted(**Pooling(lambda seen, largest: np.full(seen.shape, 1 / K**2)).kernels)
    # Σdy is kept by an average, too: the shift before the pooling layer has the right gradient.
    assert wrong_tensors(report) == "x 0.W 0.b 2.scale", report.format()


def test_pool_overlaps_overwrite() -> None:
    def backward(dx: Array, dy: Array, winner: Array) -> None:
        dx[...] = 0
        N, C = dx.shape[:2]
        n, c = np.arange(N)[:, None, None, None], np.arange(C)[:, None, None]
        dx.reshape(N, C, -1)[n, c, winner] = dy

    assert wrong_tensors(check_planted(max_pool_backward=backward)) == below(3)


def test_return_inside_the_pooling_loop() -> None:
    assert wrong_tensors(check_planted(max_pool_backward=one_window_only)) == below(3)


def test_another_winner_of_a_tie_is_not_called_wrong() -> None:
    """Any one of equal maxima is a right derivative where ReLU made them equal: all lead to the same zero."""
    report = check_planted(**Pooling(last_winner).kernels)
    assert report.passed, report.format()


# ------------------------------------------------------------------------------------------ batch normalisation


def batch_norm_backward_but(dx_of: Any) -> Any:
    def backward(
        dx: Any, dscale: Any, dshift: Any, dy: Array, x: Array, mean: Array, inverse_std: Array, scale: Any,
        of_batch: bool,
    ) -> None:  # fmt: skip
        reference.batch_norm_backward(None, dscale, dshift, dy, x, mean, inverse_std, scale, of_batch)
        if dx is not None:
            slope, g = inverse_std[:, None, None], dy * scale[:, None, None]
            x_hat = (x - mean[:, None, None]) * slope
            centre = g.mean(axis=(0, 2, 3), keepdims=True)
            spread = x_hat * (g * x_hat).mean(axis=(0, 2, 3), keepdims=True)
            dx[...] = dx_of(g, centre, spread, slope)

    return backward


BATCH_NORM = [
    ("statistics constant", lambda g, centre, spread, slope: g * slope),
    ("only through the variance", lambda g, centre, spread, slope: (g - spread) * slope),
    ("only through the mean", lambda g, centre, spread, slope: (g - centre) * slope),
    ("divided by the variance", lambda g, centre, spread, slope: (g - centre - spread) * slope**2),
    ("mean over too few", lambda g, centre, spread, slope: (g - (centre + spread) * SAMPLES) * slope),
]


@pytest.mark.parametrize("dx_of", [m[1] for m in BATCH_NORM], ids=[m[0] for m in BATCH_NORM])
def test_mistake_in_batch_normalisation(dx_of: Any) -> None:
    report = check_planted(batch_norm_backward=batch_norm_backward_but(dx_of))
    assert wrong_tensors(report) == below(2), report.format()


def test_right_formula_for_batch_normalisation_passes() -> None:
    formula = batch_norm_backward_but(lambda g, centre, spread, slope: (g - centre - spread) * slope)
    assert check_planted(batch_norm_backward=formula).passed


def test_scale_left_out() -> None:
    def backward(dx: Any, dscale: Any, dshift: Any, dy: Any, x: Any, m: Any, s: Any, scale: Any, b: Any) -> None:
        reference.batch_norm_backward(dx, dscale, dshift, dy, x, m, s, None, b)

    assert wrong_tensors(check_planted(batch_norm_backward=backward)) == below(2)


# ------------------------------------------------------------------------------------------ dropout

P = 0.5


ANEW = np.random.default_rng(7)  # seeded: on so few units a mask drawn by chance may be the old one


def new_mask(dx: Array, dy: Array, mask: Array) -> None:
    drawn = ANEW.random(dy.shape) < P
    np.multiply(dy, drawn / P, out=dx)


DROPOUT = [
    ("no mask", lambda dx, dy, mask: np.copyto(dx, dy)),
    ("no mask, but the scale", lambda dx, dy, mask: np.multiply(dy, 1 / P, out=dx)),
    ("no scale", lambda dx, dy, mask: np.multiply(dy, mask > 0, out=dx)),
    ("p for 1/p", lambda dx, dy, mask: np.multiply(dy, P * (mask > 0), out=dx)),
    ("new mask", new_mask),
]


@pytest.mark.parametrize("backward", [m[1] for m in DROPOUT], ids=[m[0] for m in DROPOUT])
def test_mistake_in_dropout(backward: Any) -> None:
    report = check_planted(dropout_backward=backward)
    assert wrong_tensors(report) == below(8), report.format()


def test_scaled_gradient_without_mask_is_right_before_relu() -> None:
    """Report B2's order: a dropped unit leaves ReLU at 0, whose own mask then stops the gradient."""
    layers = [Dense(9), Dropout(P), ReLU(), Dense(3)]
    net = Network(layers).build((6,), "float64", seed=4, kernels="reference")
    plant(net, dropout_backward=lambda dx, dy, mask: np.multiply(dy, 1 / P, out=dx))
    assert check_network(net, (6,), SoftmaxCrossEntropy()).passed
