"""The exact net: a float64 forward pass with everything in between, its loss, and its gradient.

Layers are counted from 0 here: h[0] = x, z[l] = h[l] W[l] + b[l], h[l + 1] = f(z[l]); δ[l] is ∂L/∂z[l].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.diagnosis.activations import OTHERS
from handgrad.check.subject import Arrays, NetSpec
from handgrad.kernels.types import Array

LEAK = 0.01  # of leaky_relu, unless the program's outputs say otherwise
_TINY = 1e-300


def sigmoid(z: Array) -> Array:
    """1 / (1 + e⁻ᶻ), without overflow."""
    e = np.exp(-np.abs(z))
    value: Array = np.where(z >= 0, 1.0, e) / (1.0 + e)
    return value


def softmax(z: Array) -> Array:
    """Row by row, (N, P)."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    value: Array = e / e.sum(axis=1, keepdims=True)
    return value


def activate(kind: str, z: Array, leak: float = LEAK) -> Array:
    """f(z) for an activation's name."""
    if kind == "relu":
        return np.maximum(z, 0.0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, leak * z)
    if kind == "sigmoid":
        return sigmoid(z)
    if kind == "tanh":
        value: Array = np.tanh(z)
        return value
    if kind in OTHERS:
        return OTHERS[kind][0](z)
    return softmax(z) if kind == "softmax" else z


def slope(kind: str, z: Array, leak: float = LEAK) -> Array:
    """f′(z) of an elementwise activation."""
    if kind == "relu":
        return (z > 0).astype(float)
    if kind == "leaky_relu":
        return np.where(z > 0, 1.0, leak)
    if kind == "sigmoid":
        a = sigmoid(z)
        return a * (1.0 - a)
    if kind == "tanh":
        value: Array = 1.0 - np.tanh(z) ** 2
        return value
    if kind in OTHERS:
        return np.asarray(OTHERS[kind][1](z), float)
    return np.ones_like(z)


def through_softmax(dp: Array, p: Array) -> Array:
    """The full Jacobian, row by row: p ∘ (dp − ⟨dp, p⟩)."""
    value: Array = p * (dp - (dp * p).sum(axis=1, keepdims=True))
    return value


def loss_slope(loss: str, p: Array, t: Array) -> Array:
    """∂ℓ/∂p of the loss summed over samples, without its factor."""
    safe = np.maximum(p, _TINY)
    if loss == "squared_error":
        return 2.0 * (p - t)
    if loss == "binary_cross_entropy":
        return (1.0 - t) / np.maximum(1.0 - p, _TINY) - t / safe
    return -t / safe


def loss_sum(loss: str, p: Array, t: Array) -> float:
    """The loss summed over samples, without its factor."""
    with np.errstate(all="ignore"):
        if loss == "squared_error":
            return float(((p - t) ** 2).sum())
        value = t * np.log(np.maximum(p, _TINY))
        if loss == "binary_cross_entropy":
            value = value + (1.0 - t) * np.log(np.maximum(1.0 - p, _TINY))
        return float(-value.sum())


@dataclass(frozen=True)
class Forward:
    """How a program's forward pass differs from what its net's description says; the default is: not at all.

    Attributes:
        key: the explanation's, "" for none.
        output: makes the last layer's output from its z, instead of the described activation.
        biases: whether biases take part.
        leak: slope of leaky_relu below 0.
        bias_factors: what multiplies the bias of each layer, −1 where it is subtracted, 0 where it was forgotten;
            empty where nothing does.
    """

    key: str = ""
    output: Callable[[Array], Array] | None = None
    biases: bool = True
    leak: float = LEAK
    bias_factors: tuple[float, ...] = ()

    def bias_factor(self, l: int) -> float:
        """Of layer l, from 0."""
        return self.bias_factors[l] if self.bias_factors else 1.0


@dataclass
class Trace:
    """One batch through the exact net.

    Attributes:
        scale: what multiplies the summed loss: factor / divisor.
        measured: whether the last δ is the measured slope of a loss that `spec` does not describe.
        delta: ∂L/∂z of every layer.
        gradients: W1, b1, … of loss and penalty.
        loss: with penalty.
    """

    spec: NetSpec
    W: list[Array]
    b: list[Array]
    x: Array
    t: Array
    z: list[Array]
    h: list[Array]
    scale: float
    forward: Forward
    measured: bool = False
    delta: list[Array] = field(default_factory=list)
    gradients: dict[str, Array] = field(default_factory=dict)
    loss: float = 0.0

    @property
    def depth(self) -> int:
        return len(self.W)

    @property
    def p(self) -> Array:
        return self.h[-1]

    def replace_output_delta(self, delta: Array) -> None:
        """Take another δ at the outputs for the truth, and everything that follows from it."""
        _from_output(self, delta)


