"""What a CNN's backward pass may hand from stage to stage instead of the right δ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from handgrad.check.diagnosis.cnns.model import CnnTrace, Stage, probe_of, unflatten
from handgrad.check.diagnosis.layers.guess import LayerGuess, Make
from handgrad.check.diagnosis.layers.guesses import guesses_for
from handgrad.check.diagnosis.layers.truth import LayerProbe
from handgrad.check.diagnosis.model import Trace, trace
from handgrad.check.diagnosis.probes import Probe
from handgrad.check.diagnosis.top_guesses import top_guesses
from handgrad.check.diagnosis.view import Guess, View
from handgrad.check.subject import NetSpec
from handgrad.kernels.types import Array


@dataclass
class CnnView:
    """One probe as the walk sees it.

    Attributes:
        gradients: the program's, W1, b1, …
        own: the δ behind each stage's output as the program has it, by the stage's place.
        rate: the learning rate that the program was given.
    """

    trace: CnnTrace
    gradients: dict[str, Array]
    own: dict[int, Array]
    rate: float

    def probe(self, place: int, dy: Array) -> LayerProbe:
        """A stage as a layer with this upstream gradient."""
        stages, values = self.trace.spec.stages, self.trace.values
        return probe_of(stages[place], values[place], values[place + 1], dy, self.trace.parameters)


@dataclass(frozen=True)
class Delta:
    """A candidate for the δ behind one stage's output: explanations, cost, how it is made, a detail, in which stage."""

    keys: tuple[str, ...]
    cost: float
    make: Callable[[CnnView], Array | None]
    detail: str = ""
    stage: int = -1


def top_deltas(view: CnnView) -> list[Delta]:
    """Candidates at the logits: those of a net whose last layer is the identity."""
    spec = view.trace.spec
    P = view.trace.t.shape[1]
    loss = "softmax_cross_entropy" if spec.output == "softmax" and spec.loss != "squared_error" else spec.loss
    plain = NetSpec((P, P), (spec.output,), loss, spec.divided_by, spec.factor)
    return [Delta(g.keys, g.cost, partial(_at_top, plain, g), g.detail) for g in top_guesses(plain)]


def _at_top(spec: NetSpec, guess: Guess, view: CnnView) -> Array | None:
    return guess.make(_top_view(spec, view))


def _top_view(spec: NetSpec, view: CnnView) -> View:
    z, t = view.trace.values[-1], view.trace.t
    P = t.shape[1]
    made: Trace = trace(spec, {"W1": np.eye(P), "b1": np.zeros(P)}, z, t)
    return View(Probe({}, z, t, view.rate), made, {})


def deltas_between(views: Sequence[CnnView], above: int, below: int, wrong: int) -> Iterator[Delta]:
    """Candidates for δ behind stage `below`, from the program's own δ behind stage `above`: `wrong` hand-overs wrong.

    Stages above, above − 1, …, below + 1 each hand their input's gradient on.
    """
    places = list(range(above, below, -1))
    choices = {place: _handovers(views[0].trace.spec.stages, place) for place in places}
    for chosen in combinations(places, wrong):
        yield from _combined(choices, places, list(chosen), {}, above)


def _combined(
    choices: dict[int, list[LayerGuess]], places: list[int], left: list[int], taken: dict[int, LayerGuess], above: int
) -> Iterator[Delta]:
    if left:
        for guess in choices[left[0]]:
            yield from _combined(choices, places, left[1:], {**taken, left[0]: guess}, above)
        return
    keys = tuple(g.key for g in taken.values() if g.key)
    detail = next((g.detail for g in taken.values() if g.detail), "")
    stage = next(iter(taken), -1)
    yield Delta(keys, sum(g.cost for g in taken.values()), lambda v: _run(v, places, taken, above), detail, stage)


def _run(view: CnnView, places: list[int], taken: dict[int, LayerGuess], above: int) -> Array | None:
    dy: Array | None = view.own[above]
    for place in places:
        if dy is None or dy.shape != view.trace.values[place + 1].shape:
            return None
        guess = taken.get(place)
        if guess is None:
            dy = view.probe(place, dy).truth["x"]
        elif guess.key == "stale_weights":
            dy = _stale(view, place, dy)
        elif guess.key == "mask_of_other_layer":
            dy = _other_mask(view, place, dy, int(guess.detail.split()[-1]))
        else:
            dy = guess.make(view.probe(place, dy))
    return dy


def _handovers(stages: Sequence[Stage], place: int) -> list[LayerGuess]:
    """Wrong ways of one stage, without the right one."""
    stage = stages[place]
    if stage.kind == "flatten":
        return _reshapes(stage)
    found = [g for g in guesses_for(stage.kind, "x") if g.key]
    if stage.kind in ("conv", "dense"):
        found.append(LayerGuess("stale_weights", "x", 1.2, lambda p: None))
        found.append(LayerGuess("weights_left_out", "x", 1.3, _spread_without_weights))
    if stage.kind in ("relu", "leaky_relu", "sigmoid", "tanh"):
        others = [i for i, s in enumerate(stages) if s.kind == stage.kind and i != place]
        found += [LayerGuess("mask_of_other_layer", "x", 1.2, lambda p: None, f"stage {i}") for i in others]
    return found


def _reshapes(stage: Stage) -> list[LayerGuess]:
    """The flat gradient put back with its axes in another order."""
    orders = [order for order in ("CHW", "HWC", "CWH", "WHC", "HCW", "WCH") if order != stage.order]
    found = [LayerGuess("flatten_order", "x", 1.0, _reshaped(order), order) for order in orders]
    found.append(LayerGuess("flatten_order", "x", 1.1, lambda p: p.dy.T.reshape(p.inputs["x"].shape), "its transpose"))
    return found


def _reshaped(order: str) -> Make:
    other = Stage("flatten", order=order)
    return lambda p: unflatten(other, p.dy, p.inputs["x"].shape)


def _spread_without_weights(probe: LayerProbe) -> Array | None:
    if probe.kind != "dense":
        return None
    return np.broadcast_to(probe.dy.sum(axis=1, keepdims=True), probe.inputs["x"].shape)


def _stale(view: CnnView, place: int, dy: Array) -> Array | None:
    """Handed back through weights that were updated already."""
    stage = view.trace.spec.stages[place]
    name = stage.names["W"]
    if name not in view.gradients or view.gradients[name].shape != view.trace.parameters[name].shape:
        return None
    moved = {**view.trace.parameters, name: view.trace.parameters[name] - view.rate * view.gradients[name]}
    return probe_of(stage, view.trace.values[place], view.trace.values[place + 1], dy, moved).truth["x"]


def _other_mask(view: CnnView, place: int, dy: Array, other: int) -> Array | None:
    stage, values = view.trace.spec.stages[place], view.trace.values
    if values[other].shape != dy.shape:
        return None
    return probe_of(stage, values[other], values[other + 1], dy, view.trace.parameters).truth["x"]
