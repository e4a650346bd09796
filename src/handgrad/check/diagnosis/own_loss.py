"""δ at the outputs, measured: for a loss that no formula of ours describes (a mean of |p − t|, a hinge).

The loss is known only as a function of the parameters. With fewer samples than inputs of the last layer, its input h
(N, D) has a right inverse H, and W + ε H[:, n] eₚᵀ moves the single logit z[n, p]: its slope is δ[n, p]. A direction
that moves no logit shows what a penalty adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handgrad.check.diagnosis.model import Forward, Trace, trace
from handgrad.check.diagnosis.probes import Asked, Probe, own_loss
from handgrad.check.subject import NetSpec, NetSubject
from handgrad.kernels.types import Array

_STEP, _SINGLE_STEP = 1e-5, 1e-2  # the second for a loss in single precision
_CONDITION = 1e6
_AGREE, _SINGLE_AGREE = 1e-4, 5e-3  # along random directions in every tensor
_DIRECTIONS = 2
_MOST = 400  # values of the loss that a probe may cost


def measure_loss(
    subject: NetSubject, asked: Sequence[Asked], spec: NetSpec, forward: Forward
) -> tuple[NetSpec, list[Trace]] | None:
    """The traces with the measured δ and what follows from it, confirmed in every tensor; None where it cannot be had.

    The description that comes with them has the measured penalty, and is divided by N if the loss is a mean.
    """
    single = _is_single(own_loss(subject, asked[0].probe))
    measured = [_measure(subject, one, forward, spec) for one in asked]
    known = [one for one in measured if one is not None]
    if len(known) < len(asked) or not all(delta.any() for delta, _, _ in known):
        return None
    lambdas = _steady(np.array([(l1, l2) for _, l1, l2 in known]), [len(one.probe.x) for one in asked], single)
    if lambdas is None:
        return None
    loss = spec.loss
    if spec.activations[-1] == "identity" and any(_loose_rows(delta) for delta, _, _ in known):
        loss = "squared_error"  # no softmax follows: the rows of its δ would add up to 0
    spec = replace(spec, loss=loss)
    divided = "N" if _is_mean(subject, asked[0], known[0][0], forward, spec) else "none"
    for on_biases in (False, True) if lambdas.any() else (False,):
        plain = replace(spec, divided_by=divided, factor=1.0, penalizes_biases=on_biases)
        specs = [replace(plain, l1=float(l1), l2=float(l2)) for l1, l2 in lambdas]
        traces = [
            _with_delta(own, one.probe, forward, delta)
            for own, one, (delta, _, _) in zip(specs, asked, known, strict=True)
        ]
        if all(_agrees(subject, one.probe, made, single) for one, made in zip(asked, traces, strict=True)):
            return specs[0], traces
    return None


def _steady(lambdas: Array, samples: Sequence[int], single: bool) -> Array | None:
    """λ₁ and λ₂ of each probe, if they are the same at all, or in proportion to 1/N; None where they are neither."""
    if np.abs(lambdas).max() < (1e-3 if single else 1e-6):
        return np.zeros_like(lambdas)
    for counts in (np.ones(len(samples)), np.array(samples, float)):
        scaled = lambdas * counts[:, None]
        if np.ptp(scaled, axis=0).max() <= (_SINGLE_AGREE if single else _AGREE) * np.abs(scaled).max():
            middle = np.median(scaled, axis=0)
            return np.asarray(np.where(np.abs(middle) > 1e-6, middle, 0.0) / counts[:, None])
    return None


def _loose_rows(delta: Array) -> bool:
    return bool(np.abs(delta.sum(axis=1)).max() > 1e-6 * np.abs(delta).max())


def _with_delta(spec: NetSpec, probe: Probe, forward: Forward, delta: Array) -> Trace:
    made = trace(spec, probe.parameters, probe.x, probe.t, forward)
    made.replace_output_delta(delta)
    made.measured = True
    return made


def _measure(subject: NetSubject, one: Asked, forward: Forward, spec: NetSpec) -> tuple[Array, float, float] | None:
    """δ (N, P), λ₁ and λ₂ at one probe."""
    probe, name = one.probe, f"W{len(spec.activations)}"
    made = trace(spec, probe.parameters, probe.x, probe.t, forward)
    h, W, (N, P) = made.h[-2], made.W[-1], made.t.shape
    first, again = own_loss(subject, probe), own_loss(subject, probe)
    if first is None or first != again or not np.isfinite(first) or h.shape[1] <= N or 2 * N * P > _MOST:
        return None
    if np.linalg.cond(h) > _CONDITION:
        return None
    H = np.linalg.pinv(h)  # (D, N): h H = 1
    still = [A - H @ (h @ A) for A in (np.sign(W), W)]
    step = _SINGLE_STEP if _is_single(first) else _STEP
    slopes = [slope_along(subject, probe, {name: direction}, step) for direction in still]
    if slopes[0] is None or slopes[1] is None:
        return None
    table = np.array([[(A * direction).sum() for A in (np.sign(W), W)] for direction in still])
    l1, l2 = np.linalg.lstsq(table, np.array(slopes, float), rcond=1e-6)[0]
    if max(abs(slope) for slope in slopes if slope is not None) < (1e-7 if step == _STEP else 1e-3):
        l1 = l2 = 0.0
    delta = np.zeros((N, P))
    for n in range(N):
        for p in range(P):
            direction = np.zeros_like(W)
            direction[:, p] = H[:, n]
            slope = slope_along(subject, probe, {name: direction}, step)
            if slope is None:
                return None
            delta[n, p] = slope - float((direction * (l1 * np.sign(W) + l2 * W)).sum())
    return delta, float(l1), float(l2)


def slope_along(subject: NetSubject, probe: Probe, direction: dict[str, Array], step: float = _STEP) -> float | None:
    """The slope of the program's own loss along a direction in some parameters; None where it is no number."""
    values = []
    for sign in (1.0, -1.0):
        moved = {k: v + sign * step * direction[k] if k in direction else v for k, v in probe.parameters.items()}
        values.append(own_loss(subject, probe, moved))
    if values[0] is None or values[1] is None or not np.isfinite(values[0] + values[1]):
        return None
    return (values[0] - values[1]) / (2 * step)


