"""Functions of a program that cut gradients to a limit."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.reading.optimizers.arguments import parameters_of
from handgrad.check.reading.optimizers.forms import Thing
from handgrad.check.reading.optimizers.names import looks_like_gradient, looks_like_theta
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Function, Program
from handgrad.kernels.types import Array

_NAME = re.compile(r"clip", re.IGNORECASE)
_LIMIT = re.compile(
    r"max_?(norm|val(ue)?|grad(ient)?s?(_norm)?)?|threshold|clip\w*|limit|c|maxvalue|bound|norm|thresh|cap",
    re.IGNORECASE,
)
_SHAPES = {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)}
_SECONDS = 3.0
Shape = Mapping[str, tuple[int, ...]]


@dataclass
class ProgramClipping:
    """Implements `ClippingSubject`."""

    program: Program
    name: str
    gradient: str
    limit_name: str
    limit: float
    shapes: Mapping[str, tuple[int, ...]]
    make: Callable[[dict[str, Array]], Any]
    read: Callable[[Any], dict[str, Array]]

    def run(self, gradients: dict[str, Array]) -> dict[str, Array]:
        """See `ClippingSubject.run`."""
        held = self.make(gradients)
        function = self.program.fresh()[self.name]
        with np.errstate(all="ignore"), patience(_SECONDS):
            returned = function(**{self.gradient: held, self.limit_name: self.limit})
        parts = returned if isinstance(returned, tuple) and not isinstance(held, tuple) else (returned,)
        for part in parts:
            with suppress(Exception):
                found = self.read(part)
                if all(found[n].shape == tuple(s) for n, s in self.shapes.items()):
                    return found
        return self.read(held)


def find_clippings(program: Program, thing: str = "") -> Iterator[tuple[ProgramClipping, list[str]]]:
    """Functions called clip…() with gradients and a limit, in the first form of gradients that runs."""
    for function in program.functions.values():
        if not _NAME.search(function.name) or thing not in ("", function.name):
            continue
        with suppress(Exception):
            subject = _first(program, function)
            if subject is not None:
                yield subject, [f"{function.name}() read as clipping of gradients, limit {subject.limit:g}"]


def _first(program: Program, function: Function) -> ProgramClipping | None:
    parameters = parameters_of(program.fresh()[function.name])
    gradient = next((p.name for p in parameters if looks_like_gradient(p.name) and not _LIMIT.fullmatch(p.name)), "")
    held = _attribute(function) if not gradient else ""
    if held:
        gradient = next((p.name for p in parameters if looks_like_theta(p.name)), "")
    limit = next((p for p in parameters if p.name != gradient and _LIMIT.fullmatch(p.name)), None)
    required = {p.name for p in parameters if p.default is p.empty}
    if not gradient or limit is None or required - {gradient, limit.name}:
        return None
    value = float(limit.default) if isinstance(limit.default, int | float) else 2.0
    for shapes, make, read in _objects(held) if held else _forms(function):
        subject = ProgramClipping(program, function.name, gradient, limit.name, value, shapes, make, read)
        with suppress(Exception):
            subject.run({n: np.full(s, 5 * value) for n, s in shapes.items()})
            return subject
    return None


def _attribute(function: Function) -> str:
    """The attribute in which parameters hold their gradients: p.grad."""
    names = [n.attr for n in ast.walk(function.node) if isinstance(n, ast.Attribute)]
    return next((n for n in names if n in ("grad", "gradient", "g")), "")


def _objects(
    attribute: str,
) -> Iterator[tuple[Shape, Callable[[dict[str, Array]], Any], Callable[[Any], dict[str, Array]]]]:
    """A list of parameters that hold their gradients, alone or in something with `parameters()`."""
    names = list(_SHAPES)

    def parameters(g: dict[str, Array]) -> list[Any]:
        return [Thing(data=np.ones_like(g[n]), **{attribute: g[n]}) for n in names]

    def read(value: Any) -> dict[str, Array]:
        things = value if isinstance(value, list) else value.parameters()
        return {n: np.array(getattr(thing, attribute), float) for n, thing in zip(names, things, strict=True)}

    def model(g: dict[str, Array]) -> Any:
        made = parameters(g)
        return Thing(parameters=lambda: made)

    yield _SHAPES, parameters, read
    yield _SHAPES, model, read


def _forms(
    function: Function,
) -> Iterator[tuple[Shape, Callable[[dict[str, Array]], Any], Callable[[Any], dict[str, Array]]]]:
    """Dicts with the program's own keys, lists, dicts with the usual keys, one array."""
    nodes = [n for n in ast.walk(function.node) if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant)]
    keys = dict.fromkeys(n.slice.value for n in nodes if isinstance(n.slice, ast.Constant))
    own = [key for key in keys if isinstance(key, str)]
    if own:
        shapes = {key: (3, 2 + place) for place, key in enumerate(own)}
        yield shapes, dict, lambda value: {n: np.array(value[n], float) for n in shapes}
    names = list(_SHAPES)
    loops = any(
        isinstance(n, ast.For | ast.ListComp | ast.DictComp | ast.GeneratorExp) for n in ast.walk(function.node)
    )
    if loops:
        yield _SHAPES, dict, lambda value: {n: np.array(value[n], float) for n in names}
        yield (
            _SHAPES,
            lambda g: [g[n] for n in names],
            lambda value: {n: np.array(v, float) for n, v in zip(names, value, strict=True)},
        )
    yield {"g": (3, 4)}, lambda g: g["g"], lambda value: {"g": np.array(value, float)}
