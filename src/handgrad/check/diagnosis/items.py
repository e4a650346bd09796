"""From what the walk found to mistakes with a key: factors get their meaning, layers with one mistake are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from handgrad.check.diagnosis.search import LayerFound, TensorFound
from handgrad.check.subject import NetSpec


@dataclass(frozen=True)
class Item:
    """A mistake with its place.

    Attributes:
        key: the explanation's; "" for a tensor that nothing explains.
        tensors: those that show it, from the loss backwards.
        layer: 1-based, of the first.
        detail: what the texts call the wrong thing.
        factor: its name where a factor is the matter.
        value: the factor at the first probe.
        others: keys that fit as well.
    """

    key: str
    tensors: tuple[str, ...]
    layer: int | None = None
    detail: str = ""
    factor: str = ""
    value: float | None = None
    others: tuple[str, ...] = ()
    penalty: tuple[str, ...] = field(default=())


def items_of(found: Sequence[LayerFound], spec: NetSpec) -> list[Item]:
    """Mistakes from the loss backwards, joined over layers."""
    raw: list[Item] = []
    layers = list(found)
    skip_handover: set[int] = set()
    for above, below in pairwise(layers):
        if _inverse(above, below):
            skip_handover.add(below.layer)
    for place, layer in enumerate(layers):
        raw += _of_delta(layer, place == 0, spec, layer.layer in skip_handover, _followed(layers, place, skip_handover))
        raw += _of_tensor(layer, layer.weights, f"W{layer.layer + 1}")
        raw += _of_tensor(layer, layer.bias, f"b{layer.layer + 1}")
    return _renamed(joined(raw), len(layers))


def _inverse(above: LayerFound, below: LayerFound) -> bool:
    """A factor that the next layer takes back stands in this layer's own tensors only."""
    if above.factor_name == "1" or below.factor_name == "1":
        return False
    return all(abs(a * b - 1) < 1e-5 for a, b in zip(above.factor_values, below.factor_values, strict=True))


def _followed(layers: Sequence[LayerFound], place: int, skip_handover: set[int]) -> bool:
    return place + 1 < len(layers) and layers[place + 1].layer in skip_handover


def _of_delta(layer: LayerFound, top: bool, spec: NetSpec, taken_back: bool, own_only: bool) -> list[Item]:
    number = layer.layer + 1
    tensors = tuple(
        name
        for name, part in ((f"W{number}", layer.weights), (f"b{number}", layer.bias))
        if part is not None and part.fit is not None and part.form is None
    ) or (f"W{number}",)
    if layer.guess is None:
        return [Item("", tensors, number)]
    others = tuple(key for keys in layer.rivals for key in keys)
    made = [Item(key, tensors, number, layer.guess.detail, others=others) for key in layer.guess.keys]
    if layer.factor_name == "1" or taken_back or "delta_of_other_loss" in layer.guess.keys:
        return made
    if own_only:
        alone = "sign_one_tensor" if layer.factor_name == "−1" else "factor_one_layer"
        return [
            *made,
            Item(alone, tensors, number, factor=layer.factor_name, value=layer.factor_values[0]),
        ]
    for key in factor_keys(layer.factor_name, top, spec):
        detail = _COUNTED.get(layer.factor_name, "")
        made.append(Item(key, tensors, number, detail, layer.factor_name, layer.factor_values[0]))
    return made


_COUNTED = {"N/inputs": "the number of inputs", "N/P": "the number of outputs"}


def factor_keys(name: str, top: bool, spec: NetSpec) -> list[str]:
    """What a factor of δ means, at the outputs or in a hand-over."""
    keys = []
    if name.startswith("−"):
        keys.append("sign" if top else "handover_sign")
        name = name[1:]
    if name == "1":
        return keys
    mean = spec.divided_by != "none"
    if not top:
        return [*keys, "one_over_n_every_layer" if name == "1/N" else "handover_factor"]
    table = {
        "N": "one_over_n_missing" if mean else "multiplied_by_n",
        "1/N": "one_over_n_twice" if mean else "mean_but_loss_is_sum",
        "1/N²": "one_over_n_twice",
        "2": "factor_two",
        "1/2": "factor_two",
        "1/P": "mean_over_everything",
        "P": "classes_in_mean_missing",
        "N·P": "one_over_n_missing" if mean else "multiplied_by_n",
        "1/(N·P)": "mean_over_everything",
        "η": "learning_rate_inside",
        "1/η": "learning_rate_divided",
        "varying": "rescaled_gradient",
        "1/(N−1)": "n_minus_one",
        "N/(N−1)": "n_minus_one",
        "2N": "one_over_n_missing",
        "N/2": "one_over_n_missing",
        "N/inputs": "divided_by_other_number" if mean else "factor_constant",
        "N/P": "divided_by_other_number" if mean else "factor_constant",
        "2/N": "one_over_n_twice",
    }
    if name in table:
        return [*keys, table[name]]
    if name.removeprefix("N·P").removeprefix("N").startswith("/") and name[-1].isdigit():
        return [*keys, "divided_by_constant"]
    if spec.loss_is_assumed and not mean and _is_batch_size(name):
        return [*keys, "divided_by_constant"]
    return [*keys, "factor_constant"]


