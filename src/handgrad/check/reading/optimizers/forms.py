"""How an update is handed its parameters and gradients: arrays, dicts, lists, objects with both."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.optimizers.names import partner
from handgrad.kernels.types import Array

Tensors = Mapping[str, Array]
_SHAPES: dict[str, tuple[int, ...]] = {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,), "W3": (2, 5), "b3": (5,)}
_SQUARE: dict[str, tuple[int, ...]] = dict.fromkeys(_SHAPES, (3, 3))


class Thing:
    """Something with attributes: a layer, a parameter, a model."""

    trainable = True

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


@dataclass(frozen=True)
class Form:
    """Parameters and gradients in a program's own way.

    Attributes:
        shapes: of the tensors, by names.
        make: the value that holds the parameters.
        gradient: the value that holds the gradients; None where they lie in the parameters' objects.
        insert: puts gradients into the parameters' objects.
        read: the tensors in a value that holds parameters.
    """

    shapes: dict[str, tuple[int, ...]]
    make: Callable[[Tensors], Any]
    gradient: Callable[[Tensors], Any] | None
    read: Callable[[Any], dict[str, Array]]
    insert: Callable[[Any, Tensors], None] = field(default=lambda value, gradients: None)

    def zeros(self, tensors: Tensors) -> Any:
        """Memory in the form of the parameters; dicts have it under the names of the gradients as well."""
        empty = {name: np.zeros_like(value) for name, value in tensors.items()}
        value = self.make(empty)
        if isinstance(value, dict) and self.gradient is not None:
            given = self.gradient({name: np.zeros_like(a) for name, a in tensors.items()})
            return {**(given if isinstance(given, dict) else {}), **value}
        return value


def _sure(value: Any, shape: tuple[int, ...] | None = None) -> Array:
    if not isinstance(value, np.ndarray | float | np.floating):
        raise ValueError("the update left no array where the parameters were")
    return np.array(value, float)


def array_form(shape: tuple[int, ...]) -> Form:
    """One array."""
    return Form({"θ": shape}, lambda t: t["θ"], lambda g: g["θ"], lambda value: {"θ": _sure(value)})


def dict_form(names: Mapping[str, str], shapes: dict[str, tuple[int, ...]], both: bool = False) -> Form:
    """A dict; `names`: each tensor's name with that of its gradient. `both`: gradients under either name."""

    def gradient(g: Tensors) -> Any:
        made = {names[n]: g[n] for n in names}
        return {**made, **{n: g[n] for n in names}} if both else made

    return Form(
        {n: shapes[n] for n in names}, lambda t: {n: t[n] for n in names}, gradient,
        lambda value: {n: _sure(value[n]) for n in names},
    )  # fmt: skip


def list_form(names: list[str], shapes: dict[str, tuple[int, ...]], make: type = list) -> Form:
    """A list or tuple in the order of the names."""

    def read(value: Any) -> dict[str, Array]:
        if len(value) != len(names):
            raise ValueError("another number of parameters came back")
        return {n: _sure(v) for n, v in zip(names, value, strict=True)}

    return Form(
        {n: shapes[n] for n in names}, lambda t: make(t[n] for n in names), lambda g: make(g[n] for n in names), read
    )


def nested_form(shapes: dict[str, tuple[int, ...]], make: type) -> Form:
    """A list of [W, b] or (W, b), one a layer."""

    def parts(t: Tensors) -> Any:
        return [make((t["W1"], t["b1"])), make((t["W2"], t["b2"]))]

    def read(value: Any) -> dict[str, Array]:
        return {f"{n}{l}": _sure(value[l - 1][place]) for l in (1, 2) for place, n in enumerate("Wb")}

    return Form({n: shapes[n] for n in ("W1", "b1", "W2", "b2")}, parts, parts, read)


def layers_form(keys: tuple[str, str], gradient_keys: tuple[str, str], square: bool) -> Form:
    """A list of dicts, one a layer."""
    shapes = _SQUARE if square else _SHAPES

    def parts(t: Tensors, under: tuple[str, str]) -> Any:
        return [{under[0]: t[f"W{l}"], under[1]: t[f"b{l}"]} for l in (1, 2)]

    def read(value: Any) -> dict[str, Array]:
        return {f"{n}{l}": _sure(value[l - 1][key]) for l in (1, 2) for n, key in zip("Wb", keys, strict=True)}

    names = ("W1", "b1", "W2", "b2")
    return Form({n: shapes[n] for n in names}, lambda t: parts(t, keys), lambda g: parts(g, gradient_keys), read)


