"""Flatten and Identity keep the contract; they keep the reading order and share memory."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from harness import Case, LayerContract

from handgrad.layers import Dense, Flatten, Identity
from handgrad.network import Network


def flatten_loops(x: np.ndarray, a: SimpleNamespace, train: bool) -> np.ndarray:
    N, C, H, W = x.shape
    y = np.empty((N, C * H * W))
    for n, c, h, w in np.ndindex(N, C, H, W):
        y[n, (c * H + h) * W + w] = x[n, c, h, w]
    return y


def same(x: Any, a: SimpleNamespace, train: bool) -> Any:
    return x * 1.0


class TestFlatten(LayerContract):
    cases = (
        Case(
            "image",
            Flatten,
            (2, 3, 4),
            flatten_loops,
            lambda x, a, train: x.reshape(len(x), -1),
            modes=(True, False),
        ),
        Case("vector", Flatten, (6,), same, same),
    )


class TestIdentity(LayerContract):
    cases = (Case("vector", Identity, (6,), same, same), Case("image", Identity, (2, 3, 4), same, same))


def test_no_number_moves() -> None:
    """A view costs nothing: the dense layer reads the very memory of the images."""
    net = Network([Flatten(), Identity(), Dense(3)]).build((1, 4, 4))
    x = np.zeros((2, 1, 4, 4), np.float32)
    workspace = net.workspace(2)
    workspace.forward(x)
    assert all(np.shares_memory(x, seen) for seen in workspace.activations[:3])
    assert not np.shares_memory(x, workspace.activations[3])
