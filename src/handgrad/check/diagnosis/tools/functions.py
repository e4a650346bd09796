"""Activation functions by name, with their slopes: what a function called `sigmoid` should be."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from handgrad.kernels.types import Array

Function = Callable[[Array], Array]
_GELU = math.sqrt(2 / math.pi)


def sigmoid(z: Array) -> Array:
    """1/(1 + e⁻ᶻ).

    >>> float(sigmoid(np.zeros(1))[0])
    0.5
    """
    return np.asarray(1.0 / (1.0 + np.exp(-z)))


def _gelu(z: Array) -> Array:
    return np.asarray(0.5 * z * (1 + np.vectorize(math.erf)(z / math.sqrt(2))))


FUNCTIONS: dict[str, Function] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "swish": lambda z: z * sigmoid(z),
    "gelu": _gelu,
    "identity": lambda z: z + 0.0,
    "softsign": lambda z: z / (1 + np.abs(z)),
}
OTHER_FORMS: dict[str, list[Function]] = {
    "gelu": [lambda z: 0.5 * z * (1 + np.tanh(_GELU * (z + 0.044715 * z**3))), lambda z: z * sigmoid(1.702 * z)],
    "sigmoid": [np.tanh, lambda z: 2 * sigmoid(z) - 1, lambda z: np.clip(0.2 * z + 0.5, 0, 1)],
    "tanh": [lambda z: 1.7159 * np.tanh(2 * z / 3)],
}
WITH_SLOPE = ("leaky_relu", "elu")  # a number for z < 0 belongs to them; any is right
SLOPES: dict[str, tuple[Function, Function]] = {
    "sigmoid": (lambda z: sigmoid(z) * (1 - sigmoid(z)), lambda a: a * (1 - a)),
    "tanh": (lambda z: 1 - np.tanh(z) ** 2, lambda a: 1 - a * a),
    "relu": (lambda z: (z > 0).astype(float), lambda a: (a > 0).astype(float)),
    "softplus": (sigmoid, lambda a: 1 - np.exp(-a)),
    "identity": (np.ones_like, np.ones_like),
}


def with_slope(stem: str, values: Array, z: Array) -> Function | None:
    """The leaky ReLU or ELU that has these values at z, whatever its number; None where none has."""
    at = int(np.argmin(z))
    low = float(z.flat[at])
    alpha = float(values.flat[at]) / (low if stem == "leaky_relu" else math.expm1(low))
    if not 0 <= alpha <= 2:
        return None
    if stem == "leaky_relu":
        return lambda x: np.where(x > 0, x, alpha * x)
    return lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))
