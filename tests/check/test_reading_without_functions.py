"""Training that stands in no function of its own, dropout that has a switch, and nets that handgrad has no name for."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.check.reading.examine import examine
from handgrad.check.reading.loops.data import VARIANTS, data_role, stand_in
from handgrad.check.reading.loops.find import find_loops
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes

pytestmark = pytest.mark.slow

XOR = """
import numpy as np
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def sigmoid_derivative(x):
    return x * (1 - x)

lr = 0.1
hidden_weights = np.random.uniform(size=(2, 3))
hidden_bias = np.random.uniform(size=(1, 3))
output_weights = np.random.uniform(size=(3, 1))
output_bias = np.random.uniform(size=(1, 1))
for _ in range(10000):
    hidden = sigmoid(np.dot(X, hidden_weights) + hidden_bias)
    predicted = sigmoid(np.dot(hidden, output_weights) + output_bias)
    error = y - predicted
    d_predicted = error * sigmoid_derivative(predicted)
    d_hidden = d_predicted.dot(output_weights.T) * sigmoid_derivative(hidden)
    output_weights += hidden.T.dot(d_predicted) * lr
    output_bias += np.sum(d_predicted, axis=0, keepdims=True) * lr
    hidden_weights += X.T.dot(d_hidden) * lr
    hidden_bias += np.sum(d_hidden, axis=0, keepdims=True) * lr
print(predicted)
"""

LOADED = """
import numpy as np
import pandas as pd
daten = pd.read_csv("ziffern.csv").values
bilder = daten[:, 1:] / 255
ziele = np.eye(10)[daten[:, 0]]
lernrate = 0.1
gewichte1 = np.random.randn(784, 50) * 0.05
gewichte2 = np.random.randn(50, 10) * 0.05
for epoche in range(5):
    for start in range(0, len(bilder), 100):
        eingabe = bilder[start:start + 100]
        ziel = ziele[start:start + 100]
        versteckt = 1 / (1 + np.exp(-eingabe.dot(gewichte1)))
        ausgabe = 1 / (1 + np.exp(-versteckt.dot(gewichte2)))
        delta2 = (ausgabe - ziel) * ausgabe * (1 - ausgabe)
        delta1 = delta2.dot(gewichte2.T) * versteckt * (1 - versteckt)
        gewichte2 -= lernrate * versteckt.T.dot(delta2) / len(eingabe)
        gewichte1 -= lernrate * eingabe.T.dot(delta1) / len(eingabe)
"""

LOCAL = """
import numpy as np

def train(X, Y, hidden=16, lr=0.1, epochs=1000):
    n, d = X.shape
    W1 = np.random.randn(d, hidden) * 0.1
    b1 = np.zeros((1, hidden))
    W2 = np.random.randn(hidden, Y.shape[1]) * 0.1
    b2 = np.zeros((1, Y.shape[1]))
    for epoch in range(epochs):
        A1 = np.tanh(X.dot(W1) + b1)
        Z2 = A1.dot(W2) + b2
        P = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
        P = P / P.sum(axis=1, keepdims=True)
        dZ2 = (P - Y) / n
        dZ1 = dZ2.dot(W2.T) * (1 - A1 ** 2)
        W1 -= lr * X.T.dot(dZ1)
        b1 -= lr * np.sum(dZ1, axis=0, keepdims=True)
        W2 -= lr * A1.T.dot(dZ2)
        b2 -= lr * np.sum(dZ2, axis=0, keepdims=True)
    return W1, b1, W2, b2
"""

FITTED = """
import numpy as np

class LinearRegression:
    def __init__(self, lr=0.01, n_iters=1000):
        self.lr = lr
        self.n_iters = n_iters
        self.weights = None
        self.bias = None

    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights = np.zeros(n_features)
        self.bias = 0
        for _ in range(self.n_iters):
            y_pred = np.dot(X, self.weights) + self.bias
            dw = (1 / n_samples) * np.dot(X.T, (y_pred - y))
            db = (1 / n_samples) * np.sum(y_pred - y)
            self.weights = self.weights - self.lr * dw
            self.bias = self.bias - self.lr * db
"""

DROPOUT = """
import numpy as np

class Net:
    def __init__(self, D, H, C, keep_prob=0.8):
        self.W1 = np.random.randn(D, H) * 0.1
        self.b1 = np.zeros(H)
        self.W2 = np.random.randn(H, C) * 0.1
        self.b2 = np.zeros(C)
        self.keep_prob = keep_prob

    def forward(self, x):
        self.x = x
        self.z = x @ self.W1 + self.b1
        self.mask = (np.random.rand(*self.z.shape) < self.keep_prob) / self.keep_prob
        self.h = np.maximum(self.z, 0) * self.mask
        return self.h @ self.W2 + self.b2

    def backward(self, x, t):
        d = (self.forward(x) - t) / len(x)
        dh = d @ self.W2.T * self.mask * (self.z > 0)
        return x.T @ dh, dh.sum(axis=0), self.h.T @ d, d.sum(axis=0)
