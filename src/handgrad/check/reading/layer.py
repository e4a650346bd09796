"""One layer of a program as diagnosis asks for it: a class with forward and backward, or a pair of functions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.places import Path, get, name_of, put, walk
from handgrad.check.reading.program import Program
from handgrad.check.subject import Arrays, LayerAnswer
from handgrad.kernels.types import Array

_OPTION_NAMES = {
    "stride": r"stride|s|step", "padding": r"pad(ding)?|p",
    "kernel": r"k|f|ksize|kernel(_size)?|filter_size|size|pool(_size|_height|_width|_h|_w)?",
    "keep_probability": r"keep_?prob\w*|p_keep|keep", "drop": r"p|rate|drop\w*|prob\w*|ratio|p_drop",
}  # fmt: skip


@dataclass(frozen=True)
class Axes:
    """How arrays are turned for the program and back: samples as columns, channels last, filters (K, K, C, F)."""

    samples: str = "rows"
    channels: str = "first"
    weights: str = "own"  # dense "transposed"; conv "last"
    bias: str = "flat"

    def out(self, name: str, a: Array) -> Array:
        """handgrad's array as the program wants it."""
        if name in ("x", "y"):
            if a.ndim == 4:
                return np.ascontiguousarray(a.transpose(0, 2, 3, 1)) if self.channels == "last" else a.copy()
            return np.ascontiguousarray(a.T) if self.samples == "columns" else a.copy()
        if name == "W":
            if a.ndim == 4:
                return np.ascontiguousarray(a.transpose(2, 3, 1, 0)) if self.weights == "last" else a.copy()
            return np.ascontiguousarray(a.T) if self.weights == "transposed" else a.copy()
        shape = {"flat": a.shape, "row": (1, -1), "column": (-1, 1), "four": (1, 1, 1, -1)}[self.bias]
        return a.reshape(shape).copy()

    def back(self, name: str, a: Array, expected: tuple[int, ...]) -> Array:
        """The program's array as handgrad has it."""
        a = np.array(a, float)
        if name in ("x", "y"):
            if a.ndim == 4 and self.channels == "last":
                a = a.transpose(0, 3, 1, 2)
            if a.ndim == 2 and self.samples == "columns":
                a = a.T
        elif name == "W":
            if a.ndim == 4 and self.weights == "last":
                a = a.transpose(3, 2, 0, 1)
            elif a.ndim == 2 and self.weights == "transposed":
                a = a.T
        elif a.size == int(np.prod(expected)):
            a = a.reshape(expected)
        return a


