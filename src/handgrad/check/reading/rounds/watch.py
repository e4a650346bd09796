"""The watcher that an instrumented program talks to: one round of one loop is recorded, or its parameters are moved."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from handgrad.check.reading.rounds.instrument import WATCHER
from handgrad.kernels.types import Array

Place = tuple[int, int]
Route = tuple[Any, ...]  # ("local" | "global", name, then attributes and keys)
_DEPTH, _MOST = 7, 4000


class _At:
    """`at[1:, 0]`: a subscript as a value."""

    def __getitem__(self, key: Any) -> Any:
        return key


class Finished(BaseException):
    """The round that was waited for is over."""


@dataclass
class Step:
    """One update: a tensor's name, where it stands, its leaf, the step divided by the rate, as a gradient."""

    place: Place
    text: str
    route: Route
    key: Any
    gradient: Array
    rated: bool


@dataclass
class Watcher:
    """What a run is for.

    Attributes:
        loop, entry: the loop and which of its rounds (counted from 0 over the whole run) is watched; None surveys.
        moved: values that leaves get when the round begins.
        frozen: updates are recorded, but move nothing.
        choices: which edit stands in place of a statement, where the program has edits in it.
    """

    loop: Place | None = None
    entry: int = 0
    moved: Mapping[Route, Any] = field(default_factory=dict)
    frozen: bool = False
    choices: Mapping[int, int] = field(default_factory=dict)
    stacks: dict[Place, tuple[Place, ...]] = field(default_factory=dict)
    entries: dict[Place, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    losses: dict[str, tuple[float, float]] = field(default_factory=dict)
    differences: dict[Place, list[tuple[Array, Array]]] = field(default_factory=dict)
    start: dict[Route, Any] = field(default_factory=dict)
    open: list[Place] = field(default_factory=list)
    inside: bool = False
    seen: int = 0
    slots: dict[Any, Route] = field(default_factory=dict)
    frame: FrameType | None = None
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    at: _At = field(default_factory=_At)

    def enter(self, place: Place) -> None:
        """A round of a loop begins."""
        count = self.entries.get(place, 0)
        self.entries[place] = count + 1
        self.open.append(place)
        if place == self.loop and count == self.entry:
            self.inside, self.frame = True, sys._getframe(1)
            self._move(self.frame)
            self._index(self.frame)

    def leave(self, place: Place) -> None:
        """A round ends; the watched one ends the run."""
        if self.open:
            self.open.pop()
        if place == self.loop and self.inside and self.frame is not None:
            held = {**self.frame.f_globals, **self.frame.f_locals}
            self.shapes = {
                n: np.shape(v) for n, v in held.items() if isinstance(v, np.ndarray | int | float | np.number)
            }
            self.inside, self.frame = False, None
            raise Finished

    def local(self, place: Place, name: str, value: Any) -> Any:
        """A local variable that is a number, moved if it is to be."""
        if self.inside and place == self.loop and self.entries[place] == self.entry + 1:
            return self.moved.get(("local", name), value) if not isinstance(value, np.ndarray) else value
        return value

    def update(
        self, place: Place, text: str, step: Any, rate: Any, sinks: bool, current: Any, container: Any, key: Any
    ) -> Any:
        """A step of a parameter; what the program is given back it adds or subtracts."""
        if self.loop is None:
            self.seen += 1
            self.stacks.setdefault(place, tuple(self.open))
            if self.seen > 400:
                raise Finished
            return step
        if not self.inside:
            return step
        route = self._route(current, container, key, sys._getframe(1))
        if route is not None:
            size = float(rate) if isinstance(rate, int | float | np.number) and rate else 1.0
            made = np.array(step, float) * (1.0 if sinks else -1.0) / size
            inner = key if isinstance(container, np.ndarray) else None
            if inner is not None and ("array", id(container)) not in self.slots:
                inner = _in_base(container, key)
            self.steps.append(Step(place, text, route, inner, made, rate is not None))
        return step * 0 if self.frozen else step

    def loss(self, name: str, kind: str, value: Any) -> Any:
        """A loss: set anew, changed from its old value, added to, or a function's value."""
        if self.inside and isinstance(value, int | float | np.number | np.ndarray) and np.size(value) == 1:
            number = float(np.squeeze(value))
            closed, current = self.losses.get(name, (0.0, 0.0))
            if kind == "again":
                self.losses[name] = (closed, number)
            elif kind == "set":
                self.losses[name] = (closed + current, number)
            else:
                self.losses[name] = (closed, current + number)
        return value

    def difference(self, place: Place, left: Any, right: Any) -> Any:
        """A difference of two things; the program's own error may be among them."""
        if self.inside:
            try:
                pair = (np.array(left, float), np.array(right, float))
            except (TypeError, ValueError):
                return left - right
            self.differences.setdefault(place, []).append(pair)
        return left - right

    def _move(self, frame: FrameType) -> None:
        for route, value in self.moved.items():
            _put(frame, route, value)

    def _index(self, frame: FrameType) -> None:
        """Where every number that can be moved lies, by its array or by its container and key."""
        for count, (route, holder, key, value) in enumerate(_leaves(frame)):
            if count > _MOST:
                break
            self.kept.append(holder)
            if isinstance(value, np.ndarray):
                self.slots.setdefault(("array", id(value)), route)
            self.slots.setdefault(("slot", id(holder), str(key)), route)
            self.start[route] = value.copy() if isinstance(value, np.ndarray) else value

    def _route(self, current: Any, container: Any, key: Any, frame: FrameType) -> Route | None:
        if isinstance(container, np.ndarray):
            base = container.base if ("array", id(container)) not in self.slots else container
            return self.slots.get(("array", id(base)))
        if container is not None and hasattr(container, "__dict__") and not isinstance(container, dict | list):
            container = vars(container)
        found = self.slots.get(("slot", id(container), str(key))) if container is not None else None
        if found is None and isinstance(current, np.ndarray):
            found = self.slots.get(("array", id(current)))
        if found is None and container is None and frame is self.frame:
            for kind in ("local", "global"):
                if (kind, key) in self.start:
                    return (kind, key)
        if (
            found is None
            and container is None
            and ("global", key) in self.start
            and key not in frame.f_code.co_varnames
        ):
            return ("global", key)
        return found


def _in_base(view: Array, key: Any) -> Any:
    """Where view[key] lies in the array that the view is a part of: P[i][k]."""
    base = view.base
    if not isinstance(base, np.ndarray) or not base.flags.c_contiguous:
        return ()
    start = (view.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // base.itemsize
    places = np.full(view.shape, start)
    for axis, stride in enumerate(view.strides):
        places += np.indices(view.shape)[axis] * (stride // base.itemsize)
    return np.unravel_index(places if key is Ellipsis else places[key], base.shape)


def _leaves(frame: FrameType) -> Iterator[tuple[Route, Any, Any, Any]]:
    """Route, holder, key and value of each float array or number that the frame's variables reach."""
    seen: set[int] = set()
    own = {} if frame.f_locals is frame.f_globals else frame.f_locals
    for kind, names in (("local", own), ("global", frame.f_globals)):
        for name, value in list(names.items()):
            if not name.startswith("__") and name != WATCHER:
                yield from _inner((kind, name), names, name, value, seen, 0)


def _inner(route: Route, holder: Any, key: Any, value: Any, seen: set[int], depth: int) -> Iterator[Any]:
    if (isinstance(value, np.ndarray) and value.dtype.kind == "f") or (
        isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    ):
        yield route, holder, key, value
    elif depth < _DEPTH and id(value) not in seen:
        seen.add(id(value))
        inner: Any = ()
        if isinstance(value, dict):
            inner, holder = list(value.items())[:200], value
        elif isinstance(value, list | tuple):
            inner, holder = list(enumerate(value[:100])), value
        elif hasattr(value, "__dict__") and not isinstance(value, type) and not _is_foreign(value):
            inner, holder = list(vars(value).items()), vars(value)
        for step, part in inner:
            yield from _inner((*route, step), holder, step, part, seen, depth + 1)


def _is_foreign(value: Any) -> bool:
    """Functions, modules, stand-ins: nothing of the program's own making."""
    kind = type(value)
    return kind.__module__ == "builtins" or kind.__name__ in ("module", "Anything", "Watcher", "_Images")


def _put(frame: FrameType, route: Route, value: Any) -> None:
    """Set what lies at a route: arrays in place, numbers in what holds them (locals are set by `local`)."""
    kind, name, *rest = route
    held: Any = frame.f_locals if kind == "local" else frame.f_globals
    place: Any = name
    for step in rest:
        held, place = (held[place] if isinstance(held, dict | list | tuple) else vars(held)[place]), step
    holder = held if isinstance(held, dict | list) else getattr(held, "__dict__", held)
    old = holder[place]
    if isinstance(old, np.ndarray) and old.dtype.kind == "f":
        old[...] = value
    elif not (kind == "local" and not rest) and not isinstance(holder, tuple):
        holder[place] = float(value)
