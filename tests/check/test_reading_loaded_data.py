"""Programs around data that are not there: stand-ins take their place, and what is only printed accuses nobody."""

from pathlib import Path

import pytest

from handgrad.check.reading.examine import examine
from handgrad.check.reading.source import NotReadError, read_source
from handgrad.check.reading.wishes import Wishes

WIRED = """
import numpy as np
import pandas as pd

table = pd.read_csv("wine.csv")
X = table.drop("kind", axis=1).values
labels = table["kind"].values
kinds, y = np.unique(labels, return_inverse=True)
n_kinds = len(kinds)


class Affine:
    def __init__(self, n_in, n_out):
        self.W = 0.1 * np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, up):
        self.dW = self.x.T @ up
        self.db = up.sum(axis=0)
        return up @ self.W.T


def one_hot(y, k):
    return np.eye(k)[y]


first, second = Affine(X.shape[1], 6), Affine(6, n_kinds)
targets = one_hot(y, n_kinds)
eta = 0.1

for epoch in range(200):
    hidden = np.tanh(first.forward(X))
    scores = second.forward(hidden)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    up = (p - targets) / len(X)
    back = second.backward(up) * (1 - hidden ** 2)
    first.backward(back)
    for layer in (first, second):
        layer.W -= eta * layer.dW
        layer.b -= eta * layer.db
"""

PRINTED = """
import numpy as np

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
V, bv = np.random.randn(2, 5), np.zeros((1, 5))
U, bu = np.random.randn(5, 1), np.zeros((1, 1))

for epoch in range(5000):
    h = np.tanh(x @ V + bv)
    out = 1 / (1 + np.exp(-(h @ U + bu)))
    err = (out - y) / len(x)
    back = (err @ U.T) * (1 - h ** 2)
    U -= 0.5 * h.T @ err
    bu -= 0.5 * err.sum(axis=0, keepdims=True)
    V -= 0.5 * x.T @ back
    bv -= 0.5 * back.sum(axis=0, keepdims=True)
    if epoch % 1000 == 0:
        loss = np.mean((out - y) ** 2)
        print(epoch, loss)
"""

ONE_OUTPUT = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out, rate=0.1, decay=0.03):
        self.rate, self.decay = rate, decay
        self.V = np.random.randn(n_in, n_hidden)
        self.U = np.random.randn(n_hidden, n_out)

    def train(self, X, y, epochs=2000):
        for epoch in range(epochs):
            h = 1 / (1 + np.exp(-X @ self.V))
            out = 1 / (1 + np.exp(-h @ self.U))
            top = (y.reshape(-1, 1) - out) * out * (1 - out)
            below = top @ self.U.T * h * (1 - h)
            self.U += self.rate * (h.T @ top - self.decay * self.U)
            self.V += self.rate * (X.T @ below - self.decay * self.V)
"""


def keys(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "program.py"
    path.write_text(text, "utf-8")
    parts = examine(read_source(path), Wishes()).parts
    assert any(part.kind == "net" for part in parts)
    return [f.explanation for part in parts for f in part.diagnosis.findings if f.verdict != "convention"]


@pytest.mark.parametrize("text", [WIRED, PRINTED, ONE_OUTPUT], ids=["wired", "printed", "one output"])
def test_right_program_around_data_is_let_through(tmp_path: Path, text: str) -> None:
    assert keys(tmp_path, text) == []


def test_wired_layers_are_judged(tmp_path: Path) -> None:
    assert keys(tmp_path, WIRED.replace(" * (1 - hidden ** 2)", ""))[0] == "slope_missing"


def test_decay_is_told_from_the_loss(tmp_path: Path) -> None:
    wrong = ONE_OUTPUT.replace(
        "self.rate * (h.T @ top - self.decay * self.U)", "self.rate * h.T @ top - self.decay * self.U"
    )
    assert keys(tmp_path, wrong)[0] == "decay_without_rate"


STRAIGHT = """
import numpy as np

def squash(z):
    return 1 / (1 + np.exp(-z))

def squash_slope(z):
    return squash(z) * (1 - squash(z))

x, y = np.array([[1, 0, 1], [0, 1, 1]]), np.array([[1], [0]])
V, U = np.random.randn(3, 4), np.random.randn(4, 1)
hidden = squash(x @ V)
out = squash(hidden @ U)
top = (y - out) * squash_slope(hidden @ U)
new_U = U + 0.1 * hidden.T @ top
new_V = V + 0.1 * x.T @ (top @ U.T * squash_slope(hidden))
"""


def test_right_helpers_do_not_make_unread_statements_right(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(STRAIGHT, "utf-8")
    with pytest.raises(NotReadError, match="no backward pass was found"):
        examine(read_source(path), Wishes())
