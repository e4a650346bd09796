"""Whether a prediction equals a program's tensor at every probe, up to a factor with a name and a penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.check.diagnosis.compare import ZERO, Factor, Remover, least_squares_factor, name_factor
from handgrad.check.diagnosis.model import penalty_slope
from handgrad.check.diagnosis.odd_penalties import odd_penalty, steady_or_over_n
from handgrad.check.diagnosis.view import View
from handgrad.kernels.types import Array

_ENOUGH = 5  # entries that a tensor needs for a factor and a penalty to be told apart
ONE = Factor("1", 1.0, 0.0, True)


@dataclass(frozen=True)
class Penalty:
    """What a tensor has of the penalty's gradient: multiples of W and of sign(W), probe by probe."""

    key: str
    of_values: tuple[float, ...]
    of_signs: tuple[float, ...]
    name: str = ""


@dataclass(frozen=True)
class Fit:
    """A prediction that fits: the factor with its values at the probes, and a wrong penalty where there is one."""

    factor: Factor
    values: tuple[float, ...]
    cost: float
    penalty: Penalty | None = None


def tensor_values(view: View, name: str) -> Array:
    """The parameter that a gradient belongs to."""
    l = int(name[1:]) - 1
    return view.trace.W[l] if name[0] == "W" else view.trace.b[l]


def due_penalty(view: View, name: str) -> Array:
    """The penalty's gradient that this tensor should contain."""
    spec, values = view.trace.spec, tensor_values(view, name)
    counts = name[0] == "W" or spec.penalizes_biases
    return penalty_slope(spec, values) if counts else np.zeros_like(values)


def fit(
    views: Sequence[View], name: str, predicted: Sequence[Array | None], tolerance: float, loose: bool
) -> Fit | None:
    """The way in which predictions of the loss's part equal the program's tensor; None where they don't.

    Args:
        views: the probes.
        name: of the tensor, "W2".
        predicted: the loss's part (without penalty), one a probe.
        tolerance: of the remainder, relative.
        loose: whether to look for a wrong penalty too.
    """
    targets = [view.gradients.get(name) for view in views]
    if any(t is None or p is None or t.shape != p.shape for t, p in zip(targets, predicted, strict=True)):
        return None
    pairs = [(np.asarray(t), np.asarray(p)) for t, p in zip(targets, predicted, strict=True)]
    found = _plain(views, name, pairs, tolerance)
    if found is None and loose:
        found = _assigned(views, name, pairs, tolerance)
        found = found or _with_odd_term(views, name, pairs, tolerance, biases=True)
        found = found or _with_penalty(views, name, pairs, tolerance)
        found = found or _with_odd_term(views, name, pairs, tolerance, biases=False)
    return found


def _assigned(views: Sequence[View], name: str, pairs: list[tuple[Array, Array]], tolerance: float) -> Fit | None:
    """W = −η g, or W = η g, where W must be changed by it: before less after, over η, has the whole W in it."""
    signs = []
    for view, (target, made) in zip(views, pairs, strict=True):
        step = target - tensor_values(view, name) / view.probe.learning_rate
        k, rest = least_squares_factor(step, made)
        if target.size < 2 or not rest * np.linalg.norm(step) <= 10 * tolerance * np.linalg.norm(target) or not k:
            return None
        signs.append(k)
    factor = name_factor(signs, [view.context(_layer(name)) for view in views], tolerance * 10)
    if factor is None or "η" in factor.name:
        return None
    penalty = Penalty("update_assigned", tuple(signs), (0.0,) * len(views), "")
    return Fit(ONE, (1.0,) * len(views), 0.9, penalty)


def _with_odd_term(
    views: Sequence[View], name: str, pairs: list[tuple[Array, Array]], tolerance: float, biases: bool
) -> Fit | None:
    """With something beside the loss's part that is no penalty's slope; for biases before λb is thought of."""
    if biases != (name[0] == "b"):
        return None
    odd = odd_penalty(views, name, pairs, tolerance)
    if odd is None:
        return None
    key, detail, share, factors = odd
    penalty = Penalty(key, (share,) * len(views), (0.0,) * len(views), detail)
    return _named(views, name, factors, max(tolerance, 1e-6) * 10, penalty)


