"""Dropout keeps the contract, and what is its own: its stream, its mask, its expectation."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from harness import Case, LayerContract

from handgrad.errors import ConfigError
from handgrad.layers import Dense, Dropout
from handgrad.network import Network
from handgrad.streams import stream


def loops(keep_probability: float) -> Any:
    def dropout(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
        drawn = stream(3, "dropout", 0).random(x.shape, np.float32)  # the seed that the harness sets
        y = np.zeros_like(x)
        for place in np.ndindex(*x.shape):
            if not train:
                y[place] = x[place]
            elif drawn[place] < keep_probability:
                y[place] = x[place] / keep_probability
        return y

    return dropout


def by_jax(x: Any, a: SimpleNamespace, train: bool) -> Any:
    return x * a.mask


def case(name: str, shape: tuple[int, ...], keep_probability: float) -> Case:
    return Case(
        name,
        lambda: Dropout(keep_probability),
        shape,
        loops(keep_probability),
        by_jax,
        modes=(True, False),
    )


class TestDropout(LayerContract):
    cases = (
        case("half", (17,), 0.5),
        case("three quarters, images", (2, 3, 4), 0.75),
        case("hardly any", (40,), 0.1),
        case("all", (6,), 1.0),
    )


def trained(keep_probability: float, n: int, D: int, dtype: str = "float64", kernels: str | None = None) -> Any:
    net = Network([Dropout(keep_probability)]).build((D,), dtype, seed=7, kernels=kernels)
    return net, net.workspace(n)


@pytest.mark.parametrize("keep_probability", [0.9, 0.75, 0.5, 0.1])
def test_expectation_is_kept(keep_probability: float, kernels: str) -> None:
    """400,000 draws: the share kept and the mean lie within five standard errors of p and 1."""
    _, workspace = trained(keep_probability, 400, 1000, kernels=kernels)
    y = workspace.forward(np.ones((400, 1000)), train=True)
    error = np.sqrt(keep_probability * (1 - keep_probability) / y.size)
    assert abs((y > 0).mean() - keep_probability) < 5 * error
    assert abs(y.mean() - 1) < 5 * error / keep_probability
    np.testing.assert_allclose(np.unique(y), [0.0, 1 / keep_probability])


def test_every_pass_draws_anew_and_backward_does_not(kernels: str) -> None:
    _, workspace = trained(0.5, 8, 50, kernels=kernels)
    x, dx = np.ones((8, 50)), np.empty((8, 50))
    first = workspace.forward(x, train=True).copy()
    for _ in range(2):
        workspace.backward(np.ones((8, 50)), dx)
        np.testing.assert_array_equal(dx, first)
    assert not np.array_equal(workspace.forward(x, train=True), first)


def test_masks_are_those_of_the_seed_in_both_dtypes(kernels: str) -> None:
    masks = []
    for dtype in ("float32", "float64"):
        net, workspace = trained(0.75, 8, 50, dtype, kernels)
        masks.append(workspace.forward(np.ones((8, 50), dtype), train=True) > 0)
        net.seed_draws(7)
        masks.append(workspace.forward(np.ones((8, 50), dtype), train=True) > 0)
    assert 0.5 < masks[0].mean() < 1
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


def test_two_layers_draw_from_streams_of_their_own() -> None:
    net = Network([Dropout(0.5), Dense(20), Dropout(0.5)]).build((20,), "float64")
    workspace = net.workspace(4)
    workspace.forward(np.ones((4, 20)), train=True)
    masks = [workspace.caches[i].mask for i in (0, 2)]
    assert not np.array_equal(*masks)


def test_inference_draws_nothing_and_changes_nothing() -> None:
    net, workspace = trained(0.5, 4, 30)
    x = np.random.default_rng(0).standard_normal((4, 30))
    before = net.layers[0].rng.bit_generator.state
    np.testing.assert_array_equal(workspace.forward(x), x)
    assert net.layers[0].rng.bit_generator.state == before


def test_it_says_that_it_draws() -> None:
    assert Dropout(0.5).draws
    assert not Dense(3).draws


@pytest.mark.parametrize("keep_probability", [0.0, -0.5, 1.1])
def test_impossible_probabilities_are_refused(keep_probability: float) -> None:
    with pytest.raises(ConfigError, match=r"keep_probability: expected a number in \(0, 1\], received"):
        Dropout(keep_probability)
