"""Forms of nets beyond plain functions and classes: layer stacks, parameters with named parts, autoencoders, fit()."""

from pathlib import Path
from typing import NamedTuple

import pytest

from handgrad.check.reading.examine import Examined, examine
from handgrad.check.reading.places import get, put, walk
from handgrad.check.reading.source import read_source
from handgrad.check.reading.wishes import Wishes

# A child process of `check` lets programs overflow while the learning rate is being found.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

STACK = """
import numpy as np
class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.zeros(n_out)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask
    def backward(self, dout):
        return dout * self.mask
class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)
    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x
    def backward(self, g):
        for layer in reversed(self.layers):
            g = layer.backward(g)
        return g
def cross_entropy(logits, y):
    n = len(y)
    z = logits - logits.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    grad = np.exp(logp)
    grad[np.arange(n), y] -= 1
    return -logp[np.arange(n), y].mean(), grad / n
def main():
    x, y = np.load("x.npy"), np.load("y.npy")
    model = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))
    loss, grad = cross_entropy(model.forward(x), y)
    model.backward(grad)
"""

AUTOENCODER = """
from dataclasses import dataclass, field
import numpy as np
@dataclass
class AutoEncoder:
    visible: int
    hidden: int
    W_enc: np.ndarray = field(init=False)
    b_enc: np.ndarray = field(init=False)
    W_dec: np.ndarray = field(init=False)
    b_dec: np.ndarray = field(init=False)
    def __post_init__(self):
        self.W_enc = np.random.normal(0, 0.1, (self.visible, self.hidden))
        self.b_enc = np.zeros(self.hidden)
        self.W_dec = np.random.normal(0, 0.1, (self.hidden, self.visible))
        self.b_dec = np.zeros(self.visible)
    def loss(self, x):
        return np.mean(np.sum((np.tanh(x @ self.W_enc + self.b_enc) @ self.W_dec + self.b_dec - x) ** 2, axis=1))
    def gradients(self, x):
        code = np.tanh(x @ self.W_enc + self.b_enc)
        d_out = 2 * (code @ self.W_dec + self.b_dec - x) / x.shape[0]
        d_pre = (d_out @ self.W_dec.T) * (1 - code ** 2)
        return {"W_enc": x.T @ d_pre, "b_enc": d_pre.sum(axis=0), "W_dec": code.T @ d_out, "b_dec": d_out.sum(axis=0)}
"""

TUPLE = """
from typing import NamedTuple
import numpy as np
class Params(NamedTuple):
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
def init_params(n_in, n_hidden, n_out):
    W1, W2 = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_out)
    return Params(W1, np.zeros(n_hidden), W2, np.zeros(n_out))
def loss_fn(params, x, t):
    return 0.5 * np.sum((np.tanh(x @ params.w1 + params.b1) @ params.w2 + params.b2 - t) ** 2) / len(x)
def gradient(params, x, t):
    h = np.tanh(x @ params.w1 + params.b1)
    d2 = (h @ params.w2 + params.b2 - t) / len(x)
    d1 = (d2 @ params.w2.T) * (1 - h ** 2)
    return Params(x.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0))
"""

FIT = """
import numpy as np
class MLPClassifier:
    def __init__(self, lr=0.1, epochs=50, batch_size=32):
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.rng = np.random.default_rng(0)
    def fit(self, X, y):
        n, d = X.shape
        k = int(y.max()) + 1
        T = np.eye(k)[y]
        self.W1 = self.rng.normal(0, 1, (d, 16))
        self.b1 = np.zeros(16)
        self.W2 = self.rng.normal(0, 1, (16, k))
        self.b2 = np.zeros(k)
        for epoch in range(self.epochs):
            order = self.rng.permutation(n)
            for start in range(0, n, self.batch_size):
                rows = order[start:start + self.batch_size]
                xb, tb = X[rows], T[rows]
                z1 = xb @ self.W1 + self.b1
                h1 = np.maximum(0, z1)
                e = np.exp(h1 @ self.W2 + self.b2)
                p = e / e.sum(axis=1, keepdims=True)
                d2 = (p - tb) / len(rows)
                d1 = (d2 @ self.W2.T) * (z1 > 0)
                self.W2 -= self.lr * (h1.T @ d2)
                self.b2 -= self.lr * d2.sum(axis=0)
                self.W1 -= self.lr * (xb.T @ d1)
                self.b1 -= self.lr * d1.sum(axis=0)
"""


def checked(tmp_path: Path, text: str) -> Examined:
    path = tmp_path / "net.py"
    path.write_text(text, encoding="utf-8")
    return examine(read_source(path), Wishes())


# e = exp(z) in a variable, its quotient in none: e is not the output
INLINE = FIT.replace("                p = e / e.sum(axis=1, keepdims=True)\n", "").replace(
    "(p - tb)", "(e / e.sum(axis=1, keepdims=True) - tb)"
)


@pytest.mark.parametrize(
    "text", [STACK, AUTOENCODER, TUPLE, FIT, INLINE], ids=["stack", "autoencoder", "tuple", "fit", "inline"]
)
def test_right_ones_are_read_as_whole_nets(tmp_path: Path, text: str) -> None:
    found = checked(tmp_path, text)
    nets = [part for part in found.parts if part.kind == "net"]
    assert [part.diagnosis.verdict for part in nets] == ["right"]
    assert {"W1", "b1", "W2", "b2"} <= {line.tensor for line in nets[0].diagnosis.lines}


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (STACK, "return dout * self.mask", "return dout", "slope_missing"),
        (STACK, "return -logp[np.arange(n), y].mean(), grad / n", "return -logp[np.arange(n), y].mean(), grad",
         "one_over_n_missing"),
        (AUTOENCODER, "/ x.shape[0]", "/ x.size", "mean_over_everything"),
        (TUPLE, "* (1 - h ** 2)", "", "slope_missing"),
    ],
)  # fmt: skip
def test_mistakes_in_them_are_named(tmp_path: Path, text: str, old: str, new: str, expected: str) -> None:
    assert old in text
    found = checked(tmp_path, text.replace(old, new))
    assert expected in [f.explanation for part in found.parts for f in part.diagnosis.findings]


def test_an_autoencoder_is_said_to_be_one(tmp_path: Path) -> None:
    found = checked(tmp_path, AUTOENCODER)
    assert any("the target is the input" in line for line in found.parts[0].said)


def test_named_tuples_are_walked_by_name_and_made_anew() -> None:
    class Pair(NamedTuple):
        left: float
        right: float

    held = {"pair": Pair(1.0, 2.0)}
    paths = [path for path, _ in walk(held)]
    assert (("item", "pair"), ("attr", "right")) in paths
    put(held, (("item", "pair"), ("attr", "right")), 5.0)
    assert get(held, (("item", "pair"),)) == Pair(1.0, 5.0)