def _layer(name: str) -> int:
    return int(name[1:]) - 1


def _plain(views: Sequence[View], name: str, pairs: list[tuple[Array, Array]], tolerance: float) -> Fit | None:
    """With the right penalty, outside the factor or inside it."""
    dues = [due_penalty(view, name) for view in views]
    penalised = any(np.any(due) for due in dues)
    for inside in (False, True) if penalised else (False,):
        values = []
        for view, (target, made), due in zip(views, pairs, dues, strict=True):
            floor = _floor(view, name, due, tolerance)
            goal, base = (target, made + due) if inside else (target - due, made)
            if not _sizeable(goal, floor) and not _sizeable(base, floor):
                continue
            k, rest = least_squares_factor(goal, base)
            if not rest <= tolerance:
                break
            values.append(k)
        else:
            return _named(views, name, values, tolerance, None)
    return None


def _sizeable(values: Array, floor: float) -> bool:
    """Whether there is anything to compare but rounding."""
    return float(np.abs(values).max(initial=0.0)) > floor


def _floor(view: View, name: str, due: Array, tolerance: float) -> float:
    """What counts as zero beside the right gradient and the penalty."""
    size = max(float(np.abs(a).max(initial=0.0)) for a in (view.trace.gradients[name], due))
    return max(1e-3 * ZERO, tolerance / 100 * size)


def _named(
    views: Sequence[View], name: str, values: list[float], tolerance: float, penalty: Penalty | None
) -> Fit | None:
    extra = 0.9 if penalty else 0.0
    if len(values) < len(views):  # both sides 0 at some probe: no factor to be had
        return Fit(ONE, (1.0,) * len(views), extra, penalty)
    factor = name_factor(values, [view.context(_layer(name)) for view in views], tolerance)
    if factor is None:
        if tensor_values(views[0], name).size == 1:
            return None  # one number is a multiple of any other
        factor = Factor("varying", values[0], 2.2, False)
    return Fit(factor, tuple(values), factor.cost + extra, penalty)


def _with_penalty(views: Sequence[View], name: str, pairs: list[tuple[Array, Array]], tolerance: float) -> Fit | None:
    """With any multiples of W and sign(W) beside the loss's part."""
    if min(target.size for target, _ in pairs) < _ENOUGH:
        return _with_due_multiple(views, name, pairs, tolerance)
    factors, coefficients = [], []
    for view, (target, made) in zip(views, pairs, strict=True):
        parameter = tensor_values(view, name)
        remover = Remover([parameter, np.sign(parameter)])
        k, rest = least_squares_factor(remover(target), remover(made))
        if not rest * np.linalg.norm(remover(target)) <= tolerance * np.linalg.norm(target) or abs(k) < 1e-9:
            return None
        factors.append(k)
        coefficients.append(remover.coefficients(target - k * made))
    penalty = _name_penalty(views, name, [c[0] for c in coefficients], [c[1] for c in coefficients], tolerance)
    return None if penalty is None else _named(views, name, factors, max(tolerance, 1e-6) * 10, penalty)


def _with_due_multiple(
    views: Sequence[View], name: str, pairs: list[tuple[Array, Array]], tolerance: float
) -> Fit | None:
    """Small tensors: only λ₂ times the values is tried, with the factor free."""
    l2 = views[0].trace.spec.l2
    if name[0] != "b":
        return None
    if not l2:
        return _with_unknown_multiple(views, name, pairs, tolerance)
    factors = []
    for view, (target, made) in zip(views, pairs, strict=True):
        k, rest = least_squares_factor(target - l2 * tensor_values(view, name), made)
        if not rest <= tolerance:
            return None
        factors.append(k)
    penalty = Penalty("l2_on_biases", (l2,) * len(views), (0.0,) * len(views), "λ")
    return _named(views, name, factors, tolerance, penalty)


