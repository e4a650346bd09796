"""Which form of an update rule gives the steps that were seen, and with which constants."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from handgrad.check.diagnosis.compare import Context, Factor, least_squares_factor, name_factor
from handgrad.check.diagnosis.optimizers.rules import Variant, simulate
from handgrad.check.diagnosis.optimizers.variants import USED, decayed, doubled, variants
from handgrad.kernels.types import Array

Run = tuple[Array, list[Array], list[Array]]  # θ, gradients, θ after each
Constants = dict[str, float]

DEFAULTS = {
    "learning_rate": 1e-3, "momentum": 0.9, "decay": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
    "weight_decay": 0.01,
}  # fmt: skip
_NAMES = {
    "lr": "learning_rate", "eta": "learning_rate", "alpha": "learning_rate", "gamma": "momentum", "mu": "momentum",
    "beta": "momentum", "rho": "decay", "eps": "epsilon", "wd": "weight_decay", "lambda": "weight_decay",
    "b1": "beta1", "b2": "beta2",
}  # fmt: skip
_USUAL = {
    "momentum": (0.9, 0.95, 0.99, 0.5, 0.8),
    "decay": (0.9, 0.99, 0.95, 0.999),
    "beta1": (0.9, 0.8, 0.95, 0.5),
    "beta2": (0.999, 0.99, 0.9, 0.95),
    "epsilon": (1e-8, 1e-7, 1e-6, 1e-5, 1e-10, 1e-4, 1e-3, 0.0),
    "weight_decay": (0.01, 0.1, 0.001, 1e-4, 0.0005),
}
_ROUGH, _FIRST = 3e-3, 2  # of a first look: with another ε than the program's, and at so many steps
_SECONDS, _SHORT = 3.0, 0.6  # of processor time for one search, and for one without usual constants
ONE = Factor("1", 1.0, 0.0, True)


@dataclass(frozen=True)
class Fit:
    """A form that gives the steps: the factor on the known rate, and the constants used."""

    variant: Variant
    factor: Factor
    constants: Constants
    guessed: bool = False  # constants that stand neither in the options nor in the program


@dataclass(frozen=True)
class Known:
    """What is known of a rule's constants: given by name, and numbers that stand in the program."""

    given: Constants
    literals: tuple[float, ...] = ()

    @property
    def rate_known(self) -> bool:
        return "learning_rate" in self.given

    @property
    def constants(self) -> Constants:
        return {**DEFAULTS, **self.given}

    def choices(self, name: str, usual: bool) -> tuple[float, ...]:
        """Values to try for a constant: the given one, else those in the program, else usual ones."""
        if name in self.given:
            return (self.given[name],)
        low, high = {"epsilon": (0.0, 2e-2), "weight_decay": (0.0, 0.2)}.get(name, (0.05, 1.0))
        own = tuple(v for v in self.literals if low < v < high)
        return tuple(dict.fromkeys((*(own or ()), DEFAULTS[name], *(_USUAL[name] if usual else ()))))


def known_from(options: Mapping[str, float], literals: Sequence[float] = ()) -> Known:
    """Options under any of their names."""
    given: Constants = {}
    for name, value in options.items():
        known = _NAMES.get(name, name)
        if known in DEFAULTS:
            given[known] = float(value)
    if "momentum" in given:
        given.setdefault("decay", given["momentum"])
    return Known(given, tuple(dict.fromkeys(literals)))


def search(kind: str, runs: list[Run], known: Known, more: Iterable[Variant] = (), *, usual: bool = True) -> Fit | None:
    """The simplest form that fits: right ones first, with the program's constants before usual ones.

    `more`: further mistakes to try, after those of the kind. `usual`: whether to try constants that stand nowhere in
    the program.
    """
    forms = [*variants(kind), *decayed(kind), *doubled(kind), *more]
    fine = [f for f in forms if not f.key or f.convention]
    wrong = [f for f in forms if f.key and not f.convention]
    fallback: Fit | None = None
    end = time.process_time() + (_SECONDS if usual else _SHORT)
    usual = usual and any(len(known.choices(name, True)) > 1 for name in USED[kind] if name != "epsilon")
    for guess, tried in ((False, fine), (False, wrong), (True, fine), (True, wrong))[: 4 if usual else 2]:
        for found in _fits_of(kind, tried, runs, known, guess, end):
            if found.factor.name == "1" or (not known.rate_known and found.factor.value > 0):
                return replace(found, guessed=guess)
            fallback = fallback or found
        if fallback is not None and tried is wrong:
            return fallback
    return fallback


def exact(kind: str, forms: Sequence[Variant], runs: list[Run], known: Known, *, usual: bool = True) -> Fit | None:
    """The first of these forms that fits as it is, with its own or, where `usual`, with usual constants."""
    end = time.process_time() + _SHORT
    for guess in (False, True)[: 2 if usual else 1]:
        for found in _fits_of(kind, forms, runs, known, guess, end):
            if found.factor.name == "1" or (not known.rate_known and found.factor.value > 0):
                return found
    return None


def _fits_of(
    kind: str, forms: Sequence[Variant], runs: list[Run], known: Known, usual: bool, end: float = float("inf")
) -> Iterator[Fit]:
    for variant in forms:
        names = dict.fromkeys((*USED[kind], *variant.extra))
        for constants in _grid(names, known, usual, variant, runs):
            if time.process_time() > end:
                return
            factor = fits(variant, runs, constants, known.rate_known)
            if factor is not None:
                yield Fit(variant, factor, constants)