def uses_softmax(spec: NetSpec) -> bool:
    """Whether the outputs p come from a softmax."""
    return spec.activations[-1] == "softmax" or (
        spec.loss == "softmax_cross_entropy" and spec.activations[-1] == "identity"
    )


def divisor(spec: NetSpec, samples: int, outputs: int) -> float:
    """What the summed loss is divided by."""
    return {"none": 1.0, "N": float(samples), "N*P": float(samples * outputs)}[spec.divided_by]


def trace(spec: NetSpec, parameters: Arrays, x: Array, t: Array, forward: Forward | None = None) -> Trace:
    """Everything about one batch: x (N, D), one-hot t (N, P)."""
    forward = forward or Forward()
    depth = len(spec.activations)
    W = [np.asarray(parameters[f"W{l + 1}"], float) for l in range(depth)]
    b = [np.asarray(parameters[f"b{l + 1}"], float).reshape(-1) for l in range(depth)]
    z, h = [], [np.asarray(x, float)]
    for l in range(depth):
        z.append(h[l] @ W[l] + (forward.bias_factor(l) * b[l] if forward.biases else 0.0))
        last = l == depth - 1
        kind = "softmax" if last and uses_softmax(spec) else spec.activations[l]
        made = forward.output(z[l]) if last and forward.output else activate(kind, z[l], forward.leak)
        h.append(made)
    t = np.asarray(t, float)
    scale = spec.factor / divisor(spec, len(x), t.shape[1])
    found = Trace(spec, W, b, h[0], t, z, h, scale, forward)
    _backward(found)
    return found


def output_delta(spec: NetSpec, z: Array, p: Array, t: Array, loss: str | None = None) -> Array:
    """∂(summed loss)/∂z at the outputs, by the chain rule."""
    loss = loss or spec.loss
    if uses_softmax(spec):
        # By hand where p may underflow: the Jacobian times −t/p is p Σt − t.
        if loss in ("softmax_cross_entropy", "cross_entropy"):
            return np.asarray(p * t.sum(axis=1, keepdims=True) - t)
        return through_softmax(loss_slope(loss, p, t), p)
    if loss == "binary_cross_entropy" and spec.activations[-1] == "sigmoid":
        return p - t
    return loss_slope(loss, p, t) * slope(spec.activations[-1], z)


def _backward(found: Trace) -> None:
    spec = found.spec
    data = found.scale * loss_sum(spec.loss, found.p, found.t)
    found.loss = data + penalty(spec, found.W, found.b)
    _from_output(found, found.scale * output_delta(spec, found.z[-1], found.p, found.t))


def _from_output(found: Trace, delta: Array) -> None:
    spec, deltas = found.spec, [delta]
    for l in reversed(range(1, found.depth)):
        delta = (delta @ found.W[l].T) * slope(spec.activations[l - 1], found.z[l - 1], found.forward.leak)
        deltas.insert(0, delta)
    found.delta = deltas
    for l, delta in enumerate(deltas):
        found.gradients[f"W{l + 1}"] = found.h[l].T @ delta + penalty_slope(spec, found.W[l])
        extra = penalty_slope(spec, found.b[l]) if spec.penalizes_biases else 0.0
        found.gradients[f"b{l + 1}"] = found.forward.bias_factor(l) * delta.sum(axis=0) + extra


def penalty(spec: NetSpec, W: list[Array], b: list[Array]) -> float:
    """λ₁Σ|W| + ½λ₂ΣW², with the biases where the description says so."""
    arrays = [*W, *(b if spec.penalizes_biases else [])]
    return float(sum(spec.l1 * np.abs(a).sum() + 0.5 * spec.l2 * (a**2).sum() for a in arrays))


def penalty_slope(spec: NetSpec, values: Array) -> Array:
    """The penalty's gradient by one tensor."""
    slope_there: Array = spec.l1 * np.sign(values) + spec.l2 * values
    return slope_there


def slope_formula(kind: str, a: Array) -> Array:
    """Sigmoid's and tanh's slope written with the output a: a(1 − a), 1 − a²."""
    return a * (1 - a) if kind == "sigmoid" else 1 - a**2


def slope_formula_flipped(kind: str, a: Array) -> Array:
    """The same with the wrong sign in it."""
    return a * (1 + a) if kind == "sigmoid" else 1 + a**2


def shifted_exp(z: Array) -> Array:
    """exp after each row's maximum was taken off, as many write it even where the sum behind it is wrong."""
    return np.asarray(np.exp(z - z.max(axis=1, keepdims=True)))
