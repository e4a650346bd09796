"""Functions that measure: accuracy and error of classes, of one output, of the best k, and tables of confusion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.check.diagnosis.model import softmax
from handgrad.check.diagnosis.tools.found import CLOSE, RIGHT, UNKNOWN, Found, number
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

Way = Callable[[Array, Array], float]


def _hits(p: Array, t: Array) -> Array:
    return np.asarray(p.argmax(1) == t.argmax(1))


def _agreement(a: Array, b: Array, divided: bool) -> float:
    """Of arrays that need not be of one length: the longer one is cut, as people do when NumPy complains."""
    n = min(len(a), len(b))
    hits = int((a[:n] == b[:n]).sum())
    return hits / n if divided else float(hits)


_SHARES: dict[str, Way] = {
    "": lambda p, t: float(_hits(p, t).mean()),
    "accuracy_all_pairs": lambda p, t: float((p.argmax(1)[:, None] == t.argmax(1)).mean()),
    "accuracy_all_pairs_sum": lambda p, t: float((p.argmax(1)[:, None] == t.argmax(1)).sum() / len(p)),
    "accuracy_axis_0": lambda p, t: _agreement(p.argmax(0), t.argmax(0), True),
    "accuracy_axis_0_sum": lambda p, t: _agreement(p.argmax(0), t.argmax(0), False) / len(p),
    "accuracy_axis_0_cut": lambda p, t: _agreement(p.argmax(0), t.argmax(1), True),
    "accuracy_axis_0_cut_sum": lambda p, t: _agreement(p.argmax(0), t.argmax(1), False) / len(p),
    "accuracy_flat": lambda p, t: float(p.argmax() == t.argmax()),
    "accuracy_flat_labels": lambda p, t: float((p.argmax() == t.argmax(1)).mean()),
    "accuracy_counts_entries": lambda p, t: float(((p > 0.5) == (t > 0.5)).mean()),
    "accuracy_counts_entries_sum": lambda p, t: float(((p > 0.5) == (t > 0.5)).sum() / len(p)),
    "accuracy_counts_entries_argmax": lambda p, t: float((np.eye(p.shape[1])[p.argmax(1)] == t).mean()),
    "accuracy_exact": lambda p, t: float((p == t).all(axis=1).mean()),
    "accuracy_exact_entries": lambda p, t: float((p == t).mean()),
    "accuracy_over_classes": lambda p, t: float(_hits(p, t).sum() / p.shape[1]),
    "accuracy_over_entries": lambda p, t: float(_hits(p, t).sum() / p.size),
    "accuracy_smallest": lambda p, t: float((p.argmin(1) == t.argmax(1)).mean()),
    "accuracy_off_by_one": lambda p, t: float((p.argmax(1) + 1 == t.argmax(1)).mean()),
    "accuracy_off_by_one_down": lambda p, t: float((p.argmax(1) - 1 == t.argmax(1)).mean()),
}
_SUFFIXES = ("_sum", "_argmax", "_cut", "_labels", "_entries", "_down")
_WHOLE = {"accuracy_counts_entries", "accuracy_over_entries"}


def _key(way: str) -> str:
    while way not in _WHOLE and way.endswith(_SUFFIXES):
        way = way[: way.rindex("_")]
    return way


def _batches(rng: np.random.Generator) -> list[tuple[Array, Array]]:
    """Probabilities and one-hot targets, some probabilities hard: every way of counting differs."""
    made = []
    for N, P in ((23, 5), (31, 4), (17, 6)):
        t = np.eye(P)[rng.integers(P, size=N)]
        p = softmax(2.0 * t * rng.random((N, 1)) + rng.standard_normal((N, P)))
        p[:3], p[3] = t[:3], np.roll(t[3], 1)
        made.append((p, t))
    return made


def _fits(values: list[float], wanted: list[float]) -> bool:
    return all(abs(a - b) < CLOSE * max(1.0, abs(b)) for a, b in zip(values, wanted, strict=True))


def accuracy(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """Against every way to count wrongly, on batches where they all differ."""
    batches = _batches(rng)
    return _share_of_right([number(subject.call(p.copy(), t.copy(), t.argmax(1))) for p, t in batches], batches)


def accuracy_of_net(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(number of the batch)` → (outputs (N, P), targets (N, P), value), the net's own outputs."""
    values, batches = _of_net(subject)
    found = _share_of_right(values, batches)
    return UNKNOWN if found[0] == "accuracy_flat" else found  # it may be meant for one image


