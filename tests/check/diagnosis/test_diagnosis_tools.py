"""Helper functions as students write them: measuring, data, initialisation, activations, losses, their own checker.

tool_programs/right.txt and wrong.txt hold small programs, `### name thing=… key=…` above each; wrong ones name the
explanation that has to come first.
"""

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from handgrad.check.diagnosis import diagnose_tool
from handgrad.check.diagnosis.texts import all_texts
from handgrad.check.diagnosis.tools.diagnose import CONVENTIONS
from handgrad.check.reading.examine import Examined, examine
from handgrad.check.reading.source import NotReadError, Source
from handgrad.check.reading.wishes import Wishes

PROGRAMS = Path(__file__).parent / "tool_programs"
RNG = np.random.default_rng(0)


class Tool:
    def __init__(self, kind, function):
        self.kind, self.call = kind, function


def checker(*, half=1.0, central=True, dtype=np.float64, restore=True, h=1e-5):
    def numeric(theta):
        theta = theta.astype(dtype)
        made = np.zeros_like(theta)
        h_ = dtype(h)
        for i in range(theta.size):
            old = theta[i]
            theta[i] = old + h_
            up = (theta**3).sum(dtype=dtype)
            theta[i] = old - h_ if central else old
            down = (theta**3).sum(dtype=dtype)
            made[i] = (up - down) / ((2 if central else 1) * half * h_)
            theta[i] = old if restore else theta[i]
        return made

    return numeric


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def apart(x, labels):
    rng = np.random.default_rng(1)
    return x[rng.permutation(len(x))], labels[rng.permutation(len(labels))]


def together(x, labels):
    order = np.random.default_rng(1).permutation(len(x))
    return x[order], labels[order]


@pytest.mark.parametrize(
    ("kind", "function", "key"),
    [
        ("accuracy", lambda p, t, n: (p.argmax(1)[:, None] == t.argmax(1)).mean(), "accuracy_all_pairs"),
        ("accuracy", lambda p, t, n: (p.argmax(0) == t.argmax(0)).mean(), "accuracy_axis_0"),
        ("accuracy", lambda p, t, n: (p.argmax(1) != n).mean(), "accuracy_is_error"),
        ("accuracy", lambda p, t, n: ((p > 0.5) == t).mean(), "accuracy_counts_entries"),
        ("softmax", lambda z: softmax(z, 0), "softmax_axis_0"),
        ("softmax", lambda z: np.exp(z) / np.exp(z).sum(), "softmax_whole_array"),
        ("one_hot", lambda labels, P: np.eye(int(P))[labels - 1], "labels_off_by_one"),
        ("initialize", lambda D, M: np.zeros((int(D), int(M))), "init_zero"),
        ("initialize", lambda D, M: RNG.random((int(D), int(M))) * 0.1, "init_positive"),
        ("initialize", lambda D, M: RNG.normal(0, 2 / D, (int(D), int(M))), "variance_as_sigma"),
        ("normalize", lambda x: x.astype(float), "pixels_not_scaled"),
        ("normalize", lambda x: x // 255, "pixels_integer_division"),
        ("normalize", lambda x: x / 255.0 / 255.0, "pixels_scaled_twice"),
        ("shuffle", apart, "labels_shuffled_apart"),
        ("batch", lambda x, n, size, i: x[np.random.default_rng(3).integers(len(x), size=8)], "same_batch_again"),
        ("keep", lambda W: W, "best_kept_by_reference"),
        ("evaluate", lambda x: x * (RNG.random(x.shape) < 0.5), "active_at_test"),
        ("gradient_checker", checker(dtype=np.float32), "checker_float32"),
        ("gradient_checker", checker(half=0.5), "checker_half_step"),
        ("gradient_checker", checker(h=1e-20), "checker_no_steps"),
    ],
)
def test_a_helpers_mistake_is_named(kind: str, function: object, key: str) -> None:
    diagnosis = diagnose_tool(Tool(kind, function))
    assert [f.explanation for f in diagnosis.findings] == [key]
    assert diagnosis.verdict == "mistake"


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("accuracy", lambda p, t, n: (p.argmax(1) == n).mean()),
        ("softmax", softmax),
        ("one_hot", lambda labels, P: np.eye(int(P))[labels]),
        ("initialize", lambda D, M: RNG.standard_normal((int(D), int(M))) * np.sqrt(2 / D)),
        ("initialize", lambda D, M: 0.01 * RNG.standard_normal((int(M), int(D)))),
        ("initialize", lambda D, M: (RNG.uniform(-1, 1, (int(D), int(M))) / np.sqrt(D), np.zeros(int(M)))),
        ("normalize", lambda x: x / 255.0),
        ("normalize", lambda x: (x - x.mean()) / x.std()),
        ("shuffle", together),
        ("batch", lambda x, n, size, i: x[RNG.integers(len(x), size=8)]),
        ("keep", lambda W: W.copy()),
        ("evaluate", lambda x: x * 0.5),
        ("gradient_checker", checker()),
    ],
)
def test_a_right_helper_is_not_accused(kind: str, function: object) -> None:
    diagnosis = diagnose_tool(Tool(kind, function))
    assert (diagnosis.verdict, diagnosis.findings) == ("right", ())


