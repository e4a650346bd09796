"""Frameworks: layers in a list, tensors in boxes of their own, layers beside the net that they make up."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from handgrad.check.reading.examine import Examined, examine
from handgrad.check.reading.patience import TooSlowError, patience
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes

pytestmark = pytest.mark.slow

LIST = """
from builtins import range
import numpy as np

class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, grad, lr):
        back = grad @ self.W.T
        self.W -= lr * self.x.T @ grad
        self.b -= lr * grad.sum(axis=0)
        return back

class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(0, x)
    def backward(self, grad, lr):
        return grad * (self.x > 0)

def train(network, X, y, lr):
    out = X
    for layer in network:
        out = layer.forward(out)
    p = np.exp(out - out.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    grad = p.copy()
    grad[np.arange(len(y)), y] -= 1
    grad /= len(y)
    for layer in reversed(network):
        grad = layer.backward(grad, lr)
    return loss

if __name__ == "__main__":
    network = []
    network.append(Dense(784, 100))
    network.append(ReLU())
    network.append(Dense(100, 10))
"""
BOXES = """
import numpy as np

class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)

class Linear:
    def __init__(self, in_features, out_features):
        self.weight = Parameter(np.random.uniform(-1, 1, (out_features, in_features)))
        self.bias = Parameter(np.random.uniform(-1, 1, out_features))
    def forward(self, x):
        self.x = x
        return x @ self.weight.data.T + self.bias.data
    def backward(self, grad):
        self.weight.grad = grad.T @ self.x
        self.bias.grad = grad.sum(axis=0)
        return grad @ self.weight.data
"""
SOFTMAX = """
import numpy as np

class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out
    def backward(self, grad):
        return grad

def top(y_pred, y_true):
    return DELTA
"""


def examined(text: str) -> Examined:
    return examine(Source(Path("net.py"), text), Wishes())


def keys(text: str) -> list[str]:
    return [f.explanation for p in examined(text).parts for f in p.diagnosis.findings if f.verdict == "mistake"]


def test_layers_in_a_list() -> None:
    found = examined(LIST)
    assert found.net is not None
    assert any("layers in a list" in line for line in found.parts[0].said)
    assert keys(LIST) == []


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [("    grad /= len(y)\n", "", "one_over_n_missing"), ("grad * (self.x > 0)", "grad", "slope_missing")],
)
def test_mistakes_of_a_list_of_layers(old: str, new: str, key: str) -> None:
    assert keys(LIST.replace(old, new))[0] == key


def test_tensors_in_boxes() -> None:
    layer = examined(BOXES).parts[0].diagnosis
    assert layer.verdict == "right"
    assert [line.note for line in layer.lines] == ["", "", ""]
    wrong = BOXES.replace("self.bias.grad = grad.sum(axis=0)", "self.bias.grad = grad.mean(axis=0)")
    assert examined(wrong).parts[0].diagnosis.verdict == "mistake"


def test_a_softmax_layer_may_hand_on_p_minus_t() -> None:
    assert "jacobian_left_out" not in keys(SOFTMAX.replace("DELTA", "y_pred - y_true"))
    assert "jacobian_left_out" in keys(SOFTMAX.replace("DELTA", "-y_true / y_pred"))


def impatient() -> None:
    with patience(0.3):
        for _ in range(100):
            with suppress(TooSlowError), patience(0.02):
                time.sleep(0.05)
        time.sleep(5)


def test_an_inner_limit_leaves_the_outer_one() -> None:
    with pytest.raises(TooSlowError):
        impatient()
