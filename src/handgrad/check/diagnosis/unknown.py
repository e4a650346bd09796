"""A tensor that no entry of the catalogue explains: an expression is searched for that equals it."""

from __future__ import annotations

from dataclasses import replace

from handgrad.check.diagnosis.general import explain_output, explain_product, explain_slope
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.search import LayerFound
from handgrad.check.diagnosis.view import View

_TOLERANCE = 1e-6
ONLY_DELTA = "δ"  # what is known of an item without a key: dW is the layer's input times a wrong δ


def expression_item(views: list[View], item: Item, found: list[LayerFound]) -> Item:
    """The item with a found expression, or as it was."""
    if not item.tensors or item.layer is None:
        return item
    l = item.layer - 1
    layer = next((f for f in found if f.layer == l), None)
    if layer is not None and layer.recovered and item.tensors[0][0] == "W":
        deltas = [view.own[l] for view in views]
        top = l == views[0].trace.depth - 1
        words = explain_output(views, deltas, _TOLERANCE) if top else explain_slope(views, deltas, l, _TOLERANCE)
        if words:
            return replace(item, key="found_output_delta" if top else "found_slope", detail=words)
        return replace(item, detail=ONLY_DELTA)
    if item.tensors[0][0] == "W":
        words = explain_product(views, item.tensors[0], _TOLERANCE)
        if words:
            return replace(item, key="found_product", detail=words)
    return item
