"""The walk from the loss backwards: at each layer the simplest explanation of δ, dW and db that fits every probe.

Each layer is judged on the program's own δ above it, so that one mistake does not hide behind another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.diagnosis.compare import Remover
from handgrad.check.diagnosis.fits import Fit, due_penalty, fit
from handgrad.check.diagnosis.general import recovered_deltas
from handgrad.check.diagnosis.handover_guesses import handover_guesses, right_back
from handgrad.check.diagnosis.tensor_forms import bias_forms, right_bias, right_weights, weight_forms
from handgrad.check.diagnosis.top_guesses import top_guesses
from handgrad.check.diagnosis.view import Form, Guess, View
from handgrad.kernels.types import Array

_ODD = 2.0  # the cost of a factor that has no name
UNEXPLAINED = 4.0  # the cost of a tensor that nothing explains
_NOTHING = 1e-9  # a guess this small beside the right δ is no guess
_LARGE, _ROWS = 4000, 20  # of a tensor with more entries, a few rows are looked at first
_FORMS_TRIED = 12  # of the likeliest δ: wrong forms of both dW and db are tried


@dataclass(frozen=True)
class TensorFound:
    """How one tensor's gradient comes about, given δ: by which form, with which factor and penalty."""

    form: Form | None
    fit: Fit | None
    cost: float


@dataclass(frozen=True)
class LayerFound:
    """The best explanation of one layer.

    Attributes:
        layer: from 0.
        guess: of δ; None where no guess fits and δ is recovered from dW, or is unknown.
        factor_values: of δ at the probes, named `factor_name`.
        weights, bias: of the two tensors; None where the program has no such gradient.
        recovered: whether δ was computed back from dW.
        rivals: the keys of other guesses that fit as well.
    """

    layer: int
    guess: Guess | None
    factor_name: str
    factor_values: tuple[float, ...]
    weights: TensorFound | None
    bias: TensorFound | None
    cost: float
    recovered: bool = False
    rivals: tuple[tuple[str, ...], ...] = ()
    tried: tuple[str, ...] = field(default=())


