"""Rules that divide by the size of the gradients: RMSProp, Adagrad, Adadelta, Adam and its relatives.

Sources: the papers named in docs/derivations/optimizers.md for RMSProp, Adam and AdamW; Adagrad (Duchi 2011), Adadelta
(Zeiler 2012), Adamax (Kingma 2015, section 7.1), Nadam (Dozat 2016), AMSGrad (Reddi 2018), Lion (Chen 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from handgrad.check.diagnosis.optimizers.rules import Memory, Rule, old
from handgrad.kernels.types import Array


def root_of(s: Array, epsilon: float, root: bool, inside: bool) -> Array:
    """What the step is divided by."""
    if not root:
        return s + epsilon
    made: Array = np.sqrt(s + epsilon) if inside else np.sqrt(s) + epsilon
    return made


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
    absolute: bool = False,
    multiplied: bool = False,
    no_epsilon: bool = False,
) -> Rule:
    """s ← keep(ρ) s + take(ρ) gᵖ; the step is g/(√s + ε) in one of its forms."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        before = old(m, "s", g)
        m["s"] = keep(c["decay"]) * before + take(c["decay"]) * g**power
        s = before if lag else m["s"]
        s = s / (1 - c["decay"] ** t) if corrected else s
        below = root_of(np.abs(s) if absolute else s, 0.0 if no_epsilon else c["epsilon"], root, inside)
        above = g if numerator else np.sign(g)
        return above * below if multiplied else above / below

    return rule


