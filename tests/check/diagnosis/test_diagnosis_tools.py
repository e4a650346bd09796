"""Helper functions as students write them: measuring, data, initialisation, their own checker."""

import numpy as np
import pytest

from handgrad.check.diagnosis import diagnose_tool

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
        ("initialize", lambda D, M: {"W": RNG.standard_normal((int(D), int(M)))}, "init_too_large"),
        ("normalize", lambda x: x.astype(float), "pixels_not_scaled"),
        ("normalize", lambda x: x // 255, "pixels_integer_division"),
        ("normalize", lambda x: x / 255.0 / 255.0, "pixels_scaled_twice"),
        ("shuffle", apart, "labels_shuffled_apart"),
        ("batch", lambda x, n: x[np.random.default_rng(3).integers(len(x), size=8)], "same_batch_again"),
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
        ("batch", lambda x, n: x[RNG.integers(len(x), size=8)]),
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
