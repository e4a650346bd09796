"""Update rules, right and wrong ones: each gives the step, without the rate, for a gradient at a time.

Formulas: docs/derivations/optimizers.md. A rule is a function of the memory (a dict that starts empty), g, t (from
1), θ and the constants c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.kernels.types import Array

Memory = dict[str, Any]
Rule = Callable[[Memory, Array, int, Array, Mapping[str, float]], Array]


@dataclass(frozen=True)
class Variant:
    """A rule with its explanation's key ("" for a right form); `convention`: right, but worth a word."""

    key: str
    rule: Rule
    convention: bool = False
    detail: str = ""


def simulate(rule: Rule, theta: Array, gradients: list[Array], constants: Mapping[str, float]) -> list[Array]:
    """Parameters after each update."""
    memory: Memory = {}
    found, now = [], theta.copy()
    with np.errstate(all="ignore"):
        for t, g in enumerate(gradients, start=1):
            now = now - constants["learning_rate"] * rule(memory, g, t, now, constants)
            found.append(now)
    return found


def _old(memory: Memory, name: str, like: Array) -> Array:
    value: Array = memory.get(name, np.zeros_like(like))
    return value


def _sgd(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    return g


def velocity(
    keep: Callable[[float], float], take: Callable[[float], float], ahead: float = 0.0, lag: bool = False
) -> Rule:
    """v ← keep(γ) v + take(γ) g; the step is v, or γ·v + g looking ahead, or the old v."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        gamma = c["momentum"]
        old = _old(m, "v", g)
        m["v"] = keep(gamma) * old + take(gamma) * g
        if lag:
            return old
        new: Array = m["v"]
        return ahead * (gamma * new + take(gamma) * g) + (1 - ahead) * new

    return rule


def previous_gradient(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """γ times the last gradient and this one: the velocity is never kept."""
    old = _old(m, "g", g)
    m["g"] = g
    return c["momentum"] * old + g


def square_mean(
    *,
    power: int = 2,
    keep: Callable[[float], float] = lambda r: r,
    take: Callable[[float], float] = lambda r: 1 - r,
    root: bool = True,
    inside: bool = False,
    corrected: bool = False,
    lag: bool = False,
    numerator: bool = True,
) -> Rule:
    """s ← keep(ρ) s + take(ρ) gᵖ; the step is g/(√s + ε) in one of its forms."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        old = _old(m, "s", g)
        m["s"] = keep(c["decay"]) * old + take(c["decay"]) * g**power
        s = old if lag else m["s"]
        s = s / (1 - c["decay"] ** t) if corrected else s
        below = _root(s, c["epsilon"], root, inside)
        made: Array = (g if numerator else np.sign(g)) / below
        return made

    return rule


def _root(s: Array, epsilon: float, root: bool, inside: bool) -> Array:
    if not root:
        return s + epsilon
    made: Array = np.sqrt(s + epsilon) if inside else np.sqrt(s) + epsilon
    return made


@dataclass(frozen=True)
class AdamForm:
    """Adam with one thing or another done differently; the defaults are the paper's algorithm 1."""

    first: Callable[[float], float] = lambda b: 1 - b
    second: Callable[[float], float] = lambda b: 1 - b
    power: int = 2
    of_first: bool = False
    root: bool = True
    inside: bool = False
    correct_first: bool = True
    correct_second: bool = True
    written_back: bool = False
    steps: Callable[[int], int] = lambda t: t
    exchanged: bool = False
    exchanged_means: bool = False  # in m and v, not in their correction
    hat: bool = False
    decay: str = ""
    plain_numerator: bool = False
    product: bool = False


def adam(form: AdamForm) -> Rule:
    """The rule of a form."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        b1, b2 = (c["beta2"], c["beta1"]) if form.exchanged else (c["beta1"], c["beta2"])
        if form.decay == "in gradient":
            g = g + c["weight_decay"] * theta
        keep1, keep2 = (b2, b1) if form.exchanged_means else (b1, b2)
        m["m"] = keep1 * _old(m, "m", g) + form.first(keep1) * g
        squared = m["m"] ** 2 if form.of_first else g**form.power
        m["v"] = keep2 * _old(m, "v", g) + form.second(keep2) * squared
        steps = form.steps(t)
        low1, low2 = (1 - b1 * steps, 1 - b2 * steps) if form.product else (1 - b1**steps, 1 - b2**steps)
        first = m["m"] / low1 if form.correct_first else m["m"]
        second = m["v"] / low2 if form.correct_second else m["v"]
        if form.written_back:
            m["m"], m["v"] = first, second
        epsilon = c["epsilon"] / np.sqrt(1 - b2**steps) if form.hat else c["epsilon"]
        step = (g if form.plain_numerator else first) / _root(second, epsilon, form.root, form.inside)
        return step + _decay(form.decay, theta, c)

    return rule


def _decay(kind: str, theta: Array, c: Mapping[str, float]) -> Array:
    if kind == "beside":
        return c["weight_decay"] * theta
    if kind == "without rate":
        return c["weight_decay"] / c["learning_rate"] * theta
    if kind == "sign":
        return -c["weight_decay"] * theta
    if kind == "twice":
        return 2 * c["weight_decay"] * theta
    return np.zeros_like(theta)


def _minus(rule: Rule) -> Rule:
    return lambda m, g, t, theta, c: -rule(m, g, t, theta, c)


_PLAIN = velocity(lambda y: y, lambda y: 1.0)
_AHEAD = velocity(lambda y: y, lambda y: 1.0, ahead=1.0)

_MOMENTUM_MISTAKES = [
    Variant("momentum_average", velocity(lambda y: y, lambda y: 1 - y)),
    Variant("momentum_not_kept", _sgd, detail="the gradient alone"),
    Variant("momentum_not_kept", previous_gradient, detail="this gradient and the last one"),
    Variant("momentum_never_fades", velocity(lambda y: 1.0, lambda y: 1.0)),
    Variant("momentum_exchanged", velocity(lambda y: 1 - y, lambda y: y)),
    Variant("momentum_one_step_late", velocity(lambda y: y, lambda y: 1.0, lag=True)),
    Variant("momentum_sign", velocity(lambda y: -y, lambda y: 1.0)),
]


def _counts(tensors: int) -> list[tuple[Callable[[int], int], str]]:
    """t as it grows where it advances once a tensor: as the last tensor and as the first one sees it."""
    words = f"{tensors} a step"
    return [(lambda t: tensors * t, words), (lambda t: tensors * (t - 1) + 1, words)]


_COUNTS = [pair for tensors in (2, 4, 6, 8) for pair in _counts(tensors)]


def _adam_mistakes(decay: str) -> list[Variant]:
    def form(**changes: Any) -> Rule:
        return adam(AdamForm(decay=decay, **changes))

    return [
        Variant("epsilon_inside_root", form(inside=True), convention=True),
        Variant("epsilon_unscaled", form(hat=True), convention=True),
        Variant("adam_correction_written_back", form(written_back=True)),
        Variant("adam_no_root", form(root=False)),
        Variant("adam_no_correction", form(correct_first=False, correct_second=False), detail="m and v"),
        Variant("adam_no_correction", form(correct_first=False), detail="m"),
        Variant("adam_no_correction", form(correct_second=False), detail="v"),
        Variant("adam_steps_wrong", form(steps=lambda t: 1), detail="t stays 1"),
        Variant("adam_steps_wrong", form(steps=lambda t: t + 1), detail="t starts at 2"),
        Variant("adam_steps_wrong", form(steps=lambda t: max(t - 1, 0)), detail="t starts at 0"),
        Variant("adam_steps_wrong", form(steps=lambda t: max(t - 1, 1)), detail="t stays 1 for two steps"),
        *(Variant("adam_steps_per_tensor", form(steps=count), detail=words) for count, words in _COUNTS),
        Variant("adam_betas_exchanged", form(exchanged=True)),
        Variant("adam_betas_exchanged", form(exchanged_means=True)),
        Variant("adam_not_squared", form(power=1)),
        Variant("adam_second_of_first", form(of_first=True)),
        Variant("adam_weights_missing", form(first=lambda b: 1.0), detail="(1 − β₁)"),
        Variant("adam_weights_missing", form(second=lambda b: 1.0), detail="(1 − β₂)"),
        Variant("adam_weights_missing", form(first=lambda b: 1.0, second=lambda b: 1.0), detail="(1 − β) twice"),
        Variant("adam_plain_numerator", form(plain_numerator=True)),
        Variant("adam_power_as_product", form(product=True)),
    ]


def variants(kind: str) -> list[Variant]:
    """The forms of one optimiser: right ones first, then conventions, then mistakes."""
    if kind == "sgd":
        found = [Variant("", _sgd), Variant("optimizer_climbs", _minus(_sgd))]
        return [*found, Variant("update_uses_sign", lambda m, g, t, theta, c: np.sign(g))]
    if kind == "momentum":
        climbs = [Variant("optimizer_climbs", _minus(_PLAIN))]
        return [Variant("", _PLAIN), *climbs, *_MOMENTUM_MISTAKES, Variant("nesterov_for_momentum", _AHEAD)]
    if kind == "nesterov":
        same = Variant("nesterov_is_momentum", _PLAIN, convention=True)
        return [Variant("", _AHEAD), Variant("optimizer_climbs", _minus(_AHEAD)), same, *_MOMENTUM_MISTAKES[1:]]
    if kind == "rmsprop":
        return _rmsprop()
    if kind == "adam":
        right = adam(AdamForm())
        return [Variant("", right), *_adam_mistakes(""), Variant("optimizer_climbs", _minus(right))]
    if kind == "adamw":
        right = adam(AdamForm(decay="beside"))
        wrong = [
            Variant("adamw_decay_in_gradient", adam(AdamForm(decay="in gradient"))),
            Variant("decay_without_rate", adam(AdamForm(decay="without rate"))),
            Variant("decay_sign", adam(AdamForm(decay="sign"))),
            Variant("decay_missing", adam(AdamForm())),
            Variant("decay_twice", adam(AdamForm(decay="twice"))),
        ]
        return [Variant("", right), *wrong, *_adam_mistakes("beside"), Variant("optimizer_climbs", _minus(right))]
    raise ValueError(f"no optimiser is called {kind!r}; there are sgd, momentum, nesterov, rmsprop, adam, adamw")


def _rmsprop() -> list[Variant]:
    right = square_mean()
    return [
        Variant("", right),
        Variant("epsilon_inside_root", square_mean(inside=True), convention=True),
        Variant("optimizer_climbs", _minus(right)),
        Variant("adam_no_root", square_mean(root=False)),
        Variant("adam_not_squared", square_mean(power=1)),
        Variant("rmsprop_sums", square_mean(keep=lambda r: 1.0, take=lambda r: 1.0)),
        Variant("rmsprop_sums", square_mean(take=lambda r: 1.0), detail="(1 − ρ)"),
        Variant("momentum_exchanged", square_mean(keep=lambda r: 1 - r, take=lambda r: r)),
        Variant("rmsprop_corrected", square_mean(corrected=True), convention=True),
        Variant("momentum_one_step_late", square_mean(lag=True)),
        Variant("momentum_not_kept", square_mean(keep=lambda r: 0.0)),
        Variant("momentum_not_kept", square_mean(keep=lambda r: 0.0, take=lambda r: 1.0)),
        Variant("update_uses_sign", square_mean(numerator=False)),
    ]