def _is_single(value: float | None) -> bool:
    return value is not None and value == float(np.float32(value))


def _agrees(subject: NetSubject, probe: Probe, made: Trace, single: bool) -> bool:
    """Whether the gradients that follow from δ are the loss's slopes in every tensor."""
    rng, near, step = np.random.default_rng(13), _AGREE, _STEP
    if single:
        near, step = _SINGLE_AGREE, _SINGLE_STEP / 3
    for name, gradient in made.gradients.items():
        size = float(np.linalg.norm(gradient))
        for _ in range(_DIRECTIONS):
            direction = rng.standard_normal(gradient.shape)
            slope = slope_along(subject, probe, {name: direction}, step)
            promised = float((gradient * direction).sum())
            if slope is None or abs(slope - promised) > near * max(size, abs(promised)):
                return False
    return True


def _is_mean(subject: NetSubject, one: Asked, delta: Array, forward: Forward, spec: NetSpec) -> bool:
    """Whether the first sample alone has another δ than among the others; a mean where it cannot be asked."""
    probe = one.probe
    try:
        alone = _measure(subject, Asked(_first(probe), one.answer, one.truth), forward, spec)
    except Exception:  # the program's own, which takes no single sample
        return True
    if alone is None or not np.any(delta[0]):
        return True
    ratio = float((alone[0][0] * delta[0]).sum() / (delta[0] ** 2).sum())
    return abs(ratio - 1) > 1e-3


def _first(probe: Probe) -> Probe:
    return replace(probe, x=probe.x[:1], t=probe.t[:1])
