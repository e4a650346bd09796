"""The cheap signs of a wrong gradient that need no explanation: they are shown where nothing fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.check.diagnosis.compare import cosine, least_squares_factor
from handgrad.check.diagnosis.probes import Asked
from handgrad.check.diagnosis.settle import Settled


def net_signs(asked: Sequence[Asked], settled: Settled) -> tuple[str, ...]:
    """Factor and cosine of each wrong tensor, sorted values, zeros, and where the layer identity breaks."""
    one = asked[0]
    signs = []
    for name, truth in one.truth.gradients.items():
        given = one.answer.gradients.get(name)
        if given is None or np.shape(given) != truth.shape or not np.isfinite(given).all():
            continue
        if np.linalg.norm(given - truth) <= 1e-6 * np.linalg.norm(truth):
            continue
        k, _ = least_squares_factor(given, truth)
        signs.append(f"{name}: factor {k:.3g}, cosine {cosine(given, truth):.3f} against the right gradient")
        if np.allclose(np.sort(given.ravel()), np.sort(truth.ravel()), rtol=1e-6, atol=1e-12):
            signs.append(f"{name}: the same values in another order")
        extra = (given == 0) & (truth != 0)
        if 0 < extra.sum() < given.size:
            signs.append(f"{name}: {int(extra.sum())} of {given.size} entries are 0 that should not be")
    return (*signs, *_identity(one, settled), *_slope(one))


def _identity(one: Asked, settled: Settled) -> list[str]:
    """⟨W₍ₗ₊₁₎, dW₍ₗ₊₁₎⟩ = ⟨Wₗ, dWₗ⟩ + ⟨bₗ, dbₗ⟩ in a ReLU net without penalty."""
    spec, given = settled.spec, one.answer.gradients
    if spec.l1 or spec.l2 or not settled.forward.biases or any(kind != "relu" for kind in spec.activations[:-1]):
        return []
    said = []
    for l in reversed(range(1, one.truth.depth)):
        names = (f"W{l + 1}", f"W{l}", f"b{l}")
        if any(name not in given or np.shape(given[name]) != one.probe.parameters[name].shape for name in names):
            continue
        upper, weights, bias = (float((one.probe.parameters[n] * given[n]).sum()) for n in names)
        if abs(upper - weights - bias) > 1e-6 * (abs(upper) + abs(weights) + abs(bias)):
            said.append(
                f"⟨W{l + 1}, dW{l + 1}⟩ = {upper:.4g} but ⟨W{l}, dW{l}⟩ + ⟨b{l}, db{l}⟩ = {weights + bias:.4g}: "
                f"the hand-over from layer {l + 1} to layer {l} breaks"
            )
    return said


def _slope(one: Asked) -> list[str]:
    """How fast the loss really falls along −g against the promised ‖g‖²."""
    given = {n: g for n, g in one.answer.gradients.items() if np.shape(g) == one.truth.gradients[n].shape}
    promised = sum(float((g * g).sum()) for g in given.values())
    real = sum(float((g * one.truth.gradients[n]).sum()) for n, g in given.items())
    if not promised or abs(real / promised - 1) < 0.01:
        return []
    return [f"along this gradient the loss falls {real / promised:.3g} times as fast as it promises (right: 1)"]
