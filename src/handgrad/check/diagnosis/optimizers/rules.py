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

Memory = dict[Any, Any]
Rule = Callable[[Memory, Array, int, Array, Mapping[str, float]], Array]


@dataclass(frozen=True)
class Variant:
    """A rule with its explanation's key ("" for a right form).

    Attributes:
        convention: right, but worth a word.
        extra: constants that it has beside those of its kind.
    """

    key: str
    rule: Rule
    convention: bool = False
    detail: str = ""
    extra: tuple[str, ...] = ()


def simulate(rule: Rule, theta: Array, gradients: list[Array], constants: Mapping[str, float]) -> list[Array]:
    """Parameters after each update."""
    memory: Memory = {}
    found, now = [], theta.copy()
    with np.errstate(all="ignore"):
        for t, g in enumerate(gradients, start=1):
            now = now - constants["learning_rate"] * rule(memory, g, t, now, constants)
            found.append(now)
    return found


def old(memory: Memory, name: str, like: Array) -> Array:
    """What the memory holds, 0 at first."""
    value: Array = memory.get(name, np.zeros_like(like))
    return value


def plain(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """The gradient itself."""
    return g


def sign_only(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """Steps of one length."""
    made: Array = np.sign(g)
    return made


def velocity(
    keep: Callable[[float], float],
    take: Callable[[float], float],
    ahead: float = 0.0,
    lag: bool = False,
    power: int = 1,
) -> Rule:
    """v ← keep(γ) v + take(γ) g; the step is v, or γ·v + g looking ahead, or the old v."""

    def rule(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        gamma = c["momentum"]
        before = old(m, "v", g)
        m["v"] = keep(gamma) * before + take(gamma) * g**power
        if lag:
            return before
        new: Array = m["v"]
        return ahead * (gamma * new + take(gamma) * g) + (1 - ahead) * new

    return rule


def previous_gradient(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """γ times the last gradient and this one: the velocity is never kept."""
    before = old(m, "g", g)
    m["g"] = g
    return c["momentum"] * before + g


def look_ahead_of_old(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """Nesterov with the two velocities exchanged: v is updated, and the step looks ahead with the old one."""
    before = old(m, "v", g)
    m["v"] = c["momentum"] * before + g
    made: Array = (1 + c["momentum"]) * before - c["momentum"] * m["v"]
    return made


def ahead_without_gradient(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """γ·v alone, with the new v."""
    m["v"] = c["momentum"] * old(m, "v", g) + g
    made: Array = c["momentum"] * m["v"]
    return made


def friction_on_all(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """v ← γ (v + g)."""
    m["v"] = c["momentum"] * (old(m, "v", g) + g)
    made: Array = m["v"]
    return made


def with_gradient_again(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
    """v and g once more: v holds g already."""
    m["v"] = c["momentum"] * old(m, "v", g) + g
    made: Array = m["v"] + g
    return made


def minus(rule: Rule) -> Rule:
    """The same way, uphill."""
    return lambda m, g, t, theta, c: -rule(m, g, t, theta, c)


def twice(rule: Rule) -> Rule:
    """The whole update done two times with one gradient."""

    def both(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        first = rule(m, g, 2 * t - 1, theta, c)
        return first + rule(m, g, 2 * t, theta - c["learning_rate"] * first, c)

    return both


def replaced(rule: Rule, sign: float) -> Rule:
    """θ becomes the step itself: = for -= or +=."""

    def step(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        return theta / c["learning_rate"] + sign * rule(m, g, t, theta, c)

    return step


def plus_epsilon(rule: Rule, sign: float) -> Rule:
    """ε added to the step itself, or to the parameters, after the rate."""

    def step(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        return rule(m, g, t, theta, c) + sign * c["epsilon"] / c["learning_rate"]

    return step


def with_decay(rule: Rule, how: str) -> Rule:
    """A rule with weight decay λθ: in the gradient, beside the step, or wrongly."""

    def decayed(m: Memory, g: Array, t: int, theta: Array, c: Mapping[str, float]) -> Array:
        if how in _IN_GRADIENT:
            return rule(m, g + c["weight_decay"] * _IN_GRADIENT[how](theta), t, theta, c)
        step = rule(m, g, t, theta, c)
        if how == "after":
            return step + c["weight_decay"] * (theta - c["learning_rate"] * step)
        return step + _beside(how, theta, c)

    return decayed


_IN_GRADIENT: dict[str, Callable[[Array], Array]] = {
    "in gradient": lambda theta: theta,
    "in gradient, twice": lambda theta: 2 * theta,
    "in gradient, l1": lambda theta: np.sign(theta),
    "in gradient, sign": lambda theta: -theta,
    "in gradient, absolute": lambda theta: np.abs(theta),
}


def _beside(how: str, theta: Array, c: Mapping[str, float]) -> Array:
    factor = {"beside": 1.0, "without rate": 1 / c["learning_rate"], "sign": -1.0, "twice": 2.0,
              "rate squared": c["learning_rate"]}[how]  # fmt: skip
    made: Array = factor * c["weight_decay"] * theta
    return made
