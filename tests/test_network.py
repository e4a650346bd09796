"""Whole networks: one table of parameters, gradients against differences and JAX, exact signs, errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import outside
from handgrad.check import check_network
from handgrad.errors import ShapeError
from handgrad.initializers import Normal
from handgrad.layers import Dense, Flatten, Identity, Layer, ReLU, Sigmoid, Softmax, Tanh
from handgrad.losses import LOSSES, CrossEntropy, Loss, SoftmaxCrossEntropy, SquaredError, fill_targets
from handgrad.network import Network

E_LAYERS = (784, 100, 100, 10)


def report_e(**options: Any) -> list[Layer]:
    """Report E's net."""
    return [Flatten(), Dense(100, **options), ReLU(), Dense(100), ReLU(), Dense(10)]


def gradient_of(net: Network, loss: Loss, x: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss, targets and the loss's gradient by the output; net.grad is filled."""
    N, P = len(x), net.output_shape[0]
    t, factors, losses = np.empty((N, P)), np.empty(N), np.empty(N)
    fill_targets(net.k, t, labels)
    loss.fill_factors(factors)
    workspace = net.workspace(N)
    y, dy = workspace.forward(x, train=True), workspace.output_gradient(N)
    value = loss.evaluate(net.k, losses, dy, y, t, factors)
    workspace.backward(dy)
    return value, t, dy


# ---------------------------------------------------------------------- parameters


def test_one_table_of_parameters() -> None:
    net = Network(report_e()).build((1, 28, 28))
    assert net.parameter_count == 784 * 100 + 100 + 100 * 100 + 100 + 1000 + 10
    assert [entry.name for entry in net.table] == ["1.W", "1.b", "3.W", "3.b", "5.W", "5.b"]
    ends = [0, *(entry.where.stop for entry in net.table)]
    assert [entry.where.start for entry in net.table] == ends[:-1]
    assert ends[-1] == net.theta.size == net.grad.size
    assert [e.name for e in net.table if e.penalised] == ["1.W", "3.W", "5.W"]
    for entry in net.table:
        layer, name = net.layers[entry.layer], entry.name.split(".")[1]
        assert getattr(layer, name) is net.parameters[entry.name]
        assert np.shares_memory(net.parameters[entry.name], net.theta[entry.where])
        assert np.shares_memory(getattr(layer, f"d{name}"), net.grad[entry.where])
        assert net.parameters[entry.name].flags.c_contiguous


def test_same_seed_same_weights_each_layer_its_own_stream() -> None:
    one, two = (Network(report_e()).build((1, 28, 28), seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.theta, two.theta)
    assert (one.theta != Network(report_e()).build((1, 28, 28), seed=4).theta).any()
    wider = [Flatten(), Dense(7), ReLU(), Dense(100), ReLU(), Dense(10)]
    other = Network(wider).build((1, 28, 28), seed=3)
    np.testing.assert_array_equal(other.parameters["5.W"], one.parameters["5.W"])


def test_float32_weights_are_the_float64_ones_rounded() -> None:
    single, double = (Network(report_e()).build((1, 28, 28), dtype, seed=1) for dtype in ("float32", "float64"))
    np.testing.assert_array_equal(single.theta, double.theta.astype(np.float32))


def test_runs_of_theta_that_move() -> None:
    layers = [Dense(3), Dense(4, learning_rate_multiplier=0.5), Dense(5, frozen=True), Dense(2), Dense(2)]
    net = Network(layers).build((2,))
    ends = [entry.where.stop for entry in net.table if entry.name.endswith("b")]
    expected = [(0, ends[0], 1.0), (ends[0], ends[1], 0.5), (ends[2], ends[4], 1.0)]
    assert [(where.start, where.stop, m) for where, m in net.segments()] == expected


def test_a_layer_is_a_pattern_that_networks_do_not_share() -> None:
    layer = Dense(4)
    twice = Network([layer, layer]).build((4,), seed=0)
    assert not np.shares_memory(twice.layers[0].W, twice.layers[1].W)
    assert not np.array_equal(twice.parameters["0.W"], twice.parameters["1.W"])
    layers = [Dense(3)]
    first = Network(layers).build((4,), seed=0)
    before = first.forward(np.ones((2, 4), np.float32))
    Network(layers).build((4,), seed=1)
    np.testing.assert_array_equal(first.forward(np.ones((2, 4), np.float32)), before)


# ---------------------------------------------------------------------- the whole gradient

NETS: dict[str, tuple[Any, tuple[int, ...], str]] = {
    "tanh": (lambda: [Dense(6), Tanh(), Dense(5), Tanh(), Dense(4)], (7,), "softmax_cross_entropy"),
    "sigmoid": (lambda: [Dense(6), Sigmoid(), Dense(3), Sigmoid()], (7,), "binary_cross_entropy"),
    "softmax": (lambda: [Dense(6), ReLU(), Dense(4), Softmax()], (7,), "cross_entropy"),
    "softmax inside": (lambda: [Dense(6), Softmax(), Dense(4), Sigmoid()], (7,), "squared_error"),
    "linear": (lambda: [Dense(5), Identity(), Dense(2), Identity()], (7,), "squared_error"),
    "one output": (
        lambda: [Flatten(), Dense(4), Tanh(), Dense(1), Sigmoid()],
        (2, 3, 2),
        "binary_cross_entropy",
    ),
    "no hidden layer": (lambda: [Flatten(), Dense(3)], (1, 4, 4), "softmax_cross_entropy"),
    "activation first": (
        lambda: [ReLU(), Flatten(), Dense(3), ReLU(), Flatten()],
        (1, 4, 4),
        "squared_error",
    ),
    "deep": (
        lambda: [layer for _ in range(6) for layer in (Dense(5), Tanh())],
        (3,),
        "softmax_cross_entropy",
    ),
}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", NETS)
def test_small_networks(name: str, reduction: str, kernels: str) -> None:
    layers, shape, loss = NETS[name]
    report = check_network(layers(), shape, LOSSES[loss](reduction), l1=0.01, l2=0.05, seed=3, kernels=kernels)
    assert report.passed, report.format()


@pytest.mark.parametrize("samples", [1, 2, 17])
def test_numbers_of_samples(samples: int, kernels: str) -> None:
    report = check_network(NETS["tanh"][0](), (7,), SoftmaxCrossEntropy(), samples=samples, kernels=kernels)
    assert report.passed, report.format()


def test_report_e_on_real_digits(digits: Any, kernels: str) -> None:
    """On real images 47 to 69 % of dW1 is exactly zero: the coordinates checked are not among those."""
    x, labels = digits
    report = check_network(
        report_e(),
        (1, 28, 28),
        SoftmaxCrossEntropy(),
        l1=1e-4,
        l2=1e-3,
        x=x[::5],
        labels=labels[::5],
        kernels=kernels,
    )
    assert report.passed, report.format()
    assert report.line("1.W").coordinates == 200
    assert report.line("1.W").directions == 20
    assert report.line("5.W").coordinates == 1000


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_report_e_against_jax(digits: Any, reduction: str, kernels: str) -> None:
    x, labels = digits
    net = Network(report_e()).build((1, 28, 28), "float64", seed=0, kernels=kernels)
    value, t, _ = gradient_of(net, SoftmaxCrossEntropy(reduction), x, labels)
    expected_value, expected = outside.gradient(net, "softmax_cross_entropy", reduction, x, t)
    assert value == pytest.approx(expected_value, rel=1e-12)
    for name, gradient in net.gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)
    assert 0.4 < (net.gradients["1.W"] == 0).mean() < 0.7


def test_report_e_in_float32(digits: Any, kernels: str) -> None:
    x, labels = digits
    exact = Network(report_e()).build((1, 28, 28), "float64", kernels=kernels)
    gradient_of(exact, SoftmaxCrossEntropy(), x, labels)
    net = Network(report_e()).build((1, 28, 28), "float32", kernels=kernels)
    t, factors, losses = (
        np.empty((50, 10), np.float32),
        np.full(50, 0.02, np.float32),
        np.empty(50, np.float32),
    )
    fill_targets(net.k, t, labels)
    workspace = net.workspace(50)
    y, dy = workspace.forward(x.astype(np.float32)), workspace.output_gradient(50)
    SoftmaxCrossEntropy().evaluate(net.k, losses, dy, y, t, factors)
    workspace.backward(dy)
    for name, gradient in net.gradients.items():
        scale = np.abs(exact.gradients[name]).max()
        np.testing.assert_allclose(gradient, exact.gradients[name], rtol=1e-3, atol=1e-5 * scale, err_msg=name)


@pytest.mark.parametrize("frozen", [0, 2, 4])
def test_frozen_layers(frozen: int, kernels: str) -> None:
    layers = NETS["tanh"][0]()
    layers[frozen].frozen = True
    report = check_network(layers, (7,), SoftmaxCrossEntropy(), l2=0.1, kernels=kernels)
    assert report.passed, report.format()
    verdicts = {line.name: line.verdict for line in report.lines}
    for name, verdict in verdicts.items():
        assert verdict == ("frozen" if name.startswith(f"{frozen}.") else "right")


def test_multiplier_leaves_the_gradient_alone(kernels: str) -> None:
    report = check_network(
        [Dense(6, learning_rate_multiplier=0.1), Tanh(), Dense(4)],
        (7,),
        SoftmaxCrossEntropy(),
        kernels=kernels,
    )
    assert report.passed, report.format()


# ---------------------------------------------------------------------- exact signs


@settings(max_examples=30, deadline=None)
@given(
    widths=st.lists(st.integers(2, 9), min_size=2, max_size=5),
    samples=st.integers(1, 12),
    seed=st.integers(0, 10**6),
    loss=st.sampled_from([SoftmaxCrossEntropy("mean"), SoftmaxCrossEntropy("sum"), SquaredError("sum")]),
)
def test_relu_net_hands_the_same_product_on(widths: list[int], samples: int, seed: int, loss: Loss) -> None:
    """⟨Wₗ₊₁, dWₗ₊₁⟩ = ⟨Wₗ, dWₗ⟩ + ⟨bₗ, dbₗ⟩: both are Σ h dh at the ReLU between them."""
    rng = np.random.default_rng(seed)
    layers: list[Layer] = []
    for width in widths:
        layers += [Dense(width), ReLU()]
    net = Network(layers[:-1]).build((4,), "float64", seed=seed)
    for entry in net.table:
        if not entry.penalised:
            net.parameters[entry.name][:] = rng.normal(size=entry.shape)
    gradient_of(net, loss, rng.normal(size=(samples, 4)), rng.integers(0, widths[-1], samples))
    products = {name: float(np.vdot(net.parameters[name], net.gradients[name])) for name in net.parameters}
    scale = sum(abs(p) for p in products.values()) + 1e-30
    for i in range(0, 2 * len(widths) - 2, 2):
        handed, received = products[f"{i + 2}.W"], products[f"{i}.W"] + products[f"{i}.b"]
        assert abs(handed - received) <= 1e-12 * scale


@settings(max_examples=30, deadline=None)
@given(samples=st.integers(1, 9), seed=st.integers(0, 10**6), head=st.sampled_from(["logits", "softmax"]))
def test_rows_of_delta_at_the_logits_sum_to_zero(samples: int, seed: int, head: str) -> None:
    rng = np.random.default_rng(seed)
    layers: list[Layer] = [Dense(6), Tanh(), Dense(5)]
    loss: Loss = SoftmaxCrossEntropy("sum")
    if head == "softmax":
        layers, loss = [*layers, Softmax()], CrossEntropy("sum")
    net = Network(layers).build((3,), "float64", seed=seed)
    _, _, dy = gradient_of(net, loss, rng.normal(size=(samples, 3)), rng.integers(0, 5, samples))
    if head == "logits":
        np.testing.assert_allclose(dy.sum(axis=1), 0.0, atol=1e-14)
    # The last dense layer's db is the sum of the δ's, so its entries cancel too.
    assert abs(net.gradients["2.b"].sum()) <= 1e-12 * np.abs(net.gradients["2.b"]).sum()
    assert np.abs(net.gradients["2.b"]).max() > 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(sorted(NETS)))
