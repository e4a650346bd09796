"""The walk through a CNN, from the loss to the images: which hand-over, which tensor is wrong, on the program's δ."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from handgrad.check.diagnosis.cnns.guesses import CnnView, Delta, deltas_between, top_deltas
from handgrad.check.diagnosis.cnns.model import Stage
from handgrad.check.diagnosis.compare import Context, Factor, least_squares_factor, name_factor
from handgrad.check.diagnosis.layers.factors import layer_context
from handgrad.check.diagnosis.layers.guess import LayerGuess
from handgrad.check.diagnosis.layers.guesses import guesses_for
from handgrad.kernels.types import Array

_ONE = Factor("1", 1.0, 0.0, True)
_SECONDS = 4.0  # for two hand-overs wrong at once
_MOST = 4.5  # cost beyond which an explanation is no more believed than none


@dataclass(frozen=True)
class Fit:
    """How one tensor follows from a δ: the form, the factor with its value at each probe, what the penalty is."""

    guess: LayerGuess
    factor: Factor
    values: tuple[float, ...]
    penalty: str = ""

    @property
    def cost(self) -> float:
        return self.guess.cost + self.factor.cost + (1.0 if self.penalty else 0.0)


@dataclass
class StageFound:
    """What was found at one stage with parameters.

    Attributes:
        delta: the δ behind it; None where nothing explains it.
        given: the tensors, by the net's names, that the program has a gradient for.
        fits: of its tensors by the net's names; missing where nothing explains one.
        factor: by which δ is off, and its value at each probe.
    """

    place: int
    stage: Stage
    delta: Delta | None
    given: tuple[str, ...] = ()
    fits: dict[str, Fit] = field(default_factory=dict)
    factor: Factor = _ONE
    values: tuple[float, ...] = ()

    @property
    def cost(self) -> float:
        own = list(self.fits.values())
        shared = self.factor.cost * (len([f for f in own if f.factor.name == self.factor.name]) - 1)
        return (self.delta.cost if self.delta else 9.0) + sum(f.cost for f in own) - max(shared, 0.0)


def walk_cnn(views: Sequence[CnnView], tolerance: float) -> list[StageFound]:
    """Every stage with parameters, from the loss on; stops where δ cannot be explained."""
    stages = views[0].trace.spec.stages
    places = [i for i in reversed(range(len(stages))) if stages[i].number and _given(views, stages[i])]
    found: list[StageFound] = []
    above = len(stages) - 1
    for view in views:
        view.own[above] = view.trace.delta
    for order, place in enumerate(places):
        made = _settle(views, place, _candidates(views, above, place, first=order == 0), tolerance)
        found.append(made)
        if made.delta is None:
            break
        for i, view in enumerate(views):
            dy = made.delta.make(view)
            view.own[place] = (made.values[i] if made.values else 1.0) * (np.zeros(0) if dy is None else dy)
        above = place
    return found


def _given(views: Sequence[CnnView], stage: Stage) -> list[tuple[str, str]]:
    """(own name, net's name) of the tensors that every probe has a finite gradient for."""
    return [
        (own, name)
        for own, name in stage.names.items()
        if all(name in v.gradients and name in v.trace.parameters for v in views)
    ]


def _candidates(views: Sequence[CnnView], above: int, place: int, *, first: bool) -> list[list[Delta]]:
    """δ's with none, one, two hand-overs wrong; at the logits what the loss may hand over instead."""
    right = Delta((), 0.0, lambda v: v.own[above])
    if above == place and first:
        return [[right], [d for d in top_deltas(views[0]) if d.keys], []]
    return [list(deltas_between(views, above, place, wrong)) for wrong in (0, 1)] + [
        sorted((d for d in deltas_between(views, above, place, 2) if d.cost < 2.3), key=lambda d: d.cost)
    ]


def _settle(views: Sequence[CnnView], place: int, candidates: list[list[Delta]], tolerance: float) -> StageFound:
    """The cheapest explanation of all tensors of a stage."""
    right, one, two = candidates
    stage = views[0].trace.spec.stages[place]
    names = _given(views, stage)
    weights = [name for _, name in names if name[0] == "W"]
    if weights and not any(view.gradients[name].any() for view in views for name in weights):
        one, two = [], []  # a layer that was left out says nothing about its δ
    best: StageFound | None = None
    partial: list[StageFound] = []
    for made in _tried(views, place, names, [*right, *one], tolerance, forms=False):
        partial.append(made)
        if len(made.fits) == len(names) and (best is None or made.cost < best.cost - 1e-9):
            best = made
    for made in _tried(views, place, names, right, tolerance, forms=True):
        partial.append(made)
        if len(made.fits) == len(names) and (best is None or made.cost < best.cost - 1e-9):
            best = made
    if best is None:
        hopeful = [made.delta for made in partial if made.fits and made.delta is not None and made.delta.keys]
        for made in _tried(views, place, names, hopeful, tolerance, forms=True):
            if len(made.fits) == len(names) and (best is None or made.cost < best.cost - 1e-9):
                best = made
    if best is None:
        end = time.process_time() + _SECONDS
        for made in _tried(views, place, names, two, tolerance, forms=False):
            if len(made.fits) == len(names):
                best = made
                break
            if time.process_time() > end:
                break
    if best is not None and best.cost <= _MOST:
        return best
    some = [made for made in partial if made.fits]
    return min(some, key=lambda m: m.cost, default=StageFound(place, stage, None, tuple(n for _, n in names)))


def _tried(
    views: Sequence[CnnView],
    place: int,
    names: list[tuple[str, str]],
    deltas: Iterable[Delta],
    tolerance: float,
    *,
    forms: bool,
) -> Iterator[StageFound]:
    """Each δ with the tensors that follow from it, in their right form or (`forms`) in any."""
    stage = views[0].trace.spec.stages[place]
    for delta in deltas:
        with np.errstate(all="ignore"):
            dys = [delta.make(view) for view in views]
        if any(dy is None or dy.shape != v.trace.values[place + 1].shape for dy, v in zip(dys, views, strict=True)):
            continue
        made = StageFound(place, stage, delta, tuple(name for _, name in names))
        for own, name in names:
            rows = guesses_for(stage.kind, own) if forms else [guesses_for(stage.kind, own)[0]]
            fit = _best_fit(views, place, name, [dy for dy in dys if dy is not None], rows, tolerance)
            if fit is not None:
                made.fits[name] = fit
        yield _with_factor(made)


def _with_factor(made: StageFound) -> StageFound:
    """δ's own factor: what its tensors in right form share; 1 where one of them has it."""
    plain = [fit for fit in made.fits.values() if not fit.guess.key and fit.values]
    if not plain:
        return made
    chosen = min(plain, key=lambda fit: (fit.factor.name != "1", fit.factor.cost))
    return replace(made, factor=chosen.factor, values=chosen.values)


def _best_fit(
    views: Sequence[CnnView], place: int, name: str, dys: list[Array], rows: list[LayerGuess], tolerance: float
) -> Fit | None:
    best: Fit | None = None
    probes = [view.probe(place, dy) for view, dy in zip(views, dys, strict=True)]
    contexts = [layer_context(p, v.rate) for p, v in zip(probes, views, strict=True)]
    empty = not any(view.gradients[name].any() for view in views)
    for guess in rows:
        if best is not None and guess.cost >= best.cost:
            break
        if empty and guess.key not in ("", "layer_gradient_zero"):
            continue
        with np.errstate(all="ignore"):
            made = [guess.make(probe) for probe in probes]
        for penalty, share in _penalties(views[0]):
            targets = [_still(view, name, _without(view, name, share)) for view in views]
            seen = [None if m is None else _still(view, name, m) for view, m in zip(views, made, strict=True)]
            fit = _fit(seen, targets, guess, contexts, tolerance)
            if fit is not None:
                fit = replace(fit, penalty=penalty)
                if best is None or fit.cost < best.cost:
                    best = fit
    return best


def _still(view: CnnView, name: str, values: Array) -> Array:
    """Zero where nothing but rounding is left of a sum that cancels: a bias in front of batch normalisation."""
    return np.zeros_like(values) if float(np.linalg.norm(values)) < view.trace.rounding(name) else values


def _penalties(view: CnnView) -> list[tuple[str, float]]:
    """How often λW may be in a gradient."""
    return [("", 1.0), ("penalty_missing", 0.0), ("penalty_factor", 2.0)] if view.trace.spec.l2 else [("", 0.0)]


def _without(view: CnnView, name: str, share: float) -> Array:
    gradient = view.gradients[name]
    values = view.trace.parameters[name]
    if name[0] != "W" or not share or values.shape != gradient.shape:
        return gradient
    return gradient - share * view.trace.spec.l2 * values


def _fit(
    made: Sequence[Array | None], targets: Sequence[Array], guess: LayerGuess, contexts: list[Context], tolerance: float
) -> Fit | None:
    values: list[float] = []
    for predicted, target in zip(made, targets, strict=True):
        if predicted is None or predicted.shape != target.shape or not np.isfinite(predicted).all():
            return None
        k, rest = least_squares_factor(target, predicted)
        if not rest <= tolerance:
            return None
        if target.any():
            values.append(k)
    if len(values) < len(made):
        return None if values else Fit(guess, _ONE, ())
    factor = name_factor(values, contexts, tolerance)
    return None if factor is None else Fit(guess, factor, tuple(values))
