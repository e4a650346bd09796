"""The value of a formula on drawn numbers, real or complex: a complex step gives derivatives to the last digit.

For an analytic f the derivative is Im f(x + ih) / h, with no difference to lose digits in, so h may be 1e-30
(Squire and Trapp 1998). Branches (ReLU, maximum, signs, comparisons) are decided by the real part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from handgrad.check.sheet.tree import Binary, Name, Node, Number, Sum, Unary

Value = Any  # a scalar, or an array (rows, columns), float64 or complex128
_STEP = 1e-30


def _softmax(x: Value, axis: int) -> Value:
    e = np.exp(x - np.max(np.real(x), axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _sigmoid(x: Value) -> Value:
    return 1 / (1 + np.exp(-x))


FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    "-": lambda x: -x,
    "'": lambda x: np.transpose(x),
    "relu": lambda x: np.where(np.real(x) > 0, x, 0.0),
    "relu'": lambda x: (np.real(x) > 0) * 1.0,
    "step": lambda x: (np.real(x) > 0) * 1.0,
    "sigmoid": _sigmoid,
    "sigmoid'": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    "tanh": np.tanh,
    "tanh'": lambda x: 1 - np.tanh(x) ** 2,
    "identity": lambda x: x,
    "identity'": lambda x: np.ones_like(x),
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": lambda x: x * np.sign(np.real(x)),
    "sign": lambda x: np.sign(np.real(x)),
    "norm": lambda x: np.sqrt(np.sum(x * x)),
    "softmax 0": lambda x: _softmax(x, 0),
    "softmax 1": lambda x: _softmax(x, 1),
}
_COMPARE: dict[str, Callable[[Value, Value], Value]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def evaluate(node: Node, values: Mapping[str, Value]) -> Value:
    """The value of a formula whose products and sums are settled (`sizes.settle`)."""
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return values[node.name]
    if isinstance(node, Unary):
        return FUNCTIONS[node.kind](evaluate(node.of, values))
    if isinstance(node, Sum):
        axis = None if node.over == "all" else int(str(node.over))
        take = np.mean if node.mean else np.sum
        inner = evaluate(node.of, values)
        return take(inner) if axis is None else take(inner, axis=axis, keepdims=True)
    left, right = evaluate(node.left, values), evaluate(node.right, values)
    if node.kind in _COMPARE:
        return _COMPARE[node.kind](np.real(left), np.real(right)) * 1.0
    return _arithmetic(node, left, right)


def _arithmetic(node: Binary, left: Value, right: Value) -> Value:
    match node.kind:
        case "+":
            return left + right
        case "-":
            return left - right
        case ".*":
            return left * right
        case "@":
            return left @ right
        case "/":
            return left / right
        case "max":
            return np.where(np.real(left) > np.real(right), left, right)
        case _:
            return left**right


def slope(function: Callable[[Value], Value], at: Value) -> Value:
    """The gradient of a scalar function of an array, exact to rounding."""
    gradient = np.zeros(np.shape(at))
    moved = np.array(at, np.complex128)
    for index in np.ndindex(gradient.shape):
        moved[index] += 1j * _STEP
        gradient[index] = np.imag(function(moved)) / _STEP
        moved[index] = np.asarray(at)[index]
    return gradient
