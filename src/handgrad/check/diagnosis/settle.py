"""Which net and which loss the program really computes, before its gradients are judged.

Where the program's own outputs or loss say otherwise than the description, they win: the gradient has to be that
of the program's own loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.model import (
    Forward,
    Trace,
    divisor,
    loss_sum,
    shifted_exp,
    sigmoid,
    softmax,
    through_softmax,
    trace,
    uses_softmax,
)
from handgrad.check.diagnosis.own_loss import measure_loss
from handgrad.check.diagnosis.probes import Asked, Probe, own_loss
from handgrad.check.subject import NetSpec, NetSubject
from handgrad.kernels.types import Array

_CLOSE = 2e-4  # outputs and losses of float32 programs agree to this
_SLOPES = 3e-3


@dataclass
class Settled:
    """What was settled.

    Attributes:
        spec: with the program's own divisor, factor and penalty.
        forward: how the forward pass differs, if it does.
        keys: explanations found on the way ("softmax_axis_0").
        notes: what to tell the reader, in words.
        loss_known: whether the gradient of `spec` was confirmed by the slope of the program's own loss; None where
            the program has none.
        outputs_known: whether the program's outputs are those of the described net.
        delta: the output's δ, where the loss is one that `spec` cannot say.
        turned: whether the program's gradients were descent directions, and are taken with the other sign.
    """

    spec: NetSpec
    forward: Forward
    keys: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    loss_known: bool | None = None
    delta: Callable[[Trace], Array] | None = None
    outputs_known: bool = True
    turned: bool = False


def _forwards(spec: NetSpec) -> list[Forward]:
    """Ways in which forward passes differ, the described one first."""
    found = [
        Forward(),
        Forward(biases=False),
        *(Forward(bias_factors=row) for row in odd_biases(len(spec.activations))),
    ]
    if "leaky_relu" in spec.activations:
        found += [Forward(leak=leak) for leak in (0.1, 0.2, 0.001, 0.05, 0.3, 0.02)]
    if uses_softmax(spec):
        found += [
            Forward("softmax_axis_0", lambda z: softmax(z.T).T),
            Forward("softmax_whole_array", lambda z: softmax(z.reshape(1, -1)).reshape(z.shape)),
            Forward("softmax_axis_0", lambda z: shifted_exp(z) / shifted_exp(z).sum(axis=0)),
            Forward("softmax_whole_array", lambda z: shifted_exp(z) / shifted_exp(z).sum()),
            Forward("softmax_twice", lambda z: softmax(softmax(z))),
            Forward("softmax_not_normalised", np.exp),
            Forward("softmax_not_normalised", shifted_exp),
            Forward("softmax_not_normalised", lambda z: z / z.sum(axis=1, keepdims=True)),
            Forward("softmax_not_normalised", lambda z: z.shape[1] * softmax(z)),
            Forward("softmax_shifted_by_class", lambda z: _over_rows(np.exp(z - z.max(axis=0)))),
            Forward("softmax_of_minus", lambda z: softmax(-z)),
            Forward("softmax_replaced", sigmoid),
        ]
    return found


def _over_rows(e: Array) -> Array:
    made: Array = e / e.sum(axis=1, keepdims=True)
    return made


def odd_biases(depth: int) -> list[tuple[float, ...]]:
    """What may multiply the biases of each layer: all subtracted, or one, or one forgotten, or all but one."""
    ones = (1.0,) * depth
    rows = [(-1.0,) * depth]
    for l in range(depth):
        rows += [(*ones[:l], factor, *ones[l + 1 :]) for factor in (0.0, -1.0)]
    if depth > 2:
        rows += [tuple(float(i == l) for i in range(depth)) for l in range(depth)]
    return list(dict.fromkeys(rows))


def settle(subject: NetSubject, asked: Sequence[Asked]) -> Settled:
    """Compare outputs, then losses, with the description, and take the program's side."""
    spec = subject.spec
    forward = _settle_forward(spec, asked)
    for one in asked:
        one.truth = trace(spec, one.probe.parameters, one.probe.x, one.probe.t, forward)
    settled = Settled(spec, forward, [forward.key] if forward.key else [])
    if not forward.key and not all(
        _same_outputs(spec, one, forward) for one in asked if one.answer.outputs is not None
    ):
        settled.outputs_known = False
        settled.notes.append("the program's outputs are not those of the net it was taken for")
    _settle_loss(subject, asked, settled)
    if settled.spec is not spec and not asked[0].truth.measured:
        for one in asked:
            one.truth = trace(settled.spec, one.probe.parameters, one.probe.x, one.probe.t, forward)
    return settled


