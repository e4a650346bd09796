"""Where a program's CNN lives: an object of a class, objects at the top level, or what an init function returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from handgrad.check.reading.places import Path, get, name_of, walk
from handgrad.check.reading.program import Program, signature_of
from handgrad.check.reading.rate_places import penalty_paths, rate_paths
from handgrad.check.reading.roles import INITIALIZES, looks_like_buffer, looks_like_gradient
from handgrad.check.reading.worlds import World, constructor_arguments
from handgrad.kernels.types import Array

CLASSES = 5
_SMALL: tuple[tuple[str, int], ...] = (
    (r"(num|n|n_?b)_?_?classes|classes|n_?out\w*|out(put)?_?(dim|size|units)?|num_outputs|labels?|k_classes", CLASSES),
    (r"\w*hidden\w*|n_?h|units|fc\w*|dense\w*", 7),
    (r"(filter|kernel|f|k|conv)_?_?(size|dim|h|w|height|width)?\d?|ksize|f\d?|k\d?|hh|ww", 3),
    (r"\w*(filters?|kernels?|maps?|depth|out_?channels?|n_?f|nf|channels_out|c_out|filter_num)\d?", 4),
    (r"pool\w*", 2),
)
_SHAPE = re.compile(r"(in|img|image|input|x)?_?(put)?_?(shape|dims?|size)", re.IGNORECASE)
_COUNT = re.compile(r"\w*(num|n_|nb|count|no_)\w*(filter|kernel|map)\w*|filters|kernels|filter_num|n_?f", re.IGNORECASE)


def cnn_worlds(program: Program, thing: str = "") -> Iterator[World]:
    """Likely places of a CNN's parameters, each made small where its constructor allows."""
    owner = thing.split(".")[0]
    classes = [name for name in program.methods if not owner or name == owner or owner not in program.methods]
    for name in sorted(classes, key=lambda n: -_likeness(program, n)):
        for make in _makers(program, name):
            yield _world(program, "object", "self", make, name, f"class {name}")
    if owner in program.methods:
        return
    yield _world(program, "globals", "globals", lambda ns, s: ns, "", "objects at the top level")
    for function in program.functions.values():
        if INITIALIZES.search(function.name):
            for make in _makers(program, function.name):
                yield _world(program, "made", "made", make, "", f"parameters from {function.name}()")


def _likeness(program: Program, name: str) -> int:
    likely = 2 * bool(re.search(r"net|cnn|model|classif|nn$", name, re.IGNORECASE))
    return likely + min(len(program.methods[name]), 3) - 3 * bool(re.search(r"layer|conv|pool|dense$", name.lower()))


def _makers(program: Program, name: str) -> Iterator[Callable[[dict[str, Any], Any], Any]]:
    """Small arguments by their names, then the defaults, then an object that the program made itself."""
    for tall in (8, 12):
        yield partial(_make_small, name, tall)
    for arguments in constructor_arguments(program.methods[name].get("__init__")) if name in program.methods else ():
        yield partial(_make_flat, name, arguments)
    yield lambda ns, s: ns[name]()
    for key, value in program.fresh().items():
        if type(value).__name__ == name:
            yield lambda ns, s, key=key: ns[key]  # type: ignore[misc]


def _make_flat(name: str, arguments: Callable[[list[int]], dict[str, Any]], namespace: dict[str, Any], _: Any) -> Any:
    """A net of dense layers: sizes as a net without images takes them."""
    given = arguments([9, 7, 6, CLASSES])
    return namespace[name](*given.pop("*", ()), **given)


def _make_small(name: str, tall: int, namespace: dict[str, Any], _: Any) -> Any:
    arguments: dict[str, Any] = {}
    for parameter in signature_of(namespace[name]):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        default = None if parameter.default is parameter.empty else parameter.default
        value = small(parameter.name, default, tall, namespace)
        if value is not None:
            arguments[parameter.name] = value
        elif parameter.default is parameter.empty:
            raise TypeError(f"no value for the argument {parameter.name}")
    return namespace[name](**arguments)


def small(name: str, default: Any, tall: int, namespace: dict[str, Any]) -> Any:
    """A small value for a constructor's argument by its name, None to leave it."""
    low = name.lower().strip("_")
    if isinstance(default, dict):
        return {k: v if (made := small(str(k), v, tall, namespace)) is None else made for k, v in default.items()}
    if isinstance(default, bool | str | float) or callable(default):
        return None
    if _SHAPE.fullmatch(low) and not isinstance(default, int):
        return _small_shape(default, tall)
    if isinstance(default, tuple | list):
        return None
    if re.search(r"channels?$|^c$|^n_?c$|depth_?in", low) and not re.search("out", low):
        return default if isinstance(default, int) else 1
    if _COUNT.fullmatch(low):
        return 4
    if re.search(r"^(img|image|input|in)?_?(size|h|w|height|width|dim|hw)$", low):
        return tall
    if re.search(r"pad|stride|seed|epoch|batch|iter", low):
        return (
            1 if default is None and re.search("stride|seed|epoch|batch|iter", low) else 0 if default is None else None
        )
    if re.search(r"^(lr|eta|alpha|learn\w*|rate)$", low):
        return 0.05
    if re.search(r"rng|random", low):
        return np.random.default_rng(0)
    return next((value for pattern, value in _SMALL if re.fullmatch(pattern, low)), None)


def _small_shape(default: Any, tall: int) -> Any:
    """(1, 28, 28) → (1, 8, 8), (28, 28, 1) → (8, 8, 1), (28, 28) → (8, 8)."""
    if not isinstance(default, tuple | list) or not all(isinstance(v, int) for v in default):
        return (1, tall, tall)
    made = [v if v <= 4 else tall for v in default]
    return tuple(made) if isinstance(default, tuple) else made


def _world(program: Program, kind: str, root: str, make: Any, owner: str, said: str) -> World:
    world = World(kind, root, make, {}, ())
    world.owner, world.said, world.scalable = owner, said, False
    start: Path = (("item", root),)
    with suppress(Exception):
        made = make(program.fresh(), ())
        world.rates, world.penalties = rate_paths(made, start), penalty_paths(made, start)
    return world


def parameters_of(world: World, env: dict[str, Any]) -> list[tuple[Path, Array]]:
    """Every array that may be a weight or a bias, once, in the order in which they lie there."""
    found: list[tuple[Path, Array]] = []
    seen: set[int] = set()
    roots = _roots(world, env)
    for path, array in ((p, a) for root in roots for p, a in walk(get(env, root), root)):
        label = name_of(path)
        last = re.sub(r"[^a-z]", "", label.split(".")[-1].lower())
        if array.dtype.kind != "f" or not array.ndim or id(array) in seen or array.size < 2:
            continue
        if looks_like_buffer(label) or "mean" in last or last.endswith("var") or _is_gradient(label):
            continue
        seen.add(id(array))
        found.append((path, array))
    return found


def _is_gradient(label: str) -> bool:
    last = label.split(".")[-1]
    return looks_like_gradient(last) and re.match(r"(?i)gamma|dense|depth|delta$|w|b", last) is None


def _roots(world: World, env: dict[str, Any]) -> list[Path]:
    if world.kind != "globals":
        return [(("item", world.root),)]
    found: list[Path] = []
    for key, value in env["globals"].items():
        if not key.startswith("__") and not callable(getattr(value, "mro", None)):
            found.append((("item", "globals"), ("item", key)))
    return found