def objects_form(pairs: Mapping[str, str], how: str) -> Form:
    """Objects that hold parameters and gradients in attributes.

    `pairs`: attribute of a parameter with that of its gradient; `how`: "one" object, "list" of two, "model" with
    `layers`, or "parameters": a list with one object a tensor.
    """
    count = 1 if how == "one" else 2
    if how == "parameters":
        pairs = dict(list(pairs.items())[:1])
        count = 4
    kinds = list(_SHAPES)
    names = {(l, a): _tensor_name(a, l, how, kinds) for l in range(count) for a in pairs}
    shapes = {name: _SHAPES[kinds[l] if how == "parameters" else _shape_key(a, l)] for (l, a), name in names.items()}

    def things(value: Any) -> list[Any]:
        found: list[Any] = [value] if how == "one" else value.layers if how == "model" else value
        return found

    def make(t: Tensors) -> Any:
        made = [
            Thing(**{a: t[names[l, a]] for a in pairs}, **{g: np.zeros_like(t[names[l, a]]) for a, g in pairs.items()})
            for l in range(count)
        ]
        return made[0] if how == "one" else Thing(layers=made) if how == "model" else made

    def insert(value: Any, gradients: Tensors) -> None:
        for l, thing in enumerate(things(value)):
            for a, g in pairs.items():
                setattr(thing, g, gradients[names[l, a]])

    def read(value: Any) -> dict[str, Array]:
        return {names[l, a]: _sure(getattr(things(value)[l], a)) for l in range(count) for a in pairs}

    return Form(shapes, make, None, read, insert)


def _shape_key(attribute: str, layer: int) -> str:
    return ("b" if attribute.lower().startswith(("b", "beta")) else "W") + str(layer + 1)


def _tensor_name(attribute: str, layer: int, how: str, kinds: list[str]) -> str:
    return kinds[layer] if how == "parameters" else attribute if how == "one" else f"{attribute}{layer + 1}"


def stores_form(keys: tuple[str, str], gradient_keys: tuple[str, str], names: tuple[str, str], many: bool) -> Form:
    """Layers with a dict of parameters and one of gradients: layer.params["W"], layer.grads["W"]."""
    inner = layers_form(keys, gradient_keys, square=False)
    chosen = ("W1", "b1", "W2", "b2") if many else ("W1", "b1")

    def padded(t: Tensors) -> Tensors:
        return {n: t[n] if n in t else np.zeros(_SHAPES[n]) for n in ("W1", "b1", "W2", "b2")}

    def make(t: Tensors) -> Any:
        made = [Thing(**{names[0]: layer, names[1]: {}}) for layer in inner.make(padded(t))]
        return made if many else made[0]

    def insert(value: Any, gradients: Tensors) -> None:
        if inner.gradient is not None:
            for thing, given in zip(value if many else [value], inner.gradient(padded(gradients)), strict=False):
                setattr(thing, names[1], given)

    def read(value: Any) -> dict[str, Array]:
        stores = [getattr(thing, names[0]) for thing in (value if many else [value])]
        found = {
            f"{n}{l}": _sure(store[k]) for l, store in enumerate(stores, 1) for n, k in zip("Wb", keys, strict=True)
        }
        return {n: found[n] for n in chosen}

    return Form({n: _SHAPES[n] for n in chosen}, make, None, read, insert)


def pairs_form(gradient_first: bool) -> Form:
    """A list of (gradient, parameter) pairs, or the other way round; the arrays are changed in place."""
    names = ["W1", "b1", "W2", "b2"]

    def make(t: Tensors) -> Any:
        return [(np.zeros_like(t[n]), t[n])[:: 1 if gradient_first else -1] for n in names]

    def insert(value: Any, gradients: Tensors) -> None:
        place = 0 if gradient_first else 1
        for pair, n in zip(value, names, strict=True):
            pair[place][...] = gradients[n]

    def read(value: Any) -> dict[str, Array]:
        return {n: _sure(pair[1 if gradient_first else 0]) for pair, n in zip(value, names, strict=True)}

    return Form({n: _SHAPES[n] for n in names}, make, None, read, insert)


def container_forms(node: ast.AST, square: bool) -> Iterator[Form]:
    """Forms for one argument with all parameters and one with all gradients, the likeliest first."""
    shapes = _SQUARE if square else _SHAPES
    own = _own_keys(node)
    if own:
        sizes = dict(zip(own, [shapes[n] for n in ("W1", "b1", "W2", "b2", "W3", "b3", "W1", "b1")], strict=False))
        if len(sizes) == len(own):
            yield dict_form(own, {n: shapes.get(n, sizes[n]) for n in own})
    if not square:
        yield array_form((3, 2))
    usual = ["W1", "b1", "W2", "b2"]
    yield dict_form({n: n for n in usual}, shapes)
    yield dict_form({n: f"d{n}" for n in usual}, shapes)
    yield list_form(usual, shapes)
    yield dict_form({n: f"d{n}" for n in usual}, shapes, both=True)
    for keys, under in ((("W", "b"), ("dW", "db")), (("W", "b"), ("W", "b")), (("w", "b"), ("dw", "db")),
                        (("weights", "biases"), ("weights", "biases")), (("weights", "bias"), ("weights", "bias")),
                        (("weight", "bias"), ("weight", "bias"))):  # fmt: skip
        yield layers_form(keys, under, square)
    yield list_form(usual, shapes, tuple)
    yield nested_form(shapes, list)
    yield nested_form(shapes, tuple)


