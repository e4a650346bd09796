"""The gradient check itself: what it counts, what it leaves out, what it refuses to call right."""

from typing import Any

import numpy as np
import pytest

from handgrad.check import check_layer, check_loss, check_network
from handgrad.check.differences import Reading, Target, TensorCheck
from handgrad.check.gradient import spread_values
from handgrad.errors import ShapeError
from handgrad.initializers import Zeros
from handgrad.layers import Buffer, Dense, Flatten, Layer, ReLU, Sigmoid, Softmax, Tanh
from handgrad.losses import BinaryCrossEntropy, CrossEntropy, SoftmaxCrossEntropy, SquaredError
from handgrad.network import Network


def polynomial(values: np.ndarray, gradient: np.ndarray, magnitude: float = 1.0, tolerance: float = 1e-6) -> Any:
    """The line of a tensor for f = Σ v³, with a claimed gradient."""

    def objective() -> Reading:
        return Reading(float((values**3).sum()), magnitude, [])

    return TensorCheck(Target("v", values, gradient), objective, np.random.default_rng(0), tolerance).run()


def test_right_and_wrong_on_a_function_known_by_hand() -> None:
    v = np.array([[1.0, -2.0], [0.5, 3.0]])
    right = polynomial(v, 3 * v**2)
    assert right.verdict == "right"
    assert (right.coordinates, right.directions, right.redrawn) == (4, 0, 0)
    assert right.error < 1e-8
    wrong = 3 * v**2
    wrong[1, 0] *= 1 + 1e-5
    line = polynomial(v, wrong)
    assert line.verdict == "wrong"
    assert line.index == (1, 0)
    assert line.analytic == wrong[1, 0]
    assert line.numeric == pytest.approx(0.75, rel=1e-8)
    assert line.error == pytest.approx(1e-5, rel=1e-2)
    assert polynomial(v, wrong, tolerance=1e-4).verdict == "right"


def test_values_are_put_back_exactly() -> None:
    v = np.random.default_rng(0).normal(size=3000)
    before = v.copy()
    polynomial(v, 3 * v**2)
    np.testing.assert_array_equal(v, before)


@pytest.mark.parametrize(("size", "coordinates", "directions"), [(2000, 2000, 0), (2001, 200, 20)])
def test_all_coordinates_up_to_2000(size: int, coordinates: int, directions: int) -> None:
    v = spread_values(np.random.default_rng(0), (size,))
    line = polynomial(v, 3 * v**2, magnitude=float(size))
    assert (line.coordinates, line.directions) == (coordinates, directions)
    assert line.verdict == "right"


def test_large_tensors_are_checked_where_the_gradient_is_not_zero() -> None:
    """And a part that is claimed to be zero but is not shows in the directions."""
    v = spread_values(np.random.default_rng(0), (5000,))
    v[300:] = 0.0
    line = polynomial(v, 3 * v**2)
    assert line.verdict == "right"
    assert line.coordinates == 200
    v[300:] = 0.5
    missing = 3 * v**2
    missing[300:] = 0.0
    line = polynomial(v, missing)
    assert line.verdict == "wrong"
    assert line.index is None


def test_entries_too_small_for_one_quotient_are_settled_with_a_larger_step() -> None:
    """Beside an entry of 3, one of 3e-10 is lost in rounding at h = 1e-6; it is resolved at h = 1e-3."""
    v = np.array([1.0, 1e-5])
    assert polynomial(v, 3 * v**2).verdict == "right"
    assert polynomial(v, 3 * v**2 * [1, 1.1]).verdict == "wrong"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_gradients_that_are_not_finite_are_wrong(value: float) -> None:
    line = polynomial(np.ones(3), np.array([3.0, value, 3.0]))
    assert line.verdict == "wrong"
    assert line.index == (1,)
    assert line.error == np.inf


def test_zero_passes_only_on_both_sides() -> None:
    v = np.zeros(3)
    assert polynomial(v, np.zeros(3)).verdict == "zero"
    assert polynomial(v, np.array([0.0, 1e-3, 0.0])).verdict == "wrong"
    assert polynomial(np.ones(3), np.zeros(3)).verdict == "wrong"


def test_an_empty_tensor_is_not_right() -> None:
    assert polynomial(np.zeros(0), np.zeros(0)).verdict == "unchecked"


# ---------------------------------------------------------------------- kinks


