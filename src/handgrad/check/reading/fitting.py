"""What a program computes, found by evaluating: activations from its outputs, the loss from its value or last delta."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from handgrad.check.diagnosis.model import activate, loss_slope, loss_sum, sigmoid, slope, softmax, through_softmax
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


def combinations(layers: int) -> Iterator[tuple[str, ...]]:
    """Hidden activations, all equal first."""
    yield from ((kind,) * (layers - 1) for kind in HIDDEN)
    if 2 < layers <= 4:
        yield from (c for c in product(HIDDEN, repeat=layers - 1) if len(set(c)) > 1)


def logits(parameters: Arrays, x: Array, hidden: Sequence[str], biases: bool = True) -> Array:
    """z of the last layer."""
    h = x
    for l, kind in enumerate((*hidden, "identity"), start=1):
        h = h @ parameters[f"W{l}"] + (parameters[f"b{l}"] if biases else 0.0)
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
            made = [(kind, activate(kind, z), True) for kind in OUTPUT]
            odd = [("softmax", values, False) for values in _odd_softmax(z)]
            # Wrong probabilities count before right logits; a bare e^z may be a step on the way to log p.
            made = [*made[:-1], *odd[:5], made[-1], *odd[5:]] if z.shape[1] > 1 else made[1:]
            for rank, (kind, values, exact) in enumerate(made):
                size = norms + np.linalg.norm(values)
                met = np.flatnonzero(np.linalg.norm(rows - values.reshape(-1), axis=1) < _CLOSE * size)
                if len(met) and (best is None or rank < best[0]):
                    best = rank, FittedForward((*hidden, kind), int(met[0]), exact)
            if best is not None:
                return best[1]
    return None


def _odd_softmax(z: Array) -> list[Array]:
    e, shifted = np.exp(z), np.exp(z - z.max(axis=1, keepdims=True))
    wrong = [softmax(z.T).T, e / e.sum(), softmax(softmax(z)), shifted / shifted.sum(), shifted / shifted.sum(axis=0)]
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
    sure: bool = False  # the last δ is exactly this loss's


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


def implied_loss(dW: Array, h: Array, p: Array, z: Array, t: Array, activation: str) -> FittedLoss:
    """The loss whose last layer's gradient is nearest in direction to the program's."""
    best: tuple[float, FittedLoss] | None = None
    with np.errstate(all="ignore"):
        for kind in kinds_for(activation, t.shape[1]):
            made = h.T @ output_delta(kind, activation, p, z, t)
            norm = float(np.linalg.norm(made) * np.linalg.norm(dW))
            cosine = float((made * dW).sum()) / norm if norm else 0.0
            ratio = float((made * dW).sum() / (made * made).sum()) if np.any(made) else 0.0
            nice = [v for k, v in ways_to_divide(*t.shape).items() if abs(abs(ratio) - k) < 1e-3 * k]
            name, factor = nice[0] if nice and abs(cosine) > 0.9999 else ("N", 1.0 if kind != "squared_error" else 0.5)
            if best is None or abs(cosine) > best[0] + 1e-9:
                sure = bool(nice) and abs(cosine) > 0.9999
                best = abs(cosine), FittedLoss(kind, name, factor, False, sure=sure)
    if best is None:
        return FittedLoss("squared_error", "N", 0.5, False)
    return best[1]