def test_the_loss_falls_as_fast_as_the_gradient_promises(seed: int, name: str) -> None:
    """A small step along −g lowers the loss by η ‖g‖²: the ratio is 1 for a right gradient."""
    layers, shape, loss_name = NETS[name]
    loss, rng = LOSSES[loss_name](), np.random.default_rng(seed)
    net = Network(layers()).build(shape, "float64", seed=seed)
    x, labels = rng.normal(size=(8, *shape)), rng.integers(0, max(net.output_shape[0], 2), 8)
    before, _, _ = gradient_of(net, loss, x, labels)
    g = net.grad.copy()
    promised = float(g @ g)
    rate = 1e-5 / max(1.0, float(np.abs(g).max()))
    net.theta -= rate * g
    after, _, _ = gradient_of(net, loss, x, labels)
    assert (before - after) / (rate * promised) == pytest.approx(1.0, abs=1e-2)


# ---------------------------------------------------------------------- building and using


def test_shape_errors_name_layer_expected_received_and_remedy() -> None:
    with pytest.raises(ShapeError) as caught:
        Network([Identity(), Dense(10)]).build((1, 28, 28))
    message = str(caught.value)
    for part in ("layer 1 (Dense)", "expects a vector (D,)", "received (1, 28, 28)", "add Flatten before it"):
        assert part in message
    assert caught.value.exit_code == 2


def test_no_layers() -> None:
    with pytest.raises(ShapeError, match="no layers"):
        Network([]).build((3,))


def test_forward_does_not_depend_on_the_batch(digits: Any, kernels: str) -> None:
    x, _ = digits
    net = Network(report_e()).build((1, 28, 28), "float64", kernels=kernels)
    whole = net.forward(x)
    assert whole.shape == (50, 10)
    for batch in (1, 7, 50, 1000):
        np.testing.assert_allclose(net.forward(x, batch), whole, rtol=1e-12, atol=1e-13)
    assert net.forward(x[:0]).shape == (0, 10)


def test_summary() -> None:
    net = Network(report_e(init=Normal(0.1))).build((1, 28, 28))
    row = net.summary_rows()[1]
    assert (row["type"], row["output_shape"], row["parameters"]) == ("Dense", (100,), 78500)
    assert (row["init"], row["init_std"], row["init_variance"]) == ("N(0, σ = 0.1)", 0.1, pytest.approx(0.01))
    assert "89,610 parameters" in net.summary()
    assert len(net.summary().splitlines()) == 8
    assert repr(net) == "Network(Flatten, Dense, ReLU, Dense, ReLU, Dense)"
