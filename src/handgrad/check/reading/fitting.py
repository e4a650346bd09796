"""What a program computes, found by evaluating: activations from its outputs, the loss from its value or last delta."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from handgrad.check.diagnosis.activations import OTHERS
from handgrad.check.diagnosis.model import activate, loss_slope, loss_sum, sigmoid, slope, softmax, through_softmax
from handgrad.check.diagnosis.settle import odd_biases
from handgrad.check.subject import Arrays
from handgrad.kernels.types import Array

HIDDEN = ("relu", "sigmoid", "tanh", "leaky_relu", "identity")
OUTPUT = ("softmax", "sigmoid", "tanh", "relu", "leaky_relu", "identity")
_CLOSE = 2e-4


def relative(a: Array, b: Array) -> float:
    """‖a − b‖ / (‖a‖ + ‖b‖)."""
    size = float(np.linalg.norm(a) + np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / size if size else 0.0


@dataclass(frozen=True)
class FittedForward:
    """Activations, and which array showed them; `exact`: no mistake in the forward pass."""

    activations: tuple[str, ...]
    place: int
    exact: bool


_MIXED = ("relu", "tanh", "sigmoid", "swish", "gelu", "softplus", "elu")  # of two layers that differ


def combinations(layers: int) -> Iterator[tuple[str, ...]]:
    """Hidden activations, all equal first."""
    yield from ((kind,) * (layers - 1) for kind in HIDDEN)
    if 2 < layers <= 4:
        yield from (c for c in product(HIDDEN, repeat=layers - 1) if len(set(c)) > 1)
    if layers > 1:
        yield from ((kind,) * (layers - 1) for kind in OTHERS)
    if layers == 3:
        yield from (c for c in product(_MIXED, repeat=2) if len(set(c)) > 1 and not set(c) <= set(HIDDEN))


def logits(
    parameters: Arrays, x: Array, hidden: Sequence[str], biases: bool = True, factors: Sequence[float] = ()
) -> Array:
    """z of the last layer; `factors` of the biases, where they are not all 1."""
    h = x
    for l, kind in enumerate((*hidden, "identity"), start=1):
        factor = factors[l - 1] if factors else 1.0
        h = h @ parameters[f"W{l}"] + (factor * parameters[f"b{l}"] if biases else 0.0)
        h = activate(kind, h)
    return h


def fit_forward(parameters: Arrays, x: Array, found: Sequence[Array], biases: bool) -> FittedForward | None:
    """The activations that give one of the arrays found, (N, P); outputs that went wrong at the softmax count too."""
    layers = sum(name[0] == "W" for name in parameters)
    if not found:
        return None
    rows = np.stack([np.asarray(a, float).reshape(-1) for a in found])
    norms = np.linalg.norm(rows, axis=1)
    best: tuple[int, FittedForward] | None = None
    with np.errstate(all="ignore"):
        for hidden in combinations(layers):
            z = logits(parameters, x, hidden, biases)
            seen = [k for k in OUTPUT if k not in ("relu", "leaky_relu") or np.any(z < 0)]  # else they are the identity
            made = [(kind, activate(kind, z), True) for kind in seen]
            usual = set(hidden) <= set(HIDDEN)
            odd = [("softmax", values, False) for values in _odd_softmax(z)] if usual else []
            # Wrong probabilities count before right logits; a bare e^z may be a step on the way to log p.
            made = [*made[:-1], *odd[:-3], made[-1], *odd[-3:]] if z.shape[1] > 1 else made[1:]
            for rank, (kind, values, exact) in enumerate(made):
                size = norms + np.linalg.norm(values)
                met = np.flatnonzero(np.linalg.norm(rows - values.reshape(-1), axis=1) < _CLOSE * size)
                if len(met) and (best is None or rank < best[0]):
                    best = rank, FittedForward((*hidden, kind), int(met[0]), exact)
            if best is not None:
                return _closest(parameters, x, rows, best[1], biases)
        return _with_odd_biases(parameters, x, rows, layers) if biases else None


_ALIKE = ("gelu", "gelu_tanh", "gelu_sigmoid")


def _closest(parameters: Arrays, x: Array, rows: Array, found: FittedForward, biases: bool) -> FittedForward:
    """The same with the nearest of those activations that hardly differ from one another."""
    *hidden, last = found.activations
    if not found.exact or not set(hidden) & set(_ALIKE):
        return found
    goal = rows[found.place]

    def distance(chosen: tuple[str, ...]) -> float:
        return relative(activate(last, logits(parameters, x, chosen, biases)).reshape(-1), goal)

    every = product(*(_ALIKE if kind in _ALIKE else (kind,) for kind in hidden))
    return FittedForward((*min(every, key=distance), last), found.place, True)


def _with_odd_biases(parameters: Arrays, x: Array, rows: Array, layers: int) -> FittedForward | None:
    """The same with a bias subtracted or forgotten."""
    norms = np.linalg.norm(rows, axis=1)
    for factors in odd_biases(layers):
        for hidden in ((kind,) * (layers - 1) for kind in HIDDEN):
            z = logits(parameters, x, hidden, True, factors)
            for kind in OUTPUT if z.shape[1] > 1 else OUTPUT[1:]:
                values = activate(kind, z).reshape(-1)
                close = np.linalg.norm(rows - values, axis=1) < _CLOSE * (norms + np.linalg.norm(values))
                if close.any():
                    return FittedForward((*hidden, kind), int(np.flatnonzero(close)[0]), False)
    return None


def _odd_softmax(z: Array) -> list[Array]:
    e, shifted = np.exp(z), np.exp(z - z.max(axis=1, keepdims=True))
    by_class = np.exp(z - z.max(axis=0))
    by_class = by_class / by_class.sum(axis=1, keepdims=True)
    wrong = [softmax(z.T).T, e / e.sum(), softmax(softmax(z)), shifted / shifted.sum(), shifted / shifted.sum(axis=0),
             by_class, z.shape[1] * softmax(z), softmax(-z)]  # fmt: skip
    return [*wrong, e, shifted, sigmoid(z)]


KINDS = {
    "softmax": ("softmax_cross_entropy", "squared_error", "binary_cross_entropy"),
    "sigmoid": ("binary_cross_entropy", "squared_error", "cross_entropy"),
}
_OTHER = ("squared_error",)


def kinds_for(activation: str, outputs: int) -> tuple[str, ...]:
    """Losses that may follow an activation."""
    kinds = KINDS.get(activation, _OTHER)
    if activation == "identity" and outputs > 1:
        return ("squared_error", "softmax_cross_entropy")
    return tuple(k for k in kinds if outputs > 1 or k != "cross_entropy")


def ways_to_divide(samples: int, outputs: int) -> dict[float, tuple[str, float]]:
    """Nice factors of a loss's sum, with their name and what is left."""
    found: dict[float, tuple[str, float]] = {}
    for factor in (1.0, 0.5, 2.0):
        for name, by in (("N", samples), ("none", 1), ("N*P", samples * outputs)):
            found.setdefault(factor / by, (name, factor))
    for factor in (1.0, 0.5, 2.0):
        found.setdefault(factor / outputs, ("none", factor / outputs))
    return found


