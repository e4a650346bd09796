"""Programs as people leave them: counts of data that are not there, odd names, weights in a method, rates in a list."""

from pathlib import Path

import pytest

from handgrad.check.reading.examine import Examined, examine
from handgrad.check.reading.source import read_source
from handgrad.check.reading.wishes import Wishes

pytestmark = pytest.mark.slow

COUNTED = """
import numpy as np
import pandas as pd

table = np.array(pd.read_csv("digits.csv"))
m, n = table.shape
pixels = table[:, 1:].T / 255


def make_weights():
    U = np.random.rand(7, 11) - 0.5
    c = np.random.rand(7, 1) - 0.5
    V = np.random.rand(4, 7) - 0.5
    d = np.random.rand(4, 1) - 0.5
    return U, c, V, d


def foward(U, c, V, d, X):
    z = U @ X + c
    h = np.maximum(z, 0)
    s = np.exp(V @ h + d)
    return z, h, s / s.sum(axis=0)


def backwards(z, h, p, V, X, T):
    e = p - T
    dV, dd = e @ h.T / m, e.sum(axis=1, keepdims=True) / m
    e = (V.T @ e) * (z > 0)
    return e @ X.T / m, e.sum(axis=1, keepdims=True) / m, dV, dd


U, c, V, d = make_weights()
z, h, p = foward(U, c, V, d, pixels)
dU, dc, dV, dd = backwards(z, h, p, V, pixels, table)
"""

KEYED = """
import numpy as np


def init_net(a, b, c):
    return {"W1": np.random.randn(b, a), "b1": np.zeros((b, 1)), "W2": np.random.randn(c, b), "b2": np.zeros((c, 1))}


def forward(X, koeff):
    h = np.tanh(koeff["W1"] @ X + koeff["b1"])
    return {"h": h, "p": 1 / (1 + np.exp(-(koeff["W2"] @ h + koeff["b2"])))}


def backward(koeff, box, X, Y):
    m = X.shape[1]
    e = box["p"] - Y
    g = (koeff["W2"].T @ e) * (1 - box["h"] ** 2)
    return {"dW1": g @ X.T / m, "db1": g.sum(axis=1, keepdims=True) / m,
            "dW2": e @ box["h"].T / m, "db2": e.sum(axis=1, keepdims=True) / m}
"""

LOCAL_WEIGHTS = """
import numpy as np


class Classifier:
    def __init__(self, features, answers):
        self.count, self.width = features.shape
        self.speed = 0.02

    def weights(self, a, b):
        return np.random.randn(a, b) / np.sqrt(a)

    def init_layer(self, a, b):
        return np.random.randn(a, b) / np.sqrt(a), np.zeros(b)

    def fit(self, x, y, rounds=300):
        W1, b1 = self.init_layer(self.width, 9)
        W2, b2 = self.init_layer(9, 4)
        for r in range(rounds):
            h = np.tanh(x @ W1 + b1)
            scores = h @ W2 + b2
            p = np.exp(scores)
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(self.count), y] -= 1
            p /= self.count
            g = (p @ W2.T) * (1 - h * h)
            W2 -= self.speed * h.T @ p
            b2 -= self.speed * p.sum(axis=0)
            W1 -= self.speed * x.T @ g
            b1 -= self.speed * g.sum(axis=0)
        return W1, b1, W2, b2
"""

LATER_WEIGHTS = """
class Net:
    def __init__(self):
        self.kind = "two layers"

    def init_all(self, n_in, n_hidden, n_out):
        self.U = np.random.randn(n_in, n_hidden)
        self.V = np.random.randn(n_hidden, n_out)

    def sigma(self, z):
        return 1 / (1 + np.exp(-z))

    def forward(self, X):
        self.h = self.sigma(X @ self.U)
        return self.sigma(self.h @ self.V)

    def backward(self, X, T, p):
        e = (p - T) * p * (1 - p)
        return X.T @ ((e @ self.V.T) * self.h * (1 - self.h)), self.h.T @ e
"""

KEPT_STEPS = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out, eta):
        self.eta = eta
        self.U = np.random.rand(n_hidden, n_in)
        self.V = np.random.rand(n_out, n_hidden)

    def forward(self, x):
        self.h = 1 / (1 + np.exp(-self.U @ x))
        return self.V @ self.h

    def backward(self, x, t):
        e = t - self.V @ self.h
        self.delta_V = self.eta * e @ self.h.T
        self.delta_U = self.eta * ((self.V.T @ e) * self.h * (1 - self.h)) @ x.T
        self.U = self.U + self.delta_U
        self.V = self.V + self.delta_V
"""

RATES = """
import numpy as np

speed = [0.5, 2.0]
X = np.array([[0., 1., 1.], [1., 0., 1.], [1., 1., 0.], [0., 0., 1.]])
Y = np.array([[0., 1.], [1., 0.], [1., 1.], [0., 0.]])
first = np.random.randn(3, 5)
second = np.random.randn(5, 2)
for turn in range(500):
    h = 1 / (1 + np.exp(-X @ first))
    out = 1 / (1 + np.exp(-h @ second))
    e = (out - Y) * out * (1 - out)
    g = (e @ second.T) * h * (1 - h)
    second -= speed[1] * h.T @ e
    first -= speed[0] * X.T @ g

first = np.random.randn(3, 7)
third = np.random.randn(7, 1)
"""

NUMBER_BIAS = """
import numpy as np


class Unit:
    def __init__(self, n_features):
        self.w = np.random.randn(n_features)
        self.b = 0.0

    def forward(self, X):
        return 1 / (1 + np.exp(-(X @ self.w + self.b)))

    def gradient(self, X, y, output):
        delta = (output - y) * output * (1 - output)
        return X.T @ delta / len(X), delta.mean()
"""


def _examined(text: str, folder: Path) -> Examined:
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    return examine(read_source(path), Wishes())


@pytest.mark.parametrize("text", [COUNTED, KEYED, LOCAL_WEIGHTS, LATER_WEIGHTS, KEPT_STEPS, RATES, NUMBER_BIAS])
def test_right_ones_are_read_and_right(text: str, tmp_path: Path) -> None:
    examined = _examined(text, tmp_path)
    assert [part.kind for part in examined.parts][:1] == ["net"]
    assert [part.diagnosis.verdict for part in examined.parts] == ["right"] * len(examined.parts)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (COUNTED, "e.sum(axis=1, keepdims=True) / m\n    e", "e.sum() / m\n    e"),
        (KEYED, '(1 - box["h"] ** 2)', 'box["h"] * (1 - box["h"])'),
        (LOCAL_WEIGHTS, "(1 - h * h)", "(1 - h)"),
        (LATER_WEIGHTS, "(e @ self.V.T) * self.h * (1 - self.h)", "(e @ self.V.T)"),
        (KEPT_STEPS, "self.h * (1 - self.h)) @ x.T", "self.h) @ x.T"),
        (RATES, "(e @ second.T) * h * (1 - h)", "(e @ second.T) * h"),
        (NUMBER_BIAS, "delta.mean()", "output.mean()"),
    ],
)
def test_wrong_ones_are_caught(text: str, old: str, new: str, tmp_path: Path) -> None:
    assert text.count(old) == 1
    examined = _examined(text.replace(old, new), tmp_path)
    assert examined.parts[0].diagnosis.verdict == "mistake"
