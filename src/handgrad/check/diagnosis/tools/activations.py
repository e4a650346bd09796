"""Activation functions and their derivatives, the derivative judged against difference quotients of the function.

`call(z)` gives for "activation" (name, f(z)), for "activation_derivative" (name, f(z), d(z), d(f(z))),
each None where it cannot be had: a derivative may be written for z or for a = f(z), and both are right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.check.diagnosis.model import softmax
from handgrad.check.diagnosis.tools.found import RIGHT, UNKNOWN, Found, near
from handgrad.check.diagnosis.tools.functions import FUNCTIONS, OTHER_FORMS, SLOPES, WITH_SLOPE, Function, with_slope
from handgrad.check.subject import ToolSubject
from handgrad.kernels.types import Array

_H = 1e-6


def _places(rng: np.random.Generator) -> Array:
    """z (6, 5), both signs, away from 0 where ReLU has no slope."""
    z = np.asarray(rng.uniform(0.15, 2.5, (6, 5)) * rng.choice([-1.0, 1.0], (6, 5)))
    z[0, :2] = -1.3, 1.7
    return z


def activation(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """The values, then what becomes of the argument, then of very large ones."""
    z = _places(rng)
    kept = z.copy()
    stem, given = _asked(subject, z)
    if given is None or np.shape(given) != kept.shape:
        return UNKNOWN
    values = np.asarray(given, float)
    if not _is_it(stem, values, kept):
        return _slip(stem, values, kept)
    if not np.array_equal(z, kept):
        return "activation_in_place", ""
    large = np.array([[-1500.0, 1500.0]])
    far = np.asarray(_asked(subject, large)[1], float)
    return (
        ("activation_overflow", f"{far.reshape(-1)[0]:g} and {far.reshape(-1)[-1]:g}")
        if not _bounded(stem, far)
        else RIGHT
    )


def _bounded(stem: str, far: Array) -> bool:
    return bool(np.isfinite(far).all()) or stem not in FUNCTIONS


def _asked(subject: ToolSubject, z: Array) -> tuple[str, Any]:
    answer: Any = subject.call(z)
    return str(answer[0]), answer[1]


def _is_it(stem: str, values: Array, z: Array) -> bool:
    forms = [FUNCTIONS[stem], *OTHER_FORMS.get(stem, [])] if stem in FUNCTIONS else []
    own = with_slope(stem, values, z) if stem in WITH_SLOPE else None
    return any(near(values, form(z), 1e-4) for form in [*forms, *([own] if own else [])])


def _slip(stem: str, values: Array, z: Array) -> Found:
    e = np.exp(-z)
    slips: dict[str, list[tuple[str, Array]]] = {
        "sigmoid": [
            ("activation_sign", 1 / (1 + np.exp(z))),
            ("activation_brackets", 1 + e),
            ("activation_brackets", 1 / 1 + e),
            ("activation_minus_for_plus", 1 / (1 - e)),
            ("activation_is_other", np.maximum(z, 0)),
        ],
        "tanh": [
            ("activation_sign", -np.tanh(z)),
            ("activation_minus_for_plus", 1 / np.tanh(z)),
            ("activation_is_other", FUNCTIONS["sigmoid"](z)),
            ("activation_brackets", np.exp(z) - e / np.exp(z) + e),
            ("activation_brackets", (np.exp(z) - e) / np.exp(z) + e),
        ],
        "relu": [
            ("activation_sign", np.minimum(z, 0)),
            ("activation_sign", np.maximum(-z, 0)),
            ("activation_is_slope", (z > 0).astype(float)),
            ("activation_is_other", np.abs(z)),
        ],
        "leaky_relu": [("activation_sign", np.minimum(z, 0.01 * z)), ("activation_sign", np.minimum(z, 0.1 * z))],
        "softplus": [("activation_sign", np.log1p(e)), ("activation_brackets", np.log(1) + np.exp(z))],
    }  # fmt: skip
    for key, made in slips.get(stem, []):
        if near(values, made):
            return key, stem.replace("_", " ")
    negative = values[z < 0]
    if stem == "leaky_relu" and near(values[z > 0], z[z > 0]) and np.ptp(negative) < 1e-9 and negative[0] > 0:
        return "leaky_constant", f"{negative[0]:g}"
    return UNKNOWN


def activation_derivative(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """Against the slope of the program's own function where there is one, else of the one that the name says."""
    z = _places(rng)
    kept = z.copy()
    stem, value, of_z, of_a = _answer(subject, z)
    changed = not np.array_equal(z, kept)
    slope = _slope(subject, stem, value, of_z, kept)
    if slope is None:
        return UNKNOWN
    a = value if value is not None else FUNCTIONS[stem](kept) if stem in FUNCTIONS else kept
    made = [d for d in (of_z, of_a) if d is not None]
    tolerance = 0.02 if stem in ("gelu", "swish") else 1e-4
    if any(near(d, slope, tolerance) for d in made):
        return ("activation_in_place", "") if changed else RIGHT
    if not made or not all(np.isfinite(d).all() for d in made):
        return UNKNOWN
    return _wrong_slope(stem, kept, a, slope, of_z, of_a)


