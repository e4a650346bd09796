"""What people hand back from the loss instead of δ = ∂L/∂z at the outputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handgrad.check.diagnosis.model import (
    Trace,
    activate,
    loss_slope,
    output_delta,
    shifted_exp,
    sigmoid,
    slope,
    slope_formula,
    slope_formula_flipped,
    softmax,
    through_softmax,
    uses_softmax,
)
from handgrad.check.diagnosis.view import Guess, View
from handgrad.check.subject import NetSpec
from handgrad.kernels.types import Array

Maker = Callable[[Trace], Array]


def top_guesses(spec: NetSpec, measured: bool = False) -> list[Guess]:
    """Candidates for the output's δ, the right one first, then by how far-fetched they are.

    With `measured`, the program's loss is another one than `spec` says.
    """
    rows: list[tuple[str, float, Maker, str]] = [("", 0.0, lambda tr: tr.delta[-1] / tr.scale, "")]
    rows += _of_own_loss(spec) if measured else _of_loss(spec)
    seen = ("logits_for_probabilities",) if spec.activations[-1] == "identity" and not uses_softmax(spec) else ()
    rows += _of_targets(spec)
    rows += _of_predictions(spec)
    rows += _of_slopes(spec)
    rows += _of_errors(spec)
    rows += _of_samples()
    return [_guess(*row) for row in sorted(rows, key=lambda row: row[1]) if row[0] not in seen]


def _guess(key: str, cost: float, maker: Maker, detail: str) -> Guess:
    def make(view: View) -> Array:
        with np.errstate(all="ignore"):
            made: Array = view.trace.scale * maker(view.trace)
        return made

    return Guess((key,) if key else (), cost, make, detail)


def _slope_of_loss(tr: Trace) -> Array:
    return loss_slope(tr.spec.loss, tr.p, tr.t)


def _of_loss(spec: NetSpec) -> list[tuple[str, float, Maker, str]]:
    """Another loss's δ, or the chain rule cut short."""
    if uses_softmax(spec):
        return _of_softmax(spec.loss)
    rows: list[tuple[str, float, Maker, str]] = [("output_slope_missing", 1.0, _slope_of_loss, "f′(z)")]
    for other in ("squared_error", "binary_cross_entropy", "cross_entropy"):
        rows += _of_other_loss(spec, other) if other != spec.loss else []
    if spec.loss == "binary_cross_entropy":
        rows += [
            ("second_class_missing", 1.0, lambda tr: -tr.t * (1 - tr.p), "the term of t = 0"),
            ("second_class_missing", 1.1, lambda tr: (1 - tr.t) * tr.p, "the term of t = 1"),
            ("sigmoid_slope_after_delta", 0.9, lambda tr: (tr.p - tr.t) * tr.p * (1 - tr.p), "p(1 − p)"),
            ("second_class_sign", 1.1, lambda tr: -tr.t * (1 - tr.p) - (1 - tr.t) * tr.p, "a sign"),
        ]
    return rows


def _of_own_loss(spec: NetSpec) -> list[tuple[str, float, Maker, str]]:
    """The δ of a loss that has a formula, where the program's own has none; or its own, with something done to it."""
    rows: list[tuple[str, float, Maker, str]] = [
        ("error_squared", 1.1, lambda tr: np.abs(tr.delta[-1]) / tr.scale, "its magnitude"),
        ("error_squared", 1.1, lambda tr: tr.delta[-1] ** 2, "its square"),
        ("error_squared", 1.2, lambda tr: np.abs(tr.p - tr.t), "|p − t|"),
        ("error_squared", 1.2, lambda tr: np.sign(tr.p - tr.t), "sign(p − t)"),
    ]
    kind = spec.activations[-1]
    if kind in ("sigmoid", "tanh", "relu", "leaky_relu"):
        rows += [
            ("output_slope_missing", 1.0, lambda tr: tr.delta[-1] / tr.scale / slope(kind, tr.z[-1]), "f′(z)"),
            ("slope_twice", 1.1, lambda tr: tr.delta[-1] / tr.scale * slope(kind, tr.z[-1]), f"{kind}′(z)"),
        ]
    losses = ("squared_error", *(() if kind == "identity" and not uses_softmax(spec) else ("binary_cross_entropy",)))
    for other in losses:
        rows += _of_other_loss(spec, other)
    rows = [(key, 1.05 if key == "delta_of_other_loss" else cost, make, said) for key, cost, make, said in rows]
    if uses_softmax(spec):
        rows.append(("delta_of_other_loss", 1.05, lambda tr: tr.p - tr.t, "the cross-entropy"))
    return rows


