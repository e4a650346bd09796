"""Settings in few words: keys by their shortest clear name, values on one line; the same on terminal, page and paper.

The keys are those of a grid: "optimizer.learning_rate", or linked ones as "network.layers.1.l2,network.layers.3.l2".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_RATES = ("learning_rate", "learning_rate_multiplier")


@dataclass(frozen=True)
class Wording:
    """A report's own words: the names of some keys, and for each of those what it calls some values."""

    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


PLAIN = Wording()


def setting(value: Any) -> str:
    """A value of the configuration on one line; None is "none", a table is "type, key value, …".

    >>> setting({"type": "inverse_sqrt", "per": "epoch"})
    'inverse_sqrt, per epoch'
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        shown = {key: inner for key, inner in value.items() if inner is not None}
        head = [str(shown.pop("type"))] if "type" in shown else []
        return ", ".join(head + [f"{key} {setting(inner)}" for key, inner in shown.items()]) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(setting(item) for item in value) or "none"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def key_names(keys: Iterable[str], wording: Wording = PLAIN) -> dict[str, str]:
    """The shortest name of each key that tells it from the others: its last part, with its layer only where needed.

    >>> key_names(["optimizer.learning_rate", "network.layers.1.type,network.layers.3.type"])
    {'optimizer.learning_rate': 'learning rate', 'network.layers.1.type,network.layers.3.type': 'activation'}
    >>> list(key_names(["network.layers.0.l2", "network.layers.3.l2"]).values())
    ['layer 0 l2', 'layer 3 l2']
    """
    short = {key: wording.names.get(_first(key)) or _short_name(key) for key in keys}
    shared = [name for name in short.values() if list(short.values()).count(name) > 1]
    return {key: _long_name(key) if name in shared else name for key, name in short.items()}


def value_name(key: str, value: Any, wording: Wording = PLAIN) -> str:
    """A value of a grid's key on one line; linked keys set to the same value show it once.

    >>> value_name("a.l2,b.l2", [0.1, 0.1]), value_name("a.units,b.units", [50, 100])
    ('0.1', '50, 100')
    """
    if "," in key and isinstance(value, list) and value and all(part == value[0] for part in value):
        value = value[0]
    text = setting(value)
    short = f"{value:g}" if isinstance(value, float) else text
    return wording.values.get(_first(key), {}).get(text, short)


def settings_name(settings: Mapping[str, Any], wording: Wording = PLAIN) -> str:
    """All settings of a point on one line; the one way in which terminal, page and tables write them.

    >>> settings_name({"optimizer.learning_rate": 0.01, "network.layers.1.frozen": True})
    'learning rate 0.01, frozen yes'
    """
    names = key_names(settings, wording)
    return ", ".join(f"{names[key]} {value_name(key, value, wording)}" for key, value in settings.items())


def freezes(key: str, value: Any) -> bool:
    """Whether this value keeps weights as they were drawn: a rate of zero, or `frozen` itself.

    >>> freezes("network.layers.0.learning_rate_multiplier", 0.0), freezes("optimizer.learning_rate", 0.1)
    (True, False)
    """
    last = _first(key).rpartition(".")[2]
    first = value[0] if isinstance(value, list) and value else value
    return bool(first is True if last == "frozen" else last in _RATES and first == 0)


def _first(key: str) -> str:
    return key.split(",")[0].strip()


def _parts(key: str) -> Sequence[str]:
    return _first(key).split(".")


def _short_name(key: str) -> str:
    parts = _parts(key)
    if len(parts) > 1 and parts[-1].isdigit():
        return f"{parts[-2].rstrip('s')} {parts[-1]}"
    if parts[-1] == "type" and len(parts) > 1:
        # Only layers without settings can be exchanged by their type alone: activations.
        return "activation" if parts[-2].isdigit() else parts[-2].replace("_", " ")
    return parts[-1].replace("_", " ")


def _long_name(key: str) -> str:
    """With the layer, or the section, in front."""
    parts = _parts(key)
    if "layers" in parts[:-1]:
        index = parts[parts.index("layers") + 1]
        rest = " ".join(parts[parts.index("layers") + 2 :]) or "whole"
        return f"layer {index} {rest.replace('_', ' ')}"
    return " ".join(parts[-2:]).replace("_", " ")
