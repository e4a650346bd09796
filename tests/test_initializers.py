"""Initialisers: the distribution they promise, for each its σ, and what they say to people."""

import math

import numpy as np
import pytest

from handgrad.errors import ConfigError
from handgrad.initializers import (
    INITIALIZERS,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    Normal,
    Uniform,
    XavierNormal,
    XavierUniform,
    Zeros,
)
from handgrad.layers import Dense
from handgrad.network import Network

D, M = 400, 250

#: initialiser, its σ by the paper, its bounds
PROMISES = [
    (Normal(std=0.1), 0.1, math.inf),
    (Normal(std=0.02), 0.02, math.inf),
    (Uniform(low=-0.3, high=0.3), 0.6 / math.sqrt(12), 0.3),
    (XavierNormal(), math.sqrt(2 / (D + M)), math.inf),
    (XavierUniform(), math.sqrt(2 / (D + M)), math.sqrt(6 / (D + M))),
    (HeNormal(), math.sqrt(2 / D), math.inf),
    (HeUniform(), math.sqrt(2 / D), math.sqrt(6 / D)),
]
IDS = [type(p[0]).__name__ for p in PROMISES]


@pytest.mark.parametrize(("init", "std", "bound"), PROMISES, ids=IDS)
def test_spread_and_centre(init: Initializer, std: float, bound: float) -> None:
    values = init.draw(np.random.default_rng(0), (D, M), D, M)
    assert values.dtype == np.float64
    assert values.shape == (D, M)
    assert init.std_of(D, M) == pytest.approx(std)
    # 100,000 draws: the mean lies within 5 σ/√n, the sample's σ within 2 %.
    assert abs(values.mean()) < 5 * std / math.sqrt(D * M)
    assert values.std() == pytest.approx(std, rel=0.02)
    assert np.abs(values).max() <= bound
    if math.isfinite(bound):
        assert np.abs(values).max() > 0.999 * bound


@pytest.mark.parametrize("init", [p[0] for p in PROMISES], ids=IDS)
def test_same_stream_same_values(init: Initializer) -> None:
    one, two = (init.draw(np.random.default_rng(5), (4, 3), 4, 3) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_normal_takes_the_standard_deviation_not_the_variance() -> None:
    values = Normal(std=0.1).draw(np.random.default_rng(0), (100, 100), 100, 100)
    assert values.var() == pytest.approx(0.01, rel=0.05)


def test_uniform_need_not_be_centred() -> None:
    """Report C's comparison starts with positive weights."""
    values = Uniform(low=0.0, high=0.1).draw(np.random.default_rng(0), (100, 100), 100, 100)
    assert values.min() >= 0.0
    assert values.mean() == pytest.approx(0.05, rel=0.02)
    assert Uniform(low=0.0, high=0.1).std_of(1, 1) == pytest.approx(values.std(), rel=0.02)


def test_identity() -> None:
    np.testing.assert_array_equal(Identity().draw(np.random.default_rng(0), (2, 3), 2, 3), [[1, 0, 0], [0, 1, 0]])
    with pytest.raises(ConfigError, match=r"'identity' makes a matrix; received the shape \(2, 1, 3, 3\)"):
        Identity().draw(np.random.default_rng(0), (2, 1, 3, 3), 9, 18)


def test_zeros() -> None:
    assert not Zeros().draw(np.random.default_rng(0), (5, 4), 5, 4).any()
    assert Zeros().std_of(5, 4) == 0.0


def test_what_people_read() -> None:
    described = {name: kind().describe(100, 50) for name, kind in INITIALIZERS.items()}
    assert described == {
        "normal": "N(0, σ = 0.1)",
        "uniform": "U[-0.1, 0.1)",
        "xavier_normal": "N(0, σ = 0.1155)",
        "xavier_uniform": "U[−0.2, 0.2)",
        "he_normal": "N(0, σ = 0.1414)",
        "he_uniform": "U[−0.2449, 0.2449)",
        "identity": "identity",
        "zeros": "zeros",
    }
    assert all(kind.type == name for name, kind in INITIALIZERS.items())


def test_layer_uses_its_fans_and_biases_start_at_zero() -> None:
    net = Network([Dense(M, init=XavierUniform())]).build((D,), "float64", seed=1)
    W = net.parameters["0.W"]
    assert np.abs(W).max() == pytest.approx(math.sqrt(6 / (D + M)), rel=1e-3)
    assert not net.parameters["0.b"].any()
