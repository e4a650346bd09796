"""Calling a program's functions: arguments by name and by role, results back into the environment, locals recorded."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from handgrad.check.reading.batches import Batch, Form
from handgrad.check.reading.handed import handed_over
from handgrad.check.reading.keyed import keyed_arguments
from handgrad.check.reading.program import MODULE, Function
from handgrad.check.reading.roles import role_of
from handgrad.check.reading.worlds import Env

_UPSTREAM = re.compile(
    r"d$|d_?[A-Z]|d_?out|d_l_|dy|dx|dz|da|grad|delta|error|upstream|output_(grad|error)|loss_grad", re.IGNORECASE
)


class NotBoundError(Exception):
    """An argument of a function that nothing is known for."""


@dataclass(frozen=True)
class Setting:
    """Values for the roles that are no arrays."""

    rate: float = 0.05
    reg: float = 0.0
    classes: int = 10
    training: bool = True  # for functions that ask: dropout is tried without where its masks are new in every call


def call(function: Function, env: Env, batch: Batch, setting: Setting, owner: Any = None) -> Any:
    """Call a function with what the environment has for it; its results become part of the environment.

    Raises:
        NotBoundError: a required argument that nothing is known for.
        Exception: the program's own.
    """
    made = env.get("roles", {}).get("output")
    if owner is not None and made is not None:
        batch = Batch(made, batch.t, batch.rows)  # a loss object's x is what the net made of the images
    arguments = bind(function, env, batch, setting)
    target: Callable[..., Any]
    if function.owner:
        target = getattr(env["self"] if owner is None else owner, function.name)
    else:
        target = env["globals"][function.name]
    value = target(**arguments)
    remember(function, env, value, batch)
    return value


def bind(function: Function, env: Env, batch: Batch, setting: Setting) -> dict[str, Any]:
    """The arguments: a value of that very name first, then by role."""
    bound: dict[str, Any] = {}
    taken: set[str] = set()
    unknown: list[str] = []
    names = list(function.parameters)
    roles = _roles(names, env)
    handed = keyed_arguments(function, env) | handed_over(function, env, batch)
    for name in names:
        required, role = name in function.required, roles[name]
        if name in handed:
            bound[name] = handed[name]
            taken |= {"x", "t"} if isinstance(handed[name], tuple) else set()
        elif (
            name in env
            and name not in ("globals", "self", "made", "roles", "own", "locals")
            and (role not in ("lr", "x", "t") or _is_weight(name, env))
        ):
            bound[name] = env[name]
            taken.add(role)
        elif role in ("x", "t") and role not in taken:
            bound[name] = batch.x if role == "x" else batch.t
            taken.add(role)
        elif name in env and role in ("x", "t"):
            bound[name] = env[name]
        elif required and role not in ("lr", "reg", "count") and _is_value(env["globals"].get(name)):
            bound[name] = env["globals"][name]
        elif (value := _by_role(role, name, env, batch, setting, required)) is not None:
            bound[name] = value
        elif required:
            unknown.append(name)
    nameless = [name for name in unknown if not _UPSTREAM.match(name) and roles[name] != "grads"]
    # A method called after another has its images already: what it is given is the targets.
    later = bool(function.owner) and "roles" in env
    for name, role in zip(nameless, [r for r in (("t", "x") if later else ("x", "t")) if r not in taken], strict=False):
        bound[name] = batch.x if role == "x" else batch.t
        taken.add(role)
    upstream = env.get("roles", {}).get("upstream")
    for name in unknown:
        if name not in bound and name not in nameless[:2] and upstream is not None:
            bound[name], upstream = upstream, None
    named = function.node.args.kwarg
    if named is not None:
        extra = env.get(named.arg, env.get("params"))
        bound |= {k: v for k, v in extra.items() if k not in names} if isinstance(extra, dict) else {}
    missing = [name for name in unknown if name not in bound]
    if len(missing) == 1 and {"x", "t"} <= taken and "lr" not in roles.values():
        bound[missing.pop()] = setting.rate  # beside images and targets a step wants its rate
    if missing:
        raise NotBoundError(f"{function.shown}: no value for {', '.join(missing)}")
    return bound


def _is_weight(name: str, env: Env) -> bool:
    """A matrix of the world's own, such as weights that are called alpha and beta."""
    return name in env.get("own", ()) and np.ndim(env[name]) == 2 and role_of(name) == "lr"


def _is_value(value: Any) -> bool:
    return isinstance(value, np.ndarray | list | dict | tuple)


