"""The diagnosis of the other functions of a program: measuring, data, initialisation, its own gradient checker.

What `call` is given, by kind (arguments in this order; the reader reorders them for the program):

accuracy (outputs (N, P), one-hot t (N, P), class numbers (N,): the reader passes what the program takes) · softmax
(z (N, P)) · one_hot (labels (N,), classes) · initialize (D, M) · normalize (pixels (N, D), bytes) · shuffle (x (N, D),
labels (N,)) → both · batch (x (N, D), labels (N,)) → a batch's x · keep (W) → the copy that is kept · evaluate
(x (N, D)) → anything · gradient_checker (θ (n,)) → the difference quotients of f(θ) = Σ θ³.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.model import softmax
from handgrad.check.diagnosis.texts import finding, introduced
from handgrad.check.subject import Diagnosis, TensorVerdict, ToolSubject
from handgrad.kernels.types import Array

_CLOSE = 1e-6
Found = tuple[str, str]  # the explanation's key and its detail; ("", "") for right
UNKNOWN = ("unexplained", "")
_CONVENTIONS = {
    "accuracy_in_percent",
    "accuracy_is_count",
    "one_hot_columns",
    "checker_one_sided",
    "init_same_each_call",
    "exp_overflow",
}


def diagnose_tool(subject: ToolSubject, seed: int = 20243) -> Diagnosis:
    """Whether a helper function does what its name says, and if not, what it does instead.

    Args:
        subject: the function; its kind is one of those listed in this module's text.
        seed: of what it is given.

    Raises:
        ValueError: for a kind that there is no check of.

    >>> class Accuracy:
    ...     kind = "accuracy"
    ...
    ...     def call(self, outputs, targets, labels):
    ...         return (outputs.argmax(0) == targets.argmax(0)).mean()
    >>> diagnose_tool(Accuracy()).findings[0].explanation
    'accuracy_axis_0'
    """
    if subject.kind not in _CHECKS:
        raise ValueError(f"no check for functions of kind {subject.kind!r}; there are {', '.join(sorted(_CHECKS))}")
    with np.errstate(all="ignore"):
        key, detail = _CHECKS[subject.kind](subject, np.random.default_rng(seed))
    convention = key in _CONVENTIONS
    line = TensorVerdict(subject.kind, (), 0.0, not key or convention, "")
    if not key:
        return Diagnosis((line,), ())
    known = key != UNKNOWN[0]
    verdict = "convention" if convention else "mistake" if known else "undecided"
    item = Item(key if known else "", (subject.kind,), None, detail)
    made = finding(item, verdict, {"kind": subject.kind, "l": "", "h": "", "f": ""}, (), "unexplained_tool")
    return Diagnosis((line,), (introduced(made, "tool"),))


def _number(value: object) -> float:
    return float(np.asarray(value, float).reshape(-1)[0])


def _accuracy(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """Against every way to count wrongly, on batches where they all differ."""
    ways: dict[str, Callable[[Array, Array], float]] = {
        "": lambda p, t: float((p.argmax(1) == t.argmax(1)).mean()),
        "accuracy_in_percent": lambda p, t: 100 * float((p.argmax(1) == t.argmax(1)).mean()),
        "accuracy_is_count": lambda p, t: float((p.argmax(1) == t.argmax(1)).sum()),
        "accuracy_is_error": lambda p, t: float((p.argmax(1) != t.argmax(1)).mean()),
        "accuracy_all_pairs": lambda p, t: float((p.argmax(1)[:, None] == t.argmax(1)).mean()),
        "accuracy_all_pairs_sum": lambda p, t: float((p.argmax(1)[:, None] == t.argmax(1)).sum() / len(p)),
        "accuracy_axis_0": lambda p, t: float((p.argmax(0) == t.argmax(0)).mean()),
        "accuracy_axis_0_sum": lambda p, t: float((p.argmax(0) == t.argmax(0)).sum() / len(p)),
        "accuracy_flat": lambda p, t: float(p.argmax() == t.argmax()),
        "accuracy_counts_entries": lambda p, t: float(((p > 0.5) == (t > 0.5)).mean()),
        "accuracy_counts_entries_argmax": lambda p, t: float((np.eye(p.shape[1])[p.argmax(1)] == t).mean()),
        "accuracy_exact": lambda p, t: float((p == t).all(axis=1).mean()),
        "accuracy_over_classes": lambda p, t: float((p.argmax(1) == t.argmax(1)).sum() / p.shape[1]),
        "accuracy_smallest": lambda p, t: float((p.argmin(1) == t.argmax(1)).mean()),
    }
    answers = []
    for N, P in ((23, 5), (31, 4), (17, 6)):
        t = np.eye(P)[rng.integers(P, size=N)]
        p = softmax(2.0 * t * rng.random((N, 1)) + rng.standard_normal((N, P)))
        answers.append((p, t, _number(subject.call(p, t, t.argmax(1)))))
    for key, way in ways.items():
        if all(abs(way(p, t) - value) < _CLOSE * max(1.0, abs(value)) for p, t, value in answers):
            return key.removesuffix("_sum").removesuffix("_argmax"), ""
    return UNKNOWN


def _softmax(subject: ToolSubject, rng: np.random.Generator) -> Found:
    z = rng.standard_normal((5, 3))
    given = np.asarray(subject.call(z.copy()), float)
    for key, made in (
        ("", softmax(z)),
        ("softmax_axis_0", softmax(z.T).T),
        ("softmax_whole_array", softmax(z.reshape(1, -1)).reshape(z.shape)),
        ("softmax_twice", softmax(softmax(z))),
        ("softmax_not_normalised", np.exp(z)),
        ("softmax_not_normalised", np.exp(z - z.max(axis=1, keepdims=True))),
        ("softmax_not_normalised", z / z.sum(axis=1, keepdims=True)),
    ):
        if relative(given, made) < 1e-5:
            large = np.asarray(subject.call(1500.0 * z), float)
            return ("exp_overflow", "") if not key and not np.isfinite(large).all() else (key, "")
    return UNKNOWN


def _one_hot(subject: ToolSubject, rng: np.random.Generator) -> Found:
    labels, P = np.array([2, 0, 4, 1, 3, 2, 2]), 5
    given = np.asarray(subject.call(labels, np.asarray(P)), float)
    right = np.eye(P)[labels]
    rows = (("", right), ("one_hot_columns", right.T), ("labels_off_by_one", np.roll(right, 1, 1)))
    for key, made in (*rows, ("labels_off_by_one", np.roll(right, -1, 1))):
        if given.shape == made.shape and np.array_equal(given, made):
            return key, ""
    if given.shape[-1] == P + 1 and np.array_equal(given[:, 1:], right):
        return "labels_off_by_one", "a column too many"
    return UNKNOWN


def _initialize(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """The spread of the values, and how it goes down with the number of inputs."""
    small, large, again = (_values(subject, D) for D in (100, 400, 400))
    spread = float(large.std())
    if not large.any():
        return "init_zero", ""
    if spread < 1e-12:
        return "init_constant", f"{float(large.flat[0]):.3g}"
    if large.min() >= 0 or large.max() <= 0:
        return "init_positive", f"mean {float(large.mean()):.2g}"
    falls = float(small.std()) / spread
    if abs(falls - 4.0) < 0.6:  # σ like 1/D: a variance where a standard deviation belongs
        return "variance_as_sigma", f"{spread:.2g}"
    if spread > 0.5:
        return "init_too_large", f"{spread:.2g}"
    if np.array_equal(large, again):
        return "init_same_each_call", ""
    return "", ""


def _values(subject: ToolSubject, D: int) -> Array:
    made = subject.call(np.asarray(D), np.asarray(60))
    if isinstance(made, tuple | list):
        made = max((np.asarray(part, float) for part in made), key=np.size)
    if isinstance(made, dict):
        made = max((np.asarray(part, float) for part in made.values()), key=np.size)
    return np.asarray(made, float)


def _normalize(subject: ToolSubject, rng: np.random.Generator) -> Found:
    pixels = rng.integers(0, 256, (20, 30)).astype(np.uint8)
    pixels[0, :3] = 0, 255, 128
    given = np.asarray(subject.call(pixels.copy()), float)
    if np.array_equal(given, pixels):
        return "pixels_not_scaled", ""
    if not np.any(given % 1.0):
        return "pixels_integer_division", ""
    if float(np.abs(given).max()) < 0.02:
        return "pixels_scaled_twice", f"{float(np.abs(given).max()):.2g}"
    if float(np.abs(given).max()) > 20:
        return "pixels_not_scaled", f"up to {float(np.abs(given).max()):.3g}"
    return "", ""


def _shuffle(subject: ToolSubject, rng: np.random.Generator) -> Found:
    labels = np.arange(40)
    x = labels[:, None] + np.zeros((40, 3))
    made = subject.call(x.copy(), labels.copy())
    if not isinstance(made, tuple | list) or len(made) < 2:
        return UNKNOWN
    images, numbers = np.asarray(made[0], float), np.asarray(made[1], float).reshape(-1)
    return ("", "") if np.array_equal(images[:, 0], numbers) else ("labels_shuffled_apart", "")


def _batch(subject: ToolSubject, rng: np.random.Generator) -> Found:
    labels = np.arange(500)
    x = labels[:, None] + np.zeros((500, 3))
    first, second = (np.asarray(subject.call(x.copy(), labels.copy()), float) for _ in range(2))
    return ("same_batch_again", "") if np.array_equal(first, second) else ("", "")


def _keep(subject: ToolSubject, rng: np.random.Generator) -> Found:
    W = rng.standard_normal((4, 3))
    kept, before = subject.call(W), W.copy()
    W += 1.0
    return ("", "") if np.array_equal(np.asarray(kept, float), before) else ("best_kept_by_reference", "")


def _evaluate(subject: ToolSubject, rng: np.random.Generator) -> Found:
    x = rng.standard_normal((12, 6))
    first = np.asarray(subject.call(x.copy()), float)
    alone = np.asarray(subject.call(x.copy()), float)
    return ("", "") if np.allclose(first, alone, rtol=1e-6) else ("active_at_test", "")


def _checker(subject: ToolSubject, rng: np.random.Generator) -> Found:
    theta = rng.uniform(0.5, 1.5, 6)
    right = 3 * theta**2
    given = np.asarray(subject.call(theta.copy()), float).reshape(-1)
    if given.shape != right.shape:
        return UNKNOWN
    if not given.any():
        return "checker_no_steps", ""
    off = relative(given, right)
    if off < 1e-6:
        return "", ""
    for factor, key in ((2.0, "checker_half_step"), (0.5, "checker_half_step")):
        if relative(given, factor * right) < 1e-3:
            return key, f"{factor:g}"
    if relative(given, np.full_like(right, given.mean())) < 1e-3 or abs(given[0] - right.sum()) < 1e-2 * right.sum():
        return "checker_moves_all", ""
    excess = (given - right) / (3 * theta)  # one-sided: 3θh + h²
    if np.ptp(excess) < 0.05 * abs(excess.mean()) and abs(excess.mean()) > 1e-9:
        return ("checker_one_sided", f"{abs(excess.mean()):.1g}") if off < 1e-3 else ("checker_step_large", "")
    if off > 0.5:
        return "checker_no_steps", ""
    return "checker_float32", f"{off:.1g}"


_CHECKS: dict[str, Callable[[ToolSubject, np.random.Generator], Found]] = {
    "accuracy": _accuracy,
    "softmax": _softmax,
    "one_hot": _one_hot,
    "initialize": _initialize,
    "normalize": _normalize,
    "shuffle": _shuffle,
    "batch": _batch,
    "keep": _keep,
    "evaluate": _evaluate,
    "gradient_checker": _checker,
}