@pytest.mark.parametrize(
    ("kind", "function", "key"),
    [
        ("accuracy", lambda p, t, n: 100 * (p.argmax(1) == n).mean(), "accuracy_in_percent"),
        ("one_hot", lambda labels, P: np.eye(int(P))[labels].T, "one_hot_columns"),
        ("initialize", lambda D, M: {"W": RNG.standard_normal((int(D), int(M)))}, "init_too_large"),
        ("gradient_checker", checker(central=False), "checker_one_sided"),
        ("softmax", lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True), "exp_overflow"),
    ],
)
def test_a_helpers_convention_is_called_so(kind: str, function: object, key: str) -> None:
    diagnosis = diagnose_tool(Tool(kind, function))
    assert [(f.explanation, f.verdict) for f in diagnosis.findings] == [(key, "convention")]


def test_a_kind_without_a_check_is_refused() -> None:
    with pytest.raises(ValueError, match="there are accuracy"):
        diagnose_tool(Tool("plot", print))


def programs(name):
    parts = re.split(r"^### ", (PROGRAMS / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for part in parts:
        head, code = part.split("\n", 1)
        title, *options = head.split()
        said = dict(option.split("=") for option in options if "=" in option)
        yield pytest.param(f"import numpy as np\n{code}", said.get("thing", ""), said.get("key", ""), id=title)


def checked(code: str, thing: str = "") -> Examined:
    np.random.seed(0)
    return examine(Source(Path("program.py"), code), Wishes(thing=thing))


def mistakes(found: Examined) -> list[str]:
    return [f.explanation for p in found.parts for f in p.diagnosis.findings if f.verdict == "mistake"]


@pytest.mark.parametrize(("code", "thing", "key"), list(programs("right")))
def test_a_right_helper_is_read_by_its_name_and_not_accused(code: str, thing: str, key: str) -> None:
    if thing:
        assert {part.diagnosis.verdict for part in checked(code, thing).parts} == {"right"}
    with suppress(NotReadError):  # a lone function without a name that says what it is for
        assert mistakes(checked(code)) == []


@pytest.mark.parametrize(("code", "thing", "key"), list(programs("wrong")))
def test_a_wrong_helper_is_read_by_its_name_and_explained(code: str, thing: str, key: str) -> None:
    assert mistakes(checked(code, thing))[:1] == [key]


NET = """
import numpy as np
class Net:
    def __init__(self, n_in=784, n_hid=30, n_out=10):
        self.W1, self.b1 = np.random.randn(n_in, n_hid) * 0.1, np.zeros(n_hid)
        self.W2, self.b2 = np.random.randn(n_hid, n_out) * 0.1, np.zeros(n_out)
    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.h = np.maximum(0, self.z1)
        z = self.h @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    def backward(self, X, y):
        p, n = self.forward(X), len(X)
        d = p.copy(); d[np.arange(n), y] -= 1; d /= n
        dh = d @ self.W2.T * (self.z1 > 0)
        return X.T @ dh, dh.sum(axis=0), self.h.T @ d, d.sum(axis=0)
    def loss(self, X, y):
        return -np.mean(np.log(self.forward(X)[np.arange(len(X)), y]))
    def predict(self, X):
        return np.argmax(self.forward(X), axis=1)
    def accuracy(self, X, y):
        return np.mean(self.predict(X) == y)
"""


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("", "", ""),
        ("np.mean(self.predict(X) == y)", "100 * np.sum(self.predict(X) == y) / len(y)", ""),
        ("np.mean(self.predict(X) == y)", "np.mean(self.predict(X).reshape(-1, 1) == y)", "accuracy_all_pairs"),
        ("np.mean(self.predict(X) == y)", "np.sum(self.predict(X) == y) // len(y)", "accuracy_integer_division"),
        ("np.mean(self.predict(X) == y)", "np.mean(self.predict(X) != y)", "accuracy_is_error"),
        ("forward(X), axis=1)", "forward(X), axis=0)", "accuracy_axis_0"),
    ],
)
def test_a_nets_own_measuring_is_judged_after_the_net(old: str, new: str, key: str) -> None:
    found = checked(NET.replace(old, new))
    assert found.parts[0].kind == "net"
    assert found.parts[0].diagnosis.verdict == "right"
    assert mistakes(found) == ([key] if key else [])


