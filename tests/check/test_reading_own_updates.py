"""Nets that update themselves: a method with its own velocities or moments, or a training step that has all in it."""

from pathlib import Path

import pytest

from handgrad.check.reading.examine import Examined, examine
from handgrad.check.reading.optimizers.parts import optimizer_parts
from handgrad.check.reading.program import load_program
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes

pytestmark = pytest.mark.slow

NET = """
import numpy as np

class Net:
    def __init__(self, d, h, k, lr=0.05, mu=0.9):
        self.W1, self.b1 = np.random.randn(d, h) / np.sqrt(d), np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) / np.sqrt(h), np.zeros(k)
        self.lr, self.mu, self.t = lr, mu, 0
        self.m = {n: np.zeros_like(getattr(self, n)) for n in ("W1", "b1", "W2", "b2")}
        self.v = {n: np.zeros_like(getattr(self, n)) for n in ("W1", "b1", "W2", "b2")}
    def forward(self, X):
        self.h = np.tanh(X @ self.W1 + self.b1)
        s = self.h @ self.W2 + self.b2
        e = np.exp(s - s.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
    def loss(self, X, T):
        return -np.mean(np.sum(T * np.log(self.forward(X)), 1))
"""
GRADIENTS = """
        P = self.forward(X)
        d2 = (P - T) / len(X)
        d1 = d2 @ self.W2.T * (1 - self.h**2)
        dW1, db1, dW2, db2 = X.T @ d1, d1.sum(0), self.h.T @ d2, d2.sum(0)
"""
DICT = '{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}'
BACKWARD = NET + "    def backward(self, X, T):" + GRADIENTS + f"        return {DICT}\n"
ADAM = """
        self.t += 1
        for n, g in grads.items():
            self.m[n] = 0.9 * self.m[n] + (1 - 0.9) * g
            self.v[n] = 0.999 * self.v[n] + (1 - 0.999) * g**2
            m_hat, v_hat = self.m[n] / (1 - 0.9**self.t), self.v[n] / (1 - 0.999**self.t)
            setattr(self, n, getattr(self, n) - self.lr * m_hat / (np.sqrt(v_hat) + 1e-8))
"""
MOMENTUM = """
        for n, g in grads.items():
            self.v[n] = self.mu * self.v[n] - self.lr * g
            setattr(self, n, getattr(self, n) + self.v[n])
"""
BESIDE = {"adam": BACKWARD + "    def adam_step(self, grads):" + ADAM,
          "momentum": BACKWARD + "    def update(self, grads):" + MOMENTUM}  # fmt: skip
INSIDE = {name: NET + "    def train_step(self, X, T):" + GRADIENTS + f"        grads = {DICT}" + rule
          for name, rule in (("adam", ADAM), ("momentum", MOMENTUM))}  # fmt: skip


def checked(text: str) -> Examined:
    return examine(Source(Path("net.py"), text), Wishes())


def mistakes(found: Examined) -> list[str]:
    return [f.explanation for p in found.parts for f in p.diagnosis.findings if f.verdict == "mistake"]


@pytest.mark.parametrize("text", [*BESIDE.values(), *INSIDE.values()])
def test_a_right_net_that_updates_itself_is_not_accused(text: str) -> None:
    found = checked(text)
    assert found.parts[0].kind == "net"
    assert mistakes(found) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "key"),
    [
        (BESIDE["adam"], "np.sqrt(v_hat)", "v_hat", "adam_no_root"),
        (BESIDE["adam"], "(1 - 0.999) * g**2", "(1 - 0.999) * g", "adam_not_squared"),
        (BESIDE["momentum"], "+ self.v[n])", "- self.lr * g)", "momentum_not_kept"),
        (BESIDE["momentum"], "+ self.v[n])", "- self.v[n])", "optimizer_climbs"),
        (INSIDE["momentum"], "self.mu * self.v[n] -", "-self.mu * self.v[n] -", "momentum_sign"),
        (INSIDE["momentum"], "+ self.v[n])", "- self.lr * g)", "momentum_not_kept"),
    ],
)
def test_a_slip_in_a_nets_own_update_is_named(text: str, old: str, new: str, key: str) -> None:
    assert text.count(old) == 1
    found = checked(text.replace(old, new))
    assert found.parts[0].diagnosis.verdict == "right"
    assert mistakes(found) == [key]


