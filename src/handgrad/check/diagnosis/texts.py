"""The words of the findings: read from texts/*.toml, filled with names and numbers."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from importlib.resources import files

from handgrad.check.diagnosis.items import Item
from handgrad.check.subject import Finding, NetSpec

NOT_MEASURED = "not measured"
SHORTEST = 80  # words of a full message
_INTRODUCTIONS = {
    "net": "We sent random images through your program, with random weights and biases, three times and in different "
    "sizes, and compared its gradients with the exact ones.",
    "layer": "We sent random inputs forward through your layer and random numbers backwards through it, three times "
    "with different shapes.",
    "optimizer": "We gave your rule parameters and seven random gradients, twice, and followed it step by step.",
    "tool": "We called your function with values for which the right answer is known, several times and in different "
    "sizes.",
    "source": "This stands in your program's text; we read it there and did not run it.",
}
_CLOSING = "No other explanation that we know made the numbers agree on all the inputs that we tried."
FIELDS = ("symptom", "question", "words", "change", "mathematics")


@cache
def all_texts() -> dict[str, dict[str, str]]:
    """Every explanation's texts by key."""
    found: dict[str, dict[str, str]] = {}
    for entry in sorted(files("handgrad.check.diagnosis").joinpath("texts").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            found.update(tomllib.loads(entry.read_text(encoding="utf-8")))
    return found


def fill(text: str, values: dict[str, str]) -> str:
    """Names in braces replaced; other braces are left alone."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def text_of(key: str, field: str, values: dict[str, str] | None = None) -> str:
    """One text of an explanation, "" where it has none."""
    return fill(all_texts().get(key, {}).get(field, ""), values or {})


def net_names(item: Item, spec: NetSpec) -> dict[str, str]:
    """What the texts about a net call its parts."""
    layer = item.layer or len(spec.activations)
    return {
        "l": str(layer),
        "below": str(layer - 1),
        "above": str(layer + 1),
        "h": "x" if layer == 1 else f"h{layer - 1}",
        "f": spec.activations[layer - 1] if 0 < layer <= len(spec.activations) else "",
        "loss": spec.loss.replace("_", " "),
    }


def finding(
    item: Item, verdict: str, names: dict[str, str], out: tuple[str, ...], unexplained: str = "unexplained"
) -> Finding:
    """A finding with its texts; numbers are put in by the caller."""
    key = item.key or unexplained
    values = {
        "tensor": item.tensors[0] if item.tensors else "the gradient",
        "tensors": _listed(item.tensors),
        "detail": item.detail,
        "factor": item.factor,
        "value": "" if item.value is None else f"{item.value:.4g}",
        "layer": f"layer {names['l']}" if names.get("l") else "this layer",
        "layer_above": f"layer {names['above']}" if names.get("above") else "the layer above",
        **names,
    }
    symptom, question, words, change, mathematics = (text_of(key, field, values) for field in FIELDS)
    others = tuple(name_of(other) for other in dict.fromkeys(item.others) if other != item.key)
    also = tuple(filter(None, text_of(key, "others", values).split(" | ")))
    return Finding(
        explanation=item.key,
        verdict=verdict,
        tensor=item.tensors[0] if item.tensors else "",
        layer=item.layer,
        mathematics=mathematics,
        symptom=symptom,
        question=question,
        words=words,
        change=change,
        ruled_out=out,
        accuracy=text_of(key, "accuracy", values) or NOT_MEASURED,
        others=(*others, *also),
    )


def introduced(made: Finding, subject: str) -> Finding:
    """The finding with what was done, and both numbers at the worst place, in front of its symptom."""
    parts = [_INTRODUCTIONS[subject]]
    if made.index and made.expected is not None and made.received is not None and made.expected != made.received:
        place = ", ".join(str(i) for i in made.index)
        if subject == "optimizer":
            parts.append(
                f"After update {made.index[0] + 1}, parameter {made.index[1]} is {made.received:.4g}; "
                f"by the rule it is {made.expected:.4g}."
            )
        else:
            parts.append(f"At d{made.tensor}[{place}] it gives {made.received:.4g}, the slope is {made.expected:.4g}.")
    done = replace(made, symptom=" ".join([*parts, made.symptom]))
    if words_of(done) < SHORTEST and made.verdict == "mistake":
        done = replace(done, words=f"{done.words} {_CLOSING}")
    return done


def words_of(made: Finding) -> int:
    """The length of a full message."""
    return sum(len(text.split()) for text in (made.symptom, made.question, made.words, made.change))


def name_of(key: str) -> str:
    """An explanation's short name, for lists of what was tried."""
    return text_of(key, "name") or key.replace("_", " ")


def ruled_out(item: Item, found: set[str]) -> tuple[str, ...]:
    """The nearest relatives of an explanation that were tried and did not fit; `found` are the keys that did."""
    from_texts = all_texts().get(item.key, {}).get("not", "")
    keys = [key for key in from_texts.split() if key]
    if not keys:
        keys = _USUAL[item.tensors[0][0]] if item.tensors else []
    return tuple(name_of(key) for key in keys if key not in found)[:5]


_USUAL = {
    "W": ["one_over_n_missing", "slope_missing", "dw_transposed", "input_before_activation", "stale_weights"],
    "b": ["bias_total", "bias_mean_weights_sum", "bias_last_sample", "bias_zero"],
}


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else "no tensor"