def _of_softmax(loss: str) -> list[tuple[str, float, Maker, str]]:
    def two_class(tr: Trace) -> Array:
        return loss_slope("binary_cross_entropy", tr.p, tr.t)

    rows: list[tuple[str, float, Maker, str]] = [
        ("jacobian_left_out", 1.0, _slope_of_loss, "∂L/∂p"),
        ("jacobian_diagonal", 1.0, lambda tr: _slope_of_loss(tr) * tr.p * (1 - tr.p), "p(1 − p)"),
        ("two_class_loss", 1.0, lambda tr: through_softmax(two_class(tr), tr.p), "the two-class loss"),
        ("two_class_loss", 1.1, two_class, "(p − t)/(p(1 − p))"),
    ]
    if loss == "squared_error":
        rows += [
            ("cross_entropy_delta", 0.9, lambda tr: tr.p - tr.t, "p − t"),
            ("cross_entropy_delta", 1.2, lambda tr: 2 * (tr.p - tr.t) * tr.p, "(p − t)p"),
        ]
    else:
        rows += [
            ("squared_error_delta", 1.2, lambda tr: through_softmax(tr.p - tr.t, tr.p), "squared error's δ"),
            ("sigmoid_slope_after_delta", 0.9, lambda tr: (tr.p - tr.t) * tr.p * (1 - tr.p), "p(1 − p)"),
            ("jacobian_diagonal", 1.1, lambda tr: -tr.t * tr.p, "p"),
        ]
    return rows


def _of_other_loss(spec: NetSpec, other: str) -> list[tuple[str, float, Maker, str]]:
    name = other.replace("_", " ")
    return [
        ("delta_of_other_loss", 1.3, lambda tr: output_delta(spec, tr.z[-1], tr.p, tr.t, other), name),
        ("delta_of_other_loss", 1.5, lambda tr: loss_slope(other, tr.p, tr.t), name),
    ]


def _of_targets(spec: NetSpec) -> list[tuple[str, float, Maker, str]]:
    """p − t with something else for t, handed on as the right δ is."""

    def with_targets(change: Callable[[Array], Array]) -> Maker:
        return lambda tr: output_delta(spec, tr.z[-1], tr.p, change(tr.t))

    rows = [
        ("targets_missing", 1.2, lambda tr: tr.p, "p alone"),
        ("predictions_missing", 1.2, lambda tr: -tr.t, "−t alone"),
        ("targets_plus", 1.2, lambda tr: tr.p + tr.t, "p + t"),
        ("only_true_class", 1.2, lambda tr: (tr.p - tr.t) * tr.t, "the true class"),
        ("only_true_class", 1.3, lambda tr: (tr.p - tr.t) * (1 - tr.t), "the wrong classes"),
        ("labels_off_by_one", 1.2, with_targets(lambda t: np.roll(t, 1, axis=1)), "the next class"),
        ("labels_off_by_one", 1.2, with_targets(lambda t: np.roll(t, -1, axis=1)), "the class before"),
        ("targets_of_other_images", 1.2, with_targets(lambda t: np.roll(t, 1, axis=0)), "the image before"),
        ("targets_of_other_images", 1.2, with_targets(lambda t: np.roll(t, -1, axis=0)), "the next image"),
        ("targets_of_other_images", 1.2, with_targets(lambda t: t[::-1]), "the batch in reverse"),
        ("targets_of_other_images", 1.3, with_targets(lambda t: np.repeat(t[:1], len(t), axis=0)), "the first image"),
        ("targets_of_other_images", 1.3, with_targets(lambda t: np.repeat(t[-1:], len(t), axis=0)), "the last image"),
        ("labels_not_one_hot", 1.3, lambda tr: tr.p - np.argmax(tr.t, axis=1)[:, None], "class numbers"),
        ("one_minus_targets", 1.3, lambda tr: tr.p - (1 - tr.t), "1 − t"),
        ("targets_smoothed", 1.5, lambda tr: tr.p - (0.9 * tr.t + 0.1 / tr.t.shape[1]), "smoothed targets"),
    ]
    return (
        rows
        if spec.sizes[-1] > 1
        else [row for row in rows if row[0] not in ("labels_off_by_one", "labels_not_one_hot")]
    )


