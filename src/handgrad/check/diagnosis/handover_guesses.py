"""What people hand back through a layer instead of δ_l = (δ_{l+1} W_{l+1}ᵀ) ∘ f′(z_l)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handgrad.check.diagnosis.activations import OTHERS
from handgrad.check.diagnosis.model import (
    activate,
    loss_slope,
    slope,
    slope_formula,
    slope_formula_flipped,
    uses_softmax,
)
from handgrad.check.diagnosis.view import Guess, View
from handgrad.kernels.types import Array

_SMOOTH = ("swish", "gelu", "gelu_tanh", "softplus", "elu", "selu", "leaky_relu")

Back = Callable[[View], Array | None]  # stands for δ Wᵀ
Slope = Callable[[View, Array], Array | None]  # stands for f′(z), given what came back


def handover_guesses(views: list[View], l: int) -> list[Guess]:
    """Candidates for δ of hidden layer l, given the program's own δ above: every way back with every slope."""
    backs, slopes = _backs(views[0], l), _slopes(views[0], l)
    found = []
    for back_key, back_cost, back, back_detail in backs:
        for slope_key, slope_cost, bend, slope_detail in slopes:
            keys = tuple(key for key in (back_key, slope_key) if key)
            cost = back_cost + slope_cost + (0.3 if len(keys) == 2 else 0.0)
            found.append(Guess(keys, cost, _product(back, bend), back_detail or slope_detail))
    found.append(Guess(("slope_added",), 1.4, lambda view: _sum_with_slope(view, l)))
    return sorted(found, key=lambda guess: guess.cost)


def _sum_with_slope(view: View, l: int) -> Array:
    """The slope added to what came back, where it must be multiplied."""
    tr = view.trace
    made: Array = right_back(view, l) + slope(tr.spec.activations[l], tr.z[l], tr.forward.leak)
    return made


def _product(back: Back, bend: Slope) -> Callable[[View], Array | None]:
    def make(view: View) -> Array | None:
        with np.errstate(all="ignore"):
            u = back(view)
            s = None if u is None else bend(view, u)
            if u is None or s is None or s.shape not in (u.shape, ()):
                return None
            return u * s

    return make


def right_back(view: View, l: int) -> Array:
    """δ_{l+1} W_{l+1}ᵀ with the program's own δ."""
    made: Array = view.own[l + 1] @ view.trace.W[l + 1].T
    return made


BackRow = tuple[str, float, Back, str]


def _backs(view: View, l: int) -> list[BackRow]:
    """Ways in which δ may have come back through the weights."""
    rows: list[BackRow] = [("", 0.0, lambda v: right_back(v, l), "")]
    rows += _through_changed_weights(l)
    rows += _through_other_layers(view, l)
    rows += _summed(l)
    for kind in ("relu", "sigmoid", "tanh"):
        rows.append(_bent(kind, l + 1))
    rows.append(("slope_missing_in_handover", 1.0, lambda v: _unsloped(v, l + 1), ""))
    return rows


def _times(v: View, l: int, W: Array) -> Array | None:
    """The δ above times a matrix, where the shapes fit."""
    D = v.own[l + 1]
    made = D @ W if D.shape[1] == W.shape[0] else None
    return made if made is not None and made.shape[1] == v.trace.W[l].shape[1] else None