def _own_keys(node: ast.AST) -> dict[str, str]:
    """Parameters and gradients by the string keys in the source: {"w_ih": "dw_ih"}; the same key for both where
    no key has a gradient's name, with a bias for each of the weights where there are biases at all."""
    slices = [n.slice for n in ast.walk(node) if isinstance(n, ast.Subscript)]
    keys = [k.value for k in slices if isinstance(k, ast.Constant) and isinstance(k.value, str)]
    names = tuple(dict.fromkeys(keys))
    found = {}
    for name in names:
        of = partner(name, names)
        if of:
            found[of] = name
    if found:
        return found
    if not any(keys.count(n) >= 2 and re.match(r"[Wwb]", n) for n in names):
        return {}
    layers = [n[1:] for n in names if re.fullmatch(r"W\d", n)] if any(re.fullmatch(r"b\d", n) for n in names) else []
    named = [n for n in names if re.match(r"[Wwb]", n)]
    return {n: n for n in dict.fromkeys((*(x + l for l in layers for x in "Wb"), *named))}


_ATTRIBUTES = (
    ("weights", "dweights"), ("W", "dW"), ("w", "dw"), ("data", "grad"), ("value", "grad"), ("weight", "grad_weight"),
    ("val", "grad"), ("array", "grad"),
)  # fmt: skip


def object_forms(node: ast.AST) -> Iterator[Form]:
    """Forms for an argument that holds parameters and gradients both, from the attributes in the source."""
    plain = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)]
    quoted = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]  # getattr
    attributes = tuple(dict.fromkeys((*plain, *(word for word in quoted if word.isidentifier()))))
    pairs = {of: name for name in attributes if (of := partner(name, attributes))}
    pairs = {a: g for a, g in pairs.items() if not re.match(r"self|lr|eta|np", a)}
    known = {a: g for a, g in _ATTRIBUTES if a in attributes and g in attributes}
    chosen = pairs or known
    if "grad" in attributes and not pairs:
        chosen = {a: "grad" for a in attributes if a in ("data", "value", "val", "array", "tensor")}
    if chosen:
        for how in ("one", "list", "model", "parameters"):
            yield objects_form(chosen, how)
    for store, grads in (("params", "grads"), ("parameters", "gradients"), ("params", "gradients")):
        if store in attributes and grads in attributes:
            for keys, under in ((("W", "b"), ("W", "b")), (("W", "b"), ("dW", "db"))):
                for many in (True, False):
                    yield stores_form(keys, under, (store, grads), many)
    yield pairs_form(True)
    yield pairs_form(False)


def many_forms(pairs: Mapping[str, str], square: bool) -> Iterator[Form]:
    """Parameters that come one by one: an array each, or a list of arrays each."""
    names = list(pairs)
    usual = list((_SQUARE if square else _SHAPES).items())
    matrices, vectors = [s for n, s in usual if n[0] == "W"], [s for n, s in usual if n[0] == "b"]
    shapes, weights, biases = dict[str, tuple[int, ...]](), 0, 0
    for name in names:
        if re.match(r"b|beta|.*bias", name, re.IGNORECASE):
            shapes[name] = vectors[biases % 3]
            biases += 1
        else:
            shapes[name] = matrices[weights % 3]
            weights += 1
    plural = any(re.fullmatch(r"ws|bs|\w*weights|\w*biases|\w*_list", name, re.IGNORECASE) for name in names)
    if not plural:
        yield list_form(names, shapes)
    listed = {f"{name}{l + 1}": (vectors if shapes[name] in vectors else matrices)[l] for name in names for l in (0, 1)}

    def lists(t: Tensors) -> Any:
        return [[t[f"{name}{l}"] for l in (1, 2)] for name in names]

    def read(value: Any) -> dict[str, Array]:
        return {f"{n}{l}": _sure(part[l - 1]) for n, part in zip(names, value, strict=True) for l in (1, 2)}

    yield Form(listed, lists, lists, read)
    if plural:
        yield list_form(names, shapes)
