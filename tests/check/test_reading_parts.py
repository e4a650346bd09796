"""Layers, update rules and helpers found in programs."""

from pathlib import Path

import pytest

from handgrad.check.reading.examine import examine
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes
from handgrad.check.subject import Diagnosis

LAYER = """
import numpy as np

class Affine:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros((1, n_out))
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0, keepdims=True)
        return dout @ self.W.T
"""
POOL = """
import numpy as np

def maxpool_forward(x, size=2, stride=2):
    n, c, h, w = x.shape
    out = np.zeros((n, c, (h - size) // stride + 1, (w - size) // stride + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i*stride:i*stride+size, j*stride:j*stride+size].max(axis=(2, 3))
    return out, (x, size, stride)

def maxpool_backward(dout, cache):
    x, size, stride = cache
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    window = x[n, c, i*stride:i*stride+size, j*stride:j*stride+size]
                    a, b = np.unravel_index(window.argmax(), window.shape)
                    dx[n, c, i*stride+a, j*stride+b] += dout[n, c, i, j]
    return dx
"""
ADAM = """
import numpy as np

class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = {}, {}, 0
    def update(self, params, grads):
        self.t += 1
        for k in params:
            self.m[k] = self.beta1 * self.m.get(k, 0) + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v.get(k, 0) + (1 - self.beta2) * grads[k] ** 2
            m = self.m[k] / (1 - self.beta1 ** self.t)
            v = self.v[k] / (1 - self.beta2 ** self.t)
            params[k] -= self.lr * m / (np.sqrt(v) + self.eps)
"""
TOOLS = """
import numpy as np

def accuracy(predictions, labels):
    return np.mean(np.argmax(predictions, axis=1) == labels)
"""


def diagnose(text: str, thing: str = "", kind: str = "") -> Diagnosis:
    return examine(Source(Path("net.py"), text), Wishes(thing=thing), kind).parts[0].diagnosis


@pytest.mark.parametrize(
    ("text", "right", "wrong", "key"),
    [
        (LAYER, "dout @ self.W.T", "dout @ self.W.T * 2", "layer_factor"),
        (LAYER, "dout.sum(axis=0, keepdims=True)", "dout.mean(axis=0, keepdims=True)", ""),
        (
            POOL,
            "dx[n, c, i*stride+a, j*stride+b] += dout[n, c, i, j]",
            "dx[n, c, i*stride+a, j*stride+b] -= dout[n, c, i, j]",
            "",
        ),
        (ADAM, "(np.sqrt(v) + self.eps)", "(v + self.eps)", "adam_no_root"),
        (TOOLS, "== labels", "== labels[:, None]", "accuracy_all_pairs"),
    ],
)
def test_right_and_wrong(text: str, right: str, wrong: str, key: str) -> None:
    assert diagnose(text).verdict == "right"
    found = diagnose(text.replace(right, wrong))
    assert found.verdict == "mistake"
    if key:
        assert found.findings[0].explanation == key


def test_as_names_the_kind() -> None:
    renamed = ADAM.replace("class Adam", "class Mine")
    assert diagnose(renamed, "Mine", "adam").verdict == "right"
