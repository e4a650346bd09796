"""Activations beside the usual four, with their slopes: a net that uses one of them is understood like any other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from handgrad.kernels.types import Array

Function = Callable[[Array], Array]
LEAKS = (0.1, 0.2, 0.3, 0.05, 0.001, 0.02, 0.25, 0.5)


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def _bell(z: Array) -> Array:
    """The normal distribution's density."""
    return np.asarray(np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi))


def _below(z: Array) -> Array:
    """And its cumulative one."""
    return np.asarray(0.5 * (1.0 + np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2))))


_ROOT = math.sqrt(2 / math.pi)  # of GELU's usual approximation
_SELU = (1.0507009873554805, 1.6732632423543772)


def _gelu_tanh(z: Array) -> Array:
    return np.asarray(0.5 * z * (1.0 + np.tanh(_ROOT * (z + 0.044715 * z**3))))


def _gelu_tanh_slope(z: Array) -> Array:
    t = np.tanh(_ROOT * (z + 0.044715 * z**3))
    return np.asarray(0.5 * (1.0 + t) + 0.5 * z * (1.0 - t**2) * _ROOT * (1.0 + 3 * 0.044715 * z**2))


def _softplus(z: Array) -> Array:
    return np.asarray(np.logaddexp(0.0, z))


def _mish_slope(z: Array) -> Array:
    t = np.tanh(_softplus(z))
    return np.asarray(t + z * (1.0 - t**2) * _sigmoid(z))


def _elu(alpha: float, scale: float = 1.0) -> tuple[Function, Function]:
    return (
        lambda z: scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0))),
        lambda z: scale * np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0.0))),
    )


def _leaky(leak: float) -> tuple[Function, Function]:
    return lambda z: np.where(z > 0, z, leak * z), lambda z: np.where(z > 0, 1.0, leak)


#: name: (f, f′), both elementwise
OTHERS: dict[str, tuple[Function, Function]] = {
    "swish": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1.0 + z * (1.0 - _sigmoid(z)))),
    "gelu": (lambda z: z * _below(z), lambda z: _below(z) + z * _bell(z)),
    "gelu_tanh": (_gelu_tanh, _gelu_tanh_slope),
    "gelu_sigmoid": (
        lambda z: z * _sigmoid(1.702 * z),
        lambda z: _sigmoid(1.702 * z) * (1.0 + 1.702 * z * (1.0 - _sigmoid(1.702 * z))),
    ),
    "softplus": (_softplus, _sigmoid),
    "elu": _elu(1.0),
    "elu_0.1": _elu(0.1),
    "elu_0.01": _elu(0.01),
    "elu_0.5": _elu(0.5),
    "selu": _elu(_SELU[1], _SELU[0]),
    "mish": (lambda z: z * np.tanh(_softplus(z)), _mish_slope),
    "softsign": (lambda z: z / (1.0 + np.abs(z)), lambda z: 1.0 / (1.0 + np.abs(z)) ** 2),
    "arctan": (np.arctan, lambda z: 1.0 / (1.0 + z**2)),
    "sine": (np.sin, np.cos),
    "gaussian": (lambda z: np.exp(-(z**2)), lambda z: -2.0 * z * np.exp(-(z**2))),
    "square": (lambda z: z**2, lambda z: 2.0 * z),
    "scaled_tanh": (
        lambda z: 1.7159 * np.tanh(2.0 / 3.0 * z),
        lambda z: 1.7159 * 2.0 / 3.0 * (1.0 - np.tanh(2.0 / 3.0 * z) ** 2),
    ),
    "hard_tanh": (lambda z: np.clip(z, -1.0, 1.0), lambda z: (np.abs(z) < 1.0).astype(float)),
    "hard_sigmoid": (
        lambda z: np.clip(0.2 * z + 0.5, 0.0, 1.0),
        lambda z: 0.2 * (np.abs(z) < 2.5).astype(float),
    ),
    "relu6": (lambda z: np.clip(z, 0.0, 6.0), lambda z: ((z > 0) & (z < 6)).astype(float)),
    "absolute": (np.abs, np.sign),
    **{f"leaky_relu_{leak}": _leaky(leak) for leak in LEAKS},
}