def test_inputs_are_off_kinks_and_ties() -> None:
    for shape in ((1,), (7,), (3, 2, 4, 4)):
        values = spread_values(np.random.default_rng(1), shape)
        magnitudes = np.sort(np.abs(values).ravel())
        assert values.shape == shape
        assert magnitudes[0] >= 1 / values.size
        assert (np.diff(magnitudes) > 0.9 / values.size).all()


def test_a_coordinate_whose_step_flips_a_mask_is_left_out_and_counted() -> None:
    """x[0, 2] lies on the kink: there the quotient is ½, no side's slope."""
    net = Network([ReLU(), Dense(3)]).build((4,), "float64")
    x = np.array([[1.0, -1.0, 0.0, 2.0], [0.5, 3.0, -2.0, 1.0]])
    report = check_network(net, (4,), SquaredError(), x=x, labels=np.array([0, 2]))
    assert report.passed, report.format()
    assert report.line("x").redrawn == 1
    assert report.line("x").coordinates == 7
    assert report.line("1.W").redrawn == 0


class Largest(Layer):
    """y = the largest of x, a layer whose choice lies in a buffer of integers."""

    def output_shape(self, shape: Any) -> Any:
        return (1,)

    def buffers(self, shape: Any) -> Any:
        return (Buffer("winner", (1,), dtype="int32"),)

    def forward(self, y: Any, x: Any, cache: Any, train: bool) -> None:
        cache.winner[...] = x.argmax(axis=1)[:, None]
        y[...] = x.max(axis=1, keepdims=True)

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        dx[...] = 0
        np.put_along_axis(dx, cache.winner.astype(int), dy, axis=1)


def test_ties_of_a_maximum_are_left_out_and_counted() -> None:
    assert check_layer(Largest(), (6,)).passed
    x = np.array([[1.0, 2.0, 2.0], [3.0, 1.0, 0.0]])
    report = check_network([Largest()], (3,), SquaredError(), x=x, labels=np.array([0, 1]))
    assert report.passed, report.format()
    assert report.line("x").redrawn == 2
    assert report.line("x").coordinates == 4


def test_weights_next_to_zero_with_an_L1_penalty() -> None:
    """|W| bends at 0: such coordinates are left out, and directions go around them."""
    net = Network([Dense(300), Tanh(), Dense(3)]).build((10,), "float64", seed=1)
    net.parameters["0.W"][0, :] = 0.0
    report = check_network(net, (10,), SoftmaxCrossEntropy(), l1=0.1)
    assert report.passed, report.format()
    assert report.line("0.W").directions == 20
    assert report.line("0.W").coordinates == 200
    assert report.line("2.W").redrawn == 0
    few = check_network([Dense(3)], (4,), SoftmaxCrossEntropy(), l1=0.1)
    assert few.line("0.W").redrawn == 0


def test_a_check_that_checked_nothing_fails() -> None:
    """Here every step flips a ReLU, so that no coordinate is left."""
    report = check_network([ReLU()], (3,), SquaredError(), x=np.zeros((2, 3)), labels=np.array([0, 1]))
    assert report.line("x").verdict == "unchecked"
    assert not report.passed
    assert "NOTHING CHECKED" in report.format()


# ---------------------------------------------------------------------- what is checked


class Noise(Layer):
    """Multiplies by numbers drawn in every training pass, as dropout does."""

    draws = True

    def output_shape(self, shape: Any) -> Any:
        return shape

    def buffers(self, shape: Any) -> Any:
        return (Buffer("mask", shape),)

    def forward(self, y: Any, x: Any, cache: Any, train: bool) -> None:
        cache.mask[...] = self.rng.random(x.shape) if train else 1.0
        np.multiply(x, cache.mask, out=y)

    def backward(self, dx: Any, dy: Any, x: Any, y: Any, cache: Any) -> None:
        np.multiply(dy, cache.mask, out=dx)


@pytest.mark.parametrize("train", [True, False])
def test_random_layers_draw_the_same_at_every_evaluation(train: bool) -> None:
    assert check_layer(Noise(), (4,), train=train).passed
    report = check_network([Dense(4), Noise(), Tanh(), Dense(3)], (5,), SoftmaxCrossEntropy(), train=train)
    assert report.passed, report.format()


