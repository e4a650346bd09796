"""Programs that are run as they are: scalars, lists, methods that train, recurrent loops; edits that mend them."""

import ast
from pathlib import Path

import pytest

from handgrad.check.reading.program import load_program
from handgrad.check.reading.rounds.instrument import is_update
from handgrad.check.reading.rounds.parts import round_part
from handgrad.check.reading.source import Source

pytestmark = pytest.mark.slow

LINE = """
import numpy as np
x = np.linspace(-1, 1, 20)
y = 2 * x + 1
w, b = 0.0, 0.0
eta = 0.1
for step in range(100):
    residual = w * x + b - y
    mse = np.mean(residual**2)
    dw = 2 * np.mean(residual * x)
    db = 2 * np.mean(residual)
    w -= eta * dw
    b -= eta * db
"""
NEURONS = """
import math, random
class Neuron:
    def __init__(self, n):
        self.weights = [random.uniform(-1, 1) for _ in range(n)]
        self.bias = 0.1
    def output(self, inputs):
        self.inputs = inputs
        self.out = 1 / (1 + math.exp(-sum(w * v for w, v in zip(self.weights, inputs)) - self.bias))
        return self.out
class Net:
    def __init__(self):
        self.hidden = [Neuron(2), Neuron(2)]
        self.last = Neuron(2)
    def train(self, samples, rate):
        for inputs, target in samples:
            out = self.last.output([n.output(inputs) for n in self.hidden])
            delta = (out - target) * out * (1 - out)
            deltas = [delta * w * n.out * (1 - n.out) for n, w in zip(self.hidden, self.last.weights)]
            for neuron, d in zip([self.last, *self.hidden], [delta, *deltas]):
                for i in range(2):
                    neuron.weights[i] -= rate * d * neuron.inputs[i]
                neuron.bias -= rate * d
Net().train([([0, 1], 1), ([1, 1], 0), ([1, 0], 1)], 0.5)
"""
RECURRENT = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
Wx, Wh, Wo = np.random.randn(2, 4), np.random.randn(4, 4), np.random.randn(4, 1)
X, T = np.random.randn(5, 2), np.random.rand(5, 1)
for epoch in range(50):
    states, deltas = [np.zeros((1, 4))], []
    for t in range(5):
        states.append(sigmoid(X[t:t + 1] @ Wx + states[-1] @ Wh))
        out = sigmoid(states[-1] @ Wo)
        deltas.append((out - T[t:t + 1]) * out * (1 - out))
    dWx, dWh, dWo = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wo)
    later = np.zeros((1, 4))
    for t in reversed(range(5)):
        h = states[t + 1]
        d = (deltas[t] @ Wo.T + later @ Wh.T) * h * (1 - h)
        dWo += h.T @ deltas[t]
        dWh += states[t].T @ d
        dWx += X[t:t + 1].T @ d
        later = d
    Wx -= 0.1 * dWx
    Wh -= 0.1 * dWh
    Wo -= 0.1 * dWo
"""
LIBRARY = """
import numpy as np
class Line:
    def __init__(self, eta=0.05):
        self.eta = eta
    def fit(self, X, y):
        self.w_ = np.zeros(1 + X.shape[1])
        for _ in range(10):
            errors = y - (X @ self.w_[1:] + self.w_[0])
            self.w_[1:] += self.eta * X.T.dot(errors)
            self.w_[0] += self.eta * errors.sum()
"""


def read(text: str) -> tuple[str, list[str]]:
    piece = round_part(load_program(Source(Path("a.py"), text)))
    return ("", []) if piece is None else (piece[3].verdict, [f.explanation for f in piece[3].findings])


@pytest.mark.parametrize("text", [LINE, NEURONS, RECURRENT, LIBRARY])
def test_right_programs_are_right(text: str) -> None:
    assert read(text) == ("right", [])


@pytest.mark.parametrize(
    ("text", "old", "new", "key"),
    [
        (LINE, "w -= eta", "w += eta", "update_sign"),
        (LINE, "dw = 2 * np.mean(residual * x)", "dw = 2 * np.mean(residual)", ""),
        (NEURONS, "(out - target) * out", "(target - out) * out", "sign"),
        (RECURRENT, "later @ Wh.T", "later @ Wh", "weights_not_transposed"),
        (RECURRENT, "        later = d\n", "", "through_time_missing"),
        (RECURRENT, "dWo += h.T", "dWo = h.T", "last_sample_only"),
    ],
)
def test_a_mistake_is_named_by_the_edit_that_mends_it(text: str, old: str, new: str, key: str) -> None:
    assert old in text
    assert read(text.replace(old, new)) == ("mistake", [key])


def test_weights_moved_with_a_rate_are_updates_and_sums_are_none() -> None:
    lines = ("w -= eta * dw", "W = W - lr * dW", "w_[0] += self.eta * e.sum()", "dW += x.T @ d", "loss += 0.5 * e")
    assert [is_update(ast.parse(line).body[0]) for line in lines] == [True, True, True, False, False]