def _through_changed_weights(l: int) -> list[BackRow]:
    """W itself, not transposed, reshaped, updated, or mistaken for something like it."""
    above = l + 1

    def gradient(v: View) -> Array | None:
        G = v.gradients.get(f"W{above + 1}")
        return G if G is not None and G.shape == v.trace.W[above].shape else None

    def stale(v: View, sign: float) -> Array | None:
        G = gradient(v)
        return None if G is None else _times(v, l, (v.trace.W[above] - sign * v.probe.learning_rate * G).T)

    def stale_each(v: View) -> Array | None:
        """One sample a step: each meets weights that moved by its own gradient only, hᵀδ."""
        D, h = v.own[above], v.trace.h[above]
        moved = len(D) * v.probe.learning_rate * (D**2).sum(axis=1, keepdims=True) * h
        right = _times(v, l, v.trace.W[above].T)
        return None if right is None or right.shape != moved.shape else right - moved

    def through_gradient(v: View) -> Array | None:
        G = gradient(v)
        return None if G is None else _times(v, l, G.T)

    def reshaped(v: View) -> Array | None:
        W = v.trace.W[above]
        return _times(v, l, W.reshape(W.shape[::-1]))

    def columns_reshaped(v: View) -> Array | None:
        W = v.trace.W[above].T  # (M, D), as programs with samples as columns have it
        return _times(v, l, W.reshape(W.shape[::-1]).T)

    with_bias = f"W{above + 1} + b{above + 1}"
    last, first = "the bias's row and all rows but the last", "all rows but the first"
    return [
        ("stale_weights", 0.8, lambda v: stale(v, 1.0), ""),
        ("stale_weights", 0.85, stale_each, ""),
        ("weights_not_transposed", 0.9, lambda v: _times(v, l, v.trace.W[above]), ""),
        ("weights_reshaped", 1.0, reshaped, ""),
        ("weights_reshaped", 1.05, columns_reshaped, ""),
        ("gradient_for_weights", 1.3, through_gradient, f"dW{above + 1}"),
        ("stale_weights", 1.4, lambda v: stale(v, -1.0), ""),
        ("weights_absolute", 1.4, lambda v: _times(v, l, np.abs(v.trace.W[above]).T), "|W|"),
        ("weights_row_shifted", 1.4, _row_shifted(above, np.s_[:-1]), last),
        ("weights_row_shifted", 1.4, _row_shifted(above, np.s_[1:]), first),
        ("delta_squared", 1.5, lambda v: _times(v, l, (v.trace.W[above] ** 2).T), "W²"),
        ("weights_with_bias", 1.6, lambda v: _times(v, l, (v.trace.W[above] + v.trace.b[above]).T), with_bias),
    ]


def _summed(l: int) -> list[BackRow]:
    """The weights left out, or the batch joined too early."""

    def spread(v: View, values: Array) -> Array:
        return np.broadcast_to(values, v.trace.z[l].shape)

    def as_it_is(v: View) -> Array | None:
        return v.own[l + 1] if v.own[l + 1].shape == v.trace.z[l].shape else None

    return [
        ("upstream_left_out", 1.2, lambda v: np.ones_like(v.trace.z[l]), ""),
        ("upstream_left_out", 1.3, lambda v: np.full_like(v.trace.z[l], v.trace.scale), ""),
        ("weights_left_out", 1.2, as_it_is, ""),
        ("weights_left_out", 1.5, lambda v: spread(v, v.own[l + 1].sum(axis=1, keepdims=True)), ""),
        ("delta_summed_first", 1.4, lambda v: spread(v, right_back(v, l).mean(axis=0)), "mean"),
        ("delta_summed_first", 1.4, lambda v: spread(v, right_back(v, l).sum(axis=0)), "sum"),
    ]


def _bent(kind: str, above: int) -> BackRow:
    def back(v: View) -> Array | None:
        made: Array = (v.own[above] * slope(kind, v.trace.z[above])) @ v.trace.W[above].T
        return made

    return ("slope_of_layer_above", 1.2, back, f"{kind}′(z{above + 1})")


def _through_other_layers(view: View, l: int) -> list[BackRow]:
    """Another layer's weights or δ, where the shapes allow it."""
    above, W = l + 1, view.trace.W
    rows: list[BackRow] = []
    for j in range(view.trace.depth):
        if j != above and W[j].shape == W[above].shape:
            rows += _through_layer(l, j)
        if j > above and W[j].shape[1] == W[above].shape[1]:
            rows.append(_with_delta(above, j))
    return rows