def _of_predictions(spec: NetSpec) -> list[tuple[str, float, Maker, str]]:
    """p − t with something else for p."""

    def error_of(change: Callable[[Trace], Array]) -> Maker:
        return lambda tr: change(tr) - tr.t

    rows: list[tuple[str, float, Maker, str]] = [
        ("logits_for_probabilities", 1.2, error_of(lambda tr: tr.z[-1]), "z"),
        ("hard_predictions", 1.2, error_of(lambda tr: np.eye(tr.p.shape[1])[tr.p.argmax(axis=1)]), "argmax"),
        ("softmax_twice_backward", 1.2, error_of(lambda tr: softmax(tr.p)), "softmax(p)"),
        ("softmax_axis_backward", 1.2, error_of(lambda tr: softmax(tr.z[-1].T).T), "softmax over axis 0"),
        ("softmax_axis_backward", 1.2, error_of(_softmax_of_all), "the whole array"),
        ("output_function_differs", 1.3, error_of(lambda tr: sigmoid(tr.z[-1])), "σ(z)"),
        ("output_function_differs", 1.3, error_of(lambda tr: sigmoid(tr.p)), "σ(p)"),
        ("output_function_differs", 1.3, error_of(lambda tr: softmax(tr.z[-1])), "softmax(z)"),
        ("output_function_differs", 1.4, error_of(lambda tr: np.exp(tr.z[-1])), "eᶻ"),
        ("softmax_not_normalised", 1.4, error_of(lambda tr: shifted_exp(tr.z[-1])), "eᶻ"),
        ("softmax_of_minus", 1.4, error_of(lambda tr: softmax(-tr.z[-1])), "softmax(−z)"),
        ("output_function_differs", 1.4, error_of(lambda tr: np.tanh(tr.z[-1])), "tanh z"),
        ("log_for_probabilities", 1.4, error_of(lambda tr: np.log(np.maximum(np.abs(tr.p), 1e-300))), "log p"),
        ("error_squared", 1.3, lambda tr: (tr.p - tr.t) ** 2, "(p − t)²"),
        ("error_squared", 1.3, lambda tr: np.abs(tr.p - tr.t), "|p − t|"),
        ("error_squared", 1.4, lambda tr: np.sign(tr.p - tr.t), "sign(p − t)"),
        ("error_squared", 1.5, lambda tr: -tr.t * np.log(np.maximum(np.abs(tr.p), 1e-300)), "the loss itself"),
        ("error_squared", 1.4, lambda tr: 4 * (tr.p - tr.t) ** 3, "(p − t)³"),
    ]
    return [*rows, ("output_function_differs", 1.4, error_of(lambda tr: activate("relu", tr.z[-1])), "relu(z)")]


def _of_errors(spec: NetSpec) -> list[tuple[str, float, Maker, str]]:
    """Another error than p − t, multiplied by the output's slope as the right one is."""
    kind = spec.activations[-1]
    if uses_softmax(spec) or kind == "identity" or spec.loss != "squared_error":
        return []

    def bent(error: Maker) -> Maker:
        return lambda tr: 2 * error(tr) * slope(kind, tr.z[-1])

    return [
        ("error_squared", 1.3, bent(lambda tr: np.abs(tr.p - tr.t)), "|p − t|"),
        ("error_squared", 1.3, bent(lambda tr: -np.abs(tr.p - tr.t)), "−|p − t|"),
        ("error_squared", 1.3, bent(lambda tr: (tr.p - tr.t) ** 2), "(p − t)²"),
        ("error_squared", 1.3, bent(lambda tr: -((tr.p - tr.t) ** 2)), "−(p − t)²"),
        ("error_squared", 1.4, bent(lambda tr: np.sign(tr.p - tr.t)), "sign(p − t)"),
        ("targets_missing", 1.3, bent(lambda tr: tr.p), "p alone"),
        ("predictions_missing", 1.3, bent(lambda tr: -tr.t), "−t alone"),
        ("targets_plus", 1.3, bent(lambda tr: tr.p + tr.t), "p + t"),
        ("one_minus_targets", 1.4, bent(lambda tr: tr.p - (1 - tr.t)), "1 − t"),
        ("logits_for_probabilities", 1.3, bent(lambda tr: tr.z[-1] - tr.t), "z"),
        ("hard_predictions", 1.4, bent(lambda tr: np.round(tr.p) - tr.t), "rounded"),
    ]