def _with_unknown_multiple(
    views: Sequence[View], name: str, pairs: list[tuple[Array, Array]], tolerance: float
) -> Fit | None:
    """λb or λb/N beside the loss's part as it should be, with a λ that the loss does not know."""
    shares = []
    for view, (target, made) in zip(views, pairs, strict=True):
        share, rest = least_squares_factor(target - made, tensor_values(view, name))
        if target.size < 2 or rest * np.linalg.norm(target - made) > tolerance * np.linalg.norm(target):
            return None
        shares.append(share)
    if not steady_or_over_n(views, shares):
        return None
    penalty = Penalty("l2_on_biases", tuple(shares), (0.0,) * len(views), f"{shares[0]:.3g}")
    return _named(views, name, [1.0] * len(views), tolerance, penalty)


def _name_penalty(
    views: Sequence[View], name: str, of_values: list[float], of_signs: list[float], tolerance: float
) -> Penalty | None:
    """Which penalty mistake these multiples are; None where they mean nothing."""
    spec = views[0].trace.spec
    near, share = max(tolerance * 3, 1e-6), max(tolerance * 100, 1e-6)  # absolute; relative to the due penalty
    of_values = [0.0 if abs(v) < near else v for v in of_values]
    of_signs = [0.0 if abs(v) < near else v for v in of_signs]
    found = tuple(of_values), tuple(of_signs)
    if not any(of_values) and not any(of_signs):
        due = (name[0] == "W" or spec.penalizes_biases) and (spec.l1 or spec.l2)
        return Penalty("penalty_missing", *found, "0") if due else None
    steady = np.ptp(of_values) <= near * 10 and np.ptp(of_signs) <= near * 10
    if name[0] == "W" and not steady and not any(of_signs) and _without_rate(views, of_values):
        return Penalty("decay_without_rate", *found, f"{of_values[0] * views[0].probe.learning_rate:.3g}")
    if name[0] == "b" and not spec.penalizes_biases:
        known = steady or spec.l1 or spec.l2 or (not any(of_signs) and steady_or_over_n(views, of_values))
        return Penalty("l2_on_biases", *found, _constant(of_values, of_signs)) if known else None
    if not spec.l1 and not spec.l2:
        samples = np.array([len(view.trace.x) for view in views])
        steady = steady or np.ptp(of_values * samples) <= near * 100  # λ/N
        if steady and not any(of_signs) and max(of_values) < 0:
            return Penalty("penalty_factor", *found, "−1")
        return Penalty("penalty_not_in_loss", *found, _constant(of_values, of_signs)) if steady else None
    if spec.l1 and not spec.l2 and any(of_values) and not any(of_signs):
        return Penalty("l1_without_sign", *found, _constant(of_values, of_signs))
    given, due_size = (of_values, spec.l2) if spec.l2 else (of_signs, spec.l1)
    if spec.l1 and spec.l2 and not all(of_signs):
        return Penalty("penalty_missing", *found, "λ₁")
    if not all(given):
        return Penalty("l1_for_l2", *found, _constant(of_values, of_signs))
    contexts = [view.context(_layer(name)) for view in views]
    factor = name_factor([g / due_size for g in given], contexts, share)
    return None if factor is None else Penalty("penalty_factor", *found, factor.name)


def _without_rate(views: Sequence[View], of_values: list[float]) -> bool:
    """Whether W shrinks by the same share at every learning rate."""
    shares = [v * view.probe.learning_rate for v, view in zip(of_values, views, strict=True)]
    rates = {view.probe.learning_rate for view in views}
    return len(rates) > 1 and bool(np.ptp(shares) <= 1e-4 * abs(shares[0]))


def _constant(of_values: list[float], of_signs: list[float]) -> str:
    if any(of_values):
        return f"{of_values[0]:.3g}"
    return f"{of_signs[0]:.3g} (of the sign)"