def test_sums_that_the_update_divides_by_the_samples_are_right() -> None:
    sums = BACKWARD.replace("(P - T) / len(X)", "P - T")
    step = "            setattr(self, n, getattr(self, n) - self.lr * g{})\n"
    update = "    def update(self, grads, batch_size):\n        for n, g in grads.items():\n" + step
    assert mistakes(checked(sums + update.format(" / batch_size"))) == []
    assert "one_over_n_missing" in mistakes(checked(sums + update.format("")))


def test_adam_that_counts_once_a_tensor_is_named_in_any_order() -> None:
    counted = ADAM.replace("        self.t += 1\n", "").replace("items():\n", "items():\n            self.t += 1\n")
    reversed_dict = BACKWARD.replace(DICT, '{"W2": dW2, "b2": db2, "W1": dW1, "b1": db1}')
    assert mistakes(checked(reversed_dict + "    def adam_step(self, grads):" + counted)) == ["adam_steps_per_tensor"]


LAYER = """
import numpy as np

class Dense:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out) * np.sqrt(2 / n_in), np.zeros(n_out)
        self.vW, self.vb = np.zeros_like(self.W), np.zeros_like(self.b)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dy):
        self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.W.T
    def update(self, lr, momentum=0.9):
        self.vW = momentum * self.vW - lr * self.dW
        self.vb = momentum * self.vb - lr * self.db
        self.W += self.vW
        self.b += self.vb
"""


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ("self.b += self.vb", "self.b += self.vb", []),
        ("        self.b += self.vb\n", "", ["biases_never_move"]),
        ("self.W += self.vW\n        self.b += self.vb", "self.W -= self.vW\n        self.b -= self.vb",
         ["optimizer_climbs"]),
    ],
)  # fmt: skip
def test_a_layers_own_update_is_judged(old: str, new: str, keys: list[str]) -> None:
    program = load_program(Source(Path("layer.py"), LAYER.replace(old, new)))
    found = [f.explanation for piece in optimizer_parts(program) for f in piece[3].findings]
    assert found == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("def bewege(theta, g, eta=0.1):\n    return theta - eta * g\n", []),
        ("def bewege(theta, g, eta=0.1):\n    return theta + eta * g\n", ["optimizer_climbs"]),
        ("def heavy_ball(eta, mu=0.9):\n    v = 0.0\n    def step(theta, g):\n        nonlocal v\n"
         "        v = mu * v - (1 - mu) * eta * g\n        return theta + v\n    return step\n", ["momentum_average"]),
    ],
)  # fmt: skip
def test_an_update_of_any_name_is_known_by_what_it_takes(text: str, keys: list[str]) -> None:
    program = load_program(Source(Path("rules.py"), text))
    found = [f.explanation for piece in optimizer_parts(program) for f in piece[3].findings if f.verdict == "mistake"]
    assert found == keys


def test_a_helper_that_is_returned_beside_the_memory_is_no_count() -> None:
    text = """
import numpy as np
def update_with_adam(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    v_hat, s_hat = {}, {}
    for key in parameters:
        v[key] = beta1 * v[key] + (1 - beta1) * grads["d" + key]
        s[key] = beta2 * s[key] + (1 - beta2) * grads["d" + key] ** 2
        v_hat[key], s_hat[key] = v[key] / (1 - beta1**t), s[key] / (1 - beta2**t)
        parameters[key] = parameters[key] - learning_rate * v_hat[key] / (np.sqrt(s_hat[key]) + epsilon)
    return parameters, v, s, v_hat, s_hat
"""
    (name, kind, _, diagnosis), *others = optimizer_parts(load_program(Source(Path("course.py"), text)))
    assert (name, kind, diagnosis.verdict, others) == ("update_with_adam", "adam", "right", [])


def test_what_has_a_helpers_name_and_cannot_be_called_is_mentioned() -> None:
    text = BACKWARD + "\ndef confusion_matrix(a, b, c, d, e):\n    return a + b + c + d + e\n"
    assert any("not judged: confusion_matrix" in line for line in checked(text).said)
    assert not any("not judged" in line for line in checked(BACKWARD).said)
