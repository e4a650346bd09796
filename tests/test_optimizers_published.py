"""Every optimiser, step by step, against its published formula, optax, and the mistakes people make."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from handgrad.layers import BatchNorm, Dense, ReLU
from handgrad.network import Network
from handgrad.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSProp

#: (θ, ∇, η, t, what it remembers) → θ
Formula = Callable[[np.ndarray, np.ndarray, float, int, dict[str, Any]], np.ndarray]

STEPS = 12


def sgd(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
    return theta - eta * g


def momentum(gamma: float, start: float = 0.0) -> Formula:
    """Report B1, equation of section 1.3."""

    def update(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
        memory["v"] = gamma * memory.get("v", start) + eta * g
        return theta - memory["v"]

    return update


def nesterov(gamma: float) -> Formula:
    """The plain iteration φ, u of Sutskever et al. 2013 (equations 3 and 4); θ = φ + γ u is what it looks ahead to."""

    def update(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
        phi, u = memory.get("phi", theta), memory.get("u", 0.0)
        u = gamma * u - eta * g
        memory["phi"], memory["u"] = phi + u, u
        return memory["phi"] + gamma * u

    return update


def rmsprop(rho: float, epsilon: float) -> Formula:
    def update(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
        memory["s"] = rho * memory.get("s", 0.0) + (1 - rho) * g * g
        return theta - eta * g / (np.sqrt(memory["s"]) + epsilon)

    return update


def adam(beta1: float, beta2: float, epsilon: float) -> Formula:
    """Kingma and Ba 2015, algorithm 1, with the averages unrolled: m = (1 − β) Σ βᵗ⁻ⁱ gᵢ."""

    def update(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
        seen = memory.setdefault("seen", [])
        seen.append(g.copy())
        m = (1 - beta1) * sum(beta1 ** (t - i) * past for i, past in enumerate(seen, 1))
        v = (1 - beta2) * sum(beta2 ** (t - i) * past**2 for i, past in enumerate(seen, 1))
        return theta - eta * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)

    return update


def adamw(beta1: float, beta2: float, epsilon: float, decay: float) -> Formula:
    plain = adam(beta1, beta2, epsilon)

    def update(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
        return plain(theta, g, eta, t, memory) - eta * decay * theta

    return update


CASES: dict[str, tuple[Callable[[], Optimizer], Formula]] = {
    "sgd": (SGD, sgd),
    "momentum": (Momentum, momentum(0.9)),
    "momentum, report B1": (lambda: Momentum(0.95, initial_velocity=1e-5), momentum(0.95, 1e-5)),
    "nesterov": (lambda: Nesterov(0.8), nesterov(0.8)),
    "rmsprop": (RMSProp, rmsprop(0.9, 1e-8)),
    "rmsprop, large epsilon": (lambda: RMSProp(0.5, 0.3), rmsprop(0.5, 0.3)),
    "adam": (Adam, adam(0.9, 0.999, 1e-8)),
    "adam, other numbers": (lambda: Adam(0.5, 0.8, 0.1), adam(0.5, 0.8, 0.1)),
}

ALL = {**CASES, "adamw": (lambda: AdamW(weight_decay=0.3), None)}


def make_net(kernels: str | None = None, dtype: str = "float64") -> Network:
    """Multipliers 0.5 and 1, a frozen layer between them, 53 parameters: no multiple of a vector's length."""
    layers = [
        Dense(3, learning_rate_multiplier=0.5),
        BatchNorm(learning_rate_multiplier=0.5),
        ReLU(),
        Dense(4, frozen=True),
        ReLU(),
        Dense(3),
    ]
    net = Network(layers).build((3,), dtype, seed=1, kernels=kernels)
    net.theta[:] = np.random.default_rng(7).normal(size=net.theta.size)
    return net


def gradients(net: Network, steps: int = STEPS) -> list[np.ndarray]:
    """Of very different sizes, some entries zero throughout."""
    rng = np.random.default_rng(0)
    sizes = 10.0 ** rng.uniform(-4, 2, net.theta.size) * (rng.random(net.theta.size) > 0.1)
    return [sizes * rng.normal(size=sizes.size) for _ in range(steps)]


def rates(steps: int = STEPS) -> list[float]:
    return [0.1 / np.sqrt(t) for t in range(1, steps + 1)]


def multipliers(net: Network) -> np.ndarray:
    every = np.zeros(net.theta.size)
    for entry in net.table:
        layer = net.layers[entry.layer]
        every[entry.where] = 0.0 if layer.frozen else layer.learning_rate_multiplier
    return every


