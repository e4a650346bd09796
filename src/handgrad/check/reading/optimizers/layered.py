"""Update rules that a layer has of its own: `layer.update(lr)` moves its weights by the gradients that it keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.optimizers.arguments import parameters_of
from handgrad.check.reading.optimizers.constants import literals_of
from handgrad.check.reading.optimizers.names import DEFAULT, kind_of, looks_like_step, option_of, partner
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Function, Program
from handgrad.check.subject import Arrays
from handgrad.kernels.types import Array

_SIZES = (3, 4)
_SECONDS = 2.0
_UPDATES = re.compile(r"update|(^|_)step($|_)|apply|adjust|optimi[sz]e|descen[dt]|(^|_)learn($|_)", re.IGNORECASE)
_OTHER = re.compile(r"init|train|fit|test|predict|forward|backward|loss|zero|reset", re.IGNORECASE)


@dataclass
class LayerUpdate:
    """Implements `UpdateSubject`: a layer's method, its gradients put where backward would leave them."""

    program: Program
    function: Function
    pairs: dict[str, str]
    kind: str = ""
    source: str = ""
    literals: tuple[float, ...] = ()
    options: dict[str, float] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def made(self) -> Any:
        """A fresh layer.

        Raises:
            TypeError: its constructor wants more than two sizes.
        """
        cls = self.program.fresh()[self.function.owner]
        required = [p.name for p in parameters_of(cls) if p.default is p.empty]
        if len(required) > len(_SIZES):
            raise TypeError("the layer wants more than its sizes")
        return cls(**dict(zip(required, _SIZES, strict=False)))

    def run(self, tensors: Arrays, gradients: Sequence[Arrays]) -> list[dict[str, Array]]:
        """See `UpdateSubject.run`."""
        layer = self.made()
        for name, values in tensors.items():
            setattr(layer, name, values.copy())
        found = []
        with np.errstate(all="ignore"):
            for t, given in enumerate(gradients, start=1):
                for name, values in given.items():
                    setattr(layer, self.pairs[name], values.copy())
                self._call(layer, t)
                found.append({name: np.array(getattr(layer, name), float) for name in self.shapes})
        return found

    def _call(self, layer: Any, t: int) -> None:
        target, names = getattr(layer, self.function.name), self.function.parameters
        values: dict[str, Any] = {}
        for parameter in parameters_of(target):
            option = option_of(parameter.name, self.kind, names)
            if parameter.default is parameter.empty:
                values[parameter.name] = DEFAULT[option] if option else t
        target(**values)


def layer_updates(program: Program, thing: str = "") -> Iterator[LayerUpdate]:
    """Methods of layers that move all of the layer's parameters, or some of them."""
    for owner, methods in program.methods.items():
        if thing not in ("", owner) or not any("back" in name.lower() for name in methods):
            continue
        for function in methods.values():
            if not _UPDATES.search(function.name) or _OTHER.search(function.name) or function.name[:2] == "__":
                continue
            with suppress(Exception), patience(_SECONDS):
                subject = _subject(program, owner, function)
                if subject is not None and _moves(subject):
                    yield subject


def _subject(program: Program, owner: str, function: Function) -> LayerUpdate | None:
    known = [option_of(name, "", function.parameters) or looks_like_step(name) for name in function.required]
    if not all(known):
        return None
    nodes = [f.node for f in program.methods[owner].values()]
    names = tuple(dict.fromkeys(name for node in nodes for name in _own_attributes(node)))
    used = _own_attributes(function.node)
    pairs = {of: name for name in names if name in used and (of := partner(name, names))}
    source = ast.unparse(function.node)
    subject = LayerUpdate(program, function, pairs, kind_of(function.name), source)
    layer = subject.made()
    arrays = {n: getattr(layer, n, None) for n in pairs}
    subject.shapes = {n: a.shape for n, a in arrays.items() if isinstance(a, np.ndarray) and a.ndim}
    subject.pairs = {n: g for n, g in pairs.items() if n in subject.shapes}
    subject.literals = literals_of(program, function.node)
    words = set(re.findall(r"\w+", source))
    for name, value in vars(layer).items():
        option = option_of(name, subject.kind)
        if option and option != "learning_rate" and isinstance(value, float) and name in words:
            subject.options.setdefault(option, value)
    for parameter in parameters_of(getattr(layer, function.name)):
        option = option_of(parameter.name, subject.kind, function.parameters)
        if option:
            value = DEFAULT[option] if parameter.default is parameter.empty else parameter.default
            subject.options[option] = float(value)
    return subject if subject.shapes else None


def _own_attributes(node: ast.AST) -> list[str]:
    """Of self, in the order of the text."""
    found = [n for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)]
    return [n.attr for n in found if isinstance(n.value, ast.Name) and n.value.id == "self"]


def _moves(subject: LayerUpdate) -> bool:
    rng = np.random.default_rng(4)
    before = {n: rng.uniform(0.5, 2.0, s) for n, s in subject.shapes.items()}
    after = subject.run(before, [{n: rng.standard_normal(s) for n, s in subject.shapes.items()}])[-1]
    return any(after[n].shape == before[n].shape and not np.array_equal(after[n], before[n]) for n in before)


__all__ = ["LayerUpdate", "layer_updates"]
