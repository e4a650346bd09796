"""How people make dW and db out of δ, other than dW = hᵀδ and db = Σₙ δ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.check.diagnosis.model import slope
from handgrad.check.diagnosis.view import Form, View
from handgrad.kernels.types import Array

Maker = Callable[[View, int, Array], Array | None]


def right_weights(view: View, l: int, delta: Array) -> Array:
    """hᵀδ (D, M)."""
    made: Array = view.trace.h[l].T @ delta
    return made


def right_bias(view: View, l: int, delta: Array) -> Array:
    """Σₙ δ (M,); of the other sign, or 0, where the program's forward pass subtracts or forgets the bias."""
    made: Array = view.trace.forward.bias_factor(l) * delta.sum(axis=0)
    return made


def _fits(view: View, l: int, made: Array) -> Array | None:
    return made if made.shape == view.trace.W[l].shape else None


def _slope(view: View, l: int) -> Array:
    return slope(view.trace.spec.activations[l], view.trace.z[l], view.trace.forward.leak)


def weight_forms(view: View, l: int) -> list[Form]:
    """Wrong ways to dW of layer l."""
    return [*_own_forms(), *_distorted_forms(), *_mixed_up_forms(view.trace.depth, l)]


def _own_forms() -> list[Form]:
    """Made of this layer's own input and δ."""
    return [
        Form("weights_zero", 0.8, lambda v, l, d: np.zeros_like(v.trace.W[l])),
        Form("dw_transposed", 1.0, lambda v, l, d: _fits(v, l, d.T @ v.trace.h[l])),
        Form("dw_reshaped", 1.0, lambda v, l, d: (d.T @ v.trace.h[l]).reshape(v.trace.W[l].shape)),
        *_reshaped_forms(),
        Form("last_sample_only", 1.0, lambda v, l, d: v.trace.h[l][-1:].T @ d[-1:], "the last image"),
        Form("first_sample_only", 1.0, lambda v, l, d: v.trace.h[l][:1].T @ d[:1], "the first image"),
        Form("means_multiplied", 1.1, lambda v, l, d: np.outer(v.trace.h[l].mean(axis=0), d.sum(axis=0))),
        Form("means_multiplied", 1.15, lambda v, l, d: np.outer(v.trace.h[l].sum(axis=0), d.sum(axis=0))),
        Form("input_left_out", 1.2, lambda v, l, d: np.broadcast_to(d.sum(axis=0), v.trace.W[l].shape)),
        Form("input_changed", 1.3, lambda v, l, d: (v.trace.h[l] > 0).T.astype(float) @ d, "h > 0"),
        Form("input_changed", 1.3, lambda v, l, d: (v.trace.h[l] ** 2).T @ d, "h²"),
        Form("input_changed", 1.3, lambda v, l, d: np.abs(v.trace.h[l]).T @ d, "|h|"),
        Form("input_changed", 1.4, lambda v, l, d: (v.trace.h[l] - v.trace.h[l].mean(axis=0)).T @ d, "h less its mean"),
        Form("input_changed", 1.4, lambda v, l, d: (1 - v.trace.h[l]).T @ d, "1 − h"),
        Form("samples_mixed", 1.2, lambda v, l, d: np.roll(v.trace.h[l], 1, axis=0).T @ d),
        Form("samples_mixed", 1.2, lambda v, l, d: np.roll(v.trace.h[l], -1, axis=0).T @ d),
        Form("samples_mixed", 1.2, lambda v, l, d: v.trace.h[l][::-1].T @ d),
        Form("slope_twice_in_weights", 1.2, lambda v, l, d: v.trace.h[l].T @ (d * _slope(v, l))),
    ]


def _reshaped_forms() -> list[Form]:
    """One factor of the product reshaped where it had to be transposed; samples as rows, and as columns."""
    return [
        Form("dw_reshaped", 1.05, lambda v, l, d: v.trace.h[l].reshape(v.trace.h[l].shape[::-1]) @ d),
        Form("dw_reshaped", 1.05, lambda v, l, d: v.trace.h[l].T.reshape(v.trace.h[l].shape).T @ d),
        Form("dw_reshaped", 1.1, lambda v, l, d: v.trace.h[l].T @ d.reshape(d.shape[::-1]).T),
        Form("dw_reshaped", 1.1, lambda v, l, d: v.trace.h[l].T @ d.T.reshape(d.shape)),
        Form("dw_reshaped", 1.1, lambda v, l, d: (v.trace.h[l].T @ d).reshape(v.trace.W[l].shape[::-1]).T),
    ]


def _distorted_forms() -> list[Form]:
    """The right product with something done to it, or only a part of it."""
    parts = (np.s_[:1], np.s_[:, :1], np.s_[:-1], np.s_[:, :-1], np.s_[1:], np.s_[:, 1:])
    return [
        Form("weights_themselves", 1.4, lambda v, l, d: v.trace.W[l]),
        Form("gradient_distorted", 1.4, lambda v, l, d: np.sign(right_weights(v, l, d)), "its sign"),
        Form("gradient_distorted", 1.4, lambda v, l, d: np.abs(right_weights(v, l, d)), "its magnitude"),
        Form("gradient_distorted", 1.4, lambda v, l, d: right_weights(v, l, d) ** 2, "its square"),
        Form("whole_numbers", 1.2, lambda v, l, d: np.trunc(right_weights(v, l, d))),
        *(_part_form(part) for part in parts),
    ]


def _part_form(part: Any) -> Form:
    return Form("first_row_only", 1.4, lambda v, l, d: _only(right_weights(v, l, d), part))


