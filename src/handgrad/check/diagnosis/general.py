"""Beyond the catalogue: the program's δ computed back from dW, and an expression searched for that equals it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, product

import numpy as np

from handgrad.check.diagnosis.model import penalty_slope, sigmoid, slope
from handgrad.check.diagnosis.view import View
from handgrad.kernels.types import Array

_CONDITION = 1e6


def recovered_deltas(views: Sequence[View], l: int, tolerance: float) -> list[Array] | None:
    """δ of layer l from dW = hᵀδ at every probe, or None where dW is no such product.

    With fewer samples than inputs hᵀ has a left inverse, and what it leaves over tells whether dW has that form.
    """
    found = []
    for view in views:
        G, h = view.gradients.get(f"W{l + 1}"), view.trace.h[l]
        if G is None or G.shape != view.trace.W[l].shape or not np.isfinite(G).all() or not G.any():
            return None
        G = G - penalty_slope(view.trace.spec, view.trace.W[l])
        if h.shape[0] >= h.shape[1] or np.linalg.cond(h) > _CONDITION:
            return None
        delta = np.linalg.pinv(h.T) @ G
        if np.linalg.norm(h.T @ delta - G) > max(tolerance, 1e-7) * 10 * np.linalg.norm(G):
            return None
        found.append(delta)
    return found


Term = tuple[str, Callable[[View], Array]]


def explain_output(views: Sequence[View], deltas: Sequence[Array], tolerance: float) -> str | None:
    """The output's δ as a sum of at most two known terms: "2·p − t"; None where there is no such sum."""
    terms: list[Term] = [
        ("p", lambda v: v.trace.p),
        ("t", lambda v: v.trace.t),
        ("p·t", lambda v: v.trace.p * v.trace.t),
        ("p²", lambda v: v.trace.p**2),
        ("p²·t", lambda v: v.trace.p**2 * v.trace.t),
        ("p³", lambda v: v.trace.p**3),
        ("√p", lambda v: np.sqrt(np.abs(v.trace.p))),
        ("z", lambda v: v.trace.z[-1]),
        ("1", lambda v: np.ones_like(v.trace.p)),
        ("t/p", lambda v: v.trace.t / v.trace.p),
        ("log p", lambda v: np.log(np.maximum(np.abs(v.trace.p), 1e-300))),
        ("t·log p", lambda v: v.trace.t * np.log(np.maximum(np.abs(v.trace.p), 1e-300))),
        ("the right δ", lambda v: v.trace.delta[-1] / v.trace.scale),
        ("its sum over the classes", lambda v: _spread(v.trace.delta[-1] / v.trace.scale, 1)),
        ("its sum over the batch", lambda v: _spread(v.trace.delta[-1] / v.trace.scale, 0)),
    ]
    scaled = [delta / view.trace.scale for view, delta in zip(views, deltas, strict=True)]
    return _sum_of(views, scaled, terms, tolerance) or _sum_of(views, list(deltas), terms, tolerance)


def explain_slope(views: Sequence[View], deltas: Sequence[Array], l: int, tolerance: float) -> str | None:
    """The slope that a program multiplied in at a hidden layer, as a sum of at most two known terms: "1 − a"."""
    kind = views[0].trace.spec.activations[l]

    def came_back(view: View) -> Array:
        made: Array = view.own[l + 1] @ view.trace.W[l + 1].T
        return made

    terms: list[Term] = [
        ("1", lambda v: came_back(v)),
        ("a", lambda v: came_back(v) * v.trace.h[l + 1]),
        ("a²", lambda v: came_back(v) * v.trace.h[l + 1] ** 2),
        ("a³", lambda v: came_back(v) * v.trace.h[l + 1] ** 3),
        ("z", lambda v: came_back(v) * v.trace.z[l]),
        ("z·a", lambda v: came_back(v) * v.trace.z[l] * v.trace.h[l + 1]),
        ("z²", lambda v: came_back(v) * v.trace.z[l] ** 2),
        ("eᶻ", lambda v: came_back(v) * np.exp(v.trace.z[l])),
        ("tanh z", lambda v: came_back(v) * np.tanh(v.trace.z[l])),
        ("e⁻ᶻ", lambda v: came_back(v) * np.exp(-v.trace.z[l])),
        ("1[z > 0]", lambda v: came_back(v) * (v.trace.z[l] > 0)),
        ("|z|", lambda v: came_back(v) * np.abs(v.trace.z[l])),
        ("σ(z)", lambda v: came_back(v) * sigmoid(v.trace.z[l])),
        ("f′(z)", lambda v: came_back(v) * slope(kind, v.trace.z[l], v.trace.forward.leak)),
        ("f′(z)²", lambda v: came_back(v) * slope(kind, v.trace.z[l], v.trace.forward.leak) ** 2),
        ("f′(z)·1[δ > 0]", lambda v: came_back(v) * slope(kind, v.trace.z[l]) * (came_back(v) > 0)),
        ("b", lambda v: came_back(v) * v.trace.b[l]),
    ]
    return _sum_of(views, list(deltas), terms, tolerance)