def _of_slopes(spec: NetSpec) -> list[tuple[str, float, Maker, str]]:
    """The hidden layers' slope at the outputs too, or the outputs' own slope taken wrongly."""
    rows: list[tuple[str, float, Maker, str]] = []
    own = "" if uses_softmax(spec) else spec.activations[-1]
    for kind, cost in (("relu", 1.0), ("tanh", 1.1), ("sigmoid", 1.1), ("leaky_relu", 1.2)):
        if kind != own:
            key = "hidden_slope_at_output"
            rows.append((key, cost, lambda tr, k=kind: tr.delta[-1] / tr.scale * slope(k, tr.z[-1]), f"{kind}′(z)"))  # type: ignore[misc]
            rows.append((key, cost + 0.2, lambda tr, k=kind: _slope_of_loss(tr) * slope(k, tr.z[-1]), f"{kind}′(z)"))  # type: ignore[misc]
    rows.append(("hidden_slope_at_output", 1.2, lambda tr: tr.delta[-1] / tr.scale * (1 - tr.p**2), "1 − p²"))
    if own in ("sigmoid", "tanh"):
        rows += [
            ("slope_of_output_value", 1.0, lambda tr: _slope_of_loss(tr) * slope(own, tr.p), f"{own}′(a)"),
            ("slope_of_output_value", 1.2, lambda tr: tr.delta[-1] / tr.scale * slope(own, tr.p), f"{own}′(a)"),
            ("slope_formula_on_z", 1.1, lambda tr: _slope_of_loss(tr) * slope_formula(own, tr.z[-1]), "z"),
            ("slope_twice", 1.1, lambda tr: _slope_of_loss(tr) * slope(own, tr.z[-1]) ** 2, f"{own}′(z)²"),
            ("slope_twice", 1.2, lambda tr: tr.delta[-1] / tr.scale * slope(own, tr.z[-1]), f"{own}′(z)"),
            ("slope_sign_inside", 1.2, lambda tr: _slope_of_loss(tr) * slope_formula_flipped(own, tr.p), "a plus sign"),
            ("half_of_slope", 1.4, lambda tr: _slope_of_loss(tr) * tr.p**2, "a²"),
            ("activation_as_slope", 1.3, lambda tr: _slope_of_loss(tr) * activate(own, tr.p), "f(p)"),
            ("slope_sign_inside", 1.4, lambda tr: (tr.p - tr.t) * slope_formula_flipped(own, tr.p), "a plus sign"),
            ("half_of_slope", 1.4, lambda tr: (tr.p - tr.t) * (1 - tr.p), "1 − p"),
            ("upstream_left_out", 1.3, lambda tr: slope(own, tr.z[-1]), ""),
            ("upstream_left_out", 1.4, lambda tr: slope(own, tr.z[-1]) / tr.scale, ""),
        ]
    rows += [
        ("z_as_slope", 1.2, lambda tr: _slope_of_loss(tr) * tr.z[-1], "z"),
        ("activation_as_slope", 1.2, lambda tr: _slope_of_loss(tr) * tr.p, "p"),
        ("z_as_slope", 1.4, lambda tr: tr.delta[-1] / tr.scale * tr.z[-1], "z"),
        ("activation_as_slope", 1.4, lambda tr: tr.delta[-1] / tr.scale * tr.p, "p"),
        ("half_of_slope", 1.4, lambda tr: _slope_of_loss(tr) * (1 - tr.p), "1 − p"),
    ]
    return rows


def _of_samples() -> list[tuple[str, float, Maker, str]]:
    """Some samples only, or an average where each should have its own."""

    def kept(pick: slice) -> Maker:
        def make(tr: Trace) -> Array:
            only = np.zeros_like(tr.delta[-1])
            only[pick] = tr.delta[-1][pick] / tr.scale
            return only

        return make

    def averaged(axis: int) -> Maker:
        return lambda tr: np.broadcast_to((tr.delta[-1] / tr.scale).mean(axis=axis, keepdims=True), tr.p.shape)

    return [
        ("last_sample_only", 1.0, kept(slice(-1, None)), "the last image"),
        ("first_sample_only", 1.0, kept(slice(0, 1)), "the first image"),
        ("first_sample_missing", 1.2, kept(slice(1, None)), "all but the first image"),
        ("first_sample_missing", 1.2, kept(slice(0, -1)), "all but the last image"),
        ("first_sample_missing", 1.4, kept(slice(0, None, 2)), "every second image"),
        ("averaged_delta", 1.2, averaged(0), "the batch's mean δ"),
        ("averaged_delta", 1.5, averaged(1), "the classes' mean δ"),
    ]


def _softmax_of_all(tr: Trace) -> Array:
    return softmax(tr.z[-1].reshape(1, -1)).reshape(tr.p.shape)
