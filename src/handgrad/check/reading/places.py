"""Where arrays lie in a program's objects: paths through attributes, dicts and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np

from handgrad.kernels.types import Array

Path = tuple[tuple[str, Any], ...]  # ("attr", "W1"), ("item", "W1"), ("item", 0)
_DEPTH = 6
_BOXES = ("data", "value", "values", "val", "array", "arr", "tensor")
_INTERCEPT = re.compile(r"_?(bias|b|intercept|biais|sesgo)\d?_?", re.IGNORECASE)


def walk(value: Any, path: Path = (), depth: int = 0, seen: set[int] | None = None) -> Iterator[tuple[Path, Array]]:
    """Every numeric array in a value, with its path; numbers too, as arrays without dimensions."""
    seen = set() if seen is None else seen
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        yield path, value
        return
    if isinstance(value, bool) or value is None:
        return
    whole = isinstance(value, int) and path and _INTERCEPT.fullmatch(str(path[-1][1])) is not None
    if isinstance(value, float | np.floating) or whole:  # self.bias = 0
        yield path, np.asarray(value, float)
        return
    if isinstance(value, list) and value and all(isinstance(v, float) for v in value):
        yield path, np.array(value)
        return
    if depth >= _DEPTH or id(value) in seen:
        return
    for step, inner in _children(value):
        yield from walk(inner, (*path, step), depth + 1, seen | {id(value)})


def _children(value: Any) -> Iterator[tuple[tuple[str, Any], Any]]:
    if isinstance(value, dict):
        for key, inner in list(value.items())[:200]:
            if isinstance(key, str | int):
                yield ("item", key), inner
    elif is_named_tuple(value):
        yield from ((("attr", key), getattr(value, key)) for key in value._fields)
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        if len(value) and all(isinstance(v, float | int) for v in value):
            return
        for place, inner in enumerate(list(value)[:60]):
            yield ("item", place), inner
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not callable(getattr(value, "mro", None)):
        if type(value).__module__ == "builtins" or type(value).__name__ in ("module", "function", "StandIn"):
            return
        for key, inner in list(vars(value).items()):
            yield ("attr", key), inner


def get(value: Any, path: Path) -> Any:
    """What lies at a path.

    Raises:
        KeyError, IndexError, AttributeError: nothing does.
    """
    for kind, key in path:
        value = getattr(value, key) if kind == "attr" else value[key]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """Put something at a path; tuples on the way are made anew. Returns the outermost object."""
    if not path:
        return new
    (kind, key), rest = path[0], path[1:]
    if kind == "attr":
        inner = put(getattr(value, key), rest, new)
        if is_named_tuple(value):
            return value._replace(**{key: inner})
        try:
            setattr(value, key, inner)
        except FrozenInstanceError:
            object.__setattr__(value, key, inner)
        return value
    inner = put(value[key], rest, new) if rest else new
    if isinstance(value, tuple):
        return (*value[:key], inner, *value[key + 1 :])
    value[key] = inner
    return value


def write(value: Any, path: Path, new: Array) -> None:
    """Numbers into the array at a path, so that whoever shares it sees them; another array where it does not fit."""
    now = get(value, path)
    if isinstance(now, np.ndarray) and (now.shape, now.dtype) == (new.shape, new.dtype) and now.flags.writeable:
        now[...] = new
    else:
        put(value, path, new)


def is_named_tuple(value: Any) -> bool:
    """A tuple whose parts have names: `Params(w1, b1)`."""
    return isinstance(value, tuple) and hasattr(value, "_fields") and hasattr(value, "_replace")


def name_of(path: Path) -> str:
    """A path in words: W1, layers.0.W, params.W1; of a tensor in a box of its own (weight.data) the tensor's.

    >>> name_of((("attr", "fc1"), ("attr", "weight"), ("attr", "data")))
    'fc1.weight'
    >>> name_of((("attr", "fc1"), ("attr", "weight"), ("attr", "grad")))
    'fc1.weight_grad'
    """
    words = [str(key) for _, key in path]
    boxed = len(path) > 1 and path[-1][0] == "attr" and path[-2][0] == "attr"
    if boxed and words[-1].strip("_") in _BOXES:
        words.pop()
    elif boxed and words[-1].strip("_") in ("grad", "gradient"):
        words[-2:] = [f"{words[-2]}_grad"]
    return ".".join(words)


def numbers_in(name: str) -> list[int]:
    """The whole numbers in a name, in order.

    >>> numbers_in("layers.2.W1")
    [2, 1]
    """
    found, current = [], ""
    for letter in name + " ":
        if letter.isdigit():
            current += letter
        elif current:
            found.append(int(current))
            current = ""
    return found