def test_biases_are_never_zero() -> None:
    """With zero biases a layer that forgets them in backward's reading would pass."""
    seen: list[float] = []

    class Watched(Dense):
        def forward(self, y: Any, x: Any, cache: Any, train: bool) -> None:
            seen.append(float(np.abs(self.b).min()))
            super().forward(y, x, cache, train)

    assert check_layer(Watched(3), (4,)).passed
    assert check_network([Watched(3, init=Zeros())], (4,), SoftmaxCrossEntropy()).passed
    assert min(seen) > 0.09


def test_the_network_that_is_given_stays_as_it_is() -> None:
    net = Network([Dense(3), Tanh(), Dense(2)]).build((4,), "float32", seed=1)
    theta, grad, bound = net.theta.copy(), net.grad.copy(), net.layers[0].W  # type: ignore[attr-defined]
    report = check_network(net, (4,), SoftmaxCrossEntropy())
    assert report.passed, report.format()
    np.testing.assert_array_equal(net.theta, theta)
    np.testing.assert_array_equal(net.grad, grad)
    assert net.layers[0].W is bound  # type: ignore[attr-defined]
    assert net.dtype == np.float32


def test_a_built_network_is_checked_at_its_own_weights() -> None:
    net = Network([Dense(3)]).build((4,), "float64", seed=1)
    net.parameters["0.W"][:] = np.arange(12.0).reshape(4, 3)
    net.parameters["0.b"][:] = [1.0, 2.0, 3.0]
    x, labels = np.eye(4)[:2], np.array([0, 1])
    report = check_network(net, (4,), SquaredError("sum"), x=x, labels=labels)
    # y = rows 0 and 1 of W plus b, less the targets; the largest entry of db is Σ (y − t) of unit 2.
    assert report.passed
    b = net.parameters["0.b"]
    expected = (net.parameters["0.W"][:2] + b - np.eye(3)[:2]).sum(axis=0)
    worst = report.line("0.b")
    assert worst.analytic == pytest.approx(expected[worst.index])


def test_a_built_network_has_its_input_shape() -> None:
    net = Network([Dense(3)]).build((4,))
    with pytest.raises(ShapeError, match=r"built for samples of shape \(4,\); received the input shape \(5,\)"):
        check_network(net, (5,), SoftmaxCrossEntropy())


def test_outputs_that_no_loss_takes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"expects outputs of shape \(P,\).*received \(2, 3\).*\(Tanh\).*Flatten"):
        check_network([Tanh()], (2, 3), SquaredError())


def test_seed_chooses_what_is_drawn(kernels: str) -> None:
    def worst(seed: int) -> float:
        return check_layer(Dense(3), (4,), seed=seed, kernels=kernels).line("W").analytic

    assert worst(1) == worst(1)
    assert worst(1) != worst(2)


def test_dead_units_have_a_zero_gradient_and_the_line_says_so() -> None:
    net = Network([Dense(4), ReLU(), Dense(3)]).build((5,), "float64")
    net.parameters["0.b"][:] = [-50.0, -51.0, -52.0, -53.0]
    report = check_network(net, (5,), SoftmaxCrossEntropy())
    verdicts = {line.name: line.verdict for line in report.lines}
    assert verdicts == {"x": "zero", "0.W": "zero", "0.b": "zero", "2.W": "zero", "2.b": "right"}
    assert report.passed
    assert "zero on both sides" in report.format()


def test_saturated_and_flat_places_are_judged_fairly() -> None:
    """Gradients of 1e-9 beside a loss of 1: neither flaky nor blind."""
    layers = [Dense(5), Sigmoid(), Dense(4), Softmax()]
    net = Network(layers).build((3,), "float64", seed=2)
    net.parameters["0.W"][:] *= 15
    for seed in range(5):
        report = check_network(net, (3,), CrossEntropy(), seed=seed)
        assert report.passed, report.format()


@pytest.mark.parametrize("seed", range(8))
def test_right_networks_pass_whatever_is_drawn(seed: int, kernels: str) -> None:
    layers: list[Layer] = [Flatten(), Dense(8), ReLU(), Dense(7), Tanh(), Dense(1), Sigmoid()]
    report = check_network(layers, (2, 3, 3), BinaryCrossEntropy(), l1=0.01, l2=0.1, seed=seed, kernels=kernels)
    assert report.passed, report.format()


def test_loss_check_counts_every_output() -> None:
    line = check_loss(SquaredError(), classes=3, samples=4).line("y")
    assert (line.coordinates, line.shape) == (12, (4, 3))
