"""A student's own gradient checker, and the number by which he compares two gradients."""

from __future__ import annotations

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found, number
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array


def gradient_checker(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(θ (n,))` → the difference quotients of f(θ) = Σ θ³, whose slope is 3θ²."""
    theta = rng.uniform(0.5, 1.5, 6)
    before, right = theta.copy(), 3 * theta**2
    answer = np.asarray(subject.call(theta))
    given = np.asarray(answer, float).reshape(-1)
    if given.shape != right.shape:
        return UNKNOWN
    if not given.any():
        return "checker_no_steps", ""
    off = relative(given, right)
    if off < 1e-6:
        moved = float(np.abs(theta - before).max())
        return ("checker_not_restored", f"{moved:.1g}") if moved > 1e-13 else RIGHT
    for factor in (2.0, 0.5):
        if relative(given, factor * right) < 1e-3:
            return "checker_half_step", f"{factor:g}"
    if relative(given, -right) < 1e-3:
        return "checker_sign", ""
    return _wrong(given, right, before, off, answer.dtype == np.float32)


def gradient_checker_of_array(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(θ (n,), dy (n,))` → the slopes of Σ dy·θ³, for a function that gives an array."""
    theta, dy = rng.uniform(0.5, 1.5, 6), rng.uniform(0.5, 2.0, 6) * np.array([1, -1, 1, -1, 1, -1])
    before, right = theta.copy(), 3 * theta**2
    given = np.asarray(subject.call(theta, dy), float).reshape(-1)
    if given.shape != right.shape:
        return UNKNOWN
    if relative(given, right * dy) < 1e-6:
        moved = float(np.abs(theta - before).max())
        return ("checker_not_restored", f"{moved:.1g}") if moved > 1e-13 else RIGHT
    for factor in (2.0, 0.5):
        if relative(given, factor * right * dy) < 1e-3:
            return "checker_half_step", f"{factor:g}"
    return ("checker_upstream_missing", "") if relative(given, right) < 1e-6 else UNKNOWN


def _wrong(given: Array, right: Array, before: Array, off: float, single: bool) -> Found:
    if np.array_equal(given, np.floor(given)):
        return "whole_numbers", ""
    same = relative(given, np.full_like(right, given.mean())) < 1e-3
    if same or abs(given[0] - right.sum()) < 1e-2 * right.sum():
        return "checker_moves_all", ""
    one_sided = (given - right) / (3 * before)  # 3θh + h²
    central = given - right  # h²
    if _equal(one_sided):
        small = off < 1e-3
        return ("checker_one_sided" if small else "checker_step_large"), f"{abs(one_sided.mean()):.1g}"
    if _equal(central):
        h = float(np.sqrt(abs(central.mean())))
        return ("checker_step_large", f"{h:.1g}") if h > 0.02 else RIGHT
    ratio = given / right
    if np.ptp(ratio) < 1e-4 * abs(ratio.mean()):
        return "checker_divisor", f"{ratio.mean():.3g}"
    if off > 0.5:
        return "checker_no_steps", ""
    if single or off > 0.01:
        return "checker_float32", f"{off:.1g}"
    return ("checker_step_small", f"{off:.1g}") if off > 1e-5 else RIGHT


def _equal(values: Array) -> bool:
    mean = abs(float(values.mean()))
    return bool(np.ptp(values) < 0.05 * mean) and mean > 1e-9


def relative_error(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(a, b)`: 0 for equal gradients, and not 0 for others whose sum or whose length is the same."""
    a = rng.standard_normal((4, 3))
    if abs(number(subject.call(a.copy(), a.copy()))) > 1e-12:
        return UNKNOWN
    others = {
        "the same sum": a + np.linspace(-0.3, 0.3, a.size).reshape(a.shape),
        "the opposite sign": -a,
        "the same length": a[::-1].copy(),
        "every entry larger": a + 0.3,
        "every entry smaller": a - 0.3,
    }
    for detail, b in others.items():
        value = number(subject.call(a.copy(), b.copy()))
        if abs(value) < 1e-6 or value < 0:
            return "relative_error_blind", detail
    return RIGHT