def _grid(names: Iterable[str], known: Known, usual: bool, variant: Variant, runs: list[Run]) -> Iterator[Constants]:
    """Constants to try; ε last, as it hardly shows where gradients are large."""
    base = known.constants
    outer = [name for name in names if name != "epsilon"]
    for values in product(*(known.choices(name, usual) for name in outer)):
        constants = {**base, **dict(zip(outer, values, strict=True))}
        if fits(variant, runs[:1], constants, known.rate_known, _ROUGH, large=True) is None:
            continue
        if "epsilon" not in names:
            yield constants
        else:
            yield from ({**constants, "epsilon": value} for value in known.choices("epsilon", True))


def fits(
    variant: Variant,
    runs: list[Run],
    constants: Mapping[str, float],
    rate_known: bool,
    tolerance: float = 0.0,
    large: bool = False,
) -> Factor | None:
    """The factor on the rate with which a form gives every step of every run; None where it does not.

    `large`: only entries with large gradients are asked, and only the first steps.
    """
    values, near = [], max(tolerance, 1e-5)
    for theta, gradients, after in runs:
        chosen = np.ones(theta.shape, bool)
        if large:
            sizes = np.abs(np.stack(gradients)).max(axis=0)
            chosen = sizes > 0.05 * sizes.max()
            gradients, after = gradients[:_FIRST], after[:_FIRST]
        found = _factor_of_run(variant, (theta, gradients, after), chosen, constants, rate_known, tolerance)
        if found is None:
            return None
        values.append(found[0])
        near = max(near, 0.1 * found[1])
    if all(np.isnan(values)):
        return ONE
    return name_factor(values, [Context(97, 89, constants["learning_rate"], 83, 79)] * len(values), near)


def _factor_of_run(
    variant: Variant,
    run: Run,
    chosen: Array,
    constants: Mapping[str, float],
    rate_known: bool,
    tolerance: float,
) -> tuple[float, float] | None:
    """The factor, and the noise that single precision leaves in it."""
    theta, gradients, after = run
    k, rest = 1.0, 1.0
    once = rate_known or not variant.extra  # an unknown rate enters decay too: fitted in a few rounds
    for _ in range(1 if once else 3):
        rate = constants["learning_rate"] * k
        made = simulate(variant.rule, theta, gradients, {**constants, "learning_rate": rate})
        if not _same_holes(made, after):
            return None
        whole = np.isfinite(np.stack(made)).all(axis=0) & chosen
        if not whole.any():
            return (float("nan"), 0.0) if variant.key else None
        steps, predicted = steps_of(theta, after)[:, whole], steps_of(theta, made)[:, whole]
        size = _size(predicted)
        more, rest = least_squares_factor(steps / size, predicted / size)
        if rest > 0.2 or more == 0.0:
            return None
        k *= more
    noise = _tolerance(theta, predicted, after)
    return (k, noise) if rest <= max(tolerance, noise) else None


def _same_holes(made: Sequence[Array], after: Sequence[Array]) -> bool:
    return len(made) == len(after) and all(
        np.array_equal(np.isfinite(a), np.isfinite(b)) for a, b in zip(made, after, strict=True)
    )


def steps_of(theta: Array, after: Sequence[Array]) -> Array:
    """How far each update went."""
    with np.errstate(invalid="ignore"):  # ∞ − ∞, where an update has divided by 0
        made: Array = np.diff(np.stack([theta, *after]), axis=0)
    return made


def _size(steps: Array) -> Array:
    """Coordinates of small gradients count as much as those of large ones."""
    made: Array = np.maximum(np.abs(steps).max(axis=0, keepdims=True), 1e-300)
    return made


def _tolerance(theta: Array, steps: Array, after: Sequence[Array]) -> float:
    single = all(np.array_equal(a, a.astype(np.float32), equal_nan=True) for a in after)
    rounding = (6e-8 if single else 2e-16) * float(np.abs(theta).max()) / max(float(np.median(np.abs(steps))), 1e-300)
    return float(np.clip(30 * rounding, 1e-6, 1e-2))


def scheduled(
    runs: list[Run], forms: Sequence[Variant], constants: Mapping[str, float], falls: bool = False
) -> Variant | None:
    """A right form whose rate falls or rises from step to step, alike for all parameters; `falls`: only falls."""
    for variant in forms:
        if all(_common_ratio(variant, run, constants, falls) for run in runs):
            return variant
    return None


def _common_ratio(variant: Variant, run: Run, constants: Mapping[str, float], falls: bool) -> bool:
    theta, gradients, after = run
    predicted = steps_of(theta, simulate(variant.rule, theta, gradients, constants))
    with np.errstate(all="ignore"):
        ratios = steps_of(theta, after) / predicted
    if not np.isfinite(ratios).all():
        return False
    means = ratios.mean(axis=1)
    common = float(np.abs(ratios / means[:, None] - 1).max()) < 1e-4
    change = np.diff(means)
    if falls and not (bool((change < 0).all()) and means[0] <= 1 + 1e-6):
        return False
    return common and bool((means > 0).all()) and bool((change <= 1e-12).all() or (change >= -1e-12).all())
