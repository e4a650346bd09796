"""What a wrong line is told: the explanation in a student's words, and what to change."""

from __future__ import annotations

from handgrad.check.sheet.corrections import Correction
from handgrad.check.sheet.judging import Result
from handgrad.check.sheet.model import Model
from handgrad.check.sheet.tree import names_in


def explain(correction: Correction, result: Result, model: Model) -> tuple[str, str]:
    """(the explanation's key, its words)."""
    kind, _, rest = correction.kind.partition(" ")
    key, words = _explain_kind(kind, rest, result, model)
    if correction.factor:
        factor_key, factor_words = _explain_factor(correction.factor, model)
        if not words:
            return factor_key, factor_words
        return key, f"{words} And beside that: {factor_words}"
    return key, words


def _explain_factor(factor: str, model: Model) -> tuple[str, str]:
    batch = model.free.batch.letter or "N"
    if factor == "-1":
        return (
            "sign",
            "The line is the right one with the other sign. It points where the loss falls, not where it grows.",
        )
    minus = " with the other sign" if factor.startswith("-") else ""
    plain = factor.removeprefix("-")
    if plain == batch:
        return "batch_factor_missing", (
            f"It is {batch} times the right one{minus}: the loss is a mean over the images, this gradient belongs "
            f"to their sum. The 1/{batch} of the loss was lost on the way."
        )
    if plain == f"1/{batch}":
        return "batch_factor_twice", (
            f"It is {batch} times too small{minus}: there is a 1/{batch} here that the loss does not have, or one that "
            "an earlier line already brought along."
        )
    if plain in ("2", "1/2"):
        return "factor_two", f"It is {plain} times the right one{minus}: ask where the 2 of the square went."
    return "factor", f"It is {plain} times the right one{minus}: that factor is in one of loss and gradient only."


def _explain_kind(kind: str, rest: str, result: Result, model: Model) -> tuple[str, str]:
    words = rest.split()
    if not kind:
        return "", ""
    if len(words) >= 2 and (kind.startswith("name") or kind == "everywhere"):
        return _explain_name(words[0], words[1], result, model)
    key, text = _KINDS.get("sum missing" if (kind, rest) == ("sum", "missing") else kind, _KINDS["several"])
    return key, text.format(by=result.by, rest=rest)


_KINDS = {  # {by}: the variable the gradient is by; {rest}: what the correction names
    "stale": (
        "stale_weights",
        "The formula is right, but it stands behind an update and so meets weights that have already moved: compute "
        "all gradients first, then update.",
    ),
    "transposed": (
        "transposed",
        "The parts are the right ones, but one stands the wrong way round: going backwards a product turns over, "
        "through the transpose of what was multiplied on the way forward.",
    ),
    "mask": (
        "mask_missing",
        "The slope of the activation that made {rest} is missing: forward {rest} = f(z), so backward the gradient "
        "is multiplied by f'(z), elementwise; for ReLU, units that were off get none.",
    ),
    "sum missing": (
        "bias_not_summed",
        "Every image moves {by}, and what they ask for adds up: the sum over the images is missing.",
    ),
    "sum": (
        "sum_axis",
        "It sums over the wrong things: {by} has one number a unit, so only the images are added up.",
    ),
    "penalty": ("penalty_missing", "The loss also has a penalty on {by}; its own gradient is missing here."),
    "sign": ("sign", "One sign is the wrong way round."),
    "slope": ("function_for_slope", "Here stands {rest} itself; the chain rule asks for its slope, {rest}'."),
    "function": (
        "wrong_activation",
        "Forward and backward use different activations: this slope belongs to another function.",
    ),
    "compare": ("mask_inverted", "The mask is the wrong way round: it keeps the units that were off."),
    "extra": (
        "extra_factor",
        "There is a factor too much on this line: an earlier line, or p - T itself, already contains it.",
    ),
    "term": ("extra_term", "One of the terms does not belong here."),
    "kind": ("product_kind", "Elementwise and matrix product are exchanged."),
    "several": ("several", "Two things have to change at once; compare with the line below part by part."),
}
_KINDS["order"] = _KINDS["transposed"]


def _explain_name(old: str, new: str, result: Result, model: Model) -> tuple[str, str]:
    kinds = model.free.kinds
    if kinds.get(old) == "weight" and kinds.get(new) == "weight":
        return (
            "wrong_weight",
            f"The gradient comes back through the weights of the layer it comes from: {new}, not {old}.",
        )
    tree = model.defined(new)
    if tree is not None and old in names_in(tree):
        return (
            "activation_input",
            f"{old} is what goes into the activation, {new} what comes out of it; here {new} is needed.",
        )
    other = model.defined(old)
    if other is not None and new in names_in(other):
        return "slope_at_output", (
            f"The slope is taken where the activation was: at its input {new}. With {old}, its output, f would be "
            "applied twice."
        )
    return "wrong_name", f"Another variable belongs here: {new}, not {old}."
