"""Programs without functions: a training loop at the top level is a net, whatever stands around it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from handgrad.check.reading.examine import Part, examine
from handgrad.check.reading.loops.data import data_role
from handgrad.check.reading.loops.find import find_loops
from handgrad.check.reading.loops.script_counts import count_samples
from handgrad.check.reading.loops.script_steps import adaptive_gradients, with_named_outputs, with_named_rate
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes

MINI_BATCHES = """
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
df = pd.read_csv("iris.csv")
X, Y = df.iloc[:, :4].values, pd.get_dummies(df["kind"]).values
X_train, X_test, Y_train, Y_test = train_test_split(X, Y)
W1 = np.random.randn(4, 6) * 0.5
b1 = np.zeros(6)
W2 = np.random.randn(6, 3) * 0.5
b2 = np.zeros(3)
learning_rate, batch_size = 0.05, 16
for epoch in range(100):
    order = np.random.permutation(len(X_train))
    for i in range(0, len(X_train), batch_size):
        xb, yb = X_train[order[i:i + batch_size]], Y_train[order[i:i + batch_size]]
        z1 = xb.dot(W1) + b1
        h = np.maximum(0, z1)
        z2 = h.dot(W2) + b2
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.sum(yb * np.log(p + 1e-12)) / len(xb)
        d2 = (p - yb) / batch_size
        d1 = d2.dot(W2.T) * (z1 > 0)
        W2 -= learning_rate * h.T.dot(d2)
        b2 -= learning_rate * d2.sum(axis=0)
        W1 -= learning_rate * xb.T.dot(d1)
        b1 -= learning_rate * d1.sum(axis=0)
    print(epoch, loss)
"""

ONE_BY_ONE = """
import numpy as np
from data import load
images, labels = load("images"), load("labels")
targets = np.eye(10)[labels]
w_in = np.random.uniform(-0.5, 0.5, (12, 36))
w_out = np.random.uniform(-0.5, 0.5, (10, 12))
rate = 0.01
correct = 0
for epoch in range(3):
    for img, l in zip(images, targets):
        img.shape += (1,)
        l.shape += (1,)
        h_pre = w_in @ img
        h = 1 / (1 + np.exp(-h_pre))
        o = 1 / (1 + np.exp(-(w_out @ h)))
        correct += int(np.argmax(o) == np.argmax(l))
        delta_o = o - l
        delta_h = w_out.T @ delta_o * (h * (1 - h))
        w_out += -rate * delta_o @ h.T
        w_in += -rate * delta_h @ img.T
"""

OBJECTS = """
import numpy as np
from somewhere import spiral

class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T

class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues * (self.inputs > 0)

class SoftmaxLoss:
    def forward(self, inputs, y):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.output[range(len(y)), y]).mean()
    def backward(self, dvalues, y):
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(y)), y] -= 1
        self.dinputs = self.dinputs / len(y)

class SGD:
    def __init__(self, learning_rate=1.0):
        self.learning_rate = learning_rate
    def update_params(self, layer):
        layer.weights -= self.learning_rate * layer.dweights
        layer.biases -= self.learning_rate * layer.dbiases

X, y = spiral(samples=100, classes=3)
dense1, activation1, dense2 = Dense(2, 16), ReLU(), Dense(16, 3)
loss_activation, optimizer = SoftmaxLoss(), SGD()
for epoch in range(1001):
    dense1.forward(X)
    activation1.forward(dense1.output)
    dense2.forward(activation1.output)
    loss = loss_activation.forward(dense2.output, y)
    if len(y.shape) == 2:
        y = np.argmax(y, axis=1)
    print(epoch, loss, np.mean(np.argmax(loss_activation.output, axis=1) == y))
    loss_activation.backward(loss_activation.output, y)
    dense2.backward(loss_activation.dinputs)
    activation1.backward(dense2.dinputs)
    dense1.backward(activation1.dinputs)
    optimizer.update_params(dense1)
    optimizer.update_params(dense2)
