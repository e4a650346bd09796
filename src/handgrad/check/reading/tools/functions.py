"""The ways to call activation functions, losses and their derivatives."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from handgrad.check.reading.program import Program
from handgrad.check.reading.tools.calls import Call, Way, entry_by_entry, target_first
from handgrad.check.reading.tools.names import DERIVATIVES, VALUES, Candidate, bound, derivative_flag, snake, stem_of
from handgrad.check.reading.tools.ways import ways_of

Pair = Callable[[dict[str, Any]], tuple[Callable[..., Any] | None, Callable[..., Any]]]


def function_ways(program: Program, candidate: Candidate, known: list[Candidate]) -> Iterator[Way]:
    """As an activation or a loss by its name, as a derivative beside its function, or with a `deriv=True`."""
    family, stem, derivative = stem_of(candidate.name)
    if family == "" and candidate.function.owner:
        yield from _of_class(program, candidate)
        return
    flag = derivative_flag(candidate.function)
    if flag and len([n for n in candidate.function.required if n != flag]) == 1:
        yield from _flagged(candidate, stem or candidate.name, flag)
        return
    arguments = len(candidate.function.required)
    if family == "loss" and arguments == 2 and "derivative" not in candidate.function.parameters:
        partner = _partner(candidate, known, "loss", stem) if derivative else None
        yield from _loss(candidate, stem) if not derivative else _loss_derivative(candidate, stem, partner)
    elif arguments == 1 and (derivative or family == ""):
        partner = _partner(candidate, known, family, stem)
        if partner is not None or family == "activation":
            yield from _derivative(candidate, stem or candidate.name, partner)
    elif family == "activation" and stem != "softmax" and arguments == 1:
        yield Way("activation", lambda space, z: (stem, entry_by_entry(candidate.get(space), z)))


def _partner(candidate: Candidate, known: list[Candidate], family: str, stem: str) -> Candidate | None:
    """The function whose derivative this is: of one stem, or of one name without the mark of a derivative."""
    plain = snake(candidate.name)
    bare = [
        c
        for c in known
        if c is not candidate and plain in _marked(snake(c.name)) and c.function.owner == candidate.function.owner
    ]
    if bare:
        return bare[0]
    if not family:
        return None
    same = [c for c in known if stem_of(c.name) == (family, stem, False) and not derivative_flag(c.function)]
    same.sort(key=lambda c: c.function.owner != candidate.function.owner)
    return same[0] if same else None


def _marked(name: str) -> set[str]:
    """The names that a derivative of this function would have."""
    after = ("prime", "derivative", "deriv", "der", "grad", "gradient", "d", "dash")
    before = ("d_", "d", "grad_", "deriv_", "derivative_", "der_")
    return {f"{name}_{mark}" for mark in after} | {f"{mark}{name}" for mark in before}


def _derivative(candidate: Candidate, stem: str, partner: Candidate | None) -> Iterator[Way]:
    get: Pair = lambda space: (partner.get(space) if partner else None, candidate.get(space))  # noqa: E731
    if stem != "softmax":
        yield Way("activation_derivative", lambda space, z: _values(stem, *get(space), z))
        return
    yield Way("softmax_derivative", lambda space, z: _values(stem, *get(space), z))
    yield Way("softmax_jacobian", lambda space, z: candidate.get(space)(z))


def _flagged(candidate: Candidate, stem: str, flag: str) -> Iterator[Way]:
    def pair(space: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        function = candidate.get(space)
        return (lambda z: function(z, **{flag: False})), (lambda z: function(z, **{flag: True}))

    kind = "softmax_derivative" if stem == "softmax" else "activation_derivative"
    yield Way(kind, lambda space, z: _values(stem, *pair(space), z))


def _values(stem: str, function: Callable[..., Any] | None, derivative: Callable[..., Any], z: Any) -> tuple[Any, ...]:
    """Name, f(z), d(z), d(f(z)); d(z) is asked with z itself, so that a change of it shows."""
    value = _tried(function, z.copy()) if function is not None else None
    of_z = _tried(derivative, z)
    of_a = _tried(derivative, np.array(value, float)) if value is not None else None
    if function is None:
        from handgrad.check.diagnosis.tools.functions import FUNCTIONS

        of_a = _tried(derivative, FUNCTIONS[stem](z)) if stem in FUNCTIONS else None
    return stem, value, of_z, of_a


def _tried(function: Callable[..., Any], z: Any) -> Any:
    try:
        return np.asarray(entry_by_entry(function, z), float)
    except Exception:
        return None


def _of_class(program: Program, candidate: Candidate) -> Iterator[Way]:
    """`class Sigmoid` with `value` and `derivative`, in whatever names; losses too."""
    owner, name = candidate.function.owner, candidate.name
    family, stem, marked = stem_of(owner)
    methods = program.methods[owner]
    value = next((m for m in VALUES if m in methods), "")
    if not family and value and not any("backward" in m or "update" in m for m in methods):
        family, stem = "activation", snake(owner)  # an activation of a name of its own: its slope can be measured
    if not family or marked or name not in (*VALUES, *DERIVATIVES):
        return
    if stem == "softmax" and name == value and len(candidate.function.required) == 1:
        yield from ways_of(program, candidate, "softmax", "")
    arguments = len(candidate.function.required)
    if family == "activation" and arguments == 1 and stem != "softmax":
        if name in DERIVATIVES:
            yield Way(
                "activation_derivative",
                lambda s, z: _values(stem, bound(s, owner, value) if value else None, bound(s, owner, name), z),
            )
        elif name == value and stem_of(owner)[0] and not any("backward" in m for m in methods):
            yield Way("activation", lambda s, z: (stem, entry_by_entry(bound(s, owner, name), z)))
    elif family == "loss" and arguments == 2:
        partner = Candidate(f"{owner}.{value}", methods[value], lambda s: bound(s, owner, value)) if value else None
        if name in DERIVATIVES:
            yield from _loss_derivative(candidate, stem, partner)
        elif name == value:
            yield from _loss(candidate, stem)


def _loss(candidate: Candidate, stem: str) -> Iterator[Way]:
    """The value; where the gradient is returned beside it, the gradient by this very value."""
    first = target_first(candidate.function)
    for swapped in (False, True) if first is None else (first,):
        for form in _forms_of(candidate, stem):
            call = _pair(candidate, swapped, form)
            yield Way("loss", _named(stem, call))
            yield Way("loss_derivative", _with_gradient(stem, call, first is not None))


def _named(stem: str, call: Call) -> Call:
    return lambda space, p, t, labels: (stem, _turned(call(space, p, t, labels), p))


def _with_gradient(stem: str, call: Call, certain: bool) -> Call:
    def both(space: dict[str, Any], p: Any, t: Any, labels: Any) -> tuple[Any, ...]:
        value = call(space, p, t, labels)
        if not isinstance(value, tuple) or len(value) != 2:
            raise TypeError("it returns no gradient")
        return stem, value[0], _turned(value[1], p), certain

    return both


def _turned(value: Any, p: Any) -> Any:
    array = np.asarray(value, float)
    return array.T if array.shape == p.shape[::-1] and p.shape[0] != p.shape[1] else array


_FORMS = ("rows", "columns", "numbers", "numbers of columns", "signs", "one row")


def _forms_of(candidate: Candidate, stem: str) -> tuple[str, ...]:
    """Class numbers only where a loss can be meant to take them: a difference with them is no mistake of NumPy's."""
    makes_rows = re.search(r"eye|zeros|arange|hot", ast.unparse(candidate.function.node))
    plain = stem in ("mse", "mae", "huber") and not makes_rows
    return tuple(form for form in _FORMS if not (plain and form.startswith("numbers")))