def paths(optimizer: Optimizer, formula: Formula, kernels: str, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """theta after each step: handgrad's, and the formula's in float64 with each entry's own rate."""
    net = make_net(kernels, dtype)
    optimizer.bind(net)
    own = multipliers(net)
    expected, memory = net.theta.astype(np.float64), {}
    received_path, expected_path = [], []
    for t, (g, eta) in enumerate(zip(gradients(net), rates(), strict=True), 1):
        net.grad[:] = g
        optimizer.step(eta)
        moved = formula(expected, net.grad.astype(np.float64), eta * own, t, memory)
        expected = np.where(own > 0, moved, expected)
        received_path.append(net.theta.copy())
        expected_path.append(expected)
    return np.array(received_path), np.array(expected_path)


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_the_published_one(name: str, kernels: str) -> None:
    make, formula = CASES[name]
    received, expected = paths(make(), formula, kernels, "float64")
    np.testing.assert_allclose(received, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_float32_is_float64_rounded(name: str, kernels: str) -> None:
    make, formula = CASES[name]
    received, expected = paths(make(), formula, kernels, "float32")
    assert received.dtype == np.float32
    scale = np.maximum(1.0, np.abs(expected))
    assert (np.abs(received - expected) / scale).max() < 1e-5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adamw_decays_weights_only(dtype: str, kernels: str) -> None:
    """Weights by the decoupled formula; biases, scale and shift as by Adam."""
    numbers = 0.9, 0.999, 1e-8
    received, decayed = paths(AdamW(weight_decay=0.3), adamw(*numbers, 0.3), kernels, dtype)
    _, plain = paths(Adam(), adam(*numbers), kernels, dtype)
    net = make_net()
    penalised = np.zeros(net.theta.size, bool)
    for entry in net.table:
        penalised[entry.where] = entry.name.endswith(".W")
    expected = np.where(penalised, decayed, plain)
    assert np.abs(decayed - plain)[:, multipliers(net) > 0].max() > 0.01
    tolerance = 1e-11 if dtype == "float64" else 2e-6
    np.testing.assert_allclose(received, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ALL)
def test_frozen_layers_stay(name: str, kernels: str) -> None:
    net = make_net(kernels)
    optimizer = ALL[name][0]()
    optimizer.bind(net)
    frozen = multipliers(net) == 0
    before, state = net.theta.copy(), {k: v.copy() for k, v in optimizer.state().items()}
    for g in gradients(net):
        net.grad[:] = g
        optimizer.step(0.1)
    np.testing.assert_array_equal(net.theta[frozen], before[frozen])
    assert (net.theta != before)[~frozen].mean() > 0.8
    for key, value in optimizer.state().items():
        if value.size == frozen.size:
            np.testing.assert_array_equal(value[frozen], state[key][frozen], err_msg=key)


@pytest.mark.parametrize("name", ALL)
def test_reads_the_gradient_without_writing(name: str, kernels: str) -> None:
    net = make_net(kernels, "float32")
    optimizer = ALL[name][0]()
    optimizer.bind(net)
    net.grad[:] = gradients(net, 1)[0]
    grad = net.grad.copy()
    optimizer.step(0.1)
    np.testing.assert_array_equal(net.grad, grad)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resumed_run_takes_the_same_steps_bit_for_bit(name: str, dtype: str, kernels: str) -> None:
    make = ALL[name][0]
    straight = make_net(kernels, dtype)
    steps = list(zip(gradients(straight), rates(), strict=True))
    first, second = make(), make()
    first.bind(straight)
    resumed = make_net(kernels, dtype)
    for t, (g, eta) in enumerate(steps):
        if t == 5:
            second.bind(resumed)
            resumed.theta[:] = straight.theta
            assert second.state().keys() == first.state().keys()
            for key, array in second.state().items():
                array[...] = first.state()[key].copy()
        straight.grad[:] = g
        first.step(eta)
        if t >= 5:
            resumed.grad[:] = g
            second.step(eta)
    np.testing.assert_array_equal(resumed.theta, straight.theta)
    for key, array in second.state().items():
        np.testing.assert_array_equal(array, first.state()[key], err_msg=key)


@pytest.mark.parametrize("name", ALL)
def test_state_is_plain_contiguous_arrays(name: str) -> None:
    optimizer = ALL[name][0]()
    optimizer.bind(make_net(dtype="float32"))
    for array in optimizer.state().values():
        assert array.flags.c_contiguous
        assert array.dtype in (np.float32, np.int64)


def test_binding_again_starts_anew() -> None:
    net = make_net()
    start = net.theta.copy()
    optimizer, ends = Adam(), []
    for _ in range(2):
        net.theta[:] = start
        optimizer.bind(net)
        for g in gradients(net, 3):
            net.grad[:] = g
            optimizer.step(0.1)
        ends.append(net.theta.copy())
    np.testing.assert_array_equal(*ends)


def test_initial_velocity_moves_weights_without_a_gradient() -> None:
    net = Network([Dense(2)]).build((3,), "float64", seed=1)
    start = net.theta.copy()
    optimizer = Momentum(0.95, initial_velocity=1e-5)
    optimizer.bind(net)
    optimizer.step(0.1)
    np.testing.assert_allclose(net.theta, start - 0.95e-5, rtol=1e-15)


def test_registry_holds_them_all() -> None:
    assert dict(OPTIMIZERS) == {
        "sgd": SGD,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "rmsprop": RMSProp,
        "adam": Adam,
        "adamw": AdamW,
    }


# ------------------------------------------------------------------------------------------ optax as the judge


def test_same_steps_as_optax(kernels: str) -> None:
    judges = [
        (SGD(), optax.sgd(0.1)),
        (Momentum(0.9), optax.sgd(0.1, momentum=0.9)),
        (Nesterov(0.9), optax.sgd(0.1, momentum=0.9, nesterov=True)),
        (RMSProp(0.9, 1e-4), optax.rmsprop(0.1, decay=0.9, eps=1e-4, eps_in_sqrt=False)),
        (Adam(), optax.adam(0.1)),
        (AdamW(weight_decay=0.2), optax.adamw(0.1, weight_decay=0.2)),
    ]
    for optimizer, judge in judges:
        # One matrix: every entry is a weight.
        net = Network([Dense(6)]).build((5,), "float64", seed=1, kernels=kernels)
        optimizer.bind(net)
        theta = jnp.asarray(net.parameters["0.W"])
        state = judge.init(theta)
        for g in gradients(net):
            net.grad[:] = g
            optimizer.step(0.1)
            updates, state = judge.update(jnp.asarray(net.gradients["0.W"]), state, theta)
            theta = theta + updates
            np.testing.assert_allclose(net.parameters["0.W"], theta, rtol=1e-9, atol=1e-11, err_msg=optimizer.name)


# ------------------------------------------------------------------------------------------ planted mistakes


def adam_but(correct: bool = True, write_back: bool = False, root: bool = True, decay: float = 0.0) -> Formula:
    def update(theta: np.ndarray, g: np.ndarray, eta: float, t: int, memory: dict[str, Any]) -> np.ndarray:
        m = 0.9 * memory.get("m", 0.0) + 0.1 * g
        v = 0.999 * memory.get("v", 0.0) + 0.001 * g * g
        memory["m"], memory["v"] = m, v
        if correct:
            m, v = m / (1 - 0.9**t), v / (1 - 0.999**t)
        if write_back:
            memory["m"], memory["v"] = m, v
        return theta - eta * m / ((np.sqrt(v) if root else v) + 1e-8) - decay * theta

    return update


def momentum_as_average(theta: Any, g: Any, eta: Any, t: int, memory: dict[str, Any]) -> Any:
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * eta * g
    return theta - memory["v"]


def nesterov_with_the_old_velocity(theta: Any, g: Any, eta: Any, t: int, memory: dict[str, Any]) -> Any:
    old = memory.get("v", 0.0)
    memory["v"] = 0.8 * old + eta * g
    return theta - (0.8 * old + eta * g)


def rmsprop_without_root(theta: Any, g: Any, eta: Any, t: int, memory: dict[str, Any]) -> Any:
    memory["s"] = 0.9 * memory.get("s", 0.0) + 0.1 * g * g
    return theta - eta * g / (memory["s"] + 1e-8)


MISTAKES: dict[str, tuple[Callable[[], Optimizer], Formula]] = {
    "adam without correction": (Adam, adam_but(correct=False)),
    "adam, correction written back": (Adam, adam_but(write_back=True)),
    "adam without root": (Adam, adam_but(root=False)),
    "momentum as average": (Momentum, momentum_as_average),
    "decay without the rate": (lambda: AdamW(weight_decay=0.3), adam_but(decay=0.3)),
    "decay left out": (lambda: AdamW(weight_decay=0.3), adam_but()),
    "nesterov with the old velocity": (lambda: Nesterov(0.8), nesterov_with_the_old_velocity),
    "rmsprop without root": (RMSProp, rmsprop_without_root),
    "initial velocity left out": (lambda: Momentum(0.95, 1e-5), momentum(0.95)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_not_what_handgrad_does(name: str, kernels: str) -> None:
    make, wrong = MISTAKES[name]
    received, mistaken = paths(make(), wrong, kernels, "float64")
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(received, mistaken, rtol=1e-7, atol=1e-9)


def test_the_right_adam_in_the_same_words_agrees(kernels: str) -> None:
    received, expected = paths(Adam(), adam_but(), kernels, "float64")
    np.testing.assert_allclose(received, expected, rtol=1e-11, atol=1e-12)
