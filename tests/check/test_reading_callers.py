"""What uses a right gradient wrongly: sums over samples, updates, and a net's first weights."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.check.diagnosis.caller import CallerStep, diagnose_caller
from handgrad.check.reading.examine import Part, examine
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes

PER_SAMPLE = """
import numpy as np

class Net:
    def __init__(self, sizes):
        self.W = [np.random.randn(m, n) / np.sqrt(n) for n, m in zip(sizes[:-1], sizes[1:])]
        self.b = [np.zeros(m) for m in sizes[1:]]

    def forward(self, x):
        self.a = [x]
        for W, b in zip(self.W, self.b):
            self.a.append(np.tanh(W @ self.a[-1] + b))
        return self.a[-1]

    def backward(self, t):
        d = (self.a[-1] - t) * (1 - self.a[-1] ** 2)
        gW, gb = [], []
        for l in reversed(range(len(self.W))):
            gW.insert(0, np.outer(d, self.a[l]))
            gb.insert(0, d)
            if l > 0:
                d = self.W[l].T @ d * (1 - self.a[l] ** 2)
        return gW, gb

    def train_batch(self, X, T, lr):
        sW = [np.zeros_like(W) for W in self.W]
        sb = [np.zeros_like(b) for b in self.b]
        for x, t in zip(X, T):
            self.forward(x)
            gW, gb = self.backward(t)
            for l in range(len(self.W)):
                sW[l] += gW[l]
                sb[l] += gb[l]
        for l in range(len(self.W)):
            self.W[l] -= lr * sW[l] / len(X)
            self.b[l] -= lr * sb[l] / len(X)
"""

STEPPED = """
import numpy as np

class Net:
    def __init__(self, D, H, C):
        self.W1 = 0.01 * np.random.randn(D, H)
        self.b1 = np.zeros(H)
        self.W2 = 0.01 * np.random.randn(H, C)
        self.b2 = np.zeros(C)

    def forward(self, x):
        self.x = x
        self.h = np.maximum(0, x @ self.W1 + self.b1)
        e = self.h @ self.W2 + self.b2
        e = np.exp(e - e.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, t):
        d = (self.p - t) / len(t)
        self.gW2 = self.h.T @ d
        self.gb2 = d.sum(axis=0)
        d = d @ self.W2.T * (self.h > 0)
        self.gW1 = self.x.T @ d
        self.gb1 = d.sum(axis=0)

    def update(self, lr=0.1):
        self.W1 -= lr * self.gW1
        self.b1 -= lr * self.gb1
        self.W2 -= lr * self.gW2
        self.b2 -= lr * self.gb2
"""


def parts_of(text: str, *edit: str) -> list[Part]:
    if edit:
        assert text.count(edit[0]) == 1
        text = text.replace(*edit)
    return examine(Source(Path("net.py"), text), Wishes()).parts


def wrong_in(text: str, *edit: str) -> list[str]:
    return [f.explanation for part in parts_of(text, *edit) for f in part.diagnosis.findings if f.verdict == "mistake"]


@pytest.mark.parametrize("text", [PER_SAMPLE, STEPPED])
def test_right_callers_are_not_accused(text: str) -> None:
    assert wrong_in(text) == []


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (("sW[l] += gW[l]", "sW[l] = gW[l]"), "last_sample_only"),
        (("self.b[l] -= lr * sb[l] / len(X)", "self.b[l] -= lr * sb[l]"), "bias_sum_weights_mean"),
        (("self.W[l] -= lr * sW[l] / len(X)", "self.W[l] += lr * sW[l] / len(X)"), "update_sign"),
    ],
)
def test_a_caller_that_adds_up_samples_is_judged(edit: tuple[str, str], key: str) -> None:
    parts = parts_of(PER_SAMPLE, *edit)
    assert key in wrong_in(PER_SAMPLE, *edit)
    assert parts[0].diagnosis.verdict == "right"
    assert any("train_batch" in part.name for part in parts[1:])


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (("self.W2 -= lr * self.gW2", "self.W2 += lr * self.gW2"), "update_sign"),
        (("        self.W1 -= lr * self.gW1\n", "        self.W1 -= 2 * lr * self.gW1\n"), "updated_twice"),
        (("        self.b1 -= lr * self.gb1\n", ""), "tensor_never_moves"),
    ],
)
def test_a_separate_update_is_judged(edit: tuple[str, str], key: str) -> None:
    assert key in wrong_in(STEPPED, *edit)


def test_a_net_that_starts_at_zero_is_told_and_a_small_start_is_not() -> None:
    zeros = STEPPED.replace("0.01 * np.random.randn(D, H)", "np.zeros((D, H))")
    assert wrong_in(zeros.replace("0.01 * np.random.randn(H, C)", "np.zeros((H, C))")) == ["init_zero"]
    assert wrong_in(zeros) == []  # the other layer tells the units apart
    assert wrong_in(STEPPED, "0.01 * np.random.randn(D, H)", "np.random.rand(D, H) - 0.5") == []


def step_of(c: np.ndarray, N: int, seed: int, inputs: int = 11) -> CallerStep:
    rng = np.random.default_rng(seed)
    samples = [{"W1": rng.standard_normal((inputs, 4)), "b1": rng.standard_normal(4)} for _ in range(N)]
    step = {n: sum(ck * s[n] for ck, s in zip(c, samples, strict=True)) for n in ("W1", "b1")}
    return CallerStep(step, samples, step, inputs, 4)


@pytest.mark.parametrize(
    ("coefficients", "key"),
    [
        (lambda N: np.ones(N), ""),
        (lambda N: np.ones(N) / N, ""),
        (lambda N: 0.1 * np.ones(N), ""),
        (lambda N: np.eye(N)[-1], "last_sample_only"),
        (lambda N: np.eye(N)[0], "first_sample_only"),
        (lambda N: np.arange(N, 0, -1) / N, "updated_inside_sum"),
        (lambda N: -np.ones(N), "optimizer_climbs"),
        (lambda N: np.ones(N) / N**2, "one_over_n_twice"),
        (lambda N: np.linspace(0.1, 1, N) ** 2, ""),
    ],
)
def test_the_weights_of_the_samples_tell_the_mistake(coefficients: object, key: str) -> None:
    assert callable(coefficients)
    steps = [step_of(coefficients(N), N, N) for N in (5, 7)]
    found = diagnose_caller(steps, "batch()", "backprop()", has_memory=True).findings
    assert [f.explanation for f in found] == ([key] if key else [])
    assert not found or "batch()" in found[0].symptom


def test_sums_that_are_not_cleared_show_in_the_second_call() -> None:
    steps = [step_of(np.ones(N), N, N) for N in (5, 7)]
    steps = [CallerStep(s.step, s.samples, {n: 2 * v for n, v in s.step.items()}, 11, 4) for s in steps]
    assert [f.explanation for f in diagnose_caller(steps, "a()", "b()", has_memory=False).findings] == ["never_cleared"]
    assert diagnose_caller(steps, "a()", "b()", has_memory=True).findings == ()


def test_a_step_that_is_no_sum_of_gradients_is_left_alone() -> None:
    steps = [step_of(np.ones(N), N, N) for N in (5, 7)]
    steps = [CallerStep({n: np.sign(v) for n, v in s.step.items()}, s.samples, {}, 11, 4) for s in steps]
    assert diagnose_caller(steps, "adam()", "b()", has_memory=True).findings == ()