LOOP = """
import numpy as np
def train(X, y, W, epochs):
    best = np.inf
    for epoch in range(epochs):
        {order}
        W {update}
        if np.mean((X @ W - y) ** 2) < best:
            best_W = {kept}
    return best_W
"""


@pytest.mark.parametrize(
    ("order", "update", "kept", "key"),
    [
        ("np.random.shuffle(X); np.random.shuffle(y)", "= W - 1", "W", "labels_shuffled_apart"),
        ("np.random.seed(3); i = np.random.choice(len(X), 9); x = X[i]", "= W - 1", "W", "same_batch_again"),
        ("pass", "-= 0.1 * X.T @ (X @ W - y)", "W", "best_kept_by_reference"),
        ("for i in range(9): lr *= 0.9", "= W - 1", "W", "schedule_per_iteration"),
        ("for i in range(9): lr *= 0.9999", "= W - 1", "W", ""),
        ("lr *= 0.9", "= W - 1", "W", ""),
        ("pass", "-= 0.1 * X.T @ (X @ W - y)", "W.copy()", ""),
        ("pass", "= W - 0.1 * X.T @ (X @ W - y)", "W", ""),
        ("np.random.seed(1); np.random.shuffle(X); np.random.seed(1); np.random.shuffle(y)", "= W - 1", "W", ""),
    ],
)
def test_the_text_of_a_loop_shows_some_mistakes(order: str, update: str, kept: str, key: str) -> None:
    from handgrad.check.reading.program import load_program
    from handgrad.check.reading.tools.source import source_signs

    program = load_program(Source(Path("program.py"), LOOP.format(order=order, update=update, kept=kept)))
    assert [sign.key for sign in source_signs(program)] == ([key] if key else [])


def test_every_explanation_of_a_helper_has_texts() -> None:
    keys = set(CONVENTIONS)
    folder = Path(__file__).parents[3] / "src/handgrad/check/diagnosis/tools"
    for source in folder.glob("*.py"):
        keys |= set(re.findall(r'(?:return|\() *"([a-z]+_[a-z_0-9]+)", *["f(]', source.read_text(encoding="utf-8")))
    assert len(keys) > 60
    assert keys - set(all_texts()) == {"leaky_relu", "cross_entropy"}  # names of functions