def _settle_forward(spec: NetSpec, asked: Sequence[Asked]) -> Forward:
    """The first way whose outputs (probabilities, or logits) are the program's."""
    if any(one.answer.outputs is None for one in asked):
        return _by_gradients(spec, asked)
    for forward in _forwards(spec):
        if all(_same_outputs(spec, one, forward) for one in asked):
            unused = not forward.biases and any(g.any() for n, g in asked[0].answer.gradients.items() if n[0] == "b")
            return Forward(bias_factors=(0.0,) * len(spec.activations)) if unused else forward
    return Forward()


def _same_outputs(spec: NetSpec, one: Asked, forward: Forward) -> bool:
    outputs = one.answer.outputs
    made = trace(spec, one.probe.parameters, one.probe.x, one.probe.t, forward)
    if outputs is None or outputs.shape != made.p.shape:
        return False
    return relative(outputs, made.p) < _CLOSE or (not forward.key and relative(outputs, made.z[-1]) < _CLOSE)


def _by_gradients(spec: NetSpec, asked: Sequence[Asked]) -> Forward:
    """No outputs to be had: a program without bias gradients may have no biases; its dW tell."""
    if any(name.startswith("b") for name in asked[0].answer.gradients):
        return Forward()
    last = f"W{len(spec.activations)}"
    for forward in (Forward(), Forward(biases=False)):
        if all(
            _aligned(one, trace(spec, one.probe.parameters, one.probe.x, one.probe.t, forward), last) for one in asked
        ):
            return forward
    return Forward()


def _aligned(one: Asked, made: Trace, name: str) -> bool:
    G, truth = one.answer.gradients.get(name), made.gradients[name]
    if G is None or G.shape != truth.shape:
        return False
    cosine = float((G * truth).sum()) / max(float(np.linalg.norm(G) * np.linalg.norm(truth)), 1e-300)
    return abs(cosine) > 1 - 1e-6


def _settle_loss(subject: NetSubject, asked: Sequence[Asked], settled: Settled) -> None:
    values = [own_loss(subject, one.probe) for one in asked]
    if any(value is None for value in values):
        return
    if all(_near(value, one.truth.loss) for value, one in zip(values, asked, strict=True)):
        settled.loss_known = True
        return
    if _slopes_agree(subject, asked, settled.spec, settled.forward):
        settled.loss_known = True  # a constant, or an ε inside the logarithm
        return
    if not _fit_loss(subject, asked, settled) and not _measured(subject, asked, settled):
        settled.loss_known = False
        settled.notes.append("the program's loss is not the one its forward pass and last δ suggest")


def _measured(subject: NetSubject, asked: Sequence[Asked], settled: Settled) -> bool:
    """The loss taken as it is, where it depends on the described net's outputs: its δ is measured."""
    found = measure_loss(subject, asked, settled.spec, settled.forward) if not settled.forward.key else None
    if found is None:
        return False
    settled.spec, settled.loss_known = found[0], True
    for one, made in zip(asked, found[1], strict=True):
        one.truth = made
    settled.notes.append("we have no formula for the program's loss: its slope at each output was measured")
    return True


def _near(value: float | None, expected: float) -> bool:
    return value is not None and abs(value - expected) <= _CLOSE * max(abs(value), abs(expected), 1e-9)


def _slopes_agree(subject: NetSubject, asked: Sequence[Asked], spec: NetSpec, forward: Forward) -> bool:
    """The program's own loss along random directions, by central differences, against the exact gradient."""
    rng = np.random.default_rng(7)
    for one in asked:
        made = trace(spec, one.probe.parameters, one.probe.x, one.probe.t, forward)
        names = [name for name in made.gradients if forward.biases or name[0] == "W"]
        direction = {name: rng.standard_normal(made.gradients[name].shape) for name in names}
        promised = sum(float((made.gradients[name] * direction[name]).sum()) for name in names)
        measured = loss_slope_along(subject, one.probe, direction)
        if measured is None or not abs(measured - promised) <= _SLOPES * max(abs(promised), 1e-3):
            return False
    return True