"""

WHILE_COLUMNS = """
import numpy as np
X = np.array([[0, 0, 1, 1], [0, 1, 0, 1]])
Y = np.array([[0, 1, 1, 0]])
m = X.shape[1]
w1, w2 = np.random.rand(3, 2), np.random.rand(1, 3)
b1, b2 = np.zeros((3, 1)), np.zeros((1, 1))
losses = []
cost = 1.0
step = 0
while cost > 0.01 and step < 5000:
    a1 = 1 / (1 + np.exp(-(np.dot(w1, X) + b1)))
    a2 = 1 / (1 + np.exp(-(np.dot(w2, a1) + b2)))
    cost = -(1 / m) * np.sum(Y * np.log(a2) + (1 - Y) * np.log(1 - a2))
    losses.append(cost)
    dz2 = a2 - Y
    dz1 = np.dot(w2.T, dz2) * a1 * (1 - a1)
    w2 = w2 - 0.3 * np.dot(dz2, a1.T) / m
    b2 = b2 - 0.3 * np.sum(dz2, axis=1, keepdims=True) / m
    w1 = w1 - 0.3 * np.dot(dz1, X.T) / m
    b1 = b1 - 0.3 * np.sum(dz1, axis=1, keepdims=True) / m
    step += 1
"""

ADAM = """
import numpy as np
data = np.random.rand(200, 9)
t = np.eye(3)[np.random.randint(0, 3, 200)]
W1, b1 = np.random.randn(9, 7) * 0.1, np.zeros(7)
W2, b2 = np.random.randn(7, 3) * 0.1, np.zeros(3)
params = [W1, b1, W2, b2]
m, v = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
for it in range(1, 501):
    h = np.tanh(data @ W1 + b1)
    e = np.exp(h @ W2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(t * np.log(p), axis=1))
    d = (p - t) / len(data)
    dW2, db2 = h.T @ d, d.sum(axis=0)
    dh = d @ W2.T * (1 - h ** 2)
    dW1, db1 = data.T @ dh, dh.sum(axis=0)
    grads = [dW1, db1, dW2, db2]
    for k in range(4):
        m[k] = 0.9 * m[k] + 0.1 * grads[k]
        v[k] = 0.999 * v[k] + 0.001 * grads[k] ** 2
        params[k] -= 0.001 * (m[k] / (1 - 0.9 ** it)) / (np.sqrt(v[k] / (1 - 0.999 ** it)) + 1e-8)
"""

VECTOR_OUTPUT = """
import numpy as np
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0.0, 1.0, 1.0, 0.0])
w_hidden, b_hidden = np.random.rand(2, 3), np.random.rand(3)
w_out, b_out = np.random.rand(3), np.random.rand()
lr = 0.3
for epoch in range(5000):
    for i in range(len(X)):
        h = 1 / (1 + np.exp(-(np.dot(X[i], w_hidden) + b_hidden)))
        o = 1 / (1 + np.exp(-(np.dot(h, w_out) + b_out)))
        delta_o = (y[i] - o) * o * (1 - o)
        delta_h = delta_o * w_out * h * (1 - h)
        w_out = w_out + lr * delta_o * h
        b_out = b_out + lr * delta_o
        w_hidden = w_hidden + lr * np.outer(X[i], delta_h)
        b_hidden = b_hidden + lr * delta_h
"""

RECURRENT = """
import numpy as np
data = open("input.txt").read()
chars = sorted(set(data))
size = len(chars)
ix = {c: i for i, c in enumerate(chars)}
Wxh = np.random.randn(8, size) * 0.01
Whh = np.random.randn(8, 8) * 0.01
Why = np.random.randn(size, 8) * 0.01

def loss_fun(inputs, targets, hprev):
    xs, hs, ps, loss = {}, {-1: np.copy(hprev)}, {}, 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1])
        ys = Why @ hs[t]
        ps[t] = np.exp(ys) / np.sum(np.exp(ys))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dhraw = (1 - hs[t] * hs[t]) * (Why.T @ dy + dhnext)
        dWxh += dhraw @ xs[t].T
        dWhh += dhraw @ hs[t - 1].T
        dhnext = Whh.T @ dhraw
    return loss, dWxh, dWhh, dWhy, hs[len(inputs) - 1]