def _answer(subject: ToolSubject, z: Array) -> tuple[str, Array | None, Array | None, Array | None]:
    answer: Any = subject.call(z)
    found = [np.asarray(v, float) if v is not None else None for v in answer[1:]]
    fitting = [v if v is not None and v.shape == z.shape else None for v in found]
    return str(answer[0]), fitting[0], fitting[1], fitting[2]


def _slope(subject: ToolSubject, stem: str, value: Array | None, of_z: Array | None, z: Array) -> Array | None:
    if value is not None:
        up, down = (_answer(subject, z + h)[1] for h in (_H, -_H))
        if up is None or down is None or not np.isfinite(up).all() or not np.isfinite(down).all():
            return None
        return np.asarray((up - down) / (2 * _H))
    if stem in FUNCTIONS:
        f: Function = FUNCTIONS[stem]
        return np.asarray((f(z + _H) - f(z - _H)) / (2 * _H))
    if stem == "leaky_relu" and of_z is not None:
        return np.where(z > 0, 1.0, float(of_z[0, 0]) if 0 <= of_z[0, 0] < 1 else 0.01)
    return None


def _wrong_slope(stem: str, z: Array, a: Array, slope: Array, of_z: Array | None, of_a: Array | None) -> Found:
    name = stem.replace("_", " ")
    made = [d for d in (of_z, of_a) if d is not None]
    if any(near(d, -slope, 1e-4) for d in made):
        return "derivative_sign", name
    if of_z is not None and (near(of_z, a) or near(of_z, z)):
        return "derivative_is_function", name
    if stem in ("relu", "leaky_relu") and any(near(d, (z < 0).astype(float)) for d in made):
        return "derivative_inverted", name
    negative = [np.unique(d[z < 0].round(6)) for d in made if near(d[z > 0], slope[z > 0])]
    if stem == "leaky_relu" and negative and negative[0].size == 1:
        return "leaky_slopes_differ", f"{slope[z < 0][0]:.3g} in the function, {negative[0][0]:.3g} in the derivative"
    for other, (by_z, by_a) in SLOPES.items():
        if other != stem and ((of_z is not None and near(of_z, by_z(z))) or (of_a is not None and near(of_a, by_a(a)))):
            return "derivative_of_other", f"{name}, but the slope of {other}"
    return "derivative_formula", f"{name}{_expression(z, a, of_z)}"


def _expression(z: Array, a: Array, of_z: Array | None) -> str:
    """What it computes, where a short formula says it."""
    if of_z is None:
        return ""
    for word, u in (("f(z)", a), ("z", z)):
        for text, made in (
            (f"1 − {word}", 1 - u), (f"1 + {word}", 1 + u), (f"{word}(1 + {word})", u * (1 + u)),
            (f"1 + {word}²", 1 + u * u), (f"{word}²", u * u), (f"(1 − {word})²", (1 - u) ** 2),
            (f"2{word}", 2 * u), (f"1 − 2{word}", 1 - 2 * u), (f"{word} − 1", u - 1),
        ):  # fmt: skip
            if near(of_z, made):
                return f": it computes {text}"
    return ""


def softmax_derivative(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """p(1 − p) alone is the diagonal of the Jacobian: enough in some formulas, not in others."""
    z = _places(rng)
    _, value, of_z, of_a = _answer(subject, z)
    if value is None:
        return UNKNOWN
    diagonal = value * (1 - value)
    if any(d is not None and near(d, diagonal) for d in (of_z, of_a)):
        return "softmax_derivative_diagonal", ""
    return UNKNOWN


def softmax_jacobian(subject: ToolSubject, rng: np.random.Generator) -> Found:
    """`call(z or p (P,))` → (P, P): the matrix, of the logits or of the probabilities."""
    z = rng.standard_normal(5)
    for p, given in ((softmax(z[None])[0], z), (softmax(z[None])[0], softmax(z[None])[0])):
        made = np.asarray(subject.call(given.copy()), float)
        if near(made, np.diag(p) - np.outer(p, p)):
            return RIGHT
        if near(made, np.diag(p) + np.outer(p, p)) or near(made, np.outer(p, p) - np.diag(p)):
            return "jacobian_sign", ""
    return UNKNOWN
