"""Names that say nothing, weights in one vector, functions and pairs as arguments, and what is left unread."""

import ast
from pathlib import Path

import numpy as np
import pytest

from handgrad.check.reading.batches import Form
from handgrad.check.reading.examine import Examined, examine
from handgrad.check.reading.naming.rename import named_program
from handgrad.check.reading.packed import call_packed, packed_program
from handgrad.check.reading.program import load_program
from handgrad.check.reading.source import NotReadError, read_source
from handgrad.check.reading.wishes import Wishes

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

NAMELESS = """
import numpy as np
def q1(u, v, w):
    return {"A": np.random.randn(u, v), "a": np.zeros(v), "B": np.random.randn(v, w), "b": np.zeros(w)}
def q2(d, e):
    h = np.tanh(e @ d["A"] + d["a"])
    z = h @ d["B"] + d["b"]
    k = np.exp(z - z.max(axis=1, keepdims=True))
    return h, k / k.sum(axis=1, keepdims=True)
def q3(r, s):
    return -np.mean(np.sum(s * np.log(r), axis=1))
def q4(d, e, s):
    h, r = q2(d, e)
    j = (r - s) / len(e)
    i = (j @ d["B"].T) * (1 - h ** 2)
    return {"A": e.T @ i, "a": i.sum(axis=0), "B": h.T @ j, "b": j.sum(axis=0)}
"""

ROLLED = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def cost(theta, n_in, n_hidden, n_out, X, y):
    m = len(X)
    T1 = theta[: n_hidden * (n_in + 1)].reshape(n_hidden, n_in + 1)
    T2 = theta[n_hidden * (n_in + 1):].reshape(n_out, n_hidden + 1)
    a1 = np.hstack([np.ones((m, 1)), X])
    a2 = np.hstack([np.ones((m, 1)), sigmoid(a1 @ T1.T)])
    p = sigmoid(a2 @ T2.T)
    t = np.eye(n_out)[y]
    J = -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / m
    d3 = (p - t) / m
    d2 = (d3 @ T2[:, 1:]) * a2[:, 1:] * (1 - a2[:, 1:])
    return J, np.concatenate([(d2.T @ a1).ravel(), (d3.T @ a2).ravel()])
"""

HANDED = """
import numpy as np
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def init(n_in, n_hidden, n_out):
    return [(np.random.randn(n_in, n_hidden), np.zeros(n_hidden)), (np.random.randn(n_hidden, n_out), np.zeros(n_out))]
def forward(params, x):
    (w1, b1), (w2, b2) = params
    h = np.tanh(x @ w1 + b1)
    return h, softmax(h @ w2 + b2)
def gradients(params, batch, forward_func):
    x, t = batch
    (w1, b1), (w2, b2) = params
    h, p = forward_func(params, x)
    d2 = (p - t) / len(x)
    d1 = (d2 @ w2.T) * (1 - h ** 2)
    return [(x.T @ d1, d1.sum(axis=0)), (h.T @ d2, d2.sum(axis=0))]
"""

PIECES = """
import numpy as np
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def work(state, cube, other):
    first = cube @ state.one.T
    second = np.tanh(first) @ state.two
    return other.T @ second + cube.T @ first
"""


def checked(folder: Path, text: str) -> Examined:
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    return examine(read_source(path), Wishes())


@pytest.mark.parametrize("text", [NAMELESS, ROLLED, HANDED], ids=["nameless", "rolled", "handed"])
def test_right_ones_are_read(tmp_path: Path, text: str) -> None:
    nets = [part for part in checked(tmp_path, text).parts if part.kind == "net"]
    assert [part.diagnosis.verdict for part in nets] == ["right"]
    assert {"W1", "b1", "W2", "b2"} <= {line.tensor for line in nets[0].diagnosis.lines}


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (NAMELESS, " * (1 - h ** 2)", "", "slope_missing"),
        (ROLLED, " * a2[:, 1:] * (1 - a2[:, 1:])", "", "slope_missing"),
        (HANDED, "(1 - h ** 2)", "(1 - h)", "half_of_slope"),
    ],
)
def test_mistakes_in_them_are_named(tmp_path: Path, text: str, old: str, new: str, expected: str) -> None:
    assert old in text
    found = checked(tmp_path, text.replace(old, new))
    assert expected in [f.explanation for part in found.parts for f in part.diagnosis.findings]


def test_the_author_reads_his_own_names(tmp_path: Path) -> None:
    part = checked(tmp_path, NAMELESS).parts[0]
    assert part.name == "q4"
    assert any("q4()" in line and "backward" not in line for line in part.said)


def test_telling_names_are_given_by_use_and_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(NAMELESS, encoding="utf-8")
    program = load_program(read_source(path))
    named = named_program(program)
    assert named is not None
    assert list(named.functions) == ["initialize_parameters", "forward", "compute_loss", "backward"]
    assert named.functions["backward"].parameters == ("params", "X", "y")
    assert named.functions["backward"].node.lineno == program.functions["q4"].node.lineno
    assert named.own_names["X"] == "e"


def test_a_vector_of_weights_is_cut_and_joined() -> None:
    W1, W2 = np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2)

    def function(theta: np.ndarray, n: int, rows: list[int]) -> tuple[float, np.ndarray]:
        assert (n, rows) == (2, [2])
        return float(theta.sum()), 2 * theta

    axes = [[("", -1, 0), ("n", -1, 1)], [("rows", 0, 0), ("", -1, 0)]]
    value = call_packed(function, {}, "theta", [W1, W2], axes, "C")
    assert value[0] == W1.sum() + W2.sum()
    np.testing.assert_array_equal(value[1], 2 * W1)
    np.testing.assert_array_equal(value[2], 2 * W2)


def test_functions_without_a_packed_argument_stay(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(HANDED, encoding="utf-8")
    assert packed_program(load_program(read_source(path))) is None
    path.write_text(ROLLED, encoding="utf-8")
    packed = packed_program(load_program(read_source(path)))
    assert packed is not None
    assert packed.functions["cost"].parameters == ("W1", "W2", "X", "y")


def test_images_may_come_with_a_one() -> None:
    batch = Form("rows", "onehot", "first").batches(np.full((2, 3), 5.0), np.eye(2))[0]
    np.testing.assert_array_equal(batch.x, [[1, 5, 5, 5], [1, 5, 5, 5]])


def test_right_helpers_do_not_make_an_unread_net_right(tmp_path: Path) -> None:
    with pytest.raises(NotReadError, match="no backward pass was found"):
        checked(tmp_path, PIECES)
    helpers = ast.unparse(ast.parse(PIECES).body[1])
    found = checked(tmp_path, f"import numpy as np\n{helpers}\n")
    assert [part.diagnosis.verdict for part in found.parts] == ["right"]