"""


def read(text: str) -> Part:
    part = examine(Source(Path("script.py"), text), Wishes()).parts[0]
    assert part.kind == "net"
    return part


def first_mistake(part: Part) -> str:
    return next((f.explanation for f in part.diagnosis.findings if f.verdict == "mistake"), "")


RIGHT = {
    "mini-batches": (MINI_BATCHES, "softmax cross-entropy, mean over the samples (confirmed by its value)"),
    "one by one": (ONE_BY_ONE, "one sample a call"),
    "objects": (OBJECTS, "gradients as kept in the object"),
    "while, columns": (WHILE_COLUMNS, "samples are columns"),
    "adam": (ADAM, "gradients as returned"),
    "vector output": (VECTOR_OUTPUT, "2-3-1"),
    "recurrent": (RECURRENT, "difference quotients"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_scripts_are_read_and_not_accused(name: str) -> None:
    text, said = RIGHT[name]
    part = read(text)
    assert part.diagnosis.verdict == "right"
    assert said in "\n".join(part.said)


WRONG = [
    (MINI_BATCHES, "d2.dot(W2.T) * (z1 > 0)", "d2.dot(W2.T)", "slope_missing"),
    (MINI_BATCHES, "(p - yb) / batch_size", "p - yb", "one_over_n_missing"),
    (MINI_BATCHES, "        b1 -= learning_rate * d1.sum(axis=0)\n", "", "bias_skipped"),
    (ONE_BY_ONE, "h * (1 - h)", "h_pre * (1 - h_pre)", "slope_formula_on_z"),
    (
        ONE_BY_ONE,
        "        delta_h = w_out.T @ delta_o * (h * (1 - h))\n        w_out += -rate * delta_o @ h.T\n",
        "        w_out += -rate * delta_o @ h.T\n        delta_h = w_out.T @ delta_o * (h * (1 - h))\n",
        "stale_weights",
    ),
    (OBJECTS, "dvalues * (self.inputs > 0)", "dvalues * (dvalues > 0)", "mask_from_gradient"),
    (OBJECTS, "dense1.backward(activation1.dinputs)", "dense1.backward(dense2.dinputs)", "slope_missing"),
    (WHILE_COLUMNS, "* a1 * (1 - a1)", "* a1", "activation_as_slope"),
    (ADAM, "dh.sum(axis=0)", "dh.mean(axis=0)", "bias_mean_weights_sum"),
    (VECTOR_OUTPUT, "delta_o * w_out * h * (1 - h)", "delta_o * w_out", "slope_missing"),
]


@pytest.mark.parametrize(("text", "old", "new", "explanation"), WRONG)
def test_wrong_scripts_are_named(text: str, old: str, new: str, explanation: str) -> None:
    assert old in text
    assert first_mistake(read(text.replace(old, new))) == explanation


def test_wrong_recurrent_gradient_is_caught() -> None:
    part = read(RECURRENT.replace("Why.T @ dy + dhnext", "Why.T @ dy"))
    assert part.diagnosis.verdict == "mistake"
    assert [line.tensor for line in part.diagnosis.lines if line.right] == ["Why"]


def test_names_of_weights_are_no_data() -> None:
    assert data_role("output_weights") == data_role("W_out") == data_role("d_out"[2:] + "_bias") == ""
    assert (data_role("training_inputs"), data_role("expected_output")) == ("x", "t")


def test_theta_is_no_learning_rate() -> None:
    loops = list(find_loops(ast.parse("for i in range(9):\n    theta = theta - eta * X.T.dot(X.dot(theta) - y)")))
    assert len(loops) == 1


def test_samples_are_counted_in_either_orientation() -> None:
    assert count_samples(np.zeros((7, 3)), np.zeros((7, 2))) == 7
    assert count_samples(np.zeros((3, 7)), np.zeros((1, 7))) == 7
    assert count_samples(np.zeros(3), np.zeros(1)) == 1


def test_outputs_and_rates_get_names() -> None:
    body = with_named_outputs(ast.parse("g = X.T @ (X @ W - y)").body, {"y"})
    assert [ast.unparse(n) for n in body] == ["handgrad_output_0 = X @ W", "g = X.T @ (handgrad_output_0 - y)"]
    body = ast.parse("v = 0.9 * v\nW -= 0.1 * g").body
    assert with_named_rate(body, {"v", "W"}) == 0.1
    assert "0.9 * v" in ast.unparse(body[0])
    assert "0.1" not in ast.unparse(body[1])


def test_plain_updates_are_not_adaptive() -> None:
    assert adaptive_gradients(ast.parse("W -= lr * dW").body) is None
    assert adaptive_gradients(ast.parse("W -= lr * x.T @ d / np.sqrt(s)").body) == []