def _threshold(candidate: Candidate) -> dict[str, float]:
    """A Huber loss's δ, so that both of its parts are met."""
    huber = "huber" in candidate.name.lower() or "smooth" in candidate.name.lower()
    names = candidate.function.parameters[2:] if huber else ()
    return {name: 1.0 for name in names if re.fullmatch(r"d(elta)?|k|beta|threshold|c", name, re.IGNORECASE)}


def _pair(candidate: Candidate, swapped: bool, form: str) -> Call:
    """Outputs and targets: one-hot in rows or columns, class numbers, ±1, or all entries in a row (1, N·P)."""

    def call(space: dict[str, Any], p: Any, t: Any, labels: Any) -> Any:
        pair = {
            "rows": (p, t),
            "columns": (p.T, t.T),
            "numbers": (p, labels),
            "numbers of columns": (p.T, labels),
            "signs": (p, 2 * t - 1),
            "one row": (p.reshape(1, -1), t.reshape(1, -1)),
        }[form]
        value = candidate.get(space)(*(pair[::-1] if swapped else pair), **_threshold(candidate))
        if isinstance(value, tuple):
            return value
        return np.reshape(value, p.shape) if form == "one row" and np.size(value) == p.size else value

    return call


def _loss_derivative(candidate: Candidate, stem: str, partner: Candidate | None) -> Iterator[Way]:
    first = target_first(candidate.function)
    for swapped in (False, True) if first is None else (first,):
        for form in _forms_of(candidate, stem):
            own = _pair(partner, bool(target_first(partner.function)), form) if partner is not None else None
            yield Way("loss_derivative", _both(stem, _pair(candidate, swapped, form), own, first is not None))


def _both(stem: str, call: Call, own: Call | None, certain: bool) -> Call:
    def both(space: dict[str, Any], p: Any, t: Any, labels: Any) -> tuple[Any, ...]:
        value = None
        if own is not None:
            try:
                value = own(space, p, t, labels)
            except Exception:
                value = None
        return stem, value, _turned(call(space, p, t, labels), p), certain

    return both