def _roles(names: Sequence[str], env: Env) -> dict[str, str]:
    """Roles with the second candidate for images or targets turned into another."""
    roles: dict[str, str] = {}
    used: set[str] = set()
    predicted = _predicted(names, env)
    for name in names:
        role = "output" if name == predicted else role_of(name)
        if role in used and role in ("x", "t", "output"):
            role = role_of(name, after=frozenset(used))
        roles[name] = role
        used.add(role)
    return roles


_TARGET = re.compile(r"t|t_\w+|targets?|labels?|truth|gt|y_?true|true|expected|desired", re.IGNORECASE)


def _predicted(names: Sequence[str], env: Env) -> str:
    """The y of `loss(y, t)`: what the net made, where another argument is the targets and none the images."""
    both = [name for name in names if role_of(name) == "t"]
    others = {role_of(name) for name in names} & {"x", "output"}
    if len(both) != 2 or others or env.get("roles", {}).get("output") is None:
        return ""
    plain = [name for name in both if not _TARGET.fullmatch(name)]
    return plain[0] if len(plain) == 1 else ""


def _by_role(role: str, name: str, env: Env, batch: Batch, setting: Setting, required: bool) -> Any:
    stored = env.get("roles", {})
    samples = 1 if batch.x.ndim < 2 else batch.x.shape[0] if batch.rows else batch.x.shape[-1]
    if role == "lr":
        return setting.rate
    if role == "reg":
        return setting.reg  # not 0, or a penalty that is missing from the gradient would not show
    if role == "pairs" and required:
        return env.get("pairs") or [(batch.x, batch.t)]
    if role == "flag" and name.lower().startswith(("train", "is_train")) and not setting.training:
        return False
    if role == "classes" and len(name) > 2:
        return setting.classes  # a default of 10 would not fit
    if not required:
        return 1 if role == "one" else None
    if role == "classes":
        return setting.classes
    if role == "count":
        return samples
    if role in ("one", "seed"):
        return 1
    if role == "flag":
        return name.lower().startswith(("train", "is_train"))
    if role == "params":
        return env.get("params", env.get("self"))
    if role in ("output", "cache", "grads"):
        return stored.get(role)
    return None


def remember(function: Function, env: Env, value: Any, batch: Batch) -> None:
    """A function's value under the names it has in the function and where the function is called."""
    stored: dict[str, Any] = env.setdefault("roles", {})
    before = stored.get("output")
    if value is None:
        return
    parts = value if isinstance(value, tuple) else (value,)
    for names in (function.returns, *function.calls):
        if len(names) == len(parts):
            env |= {
                n: part
                for n, part in zip(names, parts, strict=True)
                if n and n not in ("self", "globals", "x", "X", "y")
            }
        elif len(names) == 1 and names[0]:
            env[names[0]] = value
    if isinstance(value, dict):
        env |= {k: v for k, v in value.items() if isinstance(k, str) and k.isidentifier() and k not in env}
    arrays = [part for part in parts if isinstance(part, np.ndarray) and part.ndim]
    others = [part for part in parts if isinstance(part, dict | tuple | list)]
    if arrays:
        stored["output"] = arrays[0] if others else arrays[-1]
    number = any(isinstance(part, float | np.floating | np.ndarray) and np.ndim(part) == 0 for part in parts)
    if len(arrays) == 1 and len(parts) == 2 and number and before is not None and arrays[0].shape == np.shape(before):
        stored["upstream"] = arrays[0]  # loss, gradient = cross_entropy(logits, y)
    if len(arrays) == 1 and re.search(r"back|grad|prime|deriv|delta", function.name, re.IGNORECASE):
        stored["upstream"] = arrays[0]
        stored.pop("output", None)
    if others:
        stored["cache"] = others[-1]
        stored["grads"] = others[-1]
        last = others[-1]
        if not arrays and isinstance(last, list | tuple) and last and isinstance(last[-1], np.ndarray):
            stored["output"] = last[-1]


Locals = list[tuple[str, dict[str, Any]]]


class Recorder:
    """Records the local variables of the program's functions as they return: what a debugger would show."""

    def __init__(self) -> None:
        self.seen: Locals = []

    def __enter__(self) -> Recorder:
        self.before = sys.getprofile()
        sys.setprofile(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self.before)

    def _event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code.co_filename == MODULE and len(self.seen) < 400:
            values = {k: _as_now(v) for k, v in frame.f_locals.items() if k != "self"}
            values["return"] = _as_now(argument)
            self.seen.append((frame.f_code.co_name, values))


def _as_now(value: Any) -> Any:
    """An array as it is at this moment: `p[range(n), y] -= 1` may follow."""
    return value.copy() if isinstance(value, np.ndarray) and value.size < 100_000 else value


__all__ = ["Batch", "Form", "Locals", "NotBoundError", "Recorder", "Setting", "bind", "call"]