"""

SWISH = """
import numpy as np

def init(d, h, c):
    return {"W1": np.random.randn(d, h) * 0.1, "b1": np.zeros(h), "W2": np.random.randn(h, c) * 0.1, "b2": np.zeros(c)}

def forward(params, x):
    z = x @ params["W1"] + params["b1"]
    s = 1 / (1 + np.exp(-z))
    return z, s, (z * s) @ params["W2"] + params["b2"]

def loss(params, x, t):
    return np.mean(np.log(np.cosh(forward(params, x)[2] - t)))

def gradients(params, x, t):
    z, s, y = forward(params, x)
    d = np.tanh(y - t) / y.size
    dz = d @ params["W2"].T * (s + z * s * (1 - s))
    return {"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": (z * s).T @ d, "b2": d.sum(axis=0)}
"""


def examined(text: str, *edit: str) -> tuple[str, list[str], str]:
    """Verdict, explanations and what was said of the net."""
    if edit:
        assert text.count(edit[0]) == 1
        text = text.replace(*edit)
    parts = examine(Source(Path("net.py"), text), Wishes()).parts
    net = next(part for part in parts if part.kind == "net")
    keys = [f.explanation for part in parts for f in part.diagnosis.findings if f.verdict == "mistake"]
    return net.diagnosis.verdict, keys, " ".join(net.said)


@pytest.mark.parametrize("text", [XOR, LOADED, LOCAL, FITTED, DROPOUT, SWISH])
def test_right_ones_are_read_and_not_accused(text: str) -> None:
    verdict, keys, _ = examined(text)
    assert (verdict, keys) == ("right", [])


@pytest.mark.parametrize(
    ("text", "edit", "key"),
    [
        (XOR, (" * sigmoid_derivative(hidden)", ""), "slope_missing"),
        (XOR, ("output_bias += np.sum(d_predicted, axis=0, keepdims=True) * lr", "pass"), "bias_skipped"),
        (LOADED, (" * versteckt * (1 - versteckt)", ""), "slope_missing"),
        (LOCAL, (" * (1 - A1 ** 2)", ""), "slope_missing"),
        (DROPOUT, (" * (self.z > 0)", ""), "slope_missing"),
    ],
)
def test_their_mistakes_are_named(text: str, edit: tuple[str, str], key: str) -> None:
    assert key in examined(text, *edit)[1]


def test_the_rate_is_found_by_doubling_whatever_it_is_called() -> None:
    said = examined(LOADED.replace("lernrate", "schritt"))
    assert said[0] == "right"
    assert "fitted" not in said[2]


def test_a_net_without_a_name_is_compared_with_its_own_loss() -> None:
    unheard_of = SWISH.replace("(z * s)", "(s ** 2)").replace("(s + z * s * (1 - s))", "(2 * s * s * (1 - s))")
    verdict, _, said = examined(unheard_of)
    assert verdict == "right"
    assert "difference quotients" in said
    verdict, _, _ = examined(unheard_of, "(2 * s * s * (1 - s))", "(2 * s * (1 - s))")
    assert verdict == "mistake"


def test_loops_over_layers_are_no_training_loops() -> None:
    text = "for l in range(3):\n    weights[l] -= rate * grads[l]\n"
    assert list(find_loops(Source(Path("a.py"), text).tree())) == []
    found = list(find_loops(Source(Path("a.py"), XOR).tree()))
    assert len(found) == 1
    assert found[0].function is None


@pytest.mark.parametrize("variant", VARIANTS)
def test_stand_ins_have_as_many_samples_as_targets(variant: str) -> None:
    x, t = stand_in("x", variant), stand_in("t", variant)
    samples = 1 if variant.startswith("columns") else 0
    assert x.shape[samples] == t.shape[samples if t.ndim > 1 else 0]
    assert np.isfinite(x).all()


@pytest.mark.parametrize(("name", "role"), [("X_train", "x"), ("one_hot_labels", "t"), ("ziele", "t"), ("W1", "")])
def test_roles_of_data(name: str, role: str) -> None:
    assert data_role(name) == role


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (("* self.mask * (self.z > 0)", "* (self.z > 0)"), "dropout_no_mask"),
        (("* self.mask * (self.z > 0)", "* (self.mask > 0) * (self.z > 0)"), "dropout_no_scale"),
    ],
)
def test_dropout_is_tried_with_its_masks_too(edit: tuple[str, str], key: str) -> None:
    text = DROPOUT + "\n    def loss(self, x, t):\n        return 0.5 * np.sum((self.forward(x) - t) ** 2) / len(x)\n"
    assert examined(text)[:2] == ("right", [])
    assert examined(text, *edit)[1] == [key]


def test_dropout_that_is_on_in_predict_is_told() -> None:
    text = DROPOUT + "\n    def predict(self, x):\n        return self.forward(x).argmax(axis=1)\n"
    assert examined(text)[1] == ["active_at_test"]