def _through_layer(l: int, j: int) -> list[BackRow]:
    return [
        ("weights_of_other_layer", 1.1, lambda v: _times(v, l, v.trace.W[j].T), f"W{j + 1}"),
        ("weights_of_other_layer", 1.4, lambda v: _times(v, l, v.trace.W[j]), f"W{j + 1}"),
    ]


def _with_delta(above: int, j: int) -> BackRow:
    return ("delta_of_other_layer", 1.2, lambda v: _other_delta(v, above, j), f"δ{j + 1}")


def _row_shifted(above: int, kept: slice) -> Back:
    """Where W and b lie in one matrix and the wrong row is taken for the bias."""

    def back(v: View) -> Array | None:
        W, b = v.trace.W[above][kept], v.trace.b[above][None]
        made: Array = v.own[above] @ np.concatenate([b, W] if kept.start is None else [W, b]).T
        return made

    return back


def _unsloped(view: View, above: int) -> Array | None:
    """What δ of the layer above was before its slope; at the outputs the slope is taken out again."""
    if above == view.trace.depth - 1:
        return _output_unsloped(view)
    u = view.before_slope.get(above)
    return None if u is None else u @ view.trace.W[above].T


def _output_unsloped(view: View) -> Array | None:
    tr = view.trace
    if tr.spec.activations[-1] in ("sigmoid", "tanh"):
        return (view.own[tr.depth - 1] / slope(tr.spec.activations[-1], tr.z[-1])) @ tr.W[-1].T
    if uses_softmax(tr.spec) and tr.spec.loss == "squared_error":
        return (tr.scale * loss_slope(tr.spec.loss, tr.p, tr.t)) @ tr.W[-1].T
    return None


def _other_delta(view: View, above: int, j: int) -> Array | None:
    D, W = view.own[j], view.trace.W[above]
    return D @ W.T if D.shape[1] == W.shape[1] else None


def _slopes(view: View, l: int) -> list[tuple[str, float, Slope, str]]:
    tr = view.trace
    kind = tr.spec.activations[l]
    bent = kind != "identity"

    def s(v: View) -> Array:
        return slope(kind, v.trace.z[l], v.trace.forward.leak)

    rows: list[tuple[str, float, Slope, str]] = [("", 0.0, lambda v, u: s(v), "")]
    if bent:
        rows += [
            ("slope_missing", 0.9, lambda v, u: np.ones_like(u), ""),
            ("mask_inverted", 1.0, lambda v, u: 1.0 - s(v), "")
            if kind not in ("softplus", "swish", "elu", "selu", "mish", "gelu", "gelu_tanh")
            else ("slope_sign_inside", 1.0, lambda v, u: slope(kind, -v.trace.z[l]), "−z in place of z"),
            ("slope_twice", 1.1, lambda v, u: s(v) ** 2, "")
            if kind not in ("relu",)
            else ("", 9.0, lambda v, u: None, ""),
            ("slope_divided", 1.4, lambda v, u: 1.0 / s(v), ""),
            ("slope_without_bias", 1.5, lambda v, u: slope(kind, v.trace.z[l] - v.trace.b[l]), ""),
            ("slope_above_half", 1.5, lambda v, u: (v.trace.h[l + 1] > 0.5).astype(float), "a > 0.5"),
            ("slope_sign", 1.3, lambda v, u: np.sign(v.trace.z[l]), "sign(z)"),
        ]
    rows += [
        ("activation_as_slope", 1.0, lambda v, u: v.trace.h[l + 1], "f(z)"),
        ("z_as_slope", 1.0 if kind != "relu" else 1.1, lambda v, u: v.trace.z[l], "z"),
        ("mask_from_gradient", 1.0, lambda v, u: (u > 0).astype(float), "δ > 0"),
        ("mask_from_gradient", 1.3, lambda v, u: s(v) * (u > 0), "δ > 0"),
    ]
    if kind in ("sigmoid", "tanh"):
        rows += [
            ("slope_of_output_value", 0.9, lambda v, u: slope(kind, v.trace.h[l + 1]), f"{kind}′(a)"),
            ("slope_formula_on_z", 0.9, lambda v, u: slope_formula(kind, v.trace.z[l]), "z"),
            ("half_of_slope", 1.1, lambda v, u: 1.0 - v.trace.h[l + 1], "1 − a"),
            ("half_of_slope", 1.2, lambda v, u: v.trace.h[l + 1] ** 2, "a²"),
            ("activation_as_slope", 1.2, lambda v, u: activate(kind, v.trace.h[l + 1]), "f(a)"),
            ("slope_sign_inside", 1.2, lambda v, u: slope_formula_flipped(kind, v.trace.h[l + 1]), "a plus sign"),
        ]
    rows += _other_functions(kind, l) + _other_places(view, l, kind)
    return [row for row in rows if row[1] < 9.0]