@dataclass(frozen=True)
class FittedLoss:
    """A loss's kind, divisor and factor; `exact`: its value was met."""

    kind: str
    divided_by: str
    factor: float
    exact: bool
    l2: float = 0.0
    aligned: bool = False  # the last δ is this loss's up to a factor
    sure: bool = False  # it is exactly this loss's


def fit_with_penalty(
    values: tuple[float, float], seen: Sequence[tuple[Array, Array, Array]], squares: Sequence[float], activation: str
) -> FittedLoss | None:
    """The loss whose rest is the same positive multiple of Σ W² at two places, given (p, z, t) of each."""
    outputs = seen[0][2].shape[1]
    for kind in kinds_for(activation, outputs):
        totals = [loss_sum(kind, softmax(z) if kind == "softmax_cross_entropy" else p, t) for p, z, t in seen]
        for factor, (name, rest) in ways_to_divide(*seen[0][2].shape).items():
            c = [
                (value - factor * total) / square for value, total, square in zip(values, totals, squares, strict=True)
            ]
            if np.isfinite(c).all() and c[0] > 1e-7 and abs(c[0] - c[1]) < 2e-3 * c[0]:
                return FittedLoss(kind, name, rest, True, float(2 * c[1]))
    return None


def fit_loss(value: float, p: Array, z: Array, t: Array, activation: str) -> FittedLoss | None:
    """The loss that has this value at these outputs."""
    with np.errstate(all="ignore"):
        for kind in kinds_for(activation, t.shape[1]):
            outputs = softmax(z) if kind == "softmax_cross_entropy" else p
            total = loss_sum(kind, outputs, t)
            for factor, (name, rest) in ways_to_divide(*t.shape).items():
                if np.isfinite(total) and abs(value - factor * total) < 2e-4 * max(abs(value), 1e-9):
                    return FittedLoss(kind, name, rest, True)
    return None


def output_delta(kind: str, activation: str, p: Array, z: Array, t: Array) -> Array:
    """∂(summed loss)/∂z of the last layer."""
    if kind == "softmax_cross_entropy":
        return softmax(z) - t
    made = loss_slope(kind, p, t)
    return through_softmax(made, p) if activation == "softmax" else made * slope(activation, z)


def implied_loss(
    dW: Array, h: Array, p: Array, z: Array, t: Array, activation: str, W: Array | None = None
) -> FittedLoss:
    """The loss whose last layer's gradient is nearest in direction to the program's; of W any multiple is a decay."""
    plain = _nearest_loss(dW, h, p, z, t, activation, lambda values: values)
    if plain.sure or W is None or W.size < 4:
        return plain
    without = _nearest_loss(dW, h, p, z, t, activation, lambda v: v - (v * W).sum() / (W * W).sum() * W)
    return without if without.sure else plain


def _nearest_loss(
    dW: Array, h: Array, p: Array, z: Array, t: Array, activation: str, seen: Callable[[Array], Array]
) -> FittedLoss:
    """Compared is what is `seen` of both."""
    best: tuple[float, FittedLoss] | None = None
    dW = seen(dW)
    with np.errstate(all="ignore"):
        for kind in kinds_for(activation, t.shape[1]):
            made = seen(h.T @ output_delta(kind, activation, p, z, t))
            norm = float(np.linalg.norm(made) * np.linalg.norm(dW))
            cosine = float((made * dW).sum()) / norm if norm else 0.0
            ratio = float((made * dW).sum() / (made * made).sum()) if np.any(made) else 0.0
            nice = [v for k, v in ways_to_divide(*t.shape).items() if abs(abs(ratio) - k) < 1e-3 * k]
            name, factor = nice[0] if nice and abs(cosine) > 0.9999 else ("N", 1.0 if kind != "squared_error" else 0.5)
            if best is None or abs(cosine) > best[0] + 1e-9:
                aligned = abs(cosine) > 0.9999
                best = abs(cosine), FittedLoss(kind, name, factor, False, aligned=aligned, sure=bool(nice) and aligned)
    if best is None:
        return FittedLoss("squared_error", "N", 0.5, False)
    return best[1]