def loss_slope_along(subject: NetSubject, probe: Probe, direction: dict[str, Array]) -> float | None:
    """The slope of the program's own loss along a direction in all parameters."""
    step = 1e-4
    values = []
    for sign in (1.0, -1.0):
        moved = {k: v + sign * step * direction[k] if k in direction else v for k, v in probe.parameters.items()}
        values.append(own_loss(subject, probe, moved))
    if values[0] is None or values[1] is None:
        return None
    return (values[0] - values[1]) / (2 * step)


def _fit_loss(subject: NetSubject, asked: Sequence[Asked], settled: Settled) -> bool:
    """Find loss, divisor, factor and penalty that give the program's loss at a dozen places."""
    places = []
    for one in asked:
        for turn, size in enumerate((1.0, 0.6, 1.3, 0.8)):
            moved = {k: v * (size if turn % 2 or k[0] == "W" else 1.0) for k, v in one.probe.parameters.items()}
            value = own_loss(subject, one.probe, moved)
            if value is None or not np.isfinite(value):
                return False
            places.append((trace(settled.spec, moved, one.probe.x, one.probe.t, settled.forward), value))
    goal = np.array([value for _, value in places])
    for key, loss, data in _losses(settled.spec):
        for by in ("N", "none", "N*P"):
            spec = replace(settled.spec, loss=loss, divided_by=by)
            part = [data(tr) / divisor(spec, len(tr.x), tr.t.shape[1]) for tr, _ in places]
            fitted = _fit_parts(places, np.array(part), goal)
            if fitted is not None:
                factor, l1, l2, on_biases = fitted
                settled.spec = replace(spec, factor=factor, l1=l1, l2=l2, penalizes_biases=on_biases)
                settled.loss_known = True
                if key:
                    settled.keys.append(key)
                    settled.delta = _twice_delta
                return True
    return False


def _losses(spec: NetSpec) -> list[tuple[str, str, Callable[[Trace], float]]]:
    """(key, loss's name, its sum) of the losses that a program may have."""
    names = [spec.loss, "cross_entropy", "squared_error", "binary_cross_entropy"]
    rows: list[tuple[str, str, Callable[[Trace], float]]] = [
        ("", name, lambda tr, n=name: loss_sum(n, tr.p, tr.t))  # type: ignore[misc]
        for name in dict.fromkeys(names)
    ]
    if uses_softmax(spec):
        rows.append(("softmax_twice", spec.loss, lambda tr: loss_sum("cross_entropy", softmax(tr.p), tr.t)))
    return rows


def _twice_delta(tr: Trace) -> Array:
    """δ of a cross-entropy that squashes the probabilities again."""
    return tr.scale * through_softmax(softmax(tr.p) - tr.t, tr.p)


def _fit_parts(
    places: Sequence[tuple[Trace, float]], data: Array, goal: Array
) -> tuple[float, float, float, bool] | None:
    """factor, λ₁, λ₂ and whether biases count; None where no sum of these parts gives the program's loss."""
    l1 = np.array([sum(np.abs(W).sum() for W in tr.W) for tr, _ in places])
    l2 = np.array([0.5 * sum((W**2).sum() for W in tr.W) for tr, _ in places])
    b1 = l1 + np.array([sum(np.abs(b).sum() for b in tr.b) for tr, _ in places])
    b2 = l2 + np.array([0.5 * sum((b**2).sum() for b in tr.b) for tr, _ in places])
    for on_biases, columns in (
        (False, [data]),
        (False, [data, l2]),
        (False, [data, l1]),
        (True, [data, b2]),
        (True, [data, b1]),
        (False, [data, l1, l2]),
        (True, [data, b1, b2]),
    ):
        matrix = np.stack(columns, axis=1)
        solved = np.linalg.lstsq(matrix, goal, rcond=None)[0]
        if np.abs(matrix @ solved - goal).max() <= 1e-5 * np.abs(goal).max() and abs(solved[0]) > 1e-9:
            first_is_l1 = len(columns) > 1 and (columns[1] is l1 or columns[1] is b1)
            rest = [float(s) for s in solved[1:]]
            lam1 = rest[0] if first_is_l1 else 0.0
            lam2 = rest[-1] if len(rest) == 2 or (rest and not first_is_l1) else 0.0
            return _round(float(solved[0])), lam1, lam2, on_biases
    return None


def _round(factor: float) -> float:
    for simple in (1.0, 0.5, 2.0, 0.25):
        if abs(factor - simple) < 1e-4:
            return simple
    return factor