def _is_batch_size(factor: str) -> bool:
    """Whether a constant is one over a whole number that a batch may have."""
    value = float(factor) if factor.replace(".", "", 1).replace("e-", "", 1).isdigit() else 0.0
    return 0.0 < value <= 0.125 and abs(1 / value - round(1 / value)) < 2e-3 / value


def _of_tensor(layer: LayerFound, part: TensorFound | None, name: str) -> list[Item]:
    number = layer.layer + 1
    if part is None:
        return []
    if part.fit is None:
        return [Item("", (name,), number)] if layer.guess is not None or layer.recovered else []
    items = []
    if part.form is not None:
        items.append(Item(part.form.key, (name,), number, part.form.detail))
    factor = part.fit.factor.name
    if factor not in ("1", layer.factor_name) and part.form is None:
        detail = _COUNTED.get(factor, "")
        items.append(Item(_tensor_factor_key(name, factor), (name,), number, detail, factor, part.fit.values[0]))
    if part.fit.penalty is not None:
        penalty = part.fit.penalty
        value = penalty.of_values[0] or penalty.of_signs[0]
        beside = Item(penalty.key, (name,), number, penalty.name, factor=penalty.name, value=value)
        items.insert(0 if penalty.key == "constant_added" else len(items), beside)
    return items


def _tensor_factor_key(name: str, factor: str) -> str:
    if factor == "varying":
        return "rescaled_gradient"
    if factor.startswith("−"):
        return "sign_one_tensor"
    if factor in _COUNTED:
        return "divided_by_other_number"
    if factor == "1/η":
        return "learning_rate_divided"
    if name[0] == "b" and factor in ("1/N", "N"):
        return "bias_mean_weights_sum" if factor == "1/N" else "bias_sum_weights_mean"
    if name[0] == "W" and factor in ("1/N", "N"):
        return "bias_mean_weights_sum" if factor == "N" else "bias_sum_weights_mean"
    return "factor_one_tensor"


def joined(raw: Sequence[Item]) -> list[Item]:
    """One item a key, of all its tensors."""
    kept: list[Item] = []
    for item in raw:
        same = next((i for i, k in enumerate(kept) if item.key and k.key == item.key), None)
        if same is None:
            kept.append(item)
        else:
            tensors = tuple(dict.fromkeys((*kept[same].tensors, *item.tensors)))
            kept[same] = replace(kept[same], tensors=tensors)
    return kept


def _renamed(items: list[Item], depth: int) -> list[Item]:
    by_key = {item.key: item for item in items if item.key}
    if "bias_total" in by_key and "bias_zero" in by_key and by_key["bias_zero"].tensors == (f"b{depth}",):
        items = [item for item in items if item.key != "bias_zero"]  # the classes' δ cancel: the same mistake
    means, summed = by_key.get("means_multiplied"), by_key.get("delta_summed_first")
    if means is not None and summed is not None:  # one δ for all images, from the loss on
        items = [replace(item, key="averaged_delta") if item is means else item for item in items if item is not summed]
    zero_W, zero_b = by_key.get("weights_zero"), by_key.get("bias_zero")
    if zero_W is not None:
        shared = zero_b is not None and {f"b{t[1:]}" for t in zero_W.tensors} & set(zero_b.tensors)
        tensors = (*zero_W.tensors, *sorted(shared or ()))
        items = [item for item in items if item is not zero_W and not (shared and item is zero_b)]
        items.append(replace(zero_W, key="layer_skipped", tensors=tensors))
    elif zero_b is not None and len(zero_b.tensors) < depth and "bias_total" not in by_key:
        items = [replace(item, key="bias_skipped") if item is zero_b else item for item in items]
    return items