class LayerSearch:
    """Looks for the explanation of one layer.

    Args:
        views: the probes, with the δ of the layers above.
        l: the layer, from 0.
        tolerance: of what remains, relative.
    """

    def __init__(self, views: list[View], l: int, tolerance: float) -> None:
        self.views, self.l, self.tolerance = views, l, tolerance
        self.W, self.b = f"W{l + 1}", f"b{l + 1}"
        top = l == views[0].trace.depth - 1
        last = views[0].trace
        self.guesses = top_guesses(last.spec, last.measured) if top else handover_guesses(views, l)
        self.has_bias = all(self.b in view.gradients for view in views)
        self.has_weights = all(self.W in view.gradients for view in views)

    def run(self) -> LayerFound:
        """The cheapest explanation; where none fits, δ is recovered from dW if that can be."""
        best: LayerFound | None = None
        rivals: list[tuple[str, ...]] = []
        undecided: list[tuple[Guess, list[Array]]] = []
        for guess in self.guesses:
            if best is not None and guess.cost > best.cost:
                break
            deltas = self._deltas(guess)
            if deltas is None:
                continue
            found = self._with_guess(guess, deltas)
            if found is None:
                undecided.append((guess, deltas))
            elif best is None or found.cost < best.cost - 1e-9:
                best = found
            elif abs(found.cost - best.cost) < 0.35 and best.guess and guess.keys != best.guess.keys:
                rivals.append(guess.keys)
        if best is None or best.cost > 2.5:
            best = self._with_forms(undecided, best)
        if best is None or (best.cost >= UNEXPLAINED and not _weights_settle(best)):
            best = self._unexplained(best)
        return LayerFound(**{**vars(best), "rivals": tuple(dict.fromkeys(rivals))})

    def _deltas(self, guess: Guess) -> list[Array] | None:
        deltas = []
        for view in self.views:
            delta = guess.make(view)
            if delta is None or delta.shape != view.trace.z[self.l].shape or not np.isfinite(delta).all():
                return None
            if guess.keys and not np.abs(delta).max() > _NOTHING * np.abs(view.trace.delta[self.l]).max():
                return None
            deltas.append(delta)
        return deltas

    def _with_guess(self, guess: Guess, deltas: list[Array]) -> LayerFound | None:
        """Where dW or db or both are made of these δ in the right way."""
        self._note_before_slope()
        weights = self._fit_right(self.W, deltas) if self.has_weights else None
        bias = self._fit_right(self.b, deltas) if self.has_bias else None
        if weights is None and bias is None:
            return None
        if self.has_weights:
            weights = self._or_form(self.W, deltas, weights)
        if self.has_bias:
            bias = self._or_form(self.b, deltas, bias)
        return self._joined(guess, weights, bias)

    def _note_before_slope(self) -> None:
        for view in self.views:
            if self.l + 1 in view.own and self.l not in view.before_slope:
                view.before_slope[self.l] = right_back(view, self.l)

    def _or_form(self, name: str, deltas: list[Array], right: TensorFound | None) -> TensorFound:
        """The right way, unless it needs a factor so odd that a wrong form is simpler."""
        if right is not None and right.cost < _ODD:
            return right
        form = self._form_of(name, deltas)
        if right is None and form.fit is None and name[0] == "W":
            form = self._form_beside_penalty(name, deltas)
        return form if right is None or form.cost < right.cost else right

    def _hopeless(self, delta: Array) -> bool:
        """A quick look at a few rows of a large dW: whether no multiple of hᵀδ and no penalty can make them."""
        view = self.views[0]
        target, W = view.gradients[self.W], view.trace.W[self.l]
        if target.size < _LARGE or target.shape != W.shape:
            return False
        h = view.trace.h[self.l]
        if not target.any():
            return True
        rows = np.argsort(-np.abs(h).sum(axis=0))[:_ROWS]
        columns = np.stack([(h[:, rows].T @ delta).ravel(), W[rows].ravel(), np.sign(W[rows]).ravel()], axis=1)
        goal = target[rows].ravel()
        rest = goal - columns @ np.linalg.lstsq(columns, goal, rcond=None)[0]
        return bool(np.linalg.norm(rest) > 10 * self.tolerance * np.linalg.norm(goal))

    def _fit_right(self, name: str, deltas: list[Array]) -> TensorFound | None:
        if name[0] == "W" and self._hopeless(deltas[0]):
            return None
        make = right_weights if name[0] == "W" else right_bias
        predicted = [make(view, self.l, delta) for view, delta in zip(self.views, deltas, strict=True)]
        found = fit(self.views, name, predicted, self.tolerance, loose=True)
        return None if found is None else TensorFound(None, found, found.cost)

    def _form_of(self, name: str, deltas: list[Array]) -> TensorFound:
        """The cheapest wrong form that makes this tensor of the δ, or "unexplained"."""
        forms = weight_forms(self.views[0], self.l) if name[0] == "W" else bias_forms(self.views[0], self.l)
        best = TensorFound(None, None, UNEXPLAINED)
        for form in sorted(forms, key=lambda f: f.cost):
            if form.cost >= best.cost:
                break
            predicted = []
            for view, delta in zip(self.views, deltas, strict=True):
                made = form.make(view, self.l, delta)
                if made is None or made.shape != view.gradients[name].shape:
                    break
                predicted.append(made)
                if not _could_be(view.gradients[name] - due_penalty(view, name), made):
                    break
            if len(predicted) < len(self.views):
                continue
            found = fit(self.views, name, predicted, self.tolerance, loose=form.key.endswith("zero"))
            if found is not None and form.cost + found.cost < best.cost:
                best = TensorFound(form, found, form.cost + found.cost)
        return best

    def _form_beside_penalty(self, name: str, deltas: list[Array]) -> TensorFound:
        """Two mistakes in one dW: the cheapest wrong form with a wrong penalty beside it."""
        view = self.views[0]
        remover = Remover([view.trace.W[self.l], np.sign(view.trace.W[self.l])])
        best, given = TensorFound(None, None, UNEXPLAINED), view.gradients[name]
        if given.shape != view.trace.W[self.l].shape:
            return best
        rest = remover(given)
        for form in sorted(weight_forms(view, self.l), key=lambda f: f.cost):
            if form.cost + 1.0 >= best.cost or form.key == "weights_zero":
                continue
            made = [form.make(v, self.l, delta) for v, delta in zip(self.views, deltas, strict=True)]
            if made[0] is None or made[0].shape != rest.shape or not _could_be(rest, remover(made[0]), 0.999):
                continue
            found = fit(self.views, name, made, self.tolerance, loose=True)
            if found is not None and form.cost + found.cost < best.cost:
                best = TensorFound(form, found, form.cost + found.cost)
        return best

    def _joined(self, guess: Guess, weights: TensorFound | None, bias: TensorFound | None) -> LayerFound:
        """A factor that both tensors share belongs to δ; one that only one has belongs to it."""
        fits = [found.fit for found in (weights, bias) if found is not None and found.fit is not None]
        names = {f.factor.name for f in fits if f.factor.name != "1" or len(fits) == 1}
        shared = fits and len(names) == 1 and all(f.factor.name != "1" for f in fits)
        costs = [found.cost for found in (weights, bias) if found is not None]
        if shared:
            lead = fits[0]
            cost = guess.cost + sum(costs) - lead.factor.cost * (len(fits) - 1)
            return LayerFound(self.l, guess, lead.factor.name, lead.values, weights, bias, cost)
        ones = (1.0,) * len(self.views)
        return LayerFound(self.l, guess, "1", ones, weights, bias, guess.cost + sum(costs))

    def _with_forms(self, undecided: list[tuple[Guess, list[Array]]], best: LayerFound | None) -> LayerFound | None:
        """Where neither tensor is made of δ in the right way: wrong forms for both."""
        for guess, deltas in undecided[:_FORMS_TRIED]:
            if best is not None and guess.cost + 1.6 >= best.cost:
                break
            self._note_before_slope()
            weights = self._form_of(self.W, deltas) if self.has_weights else None
            bias = self._form_of(self.b, deltas) if self.has_bias else None
            known = [f for f in (weights, bias) if f is not None and f.fit is not None]
            if not known:
                continue
            found = self._joined(guess, weights, bias)
            if best is None or found.cost < best.cost:
                best = found
        return best

    def _unexplained(self, best: LayerFound | None) -> LayerFound:
        """δ computed back from dW = hᵀδ, where dW can be such a product; else the best half-explanation."""
        deltas = recovered_deltas(self.views, self.l, self.tolerance) if self.has_weights else None
        ones = (1.0,) * len(self.views)
        nothing = TensorFound(None, None, UNEXPLAINED)
        if deltas is None:
            if best is not None:
                return best
            weights = nothing if self.has_weights else None
            return LayerFound(self.l, None, "1", ones, weights, nothing if self.has_bias else None, 2 * UNEXPLAINED)
        for view, delta in zip(self.views, deltas, strict=True):
            view.own[self.l] = delta
        weights = TensorFound(
            None,
            fit(
                self.views,
                self.W,
                [v.trace.h[self.l].T @ d for v, d in zip(self.views, deltas, strict=True)],
                1e-4,
                True,
            ),
            0.0,
        )
        bias = self._fit_right(self.b, deltas) or self._form_of(self.b, deltas) if self.has_bias else None
        if best is not None and best.bias is not None and best.bias.fit is not None and best.bias.form is None:
            return best  # db confirms the guess: it is dW alone that is made differently
        return LayerFound(self.l, None, "1", ones, weights, bias, UNEXPLAINED, recovered=True)