def error_rate_of_net(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """As `accuracy_of_net`."""
    values, batches = _of_net(subject)
    found = _share_of_wrong(values, batches)
    return UNKNOWN if found[0] == "accuracy_flat" else found


def predictions_of_net(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """Classes, one-hot rows or the outputs themselves; only an argmax over the images is certainly wrong."""
    for number_of_batch in range(3):
        answer: Any = subject.call(np.asarray(number_of_batch))
        p, value = np.asarray(answer[0]), np.squeeze(np.asarray(answer[2], float))
        if value.shape != (p.shape[1],) or not np.array_equal(value, p.argmax(0)):
            return RIGHT
    return "accuracy_axis_0", ""


def _of_net(subject: ToolSubject) -> tuple[list[float], list[tuple[Array, Array]]]:
    answers: list[Any] = [subject.call(np.asarray(i)) for i in range(3)]
    return [number(value) for _, _, value in answers], [(np.asarray(p), np.asarray(t)) for p, t, _ in answers]


def _share_of_right(values: list[float], batches: list[tuple[Array, Array]]) -> Found:
    shares = {way: [f(p, t) for p, t in batches] for way, f in _SHARES.items()}
    counts = [float(_hits(p, t).sum()) for p, t in batches]
    if _fits(values, shares[""]):
        return RIGHT
    if _fits(values, [100 * s for s in shares[""]]):
        return "accuracy_in_percent", ""
    if _fits(values, counts):
        return "accuracy_is_count", ""
    if any(_fits(values, [k * (1 - s) for s in shares[""]]) for k in (1, 100)):
        return "accuracy_is_error", ""
    if _fits(values, [float(int(s)) for s in shares[""]]) and not _fits(values, shares["accuracy_exact"]):
        return "accuracy_integer_division", ""
    return _counted_wrongly(values, shares, invert=False)


def _counted_wrongly(values: list[float], shares: dict[str, list[float]], *, invert: bool) -> Found:
    for way, share in shares.items():
        wanted = [1 - s for s in share] if invert else share
        if way and any(_fits(values, [k * w for w in wanted]) for k in (1, 100)):
            return _key(way), ""
    return UNKNOWN


def error_rate(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """The share of wrong predictions, or one minus any of the ways to count wrongly."""
    batches = _batches(rng)
    return _share_of_wrong([number(subject.call(p.copy(), t.copy(), t.argmax(1))) for p, t in batches], batches)


def _share_of_wrong(values: list[float], batches: list[tuple[Array, Array]]) -> Found:
    shares = {way: [f(p, t) for p, t in batches] for way, f in _SHARES.items()}
    wrong = [1 - s for s in shares[""]]
    counts = [float((~_hits(p, t)).sum()) for p, t in batches]
    if any(_fits(values, [k * w for w in wrong]) for k in (1, 100)) or _fits(values, counts):
        return RIGHT
    if any(_fits(values, [k * s for s in shares[""]]) for k in (1, 100)):
        return "error_is_accuracy", ""
    return _counted_wrongly(values, shares, invert=True)


def binary_accuracy(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(p (N,), t (N,))`: one probability a sample, targets 0 and 1."""
    values, right, pairs, classes = [], [], [], []
    for N in (23, 31, 18):
        t = (rng.random(N) < 0.4).astype(float)
        p = np.clip(0.3 * t + 0.7 * rng.random(N), 0.01, 0.99)
        hits = (p > 0.5) == (t > 0.5)
        values.append(number(subject.call(p.copy(), t.copy())))
        right.append(float(hits.mean()))
        pairs.append(float(((p > 0.5)[:, None] == (t > 0.5)).mean()))
        classes.append(float((t == 0).mean()))
    counts = [round(N * r) for N, r in zip((23, 31, 18), right, strict=True)]
    for k, key in ((1, ""), (100, "accuracy_in_percent")):
        if _fits(values, [k * r for r in right]):
            return key, ""
    if _fits(values, [float(c) for c in counts]):
        return "accuracy_is_count", ""
    for k in (1, 100):
        if _fits(values, [k * (1 - r) for r in right]):
            return "accuracy_is_error", ""
        if _fits(values, [k * q for q in pairs]):
            return "accuracy_all_pairs", ""
        if _fits(values, [k * q for q in classes]):
            return "accuracy_argmax_of_one", ""
    return UNKNOWN


def top_k(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(p (N, P), t, labels (N,), k)`."""
    values: list[float] = []
    best: list[float] = []
    worst: list[float] = []
    fewer: list[float] = []
    for N, P in ((23, 7), (31, 8), (17, 9)):
        p, labels, k = softmax(rng.standard_normal((N, P))), rng.integers(P, size=N), 3
        order = np.argsort(p, axis=1)
        values.append(number(subject.call(p.copy(), np.eye(P)[labels], labels.copy(), np.asarray(k))))
        for places, shares in ((order[:, -k:], best), (order[:, :k], worst), (order[:, -k:-1], fewer)):
            shares.append(float((places == labels[:, None]).any(1).mean()))
    for shares, key in ((best, ""), (worst, "top_k_smallest"), (fewer, "top_k_one_short")):
        if any(_fits(values, [k * s for s in shares]) for k in (1, 100)):
            return key, ""
    return UNKNOWN


def confusion(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(labels (N,), predicted (N,), P)`; rows may be the true classes or the predicted ones."""
    found = set()
    for N, P in ((60, 4), (90, 5)):
        labels = np.concatenate([np.arange(P), rng.integers(P, size=N - P)])
        guessed = np.where(rng.random(N) < 0.6, labels, rng.integers(P, size=N))
        right = np.zeros((P, P))
        np.add.at(right, (labels, guessed), 1)
        given = np.asarray(subject.call(labels.copy(), guessed.copy(), np.asarray(P)), float)
        if given.shape[0] > P and given.shape[0] == given.shape[1] and not given[P:].any():
            given = given[:P, :P]
        found.add(_table_key(given, right))
    return found.pop() if len(found) == 1 else UNKNOWN


def _table_key(given: Array, right: Array) -> Found:
    for made in (right, right.T):
        sums = (made.sum(0), made.sum(1, keepdims=True), made.sum())
        if np.array_equal(given, made) or any(np.allclose(given, made / s) for s in sums):
            return RIGHT
        if np.array_equal(given, np.minimum(made, 1)):
            return "confusion_counted_once", ""
        if np.array_equal(given, np.roll(made, (1, 1), (0, 1))) or np.array_equal(given, np.roll(made, -1, 0)):
            return "labels_off_by_one", "the label of another class"
    if np.array_equal(given, np.diag(right.sum(1))):
        return "confusion_of_labels_alone", ""
    return UNKNOWN


def evaluate(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(x (N, D))` twice: whether testing depends on chance."""
    x = rng.standard_normal((12, 6))
    first = np.asarray(subject.call(x.copy()), float)
    again = np.asarray(subject.call(x.copy()), float)
    return RIGHT if np.allclose(first, again, rtol=1e-6) else ("active_at_test", "")
