"""One layer of a program as diagnosis asks for it: a class with forward and backward, or a pair of functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.layers.arguments import Known, call_arguments, constructor_arguments, state_dict
from handgrad.check.reading.layers.formats import Axes
from handgrad.check.reading.places import Path, get, name_of, put, walk
from handgrad.check.reading.program import Program
from handgrad.check.reading.rate_places import rate_paths
from handgrad.check.subject import Arrays, LayerAnswer
from handgrad.kernels.types import Array

_PARAMETERS = ("W", "b", "gamma", "beta")
_MODES = re.compile(
    r"_?(is_)?train(ing|_mode|_flg|_flag)?|_?mode|_?(is_)?test(ing)?|_?eval(uate)?|_?inference|in_training"
)


@dataclass
class ProgramLayer:
    """Implements `LayerSubject` for a class or a pair of functions.

    Attributes:
        bias: whether it has one.
        sizes: that the program has fixed: C, F, K of a convolution, D, M of a dense layer.
        flavour, p_means_keep: see `Known`.
    """

    program: Program
    name: str
    kind: str
    forward_name: str
    backward_name: str
    options: Mapping[str, float]
    axes: Axes
    is_class: bool
    flavour: str = "plain"
    p_means_keep: bool = False
    bias: bool = True
    sizes: Mapping[str, int] = field(default_factory=dict)

    def answer(self, inputs: Arrays, dy: Array, *, calls: int = 1) -> list[LayerAnswer]:
        """See `LayerSubject.answer`; a layer that takes one image a call gets them one by one."""
        if not self.axes.alone:
            return _Asked(self, inputs).answers(inputs, dy, calls)
        rows = []
        for n in range(len(dy)):
            one = {k: v[n : n + 1] if k == "x" else v for k, v in inputs.items()}
            rows.append(_Asked(self, one).answers(one, dy[n : n + 1], calls))
        return [_together([row[call] for row in rows]) for call in range(calls)]

    def forward(self, inputs: Arrays) -> Array:
        """See `LayerSubject.forward`."""
        if not self.axes.alone:
            return _Asked(self, inputs).forward(inputs)
        rows = [{k: v[n : n + 1] if k == "x" else v for k, v in inputs.items()} for n in range(len(inputs["x"]))]
        return np.concatenate([_Asked(self, one).forward(one) for one in rows])

    def modes(self, inputs: Arrays, other: Arrays, passes: int) -> tuple[list[Array], Array, list[Array]] | None:
        """What a layer does in training and in testing; None where it takes single images.

        Returns:
            Outputs on `inputs` in the first passes of training; that on `other` in training; and, after `passes` passes
            on `inputs`, two on `other` in testing: none where nothing in the program switches between the two.
        """
        if self.axes.alone:
            return None
        trained: list[Array] = []
        training = _Asked(self, inputs).forward(other)
        asked = _Asked(self, inputs)
        for turn in range(passes + 1 if self._speaks_of_modes() else 2):
            y = asked.forward(inputs)
            if turn < 2:
                trained.append(y)
        if not self._speaks_of_modes() or not asked.switch():
            return trained, training, []
        return trained, training, [asked.forward(other), asked.forward(other)]

    def _speaks_of_modes(self) -> bool:
        functions = self.program.methods.get(self.name, {}) if self.is_class else self.program.functions
        chosen = list(functions.values()) if self.is_class else [functions[self.forward_name]]
        return any(re.search(r"test|train|running|moving|eval|infer", ast.unparse(f.node)) for f in chosen)


def owns_weights(layer: ProgramLayer, inputs: Arrays) -> bool:
    """Whether a fresh object of the class holds a matrix."""
    owner = _Asked(layer, inputs, fill=False).owner
    return any(a.ndim >= 2 and a.dtype.kind == "f" for _, a in walk(owner))


def fixed_sizes(layer: ProgramLayer, inputs: Arrays) -> dict[str, int]:
    """Sizes of its weights that a class does not take from its arguments: F, C, K, or D, M."""
    owner = _Asked(layer, inputs, fill=False).owner
    axes = layer.axes.W.split(",")
    wanted = layer.axes.out("W", inputs["W"])
    if place_of(owner, "W", wanted) is not None or any(len(axis) > 1 for axis in axes):
        return {}
    for path, values in walk(owner):
        last = name_of(path).lower().split(".")[-1].strip("_")
        if values.ndim == len(axes) and re.fullmatch(r"w\d?|weights?|filters?|kernels?|k|theta", last):
            found = dict(zip(axes, values.shape, strict=True))
            if found.pop("L", 0) == found.get("K", 0):
                return found
    return {}


def _together(answers: list[LayerAnswer]) -> LayerAnswer:
    """Answers for single images as one for the batch: dx side by side, the parameters' gradients added."""
    gradients = {}
    for name in answers[0].gradients:
        parts = [a.gradients[name] for a in answers]
        gradients[name] = np.concatenate(parts) if name == "x" else np.asarray(sum(parts))
    return LayerAnswer(np.concatenate([a.y for a in answers]), gradients, answers[0].changed)


