"""The diagnosis of an update rule: step by step against its forms, right and wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from handgrad.check.diagnosis.compare import Context, Factor, least_squares_factor, name_factor
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.optimizer_rules import Variant, simulate, variants
from handgrad.check.diagnosis.texts import finding, introduced, name_of
from handgrad.check.subject import Diagnosis, OptimizerSubject, TensorVerdict
from handgrad.kernels.types import Array

_STEPS, _SIZE = 7, 6
_DEFAULTS = {
    "learning_rate": 1e-3,
    "momentum": 0.9,
    "decay": 0.9,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.01,
}
_NAMES = {
    "lr": "learning_rate", "eta": "learning_rate", "alpha": "learning_rate", "gamma": "momentum", "mu": "momentum",
    "rho": "decay", "eps": "epsilon", "wd": "weight_decay", "lambda": "weight_decay", "b1": "beta1", "b2": "beta2",
}  # fmt: skip
_OTHER_VALUES = {
    "momentum": (0.9, 0.95, 0.99, 0.5, 0.8),
    "decay": (0.9, 0.99, 0.95, 0.999),
    "beta1": (0.9, 0.8, 0.95, 0.5),
    "beta2": (0.999, 0.99, 0.9, 0.95),
    "epsilon": (1e-8, 1e-7, 1e-6, 1e-5, 1e-10, 1e-4, 0.0),
    "weight_decay": (0.01, 0.1, 0.001, 1e-4, 0.0005),
}
_USED = {
    "sgd": (), "momentum": ("momentum",), "nesterov": ("momentum",), "rmsprop": ("decay", "epsilon"),
    "adam": ("beta1", "beta2", "epsilon"), "adamw": ("beta1", "beta2", "epsilon", "weight_decay"),
}  # fmt: skip

_ONE = Factor("1", 1.0, 0.0, True)
Runs = list[tuple[Array, list[Array], list[Array]]]  # θ, gradients, θ after each


def diagnose_optimizer(subject: OptimizerSubject, seed: int = 20242) -> Diagnosis:
    """Which form an update rule has, and which mistake is in it.

    Options that are not given are taken at their usual values, then tried at other usual ones; the rate is fitted
    where it is not given.

    Args:
        subject: the rule, run from fresh state.
        seed: of parameters and gradients.

    >>> class Uphill:
    ...     kind, options = "sgd", {"learning_rate": 0.1}
    ...
    ...     def run(self, theta, gradients):
    ...         return [theta + 0.1 * sum(gradients[: t + 1]) for t in range(len(gradients))]
    >>> diagnose_optimizer(Uphill()).findings[0].explanation
    'optimizer_climbs'
    """
    runs = _runs(subject, np.random.default_rng(seed))
    constants, given = _constants(subject.options)
    if _state_leaks(subject, runs[0]):
        return _diagnosis(subject, runs, constants, Item("optimizer_state_shared", ("θ",)), None)
    variant, factor, used = _search(subject.kind, runs, constants, given)
    if variant is None:
        return _diagnosis(subject, runs, constants, Item("", ("θ",)), None)
    item = Item(variant.key, ("θ",), None, variant.detail) if variant.key else None
    if item is None and factor.name != "1" and "learning_rate" in given:
        key = "optimizer_rate_factor"
        if subject.kind in ("momentum", "nesterov") and abs(factor.value - (1 - used["momentum"])) < 1e-6:
            key = "momentum_average"
        key = "optimizer_climbs" if factor.name == "−1" else key
        item = Item(key, ("θ",), None, "", factor.name, factor.value)
    if item is None and factor.value < 0:
        item = Item("optimizer_climbs", ("θ",))
    if item is None and used != constants:
        changed = ", ".join(f"{name} {used[name]:g}" for name in used if used[name] != constants[name])
        item = Item("optimizer_other_constants", ("θ",), None, changed)
        variant = Variant(item.key, variant.rule, convention=True)
    return _diagnosis(subject, runs, used, item, variant)


def _runs(subject: OptimizerSubject, rng: np.random.Generator) -> Runs:
    """Two runs: gradients of mixed sizes, some of them as small as ε."""
    found: Runs = []
    for turn in range(2):
        theta = rng.uniform(0.5, 2.0, _SIZE) * rng.choice([-1.0, 1.0], _SIZE)
        sizes = np.array([1.0, 0.3, 2.0, 1e-2, 1e-4, 5.0]) * (1 + turn)
        gradients = [sizes * rng.standard_normal(_SIZE) for _ in range(_STEPS)]
        after = subject.run(theta.copy(), [g.copy() for g in gradients])
        found.append((theta, gradients, [np.array(a, float).reshape(-1) for a in after]))
    return found


def _constants(options: Mapping[str, float]) -> tuple[dict[str, float], set[str]]:
    values, given = dict(_DEFAULTS), set()
    for name, value in options.items():
        known = _NAMES.get(name, name)
        if known == "beta":
            known = "momentum"
        if known in values:
            values[known] = float(value)
            given.add(known)
    return values, given


def _state_leaks(subject: OptimizerSubject, run: tuple[Array, list[Array], list[Array]]) -> bool:
    """Whether a second run from fresh state goes another way."""
    theta, gradients, after = run
    again = subject.run(theta.copy(), [g.copy() for g in gradients])
    return not all(np.allclose(a, b, rtol=1e-6, atol=1e-12, equal_nan=True) for a, b in zip(again, after, strict=True))


def _search(
    kind: str, runs: Runs, constants: dict[str, float], given: set[str]
) -> tuple[Variant | None, Factor, dict[str, float]]:
    """The simplest form that fits: with the given constants, else with other usual ones."""
    rate_known = "learning_rate" in given
    found = _best(variants(kind), runs, constants, rate_known)
    if found is not None:
        return *found, constants
    free = [name for name in _USED[kind] if name not in given]
    for place, variant in enumerate(variants(kind)):
        for tried in _other_constants(constants, free, every=place == 0):
            if _fits(variant, runs[:1], tried, rate_known) is not None:
                factor = _fits(variant, runs, tried, rate_known)
                if factor is not None and factor.value > 0:
                    return variant, factor, tried
    return None, _ONE, constants


def _best(
    forms: Sequence[Variant], runs: Runs, constants: dict[str, float], rate_known: bool
) -> tuple[Variant, Factor] | None:
    """A form that fits as it is before one that needs a factor on a known rate."""
    fallback: tuple[Variant, Factor] | None = None
    for variant in forms:
        factor = _fits(variant, runs, constants, rate_known)
        if factor is None:
            continue
        if factor.name == "1" or (not rate_known and factor.value > 0):
            return variant, factor
        fallback = fallback or (variant, factor)
    return fallback


def _other_constants(constants: dict[str, float], free: Sequence[str], every: bool) -> list[dict[str, float]]:
    """Other usual values of what was not given: all combinations, or two at a time."""
    if every:
        choices = product(*(_OTHER_VALUES[name] for name in free))
        return [{**constants, **dict(zip(free, values, strict=True))} for values in choices]
    pairs = combinations(free, 2) if len(free) > 1 else [(name, name) for name in free]
    return [
        {**constants, one: first, two: second}
        for one, two in pairs
        for first in _OTHER_VALUES[one]
        for second in _OTHER_VALUES[two]
    ]


def _fits(variant: Variant, runs: Runs, constants: Mapping[str, float], rate_known: bool) -> Factor | None:
    """The factor on the rate with which a form gives every step of every run; None where it does not."""
    values = []
    for theta, gradients, after in runs:
        k = 1.0
        for _ in range(1 if rate_known else 3):  # an unknown rate enters decay too: fitted in a few rounds
            rate = constants["learning_rate"] * k
            made = simulate(variant.rule, theta, gradients, {**constants, "learning_rate": rate})
            if not _same_holes(made, after):
                return None
            steps, predicted = _steps(theta, after), _steps(theta, made)
            if not np.isfinite(predicted).all():
                return _ONE if variant.key else None
            more, rest = least_squares_factor(steps / _size(predicted), predicted / _size(predicted))
            if rest > 0.2 or more == 0.0:
                return None
            k *= more
        if not rest <= _tolerance(theta, predicted, after):
            return None
        values.append(k)
    return name_factor(values, [Context(97, 89, constants["learning_rate"], 83, 79)] * len(values), 1e-5)


def _same_holes(made: Sequence[Array], after: Sequence[Array]) -> bool:
    return len(made) == len(after) and all(
        np.array_equal(np.isfinite(a), np.isfinite(b)) for a, b in zip(made, after, strict=True)
    )


def _steps(theta: Array, after: Sequence[Array]) -> Array:
    return np.diff(np.stack([theta, *after]), axis=0)


def _size(steps: Array) -> Array:
    """Coordinates of small gradients count as much as those of large ones."""
    made: Array = np.maximum(np.abs(steps).max(axis=0, keepdims=True), 1e-300)
    return made


def _tolerance(theta: Array, steps: Array, after: Sequence[Array]) -> float:
    single = all(np.array_equal(a, a.astype(np.float32)) for a in after)
    rounding = (6e-8 if single else 2e-16) * float(np.abs(theta).max()) / max(float(np.median(np.abs(steps))), 1e-300)
    return float(np.clip(30 * rounding, 1e-6, 1e-2))


def _diagnosis(
    subject: OptimizerSubject, runs: Runs, constants: Mapping[str, float], item: Item | None, variant: Variant | None
) -> Diagnosis:
    theta, gradients, after = runs[0]
    right = simulate(variants(subject.kind)[0].rule, theta, gradients, constants)
    worst = max(range(len(after)), key=lambda t: float(np.nan_to_num(np.abs(after[t] - right[t]), nan=np.inf).max()))
    index = int(np.argmax(np.nan_to_num(np.abs(after[worst] - right[worst]), nan=np.inf)))
    steps, due = _steps(theta, after), _steps(theta, right)
    relative = float(np.linalg.norm(steps - due) / (np.linalg.norm(steps) + np.linalg.norm(due)))
    fine = item is None or (variant is not None and variant.convention)
    note = f"{subject.kind}, {len(after)} steps"
    line = TensorVerdict("θ", theta.shape, relative if np.isfinite(relative) else 1.0, fine, note)
    if item is None:
        return Diagnosis((line,), ())
    verdict = "convention" if fine else "mistake" if item.key else "undecided"
    tried = () if item.key else tuple(dict.fromkeys(name_of(v.key) for v in variants(subject.kind) if v.key))
    made = finding(item, verdict, {"kind": subject.kind, "l": "", "h": "", "f": ""}, tried, "unexplained_rule")
    made = replace(made, index=(worst, index), expected=float(right[worst][index]))
    made = replace(made, received=float(after[worst][index]), relative=line.relative)
    return Diagnosis((line,), (introduced(made, "optimizer"),))