def _weights_settle(found: LayerFound) -> bool:
    """Whether dW is the guessed δ's in the right way: then δ is known, whatever db is."""
    return found.weights is not None and found.weights.fit is not None and found.weights.form is None


def _could_be(target: Array, made: Array, near: float = 0.25) -> bool:
    """A quick look at whether one is a multiple of the other, penalties aside: cos² above `near`."""
    a, b = target.ravel(), made.ravel()
    aa, bb, ab = float(a @ a), float(b @ b), float(a @ b)
    if aa == 0.0 or bb == 0.0:
        return True
    return ab * ab > near * aa * bb


def walk(views: list[View], tolerance: float) -> list[LayerFound]:
    """Every layer's explanation, the last layer first; fills the views' own δ on the way."""
    found = []
    for l in reversed(range(views[0].trace.depth)):
        layer = LayerSearch(views, l, tolerance).run()
        _adopt(views, layer)
        found.append(layer)
    return found


def _adopt(views: Sequence[View], layer: LayerFound) -> None:
    """Take the explained δ as the program's own; the truth where nothing is known."""
    for i, view in enumerate(views):
        if layer.guess is not None:
            delta = layer.guess.make(view)
            if delta is not None:
                view.own[layer.layer] = layer.factor_values[i] * delta
        elif not layer.recovered:
            view.own[layer.layer] = view.trace.delta[layer.layer]