def explain_product(views: Sequence[View], name: str, tolerance: float) -> str | None:
    """dW as Aᵀ B of two known arrays, whatever they are: "z₁ᵀ (p − t)"; None where there is no such pair."""
    l = int(name[1:]) - 1
    left, right = _pool(views[0], l, 0), _pool(views[0], l, 1)
    pairs = [*product(left, right), *product(_moved(left), right), *product(left, _moved(right))]
    for (left_name, A), (right_name, B) in pairs:
        if all(_is_product(v, name, A, B, tolerance) for v in views):
            return f"{left_name}ᵀ · {right_name}" if " " not in right_name else f"{left_name}ᵀ · ({right_name})"
    return None


def _moved(terms: Sequence[Term]) -> list[Term]:
    return [moved for name, make in terms for moved in _columns_moved(name, make)]


def _pool(view: View, l: int, axis: int) -> list[Term]:
    """Known arrays with as many columns as W has rows (axis 0) or columns (axis 1)."""
    tr = view.trace
    terms: list[Term] = [("x", lambda v: v.trace.x), ("p", lambda v: v.trace.p), ("t", lambda v: v.trace.t)]
    terms.append(("p − t", lambda v: v.trace.p - v.trace.t))
    for j in range(tr.depth):
        terms += _of_layer(j, tr.depth)
    wide = tr.W[l].shape[axis]
    return [term for term in terms if term[1](view).shape[1] == wide]


def _of_layer(j: int, depth: int) -> list[Term]:
    """What layer j knows."""
    terms: list[Term] = [
        (f"z{j + 1}", lambda v: v.trace.z[j]),
        (f"h{j + 1}", lambda v: v.trace.h[j + 1]),
        (f"f′(z{j + 1})", lambda v: slope(v.trace.spec.activations[j], v.trace.z[j])),
        (f"δ{j + 1}", lambda v: v.own.get(j, v.trace.delta[j])),
    ]
    if j == depth - 1:
        return terms

    def back(v: View) -> Array:
        made: Array = v.own.get(j + 1, v.trace.delta[j + 1]) @ v.trace.W[j + 1].T
        return made

    return [
        *terms,
        (f"δ{j + 2} W{j + 2}ᵀ", back),
        (f"δ{j + 2} W{j + 2}ᵀ · h{j + 1}", lambda v: back(v) * v.trace.h[j + 1]),
        (f"δ{j + 2} W{j + 2}ᵀ · z{j + 1}", lambda v: back(v) * v.trace.z[j]),
        (f"δ{j + 1} · h{j + 1}", lambda v: v.trace.delta[j] * v.trace.h[j + 1]),
    ]


def _columns_moved(name: str, make: Callable[[View], Array]) -> list[Term]:
    return [
        (f"{name} (columns shifted)", lambda v: np.roll(make(v), 1, axis=1)),
        (f"{name} (columns reversed)", lambda v: make(v)[:, ::-1]),
        (f"{name} (its sum over the columns)", lambda v: _spread(make(v), 1)),
        (f"{name} (its sum over the batch)", lambda v: _spread(make(v), 0)),
        (f"{name} (magnitudes)", lambda v: np.abs(make(v))),
    ]


def _is_product(
    view: View, name: str, A: Callable[[View], Array], B: Callable[[View], Array], tolerance: float
) -> bool:
    G, made = view.gradients.get(name), A(view).T @ B(view)
    if G is None or G.shape != made.shape:
        return False
    G = G - penalty_slope(view.trace.spec, view.trace.W[int(name[1:]) - 1])
    ab, aa, bb = float((G * made).sum()), float((G * G).sum()), float((made * made).sum())
    return aa > 0 and bb > 0 and 1 - ab * ab / (aa * bb) < max(tolerance, 1e-6) ** 2 * 4 + 1e-13


def _spread(values: Array, axis: int) -> Array:
    return np.broadcast_to(values.sum(axis=axis, keepdims=True), values.shape)


def _sum_of(views: Sequence[View], goals: Sequence[Array], terms: Sequence[Term], tolerance: float) -> str | None:
    """The smallest set of terms, one or two, whose multiples (the same at every probe) add up to the goals."""
    with np.errstate(all="ignore"):
        columns = [np.concatenate([make(view).ravel() for view in views]) for _, make in terms]
    goal = np.concatenate([g.ravel() for g in goals])
    size = float(np.linalg.norm(goal))
    if size == 0.0:
        return None
    for count in (1, 2):
        for chosen in combinations(range(len(terms)), count):
            matrix = np.stack([columns[i] for i in chosen], axis=1)
            if not np.isfinite(matrix).all() or not matrix.any(axis=0).all():
                continue
            solved = np.linalg.lstsq(matrix, goal, rcond=None)[0]
            if np.linalg.norm(matrix @ solved - goal) <= max(tolerance, 1e-6) * 10 * size and np.all(
                np.abs(solved) > 1e-4
            ):
                return _words(list(solved), [terms[i][0] for i in chosen])
    return None


def _words(factors: list[float], names: list[str]) -> str:
    parts = []
    for factor, name in zip(factors, names, strict=True):
        size = abs(factor)
        number = f"{size:.4g}" if abs(size - 1) > 1e-4 else ""
        word = number if name == "1" and number else name if not number else f"{number}·{name}"
        parts.append(("− " if factor < 0 else "+ ") + word)
    return " ".join(parts).removeprefix("+ ")
