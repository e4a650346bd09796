"""Optimisers: steps by hand, multipliers, frozen layers."""

import numpy as np

from handgrad.layers import Dense, ReLU
from handgrad.network import Network
from handgrad.optimizers import SGD


def net_with_gradient(kernels: str, dtype: str = "float64") -> Network:
    """Three layers: one with half the rate, one frozen, one plain; every gradient entry set."""
    layers = [Dense(3, learning_rate_multiplier=0.5), ReLU(), Dense(4, frozen=True), ReLU(), Dense(2)]
    net = Network(layers).build((5,), dtype, seed=1, kernels=kernels)
    net.grad[:] = np.random.default_rng(0).normal(size=net.grad.size)
    return net


def test_sgd_steps_by_hand(kernels: str) -> None:
    net = net_with_gradient(kernels)
    expected = {name: values.copy() for name, values in net.parameters.items()}
    optimizer = SGD()
    optimizer.bind(net)
    for rate in (0.1, 0.05):
        optimizer.step(rate)
        for name in expected:
            multiplier = {"0": 0.5, "2": 0.0, "4": 1.0}[name[0]]
            expected[name] -= rate * multiplier * net.gradients[name]
    for name, values in net.parameters.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-14, atol=1e-16, err_msg=name)


def test_sgd_reads_the_gradient_without_writing(kernels: str) -> None:
    net = net_with_gradient(kernels, "float32")
    grad = net.grad.copy()
    optimizer = SGD()
    optimizer.bind(net)
    optimizer.step(0.1)
    np.testing.assert_array_equal(net.grad, grad)
    assert net.theta.dtype == np.float32
    assert optimizer.state() == {}