_KEPT: dict[int, tuple[Program, dict[str, Any]]] = {}


def _definitions(program: Program) -> dict[str, Any]:
    """A program's names, made once: each object of a class has its own state."""
    if id(program) not in _KEPT:
        _KEPT.clear()
        _KEPT[id(program)] = (program, program.fresh())
    return _KEPT[id(program)][1]


class _Asked:
    """A fresh layer with these parameters in it, which may be asked several times."""

    def __init__(self, layer: ProgramLayer, inputs: Arrays, *, fill: bool = True) -> None:
        self.layer = layer
        self.namespace = _definitions(layer.program) if layer.is_class else layer.program.fresh()
        keep = layer.options.get("keep_probability", 0.5)
        given = state_dict(layer.options, layer.kind, keep)
        self.known = Known(
            layer.kind, layer.options, layer.axes, inputs, self.namespace, flavour=layer.flavour,
            p_means_keep=layer.p_means_keep, given=given,
        )  # fmt: skip
        self.owner: Any = None
        if layer.is_class:
            made = self.namespace[layer.name]
            self.owner = made(**constructor_arguments(made, self.known))
            if fill:
                self._fill(inputs)

    def _fill(self, inputs: Arrays) -> None:
        """Write W, b, gamma and beta to the arrays that are theirs."""
        if self.owner is None:
            return
        for path in rate_paths(self.owner, ()) if "W" in inputs or "gamma" in inputs else ():
            put(self.owner, path, 1.0)
        self.places: dict[str, Path] = {}
        for name in _PARAMETERS:
            if name in inputs:
                new = self.layer.axes.out(name, inputs[name])
                place = place_of(self.owner, name, new)
                if place is not None:
                    now = np.asarray(get(self.owner, place))
                    fitted = new.reshape(now.shape) if now.size == new.size else _spread(new, now.shape)
                    put(self.owner, place, fitted)
                    self.places[name] = place
                elif name == "W":
                    raise TypeError("the layer's weights were not found")

    def _function(self, name: str) -> Any:
        return getattr(self.owner, name) if self.layer.is_class else self.namespace[name]

    def forward(self, inputs: Arrays) -> Array:
        """The output in handgrad's layout."""
        axes, known = self.layer.axes, self.known
        known.inputs, known.x = inputs, axes.out("x", inputs["x"])
        function = self._function(self.layer.forward_name)
        value = function(**call_arguments(function, known, backward=False))
        parts = value if isinstance(value, tuple) else (value,)
        known.y = parts[0]
        known.cache = (parts[1] if len(parts) == 2 else parts[1:]) if len(parts) > 1 else known.x
        names = self._returns(self.layer.forward_name)
        known.named = dict(zip(names, parts, strict=True)) if len(names) == len(parts) else {}
        return axes.back("y", np.array(parts[0], float), ())

    def _returns(self, name: str) -> tuple[str, ...]:
        program = self.layer.program
        functions = program.methods.get(self.layer.name, {}) if self.layer.is_class else program.functions
        return functions[name].returns if name in functions else ()

    def answers(self, inputs: Arrays, dy: Array, calls: int) -> list[LayerAnswer]:
        """Forward and backward, `calls` times in a row."""
        return [self._once(inputs, dy) for _ in range(calls)]

    def _once(self, inputs: Arrays, dy: Array) -> LayerAnswer:
        self._fill(inputs)
        y = self.forward(inputs)
        known, axes = self.known, self.layer.axes
        out = axes.out("y", dy)
        known.dy = out
        kept, given, was = out.copy(), known.x, np.array(known.x)
        function = self._function(self.layer.backward_name)
        returned = function(**call_arguments(function, known, backward=True))
        gradients = self._gradients(returned, inputs)
        changed = [n for n, a, b in (("dy", kept, out), ("x", was, given)) if not np.array_equal(a, b)]
        return LayerAnswer(y, gradients, tuple(changed))

    def _gradients(self, returned: Any, inputs: Arrays) -> dict[str, Array]:
        """By the names in the return statement, by place, else as kept in the object or seen through an update."""
        names = ["x", *(n for n in _PARAMETERS if n in inputs)]
        made: dict[str, Array] = {}
        for name, value in self._returned(returned, names, inputs).items():
            if value is not None and np.size(value):
                made[name] = self.layer.axes.back(name, np.asarray(value, float), inputs[name].shape)
        for name in names[1:]:
            if name not in made and self.owner is not None:
                value = self._kept(name, inputs)
                if value is not None:
                    made[name] = self.layer.axes.back(name, value, inputs[name].shape)
        return made

    def _returned(self, returned: Any, names: list[str], inputs: Arrays) -> dict[str, Any]:
        if isinstance(returned, dict):
            keys = {_tensor_of(str(key)): value for key, value in returned.items()}
            return {n: keys[n] for n in names if n in keys}
        if not isinstance(returned, tuple | list):
            return {"x": returned}
        said = self._returns(self.layer.backward_name)
        called = [_tensor_of(n) for n in said] if len(said) == len(returned) else []
        if called and len(set(called)) == len(called) and set(called) >= set(names[: len(called)]):
            return dict(zip(called, returned, strict=True))
        return dict(zip(names, returned, strict=False))

    def _kept(self, name: str, inputs: Arrays) -> Array | None:
        wanted = self.layer.axes.out(name, inputs[name])
        path = self.places.get(name)
        own = name_of(path).split(".") if path else []
        for other, array in walk(self.owner):
            if array.size == wanted.size and other != path and _is_gradient_of(name_of(other), name, own):
                return np.asarray(array)
        if path is None:
            return None
        now = np.asarray(get(self.owner, path))
        if now.size != wanted.size:
            now = now.reshape(-1, *now.shape[1:])
            moved = np.asarray(_spread(wanted, now.shape) - now)
            return np.asarray(moved.reshape(wanted.size, -1).sum(axis=1))
        return None if np.array_equal(now.reshape(wanted.shape), wanted) else wanted - now.reshape(wanted.shape)

    def switch(self) -> bool:
        """To testing: an attribute, a method or an argument says so. False where there is no such thing."""
        found = False
        if hasattr(self.owner, "eval") and callable(self.owner.eval):
            self.owner.eval()
            return True
        if self.owner is not None and hasattr(self.owner, "__dict__"):
            for key, value in list(vars(self.owner).items()):
                if _MODES.fullmatch(key):
                    test = "test" in key or "eval" in key or "infer" in key
                    setattr(self.owner, key, "test" if isinstance(value, str) else test)
                    found = True
        self.known.given["mode"] = "test"
        before = call_arguments(self._function(self.layer.forward_name), self.known, backward=False)
        self.known.training = False
        after = call_arguments(self._function(self.layer.forward_name), self.known, backward=False)
        by_dict = any(value is self.known.given for value in after.values())
        return found or by_dict or any(isinstance(v, bool | str) and v != before[k] for k, v in after.items())