def _other_functions(kind: str, l: int) -> list[tuple[str, float, Slope, str]]:
    """The slope of a function that the forward pass does not use here."""
    rows: list[tuple[str, float, Slope, str]] = []
    for other in ("relu", "sigmoid", "tanh"):
        if other != kind:
            key = "slope_of_other_function"
            rows.append((key, 1.0, lambda v, u, o=other: slope(o, v.trace.z[l]), f"{other}′(z)"))  # type: ignore[misc]
            if other != "relu":
                rows.append((key, 1.0, lambda v, u, o=other: slope_formula(o, v.trace.h[l + 1]), f"{other}′ from a"))  # type: ignore[misc]
                rows.append((key, 1.2, lambda v, u, o=other: slope(o, v.trace.h[l + 1]), f"{other}′(a)"))  # type: ignore[misc]
    if kind not in ("relu", "sigmoid", "tanh", "identity"):
        of_a = f"{kind}′(a)"
        rows.append(
            ("slope_of_output_value", 0.95, lambda v, u: slope(kind, v.trace.h[l + 1], v.trace.forward.leak), of_a)
        )
    if kind in OTHERS:
        for other in (name for name in _SMOOTH if name != kind):
            key = "slope_of_other_function"
            rows.append((key, 1.05, lambda v, u, o=other: slope(o, v.trace.z[l]), f"{other}′(z)"))  # type: ignore[misc]
    if kind == "relu" or kind.startswith(("leaky", "elu")):
        for leak in (0.01, 0.1, 0.2, 0.001, 0.05, 0.3):
            rows.append(("slope_leak", 1.1, lambda v, u, k=leak: np.where(v.trace.z[l] > 0, 1.0, k), f"slope {leak}"))  # type: ignore[misc]
        rows.append(
            ("slope_leak", 1.2, lambda v, u: np.where(v.trace.z[l] > 0, v.trace.forward.leak, 1.0), "the sides swapped")
        )
    return rows


def _other_places(view: View, l: int, kind: str) -> list[tuple[str, float, Slope, str]]:
    """The right function at the wrong layer."""
    rows: list[tuple[str, float, Slope, str]] = []
    tr = view.trace
    for j in range(tr.depth):
        if j != l and tr.z[j].shape == tr.z[l].shape:
            rows += _of_place(j, tr.depth, kind)
    if tr.x.shape == tr.z[l].shape:
        rows.append(("mask_of_other_layer", 1.2, lambda v, u: slope(kind, v.trace.x), "x"))
        if kind in ("sigmoid", "tanh"):
            rows.append(("mask_of_other_layer", 1.3, lambda v, u: slope_formula(kind, v.trace.x), "x"))
    return rows


def _of_place(j: int, depth: int, kind: str) -> list[tuple[str, float, Slope, str]]:
    rows: list[tuple[str, float, Slope, str]] = [
        ("mask_of_other_layer", 1.0, lambda v, u: slope(kind, v.trace.z[j]), f"z{j + 1}")
    ]
    if j + 1 < depth and kind in ("sigmoid", "tanh"):
        rows.append(("mask_of_other_layer", 1.3, lambda v, u: slope_formula(kind, v.trace.h[j + 1]), f"h{j + 1}"))
    return rows