def _mixed_up_forms(depth: int, l: int) -> list[Form]:
    """Made with the arrays of another place."""
    forms = [
        Form("delta_replaced", 1.3, lambda v, l, d: _fits(v, l, v.trace.h[l].T @ v.trace.p), "p"),
        Form("delta_replaced", 1.3, lambda v, l, d: _fits(v, l, v.trace.h[l].T @ v.trace.t), "t"),
        Form("delta_replaced", 1.3, lambda v, l, d: _fits(v, l, v.trace.h[l].T @ (v.trace.p - v.trace.t)), "p − t"),
        Form("delta_replaced", 1.3, lambda v, l, d: v.trace.h[l].T @ v.trace.h[l + 1], "its output"),
        Form("delta_replaced", 1.3, lambda v, l, d: v.trace.h[l].T @ v.trace.z[l], "its z"),
    ]
    if l > 0:
        forms.append(Form("input_before_activation", 0.9, lambda v, l, d: v.trace.z[l - 1].T @ d, f"z{l}"))
        forms.append(Form("input_changed", 1.4, lambda v, l, d: _slope(v, l - 1).T @ d, f"f′(z{l})"))
    if l < depth - 1:
        forms.append(Form("slope_missing_in_weights", 1.0, lambda v, l, d: _from_unsloped(v, l)))
    for j in (j for j in range(depth + 1) if j != l):
        name = "x" if j == 0 else "p" if j == depth else f"h{j}"
        forms.append(Form("input_of_other_layer", 1.0, _other_input(j), name))
        if j < depth:
            forms.append(Form("delta_of_other_layer", 1.1, _other_delta(j), f"δ{j + 1}"))
            forms.append(Form("delta_of_other_layer", 1.5, _both_other(j), f"{name} and δ{j + 1}"))
    return forms


def _only(values: Array, kept: Any) -> Array:
    rest = np.zeros_like(values)
    rest[kept] = values[kept]
    return rest


def _from_unsloped(view: View, l: int) -> Array | None:
    u = view.before_slope.get(l)
    return None if u is None else view.trace.h[l].T @ u


def _other_input(j: int) -> Maker:
    return lambda v, l, d: _fits(v, l, v.trace.h[j].T @ d)


def _other_delta(j: int) -> Maker:
    return lambda v, l, d: _fits(v, l, v.trace.h[l].T @ v.own[j]) if j in v.own else None


def _both_other(j: int) -> Maker:
    return lambda v, l, d: _fits(v, l, v.trace.h[j].T @ v.own[j]) if j in v.own else None


def bias_forms(view: View, l: int) -> list[Form]:
    """Wrong ways to db of layer l."""
    depth = view.trace.depth

    def shaped(v: View, l: int, made: Array) -> Array | None:
        return made if made.shape == v.trace.b[l].shape else None

    forms = [
        Form("bias_zero", 0.8, lambda v, l, d: np.zeros_like(v.trace.b[l])),
        Form("bias_total", 0.9, lambda v, l, d: np.full_like(v.trace.b[l], d.sum())),
        Form("bias_last_sample", 1.0, lambda v, l, d: d[-1], "the last image"),
        Form("bias_last_sample", 1.0, lambda v, l, d: d[0], "the first image"),
        Form("bias_slope_missing", 1.0, lambda v, l, d: v.before_slope[l].sum(axis=0) if l in v.before_slope else None),
        Form("bias_from_weights", 1.1, lambda v, l, d: (v.trace.h[l].T @ d).sum(axis=0), "the sum of dW"),
        Form("bias_from_weights", 1.2, lambda v, l, d: (v.trace.h[l].T @ d)[0], "the first row of dW"),
        Form("bias_times_input", 1.3, lambda v, l, d: (d * v.trace.h[l].sum(axis=1, keepdims=True)).sum(axis=0)),
        Form("bias_slope_twice", 1.2, lambda v, l, d: (d * _slope(v, l)).sum(axis=0)),
        Form("bias_times_itself", 1.2, lambda v, l, d: d.sum(axis=0) * v.trace.b[l], "b"),
        Form("bias_distorted", 1.4, lambda v, l, d: np.abs(d).sum(axis=0), "Σ|δ|"),
        Form("bias_distorted", 1.4, lambda v, l, d: (d**2).sum(axis=0), "Σδ²"),
        Form("bias_distorted", 1.4, lambda v, l, d: d.max(axis=0), "max δ"),
        Form("bias_distorted", 1.4, lambda v, l, d: np.cumsum(d.sum(axis=0)), "a running sum"),
        Form("bias_distorted", 1.5, lambda v, l, d: np.sign(d.sum(axis=0)), "its sign"),
        Form("bias_is_output", 1.4, lambda v, l, d: v.trace.h[l + 1].sum(axis=0), "the layer's output"),
        Form("bias_is_output", 1.4, lambda v, l, d: v.trace.b[l], "b itself"),
        Form("whole_numbers", 1.2, lambda v, l, d: np.trunc(d.sum(axis=0))),
    ]
    for j in range(depth):
        if j != l:
            forms.append(
                Form(
                    "bias_of_other_layer",
                    1.1,
                    lambda v, l, d, j=j: shaped(v, l, v.own[j].sum(axis=0)) if j in v.own else None,  # type: ignore[misc]
                    f"δ{j + 1}",
                )
            )
    if view.trace.forward.bias_factor(l) == 0:
        forms.append(Form("bias_not_used", 0.7, lambda v, l, d: d.sum(axis=0)))
    if l == depth - 1:
        forms.append(Form("bias_is_output", 1.4, lambda v, l, d: v.trace.t.sum(axis=0), "the targets"))
    return forms
