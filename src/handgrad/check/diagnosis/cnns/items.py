"""From what the walk through a CNN found to mistakes with a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handgrad.check.diagnosis.cnns.model import CnnSpec
from handgrad.check.diagnosis.cnns.walk import Fit, StageFound
from handgrad.check.diagnosis.items import Item, factor_keys, joined
from handgrad.check.diagnosis.layers.factors import layer_factor_key
from handgrad.check.subject import NetSpec


def cnn_items(found: Sequence[StageFound], spec: CnnSpec) -> list[Item]:
    """Mistakes from the loss backwards; one of a key."""
    raw: list[Item] = []
    plain = NetSpec((1, 1), (spec.output,), spec.loss, spec.divided_by, spec.factor)
    for place, one in enumerate(found):
        raw += _of_delta(one, plain, top=place == 0)
        raw += _of_tensors(one)
    return _renamed(joined(raw), found)


def _of_delta(one: StageFound, plain: NetSpec, *, top: bool) -> list[Item]:
    number, names = one.stage.number, one.given
    if one.delta is None:
        return [Item("", names, number)]
    shown = tuple(name for name, fit in one.fits.items() if not fit.guess.key) or names[:1]
    made = [Item(key, shown, number, one.delta.detail) for key in one.delta.keys if key != "pool_ties_shared"]
    if one.factor.name != "1":
        for key in factor_keys(one.factor.name, top, plain):
            made.append(Item(key, shown, number, factor=one.factor.name, value=one.values[0]))
    return made


def _of_tensors(one: StageFound) -> list[Item]:
    number, items = one.stage.number, []
    for own, name in one.stage.names.items():
        fit = one.fits.get(name)
        if fit is None:
            continue
        items += _of_fit(one, own, name, fit)
    if one.delta is not None:
        items += [Item("", (name,), number) for name in one.given if name not in one.fits]
    return items


def _of_fit(one: StageFound, own: str, name: str, fit: Fit) -> list[Item]:
    number = one.stage.number
    items = []
    if fit.guess.key:
        items.append(Item(fit.guess.key, (name,), number, fit.guess.detail))
    if fit.factor.name not in ("1", one.factor.name) and not (fit.guess.key and fit.factor.name == one.factor.name):
        key = layer_factor_key(one.stage.kind, own, fit.factor.name)
        if one.stage.kind == "dense" and own == "b" and fit.factor.name == "1/N":
            key = "bias_mean_weights_sum"
        items.append(Item(key, (name,), number, "", fit.factor.name, fit.values[0]))
    if fit.penalty:
        items.append(Item(fit.penalty, (name,), number, "λW", "2" if fit.penalty == "penalty_factor" else "1"))
    return items


def _renamed(items: list[Item], found: Sequence[StageFound]) -> list[Item]:
    """A gradient that is zero is a layer or a bias left out."""
    done = []
    biases = {name for one in found for name in one.stage.names.values() if name[0] == "b"}
    for item in items:
        if item.key == "layer_gradient_zero":
            if any(name[0] == "W" for name in item.tensors):
                item = replace(item, key="layer_skipped")
            elif set(item.tensors) <= biases:
                item = replace(item, key="bias_zero" if set(item.tensors) == biases else "bias_skipped")
        done.append(item)
    return done
