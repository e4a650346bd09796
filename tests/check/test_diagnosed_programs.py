"""Mistakes that need the reader as well as the diagnosis: shapes, the forward pass, losses and activations."""

from pathlib import Path

import pytest

from handgrad.check.reading.chain import Slot
from handgrad.check.reading.examine import examine
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

COLUMNS = """
import numpy as np
def forward(params, X):
    Z1 = params["W1"] @ X + params["b1"]
    A1 = np.tanh(Z1)
    Z2 = params["W2"] @ A1 + params["b2"]
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"A1": A1, "A2": A2}
def cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]
def init(n_x, n_h, n_y):
    return {"W1": np.random.randn(n_h, n_x), "b1": np.zeros((n_h, 1)),
            "W2": np.random.randn(n_y, n_h), "b2": np.zeros((n_y, 1))}
def backward(params, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = params["W2"].T @ dZ2 * (1 - cache["A1"] ** 2)
    return {"dW1": dZ1 @ X.T / m, "db1": np.sum(dZ1, axis=1, keepdims=True) / m,
            "dW2": dZ2 @ cache["A1"].T / m, "db2": np.sum(dZ2, axis=1, keepdims=True) / m}
"""
LOG_COST = "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))"
SLOPE = """def slope(z):
    s = 1 / (1 + np.exp(-z))
    return s + z * s * (1 - s)
def cost"""
SWISH = (
    ("np.tanh(Z1)", "Z1 / (1 + np.exp(-Z1))"),
    ('"A1": A1,', '"A1": A1, "Z1": Z1,'),
    ('(1 - cache["A1"] ** 2)', 'slope(cache["Z1"])'),
    ("def cost", SLOPE),
)


def found(*edits: tuple[str, str]) -> tuple[str, list[str]]:
    """The verdict of the program with these edits, and its explanations."""
    text = COLUMNS
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    part = examine(Source(Path("net.py"), text), Wishes()).parts[0]
    return part.diagnosis.verdict, [f.explanation for f in part.diagnosis.findings if f.verdict == "mistake"]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([('np.sum(dZ1, axis=1, keepdims=True)', "np.sum(dZ1, axis=1)")], "bias_becomes_matrix"),
        ([('params["W1"] @ X + params["b1"]', 'params["W1"] @ X')], "bias_not_used"),
        ([('@ A1 + params["b2"]', '@ A1 - params["b2"]')], "sign_one_tensor"),
        ([(LOG_COST, "np.sum(np.abs(A2 - Y))")], "delta_of_other_loss"),
        ([("m = X.shape[1]", "m = X.shape[0]")], "divided_by_other_number"),
        ([*SWISH, ("s + z * s * (1 - s)", "z * s * (1 - s)")], "found_slope"),
    ],
)  # fmt: skip
def test_a_slip_is_caught_and_named(edits: list[tuple[str, str]], expected: str) -> None:
    assert found(*edits) == ("mistake", [expected])


@pytest.mark.parametrize("edits", [(), SWISH])
def test_the_same_program_without_a_slip_is_right(edits: tuple[tuple[str, str], ...]) -> None:
    assert found(*edits) == ("right", [])


def test_a_bias_and_a_step_of_other_shapes_spread_to_a_matrix() -> None:
    assert Slot((), bias="column").spreads((5,))
    assert Slot((), bias="flat").spreads((5, 1))
    assert not Slot((), bias="row").spreads((5,))
    assert not Slot((), bias="flat").spreads((1, 5))
