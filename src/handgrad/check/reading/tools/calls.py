"""How handgrad's arguments are put for a helper function: by the names of its parameters, then by their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.reading.program import Function
from handgrad.check.reading.roles import role_of

_CHANCE = np.random.default_rng(7)
Call = Callable[..., Any]  # of the function itself and the diagnosis's arguments

_ROLES = {
    "size": r"(mini_?)?(batch_?)?size|bs|n|m|k|b|count|num\w*|batch_?len|n_?samples|how_many|anzahl|tamano|bsz|mb",
    "index": r"i|j|it|idx|index|iter\w*|step|t|batch_?(index|idx|num\w*|no|i|id)|number|b|nr",
    "start": r"start|begin|offset|pos(ition)?|lo|first",
    "end": r"end|stop|hi|last",
    "seed": r"\w*seed|random_?state",
    "rng": r"rng|generator|gen|rs|rand|random",
    "classes": r"(num|n|nb|no)_?(of_)?(classes|labels|class|categories|out\w*|col\w*)|classes|k|c|depth|dim\w*"
               r"|p|size|n|nclass\w*|length|K",
    "ratio": r"\w*(ratio|frac\w*|split|portion|percent\w*)|(test|val\w*|train)_?(size|part|share)?|p|size"
             r"|anteil|proporcion",
    "step": r"h|eps(ilon)?|delta|dx|step(_size)?",
    "function": r"f|fn|fun\w*|loss\w*|cost\w*|j|objective|f_\w+|\w*_(fn|func|function)",
    "top": r"k|top_?[kn]?|n",
    "epoch": r"epochs?(_?(num\w*|i|index|nr|no|count))?|t|it\w*|step|n|i|e|k|time|global_step|current_\w+"
             r"|cur\w*|num_epoch",
    "rate": r"(initial|init|base|start|starting)_?(lr|rate|learning_?rate|eta|alpha)|(lr|eta|alpha"
            r"|learning_?rate|rate|a)_?(0|zero|init\w*|start|base)?",
    "decay": r"decay\w*|\w*decay|gamma|k|drop(_?(rate|factor))?|factor|lam\w*|rate|beta",
    "every": r"\w*(every|interval|period|step_size|steps)\w*|epochs?_?(per_)?drop|drop_?epochs?|s|r",
    "patience": r"patience|wait|geduld|paciencia|n|max_wait|tolerance_epochs",
    "weights": r"\w*(weight|param|theta)\w*|w|ws|wb|state|pesos|gewichte",
    "model": r"model|net\w*|nn|mlp|self_model",
    "value": r"\w*(loss|err\w*|cost|acc\w*|score|metric|value|val|verlust|perdida)\w*|v|current",
    "targets": r"(y|t|labels?|targets?)(_?(true|real|train|batch|test|val|one_?hot|onehot|vec\w*|list))?"
               r"|true_?\w*|actual\w*"
               r"|expected\w*|gt|ground_?truth|truth|desired|ytrue|sollwert\w*|ziel\w*|etiquetas|objetivo\w*|cible\w*",
    "outputs": r"y_?_?(hat|h|p|pred\w*|out\w*)|pred\w*|out(put)?s?\w*|p|q|o|a|al|a\d|a_?(out|last)|prob\w*"
               r"|logits?|z|scores?|h|guess\w*"
               r"|yhat|ypred|vorhersage\w*|salida\w*|estimat\w*|s|x|guessed|hypoth\w*|sortie\w*",
}  # fmt: skip
_COMPILED = {role: re.compile(pattern, re.IGNORECASE) for role, pattern in _ROLES.items()}


@dataclass(frozen=True)
class Way:
    """A kind of tool with one arrangement of arguments; `call(space, *given)` uses a namespace of the program."""

    kind: str
    call: Call


def plays(name: str, role: str) -> bool:
    """Whether a parameter's name suits a role of this module, or "x" and "t" of `roles`.

    >>> plays("mini_batch_size", "size"), plays("X_train", "x"), plays("y", "x")
    (True, True, False)
    """
    bare = name.strip("_")
    if role == "x":
        return role_of(bare) in ("x", "pairs") or bare in ("p", "a", "arr", "array")
    if role == "t":
        return role_of(bare) == "t"
    return _COMPILED[role].fullmatch(bare) is not None


def bind(function: Function, given: Mapping[str, Any], order: Sequence[str] = ()) -> dict[str, Any]:
    """Values for a function's parameters: by role, and for required ones that have none in the order of `order`.

    Raises:
        TypeError: a required parameter is left.
    """
    bound: dict[str, Any] = {}
    used: set[str] = set()
    for name in function.parameters:
        role = next((r for r in given if r not in used and plays(name, r)), "")
        if not role and name in function.required:
            role = next((r for r in order if r not in used and r in given), "")
            if not role:
                raise TypeError(f"no value for the argument {name}")
        if role:
            bound[name] = given[role]
            used.add(role)
    return bound


def chance() -> dict[str, Any]:
    """A generator and a seed for functions that take them: others in each call."""
    return {"rng": _CHANCE, "seed": int(_CHANCE.integers(1, 10_000))}


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else value


def entry_by_entry(function: Callable[[Any], Any], z: Any) -> Any:
    """f(z), or entry by entry where the function takes numbers only."""
    try:
        value = function(z)
        value = value[0] if isinstance(value, tuple) and value else value  # relu(Z) that returns A and a cache
        if np.shape(value) == np.shape(z):
            return value
    except (TypeError, ValueError):
        pass
    return np.vectorize(lambda entry: float(function(float(entry))), otypes=[float])(z)


def target_first(function: Function) -> bool | None:
    """Whether the targets come before the outputs; None where the names leave it open."""
    names = [name for name in function.parameters if role_of(name) not in ("one", "flag", "reg")][:2]
    if len(names) < 2:
        return None
    marks = [(plays(n, "targets"), plays(n, "outputs") or role_of(n) == "output") for n in names]
    (first_t, first_p), (second_t, second_p) = marks
    if second_t and not first_t and first_p:
        return False
    if first_t and not second_t and second_p:
        return True
    if first_t and second_t:  # (y, t) or (y, y_true): the plain y is the output
        plain = [n.strip("_").lower() == "y" for n in names]
        return False if plain[0] and not plain[1] else True if plain[1] and not plain[0] else None
    return None