def _spread(values: Array, shape: tuple[int, ...]) -> Array:
    """A bias for each filter at all its places."""
    flat = values.reshape(-1)
    places = [-1 if n == flat.size else 1 for n in shape]
    if places.count(-1) != 1:
        places = [-1 if i == shape.index(flat.size) else 1 for i in range(len(shape))]
    return np.array(np.broadcast_to(flat.reshape(places), shape))


def _tensor_of(label: str) -> str:
    """The tensor whose gradient a name says it is: dW, d_w, grad_weights → W; dA_prev, dx, input_gradient → x."""
    low = re.sub(r"[^a-z]", "", label.lower())
    bare = re.sub(r"^(d|grad|gradient|dld|dl|g)(?=.)|(grad|gradient|grads)$", "", low)
    for name, pattern in (
        ("W", r"w|weights?|filters?|kernels?|k|theta"),
        ("b", r"b|bias(es)?"),
        ("gamma", "gamma|g"),
        ("beta", "beta"),
    ):
        if re.fullmatch(pattern, bare):
            return name
    return "x"


def _is_gradient_of(label: str, name: str, own: list[str]) -> bool:
    """Whether an attribute's name says that it is the gradient of W, b, gamma or beta."""
    parts = label.split(".")
    low = re.sub(r"[^a-z]", "", parts[-1].lower())
    whole = label.lower()
    if own and own[-1].isdigit() and parts[-1] == own[-1] and "grad" in whole:
        return True  # params[0] and grads[0]
    stem = {"W": r"(w|weights?|filters?|kernels?|k|theta)", "b": r"(b|bias(es)?)"}.get(name, name)
    pattern = rf"(d|g|dl|dld|grad|gradient|nabla|delta)s?(of)?{stem}|{stem}(grad|gradient|delta)s?|dldr{stem}"
    inside = "grad" in whole.rpartition(".")[0] and re.fullmatch(rf"d?{stem}", low)
    return bool(re.fullmatch(pattern, low) or inside)


def place_of(owner: Any, name: str, like: Array) -> Path | None:
    """Where in an object W, b, gamma or beta lies: by its name and size, else the only array of its shape."""
    stems = {
        "W": r"\w*(w\d?|weights?|filters?|kernels?|k|theta|embeddings?|table|matrix|w_\w+)",
        "b": r"\w*(b\d?|bias(es)?|b_\w+)",
        "gamma": r"\w*(gamma|g|scale)",
        "beta": r"\w*(beta|b|shift)",
    }
    same: list[Path] = []
    for path, values in walk(owner):
        whole = name_of(path).lower()
        last = whole.split(".")[-1].strip("_")
        if "grad" in whole or re.match(r"d[wbgkf](?![a-z]{3})", last):
            continue
        fits = values.shape == like.shape or (name != "W" and _holds(values, like))
        if fits and re.fullmatch(stems[name], last):
            return path
        if values.shape == like.shape and values.dtype.kind == "f" and name == "W":
            same.append(path)
    return same[0] if len(same) == 1 else None


def _holds(values: Array, like: Array) -> bool:
    """Whether a bias lies there, perhaps one for each place."""
    return values.size == like.size or (values.ndim == 3 and like.size in (values.shape[0], values.shape[-1]))
