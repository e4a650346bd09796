"""Gradients cut to a length or to a range: whether a function does either, and how it goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.texts import finding, introduced, name_of
from handgrad.check.subject import Diagnosis, TensorVerdict
from handgrad.kernels.types import Array

Gradients = dict[str, Array]
_NEAR = 1e-4  # some add 1e-6 to the norm


class ClippingSubject(Protocol):
    """A function that cuts gradients to a limit."""

    limit: float

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of the gradients, by their names."""

    def run(self, gradients: Gradients) -> Gradients:
        """The gradients after it, returned or changed in place."""


def _norm(arrays: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float(np.sum(a**2)) for a in arrays)))


def _scaled(factor: Callable[[float, float], float], each: bool = False) -> Callable[[Gradients, float], Gradients]:
    """All gradients times a factor of their common norm and the limit, or each by its own norm."""

    def made(g: Gradients, limit: float) -> Gradients:
        whole = _norm(list(g.values()))
        return {n: a * factor(_norm([a]) if each else whole, limit) for n, a in g.items()}

    return made


def _entries(change: Callable[[Array, float], Array]) -> Callable[[Gradients, float], Gradients]:
    return lambda g, limit: {n: change(a, limit) for n, a in g.items()}


Way = Callable[[Gradients, float], Gradients]


def _shrink(norm: float, limit: float) -> float:
    return min(1.0, limit / norm)


_RIGHT: tuple[Way, ...] = (
    _scaled(_shrink),
    _scaled(_shrink, each=True),
    _entries(lambda a, limit: np.clip(a, -limit, limit)),
)
_WRONG: tuple[tuple[str, Way], ...] = (
    ("clip_lost", lambda g, limit: dict(g)),
    ("clip_always", _scaled(lambda norm, limit: limit / norm)),
    ("clip_always", _scaled(lambda norm, limit: limit / norm, each=True)),
    ("clip_always", _scaled(lambda norm, limit: 1 / norm)),
    ("clip_no_root", _scaled(lambda norm, limit: min(1.0, limit / norm**2))),
    ("clip_no_root", _scaled(lambda norm, limit: min(1.0, limit / norm**2), each=True)),
    ("clip_no_root", _scaled(lambda norm, limit: limit / norm**2 if norm > limit else 1.0)),
    ("clip_inverted", _scaled(lambda norm, limit: norm / limit if norm > limit else 1.0)),
    ("clip_inverted", _scaled(lambda norm, limit: norm / limit if norm > limit else 1.0, each=True)),
    ("clip_inverted", _scaled(lambda norm, limit: norm / limit)),
    ("clip_without_limit", _scaled(lambda norm, limit: 1 / norm if norm > limit else 1.0)),
    ("clip_without_limit", _scaled(lambda norm, limit: 1 / norm if norm > limit else 1.0, each=True)),
    ("clip_one_side", _entries(lambda a, limit: np.minimum(a, limit))),
    ("clip_one_side", _entries(lambda a, limit: np.clip(a, 0.0, limit))),
    ("clip_one_side", _entries(lambda a, limit: np.maximum(a, -limit))),
    ("clip_one_side", _entries(lambda a, limit: np.maximum(a, limit))),
)


def diagnose_clipping(subject: ClippingSubject, seed: int = 907) -> Diagnosis:
    """Whether large gradients are cut and small ones left alone.

    Args:
        subject: the function.
        seed: of the gradients.

    >>> class Kept:
    ...     limit, shapes = 1.0, {"g": (4,)}
    ...
    ...     def run(self, gradients):
    ...         return gradients
    >>> diagnose_clipping(Kept()).findings[0].explanation
    'clip_lost'
    """
    rng = np.random.default_rng(seed)
    asked = []
    for size in (0.02, 4.0, 9.0):
        g = {n: rng.standard_normal(s) * subject.limit * size for n, s in subject.shapes.items()}
        asked.append((g, subject.run({n: a.copy() for n, a in g.items()})))
    if any(_gives(way, asked, subject.limit) for way in _RIGHT):
        return Diagnosis(tuple(TensorVerdict(n, tuple(s), 0.0, True) for n, s in subject.shapes.items()), ())
    key = next((key for key, way in _WRONG if _gives(way, asked, subject.limit)), "")
    return _diagnosis(subject, asked, key)


def _gives(way: Way, asked: Sequence[tuple[Gradients, Gradients]], limit: float) -> bool:
    return all(relative(got[n], due) < _NEAR for g, got in asked for n, due in way(g, limit).items())


def _diagnosis(subject: ClippingSubject, asked: Sequence[tuple[Gradients, Gradients]], key: str) -> Diagnosis:
    given, got = asked[-1]
    due = _RIGHT[0](given, subject.limit)
    lines = tuple(TensorVerdict(n, tuple(s), relative(got[n], due[n]), False) for n, s in subject.shapes.items())
    worst = max(due, key=lambda n: relative(got[n], due[n]))
    verdict = "mistake" if key else "undecided"
    tried = () if key else tuple(dict.fromkeys(name_of(other) for other, _ in _WRONG))
    made = finding(Item(key, (worst,)), verdict, {"kind": "clipping", "l": "", "h": "", "f": ""}, tried)
    return Diagnosis(lines, (introduced(made, "tool"),))