def centred(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """RMSProp with the variance of the gradients."""
    m["mean"] = c["decay"] * old(m, "mean", g) + (1 - c["decay"]) * g
    m["s"] = c["decay"] * old(m, "s", g) + (1 - c["decay"]) * g**2
    made: Array = g / (np.sqrt(m["s"] - m["mean"] ** 2) + c["epsilon"])
    return made


def with_momentum(rule: Rule) -> Rule:
    """A velocity of the steps of another rule."""

    def step(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        m["velocity"] = c["momentum"] * old(m, "velocity", g) + rule(m, g, t, theta, c)
        made: Array = m["velocity"]
        return made

    return step


def adadelta(inside: bool = True, kept_first: bool = False, root: bool = True) -> Rule:
    """g·√(u + ε)/√(s + ε), u the mean of the squared steps; `kept_first`: u is updated before it is used."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        rho, epsilon = c["decay"], c["epsilon"]
        m["s"] = rho * old(m, "s", g) + (1 - rho) * g**2
        above = root_of(old(m, "u", g), epsilon, root, inside)
        step: Array = above / root_of(m["s"], epsilon, root, inside) * g
        m["u"] = rho * old(m, "u", g) + (1 - rho) * (g if kept_first else step) ** 2
        return step

    return rule


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
    exchanged_corrections: bool = False  # in their correction only
    exchanged_weights: str = ""  # β on the new value, 1 − β on the old: in "first", "second" or "both"
    one_correction: str = ""  # "first" or "second" β in both corrections
    power_missing: str = ""  # 1 − β for 1 − βᵗ: in "first" or "second"
    exchanged_moments: str = ""  # v in the numerator and m below: "plain", or "absolute" under the root
    one_beta: str = ""  # "first" or "second" in both means
    in_rate: bool = False  # both corrections in the learning rate, as at the end of the paper's section 2
    rate_root_missing: bool = False  # there, without the root of 1 − β₂ᵗ
    plain_numerator: bool = False
    product: bool = False
    forgotten: str = ""  # the memory of "first", "second" or "both" is not kept
    no_epsilon: bool = False
    multiplied: bool = False  # by the correction instead of divided
    absolute: bool = False
    largest: str = ""  # AMSGrad: "before" or "after" the correction
    ahead: str = ""  # Nadam


def adam(form: AdamForm) -> Rule:
    """The rule of a form."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        _means(form, m, g, c)
        steps = form.steps(t)
        low1, low2 = _corrections(form, steps, c)
        v, scale = m["v"], 1.0
        if form.in_rate:
            scale, low1, low2 = (low2 if form.rate_root_missing else np.sqrt(low2)) / low1, 1.0, 1.0
        if form.largest == "before":
            v = m["top"] = np.maximum(old(m, "top", g), v)
        first, second = m["m"] / low1, v / low2
        if form.largest == "after":
            second = m["top"] = np.maximum(old(m, "top", g), second)
        if form.written_back:
            m["m"], m["v"] = first, second
        if form.exchanged_moments:
            first, second = second, np.abs(first) if form.exchanged_moments == "absolute" else first
        above = g if form.plain_numerator else _ahead(form, first, m["m"], g, steps, c)
        epsilon = 0.0 if form.no_epsilon else c["epsilon"]
        below = root_of(np.abs(second) if form.absolute else second, epsilon, form.root, form.inside)
        made: Array = scale * above / below
        return made

    return rule


def _betas(form: AdamForm, c: Mapping[str, float]) -> tuple[float, float]:
    return (c["beta2"], c["beta1"]) if form.exchanged else (c["beta1"], c["beta2"])


def _means(form: AdamForm, m: Memory, g: Array, c: Mapping[str, float]) -> None:
    b1, b2 = _betas(form, c)
    b1, b2 = (b2, b1) if form.exchanged_means else (b1, b2)
    b1, b2 = {"first": (b1, b1), "second": (b2, b2)}.get(form.one_beta, (b1, b2))
    b1 = 1 - b1 if form.exchanged_weights in ("first", "both") else b1
    b2 = 1 - b2 if form.exchanged_weights in ("second", "both") else b2
    mean = 0.0 if form.forgotten in ("first", "both") else old(m, "m", g)
    squares = 0.0 if form.forgotten in ("second", "both") else old(m, "v", g)
    m["m"] = b1 * mean + form.first(b1) * g
    squared = m["m"] ** 2 if form.of_first else g**form.power
    m["v"] = b2 * squares + form.second(b2) * squared


def _corrections(form: AdamForm, steps: int, c: Mapping[str, float]) -> tuple[float, float]:
    b1, b2 = _betas(form, c)
    b1, b2 = (b2, b1) if form.exchanged_corrections else (b1, b2)
    b1, b2 = {"first": (b1, b1), "second": (b2, b2)}.get(form.one_correction, (b1, b2))
    if form.product:
        low1, low2 = 1 - b1 * steps, 1 - b2 * steps
    else:
        low1 = 1 - b1 ** (1 if form.power_missing == "first" else steps)
        low2 = 1 - b2 ** (1 if form.power_missing == "second" else steps)
    low1, low2 = low1 if form.correct_first else 1.0, low2 if form.correct_second else 1.0
    return (_inverse(low1), _inverse(low2)) if form.multiplied else (np.float64(low1), np.float64(low2))


def _inverse(value: float) -> float:
    return 1 / value if value else np.inf


def _ahead(form: AdamForm, first: Array, mean: Array, g: Array, t: int, c: Mapping[str, float]) -> Array:
    """Nadam's numerator: with the correction of this step, or the next one's for the mean."""
    b1 = c["beta1"]
    if form.ahead == "this":
        return b1 * first + (1 - b1) * g / (1 - b1**t)
    if form.ahead == "next":
        made: Array = b1 * mean / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
        return made
    return first


def adamax(root: bool = False, epsilon: bool = True) -> Rule:
    """m̂ over the largest |g|, fading with β₂; ε added, or the guard of a maximum."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        m["m"] = c["beta1"] * old(m, "m", g) + (1 - c["beta1"]) * g
        m["u"] = np.maximum(c["beta2"] * old(m, "u", g), np.abs(g))
        below = (np.sqrt(m["u"]) if root else m["u"]) + (c["epsilon"] if epsilon else 0.0)
        made: Array = m["m"] / (1 - c["beta1"] ** t) / below
        return made

    return rule


def lion(one_beta: bool = False, sign: bool = True) -> Rule:
    """The sign of a mixture; the memory is mixed with β₂ afterwards."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        b1, b2 = c["beta1"], c["beta1"] if one_beta else c["beta2"]
        before = old(m, "m", g)
        step = b1 * before + (1 - b1) * g
        m["m"] = b2 * before + (1 - b2) * g
        made: Array = np.sign(step) if sign else step
        return made

    return rule
