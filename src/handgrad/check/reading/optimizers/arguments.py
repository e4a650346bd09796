"""Which argument of an update rule is what."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handgrad.check.reading.optimizers.names import (
    DEFAULT,
    looks_like_count,
    looks_like_gradient,
    looks_like_key,
    looks_like_state,
    looks_like_step,
    looks_like_theta,
    option_of,
    partner,
)

_BOTH = re.compile(r"\w*(grads?|gradients?)_(and_)?(var|param)\w*|params?_(and_)?grads?\w*|pairs", re.IGNORECASE)


@dataclass(frozen=True)
class Arguments:
    """Roles by name.

    Attributes:
        pairs: each parameter with its gradient, where they come one by one: W1 with dW1.
        theta, gradient: the arguments that hold all parameters and all gradients, "" where there is none.
        options: constants, by the argument's name.
        steps, states, keys, counts, configs: counters, memory, names of parameters, numbers of samples, settings.
        unknown: required arguments that nothing is known of.
    """

    pairs: dict[str, str] = field(default_factory=dict)
    theta: str = ""
    gradient: str = ""
    options: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def parameters_of(target: Callable[..., Any]) -> list[inspect.Parameter]:
    """Those that a call can name."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p for p in inspect.signature(target).parameters.values() if p.kind in kinds]


def arguments_of(target: Callable[..., Any], kind: str, returned: Sequence[str] = ()) -> Arguments:
    """The roles of a function's arguments; those with a default are left alone unless they hold something.

    `returned`: names that the function returns; what is required and comes back is memory.
    """
    parameters = parameters_of(target)
    names = tuple(p.name for p in parameters)
    pairs = {of: n for n in names if (of := partner(n, names))}
    gradients = set(pairs.values())
    pairs = {w: g for w, g in pairs.items() if w not in gradients}
    theta, gradient = _containers(parameters, pairs, kind, names)
    if len(pairs) == 1:
        (theta, gradient), pairs = next(iter(pairs.items())), {}
    taken = {theta, gradient, *pairs, *pairs.values()}
    found: dict[str, list[str]] = {"steps": [], "states": [], "keys": [], "counts": [], "configs": [], "unknown": []}
    options: dict[str, str] = {}
    for parameter in parameters:
        if parameter.name in taken:
            continue
        option = option_of(parameter.name, kind, names)
        if option and not (option == "epsilon" and parameter.name == "delta"):
            options[parameter.name] = option
            continue
        role = _role(parameter, names, kind)
        if role == "unknown" and parameter.name in returned:
            role = "states"
        if role:
            found[role].append(parameter.name)
    return Arguments(pairs, theta, gradient, options, **{k: tuple(v) for k, v in found.items()})


def _role(parameter: inspect.Parameter, names: Sequence[str], kind: str) -> str:
    name, required = parameter.name, parameter.default is parameter.empty
    empty = required or parameter.default is None or isinstance(parameter.default, dict | list)
    if name in ("config", "state", "optim_state", "opt_state", "hyperparams", "hyper", "settings", "hparams"):
        return "configs"
    if looks_like_step(name) and name not in ("m", "n"):
        return "steps" if required or isinstance(parameter.default, int) else ""
    if required and looks_like_key(name):
        return "keys"
    if required and looks_like_count(name) and not ({"v", "s"} & set(names) and name == "m"):
        return "counts"
    if looks_like_state(name) and empty:
        return "states"
    return "unknown" if required else ""


def _containers(
    parameters: Sequence[inspect.Parameter], pairs: dict[str, str], kind: str, names: tuple[str, ...]
) -> tuple[str, str]:
    """The arguments for all parameters and for all gradients."""
    if len(pairs) > 1:
        return "", ""
    required = [p.name for p in parameters if p.default is p.empty]
    free = [n for n in required if not option_of(n, kind, names) or n == "delta"]
    both = next((n for n in free if _BOTH.fullmatch(n)), "")
    if both:
        return both, ""
    theta = next((n for n in free if looks_like_theta(n)), "")
    gradient = next((n for n in free if n != theta and looks_like_gradient(n)), "")
    return theta, gradient


def settings(arguments: Arguments, parameters: Sequence[inspect.Parameter]) -> dict[str, float]:
    """Values for the constants that have no default, and the defaults of the others, by what they mean."""
    found: dict[str, float] = {}
    for parameter in parameters:
        if (
            parameter.name.strip("_") == "betas"
            and isinstance(parameter.default, tuple)
            and len(parameter.default) == 2
        ):
            found |= {"beta1": float(parameter.default[0]), "beta2": float(parameter.default[1])}
        option = arguments.options.get(parameter.name)
        if option is None:
            continue
        value = DEFAULT[option] if parameter.default is parameter.empty else parameter.default
        if isinstance(value, int | float) and not isinstance(value, bool) and option not in found:
            found[option] = float(value)
    return found
