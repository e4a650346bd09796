"""Update rules of a program: a function of weights and gradients, or a class with step() or update()."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.places import walk
from handgrad.check.reading.program import Program
from handgrad.kernels.types import Array

KINDS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
_NAMES = (
    ("adamw", r"adam_?w"), ("adam", r"adam"), ("rmsprop", r"rms"), ("nesterov", r"nesterov|nag$"),
    ("momentum", r"momentum"),
    ("sgd", r"^sgd$|^gd$|gradient_descent|^GradientDescent$|vanilla"),
)  # fmt: skip
_OPTIONS = {
    "learning_rate": r"lr|eta|alpha|learning_?rate|rate|step_size", "momentum": r"momentum|mu|gamma|beta",
    "beta1": r"beta_?1|b1|rho1", "beta2": r"beta_?2|b2|rho2", "decay": r"decay(_rate)?|rho|gamma|beta",
    "epsilon": r"eps(ilon)?|e", "weight_decay": r"weight_decay|wd|lambda_?|lam|decay",
}  # fmt: skip
_USED = {
    "sgd": ("learning_rate",), "momentum": ("learning_rate", "momentum"), "nesterov": ("learning_rate", "momentum"),
    "rmsprop": ("learning_rate", "decay", "epsilon"), "adam": ("learning_rate", "beta1", "beta2", "epsilon"),
    "adamw": ("learning_rate", "beta1", "beta2", "epsilon", "weight_decay"),
}  # fmt: skip
_THETA = re.compile(
    r"(next_)?(w|weights?|theta|params?|parameters|x|var|p|variables|W1?|model|values|layer)", re.IGNORECASE
)
_GRADIENT = re.compile(r"(d_?\w+|g|grads?|gradients?|\w*grad\w*|dparams)", re.IGNORECASE)
_STEP = re.compile(r"t|i|it|iter\w*|step|epoch|n|time_?step|k", re.IGNORECASE)
_STATE = re.compile(
    r"config|state|cache|m|v|s|h|vel\w*|moment\w*|mean_?\w*|\w*_avg|G|r|u|[mvs]_?[dtw]\w*", re.IGNORECASE
)


@dataclass
class ProgramOptimizer:
    """Implements `OptimizerSubject`."""

    program: Program
    name: str
    kind: str
    wrap: Callable[[Array, str], Any]
    method: str = ""
    options: Mapping[str, float] = field(default_factory=dict)

    def run(self, theta: Array, gradients: list[Array]) -> list[Array]:
        """See `OptimizerSubject.run`."""
        namespace = self.program.fresh()
        target, owner = _target(
            namespace, self.name, self.method, self.options.get("learning_rate", 1e-2), self.wrap, theta
        )
        held: dict[str, Any] = _initial_state(self.program, namespace, self.wrap(theta.copy(), "theta"))
        value, made = self.wrap(theta.copy(), "theta"), []
        for step, gradient in enumerate(gradients, start=1):
            arguments = _arguments(target, value, self.wrap(gradient.copy(), "gradient"), step, held, self.options)
            returned = target(**arguments)
            value = _new_value(value, returned, held, target)
            made.append(_array_in(value, theta.size).copy())
        if owner is not None:
            del owner
        return made


def _target(
    namespace: dict[str, Any], name: str, method: str, rate: float, wrap: Callable[[Array, str], Any], theta: Array
) -> tuple[Callable[..., Any], Any]:
    if not method:
        return namespace[name], None
    made = namespace[name]
    arguments = {}
    for parameter in inspect.signature(made).parameters.values():
        if parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        ):
            plain = parameter.name.strip("_")
            if _option_of(plain) == "learning_rate":
                arguments[parameter.name] = rate
            elif _THETA.fullmatch(plain):
                arguments[parameter.name] = wrap(theta.copy(), "theta")
            else:
                arguments[parameter.name] = 0.9
    owner = made(**arguments)
    return getattr(owner, method), owner


def _option_of(name: str) -> str:
    return next((option for option, pattern in _OPTIONS.items() if re.fullmatch(pattern, name, re.IGNORECASE)), "")


def _initial_state(program: Program, namespace: dict[str, Any], theta: Any) -> dict[str, Any]:
    """What `initialize_adam(parameters)` and the like return, under the names in their return."""
    held: dict[str, Any] = {}
    for function in program.functions.values():
        if re.search(r"init", function.name, re.IGNORECASE) and len(function.required) == 1:
            with suppress(Exception):
                value = namespace[function.name](theta)
                parts = value if isinstance(value, tuple) else (value,)
                if len(parts) == len(function.returns):
                    held |= dict(zip(function.returns, parts, strict=True))
    return held


def _arguments(
    target: Callable[..., Any], theta: Any, gradient: Any, step: int, held: dict[str, Any], options: Mapping[str, float]
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    seen: set[str] = set()
    for parameter in inspect.signature(target).parameters.values():
        name, required = parameter.name, parameter.default is parameter.empty
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in held:
            arguments[name] = held[name]
        elif "theta" not in seen and _THETA.fullmatch(name) and required:
            arguments[name] = theta
            seen.add("theta")
        elif "gradient" not in seen and _GRADIENT.fullmatch(name) and required and not _option_of(name):
            arguments[name] = gradient
            seen.add("gradient")
        elif required and name in ("name", "key", "param_name", "id", "layer", "layer_name"):
            arguments[name] = "W1"
        elif _STEP.fullmatch(name):
            arguments[name] = step
        elif _option_of(name) and required:
            arguments[name] = options.get(
                _option_of(name), {"learning_rate": 1e-2, "beta2": 0.999, "epsilon": 1e-8}.get(_option_of(name), 0.9)
            )
        elif name in ("config", "state", "cache") and "config" not in held:
            arguments[name] = held.setdefault(name, {} if required else None) if required else held.get(name)
        elif _STATE.fullmatch(name) and required:
            arguments[name] = held.setdefault(name, _zeros(theta, gradient))
        elif required:
            raise TypeError(f"no value for the argument {name}")
    return {k: v for k, v in arguments.items() if v is not None or k not in ("config", "state", "cache")}


def _zeros(theta: Any, gradient: Any) -> Any:
    """Fresh state in the form of the weights: a dict has it under the names of weights and gradients alike."""
    if isinstance(theta, dict):
        return {key: np.zeros_like(value) for key, value in {**gradient, **theta}.items()}
    if isinstance(theta, list):
        return [np.zeros_like(value) for value in theta]
    return np.zeros_like(_array_in(theta, 0))


def _new_value(before: Any, returned: Any, held: dict[str, Any], target: Callable[..., Any]) -> Any:
    """The weights after a step: returned, or changed in place; state that is returned is kept under its name."""
    if returned is None:
        return before
    parts = returned if isinstance(returned, tuple) else (returned,)
    names = list(inspect.signature(target).parameters)
    states = [n for n in names if n in held or _STATE.fullmatch(n)]
    for name, part in zip(states, parts[1:], strict=False):
        held[name] = part
    if len(parts) == 2 and isinstance(parts[1], dict) and "config" in names:
        held["config"] = parts[1]
    return parts[0] if type(parts[0]) is type(before) or isinstance(parts[0], np.ndarray | dict | list) else before


def _array_in(value: Any, size: int) -> Array:
    arrays = [a for _, a in walk(value) if not size or a.size == size]
    if not arrays:
        raise ValueError("the update gave no array of the weights' size")
    return np.asarray(arrays[0], float)


def _wraps() -> list[Callable[[Array, str], Any]]:
    """Ways to hand over weights and gradients: arrays, dicts with keys W1 or dW1, lists."""

    def both(a: Array, role: str) -> Any:
        b = np.zeros((1, 1))
        made = {"W1": a, "b1": b}
        return made if role == "theta" else {**made, "dW1": a, "db1": b}

    return [
        lambda a, role: a,
        lambda a, role: {"W1": a, "b1": np.zeros((1, 1))},
        both,
        lambda a, role: {"W1" if role == "theta" else "dW1": a, "b1" if role == "theta" else "db1": np.zeros((1, 1))},
        lambda a, role: [a],
    ]


def find_optimizers(program: Program, thing: str = "", kind: str = "") -> Iterator[tuple[ProgramOptimizer, list[str]]]:
    """Functions and classes with an update rule's name; the first way to hand over weights that moves them is taken."""
    candidates: list[tuple[str, str]] = [(name, "") for name in program.functions]
    for name, methods in program.methods.items():
        method = next(
            (
                m
                for m in ("step", "update", "__call__", "apply", "optimize", "update_params", "apply_gradients")
                if m in methods
            ),
            "",
        )
        candidates += [(name, method)] if method else []
    for name, method in candidates:
        found = kind if thing in (name, f"{name}.{method}") and kind else _kind_of(name)
        if (
            (thing and thing.split(".")[0] != name)
            or not found
            or re.search(r"init|train|fit|test", name, re.IGNORECASE)
        ):
            continue
        for wrap in _wraps():
            subject = ProgramOptimizer(program, name, found, wrap, method)
            with suppress(Exception):
                theta = np.array([1.0, -2.0, 0.5])
                subject.options = _options(program, subject)
                after = subject.run(theta.copy(), [np.array([0.3, -0.1, 2.0])] * 2)
                if np.isfinite(after[-1]).all() and not np.array_equal(after[-1], theta):
                    shown = ", ".join(f"{k} {v:g}" for k, v in subject.options.items())
                    yield (
                        subject,
                        [f"{name}{'.' + method if method else ''}() read as {found}" + (f"; {shown}" if shown else "")],
                    )
                    break


def _kind_of(name: str) -> str:
    return next((kind for kind, pattern in _NAMES if re.search(pattern, name, re.IGNORECASE)), "")


def _options(program: Program, subject: ProgramOptimizer) -> dict[str, float]:
    """Constants from defaults of the function or the constructor, and from `config.setdefault("beta1", 0.9)`."""
    target = program.fresh()[subject.name]
    values: dict[str, float] = {}
    for parameter in inspect.signature(target).parameters.values():
        if isinstance(parameter.default, float | int) and not isinstance(parameter.default, bool):
            values[parameter.name] = float(parameter.default)
    source = program.functions[subject.name].node if subject.name in program.functions else None
    if source is not None:
        import ast

        for node in ast.walk(source):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "setdefault"
                and len(node.args) == 2
            ):
                key, number = node.args
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(number, ast.Constant)
                    and isinstance(number.value, float | int)
                ):
                    values[str(key.value)] = float(number.value)
    made: dict[str, float] = {}
    for option in _USED[subject.kind]:
        for name, value in values.items():
            if re.fullmatch(_OPTIONS[option], name.strip("_"), re.IGNORECASE) and option not in made:
                made[option] = value
    return made