@dataclass
class ProgramLayer:
    """Implements `LayerSubject` for a class or a pair of functions."""

    program: Program
    name: str
    kind: str
    forward_name: str
    backward_name: str
    options: Mapping[str, float]
    axes: Axes
    is_class: bool
    fixed: dict[str, Any] = field(default_factory=dict)

    def answer(self, inputs: Arrays, dy: Array, *, calls: int = 1) -> list[LayerAnswer]:
        """See `LayerSubject.answer`."""
        namespace = self.program.fresh()
        owner = self._owner(namespace, inputs)
        return [self._once(namespace, owner, inputs, dy) for _ in range(calls)]

    def forward(self, inputs: Arrays) -> Array:
        """See `LayerSubject.forward`."""
        namespace = self.program.fresh()
        y, _, _ = self._forward(namespace, self._owner(namespace, inputs), inputs)
        return y

    def _once(self, namespace: dict[str, Any], owner: Any, inputs: Arrays, dy: Array) -> LayerAnswer:
        self._set(owner, inputs)
        x_before = inputs["x"].copy()
        y, cache, given = self._forward(namespace, owner, inputs)
        out_dy = self.axes.out("y", dy)
        kept = out_dy.copy()
        before = {id(a): a.copy() for _, a in walk(owner)} if owner is not None else {}
        function = getattr(owner, self.backward_name) if self.is_class else namespace[self.backward_name]
        arguments = self._arguments(function, out_dy, inputs, cache, y, backward=True)
        returned = function(**arguments)
        gradients = self._gradients(returned, owner, before, inputs)
        changed = [
            n
            for n, was, now in (("dy", kept, out_dy), ("x", self.axes.out("x", x_before), given))
            if not np.array_equal(was, now)
        ]
        return LayerAnswer(y, gradients, tuple(changed))

    def _owner(self, namespace: dict[str, Any], inputs: Arrays) -> Any:
        if not self.is_class:
            return None
        made = namespace[self.name]
        arguments: dict[str, Any] = {}
        for parameter in inspect.signature(made).parameters.values():
            value = self._constructor_value(parameter.name.strip("_"), inputs, namespace)
            required = parameter.default is parameter.empty
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and (value is not None):
                if required or _option_name(parameter.name):
                    arguments[parameter.name] = value
            elif required and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                raise TypeError(f"no value for the argument {parameter.name}")
        owner = made(**arguments)
        self._set(owner, inputs)
        return owner

    def _constructor_value(self, name: str, inputs: Arrays, namespace: Mapping[str, Any]) -> Any:
        x, low = inputs["x"], name.lower()
        option = _dropout_option(name) if self.kind == "dropout" else _option_name(name)
        if low in ("w", "weights", "weight") and "W" in inputs:
            return self.axes.out("W", inputs["W"])
        if low in ("b", "bias") and "b" in inputs:
            return self.axes.out("b", inputs["b"])
        if low == "gamma" and "gamma" in inputs:
            return inputs["gamma"].copy()
        if low == "beta" and "beta" in inputs:
            return inputs["beta"].copy()
        if re.search(r"in_?(channels|c$)|^c(hannels)?$|n_?c$", low):
            return x.shape[1]
        if re.search(r"out_?channels|filters|n_?f$|^f$|num_filters", low) and "W" in inputs and inputs["W"].ndim == 4:
            return inputs["W"].shape[0]
        if self.kind == "dropout" and option in ("keep_probability", "drop"):
            return self._keep_argument(option)
        if option in self.options:
            return int(self.options[option])
        if re.search(r"shape", low):
            return x.shape[1:]
        if re.search(r"out|units|^m$|neurons|no$", low) and "W" in inputs:
            return inputs["W"].shape[1]
        if re.search(r"in|feat|dim|^d$|num|size|^n$|ni$", low):
            return x.shape[1]
        if name in namespace and callable(namespace[name]):
            return namespace[name]
        if low == "activation":
            return namespace.get(self.kind)
        if low in ("activation_prime", "activation_derivative", "activation_grad", "derivative"):
            return next(
                (
                    namespace[k]
                    for k in (f"{self.kind}_prime", f"{self.kind}_derivative", f"d{self.kind}")
                    if k in namespace
                ),
                None,
            )
        return None

    def _keep_argument(self, option: str) -> float:
        keep = self.options["keep_probability"]
        return keep if option == "keep_probability" else (self.fixed.get("p_means_keep", False) and keep) or 1.0 - keep

    def _set(self, owner: Any, inputs: Arrays) -> None:
        """Write W, b, gamma and beta to the attributes that hold arrays of their shape."""
        if owner is None:
            return
        for name in ("W", "b", "gamma", "beta"):
            if name in inputs:
                path = _place_of(owner, name, self.axes.out(name, inputs[name]))
                if path:
                    put(owner, path, self.axes.out(name, inputs[name]))
                elif name == "W":
                    raise TypeError("the layer's weights were not found")

    def _forward(self, namespace: dict[str, Any], owner: Any, inputs: Arrays) -> tuple[Array, Any, Array]:
        function = getattr(owner, self.forward_name) if self.is_class else namespace[self.forward_name]
        given = self.axes.out("x", inputs["x"])
        arguments = self._arguments(function, given, inputs, None, None, backward=False)
        value = function(**arguments)
        parts = value if isinstance(value, tuple) else (value,)
        cache = parts[1] if len(parts) > 1 else None
        y = self.axes.back("y", np.asarray(parts[0]), ())
        return y, cache if cache is not None else given, given

    def _arguments(
        self, function: Callable[..., Any], first: Array, inputs: Arrays, cache: Any, y: Array | None, *, backward: bool
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for place, parameter in enumerate(inspect.signature(function).parameters.values()):
            name, low = parameter.name, parameter.name.lower().strip("_")
            required = parameter.default is parameter.empty
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            value: Any = None
            if place == 0:
                value = first
            elif low in ("w", "weights", "weight", "filters", "kernel", "kernels", "k") and "W" in inputs:
                value = self.axes.out("W", inputs["W"])
            elif low in ("b", "bias", "biases") and "b" in inputs:
                value = self.axes.out("b", inputs["b"])
            elif low in ("gamma", "beta") and low in inputs:
                value = inputs[low].copy()
            elif re.search(r"param|config", low):
                value = self._parameters(first, inputs)
            elif backward and re.search(r"cache|memory|store|^z$|^x$|ctx|mask|input", low):
                value = cache
            elif backward and re.search(r"^(a|y|out|output)$", low) and y is not None:
                value = self.axes.out("y", y)
            elif re.search(r"lr|rate|eta|alpha", low) and self.kind != "dropout":
                value = 1.0
            elif low in ("mode", "activation") and required:
                value = {"maxpool": "max", "avgpool": "average"}.get(self.kind, "train" if low == "mode" else self.kind)
            elif low == "mode" and self.kind in ("maxpool", "avgpool"):
                value = "max" if self.kind == "maxpool" else "average"
            elif low in ("train", "training", "is_train"):
                value = True
            elif self.kind == "dropout" and (option := _dropout_option(name)):
                value = self._keep_argument(option)
            elif (option := _option_name(name)) in self.options and option:
                value = int(self.options[option])
            if value is not None:
                arguments[name] = value
            elif required:
                raise TypeError(f"no value for the argument {name}")
        return arguments

    def _parameters(self, first: Array, inputs: Arrays) -> dict[str, Any]:
        """A dict of options under all the names that such dicts use."""
        stride, pad = int(self.options.get("stride", 1)), int(self.options.get("padding", 0))
        kernel = int(self.options.get("kernel", 2))
        keep = self.options.get("keep_probability", 0.5)
        return {
            "stride": stride, "pad": pad, "padding": pad, "pool_height": kernel, "pool_width": kernel, "f": kernel,
            "size": kernel,
            "mode": "train", "eps": 1e-5, "momentum": 0.9, "p": keep, "pool_size": kernel,
        }  # fmt: skip

    def _gradients(self, returned: Any, owner: Any, before: dict[int, Array], inputs: Arrays) -> dict[str, Array]:
        """By position in what was returned (x, W, b), else by names in the object, else from an update inside."""
        parts = (
            list(returned)
            if isinstance(returned, tuple | list)
            else list(returned.values())
            if isinstance(returned, dict)
            else [returned]
        )
        names = ["x", *(n for n in ("W", "b", "gamma", "beta") if n in inputs)]
        made: dict[str, Array] = {}
        if isinstance(returned, dict):
            for key, value in returned.items():
                name = key.lower().removeprefix("d")
                match = next((n for n in names if n.lower() == name), None)
                if match:
                    made[match] = self.axes.back(match, value, inputs[match].shape)
        else:
            for name, part in zip(names, [p for p in parts if isinstance(p, np.ndarray | float)], strict=False):
                made[name] = self.axes.back(name, np.asarray(part), inputs[name].shape)
        for name in names[1:]:
            if name not in made and owner is not None:
                value = self._kept(owner, name, before, inputs)
                if value is not None:
                    made[name] = self.axes.back(name, value, inputs[name].shape)
        return made

    def _kept(self, owner: Any, name: str, before: dict[int, Array], inputs: Arrays) -> Array | None:
        wanted = self.axes.out(name, inputs[name])
        for path, array in walk(owner):
            label = re.sub(r"[^a-z]", "", ".".join(str(k) for _, k in path).lower())
            stem = {"W": r"(w|weights?|filters?|kernel)", "b": r"(b|bias(es)?)"}.get(name, name)
            if array.size == wanted.size and re.fullmatch(
                rf"\w*(d|grad|g|grads|gradients){stem}|{stem}(grad|s?grad)|d{stem}", label
            ):
                return np.asarray(array)
        path = _place_of(owner, name, wanted)
        now = get(owner, path) if path else wanted
        return None if np.array_equal(now, wanted) else np.asarray(wanted - now)


def _dropout_option(name: str) -> str:
    low = name.lower().strip("_")
    return next((o for o in ("keep_probability", "drop") if re.fullmatch(_OPTION_NAMES[o], low)), "")


def _option_name(name: str) -> str:
    low = name.lower().strip("_")
    return next((option for option, pattern in _OPTION_NAMES.items() if re.fullmatch(pattern, low)), "")


def _place_of(owner: Any, name: str, like: Array) -> Path:
    """Where in an object W, b, gamma or beta lies: an attribute, or an entry of a dict of parameters."""
    stems = {
        "W": r"w\d?|weights?|filters?|kernels?|k|theta",
        "b": r"b\d?|bias(es)?",
        "gamma": r"gamma|g|scale",
        "beta": r"beta|b|shift",
    }
    for path, values in walk(owner):
        whole = name_of(path).lower()
        last = whole.split(".")[-1].strip("_")
        if re.fullmatch(stems[name], last) and values.size == like.size and "grad" not in whole:
            return path
    return ()
