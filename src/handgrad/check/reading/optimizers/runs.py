"""An update rule of a program, run from fresh state: implements `UpdateSubject`."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.optimizers.arguments import Arguments, arguments_of, parameters_of
from handgrad.check.reading.optimizers.forms import Form, Tensors
from handgrad.check.reading.optimizers.names import DEFAULT, looks_like_function, looks_like_theta, option_of
from handgrad.check.reading.program import Program
from handgrad.kernels.types import Array

_BEFORE, _AFTER = ("pre_update_params", "pre_update", "before_update"), ("post_update_params", "post_update")
_MISSING = 12
FACTORY = "()"  # in the place of a method: the function makes the update


@dataclass
class ProgramOptimizer:
    """A function, or a class with the method that updates.

    Attributes:
        form: how parameters and gradients are handed over; with `returned_names` what a `return` gives.
        extra: further keyword arguments, for a rule that has switches.
        named: whether its name says which rule it is.
        first_step: what t is at the first update.
        asked: for a rule that takes a function: how far along the last step each gradient was asked for.
    """

    program: Program
    name: str
    kind: str
    form: Form
    method: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    named: bool = True
    first_step: int = 1
    returned_names: tuple[str, ...] = ()
    options: dict[str, float] = field(default_factory=dict)
    source: str = ""
    literals: tuple[float, ...] = ()
    keep_world: bool = False
    world: dict[str, Any] | None = None
    asked: list[float] = field(default_factory=list)

    @property
    def gives_direction(self) -> bool:
        """Whether it is handed something whose name does not say that it is a gradient: a change to be added."""
        words = r"\b(\w*delta\w*|adjust\w*|direction\w*|changes?|corrections?|errors?)\b"
        return re.search(words, self.source) is not None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return self.form.shapes

    def run(self, tensors: Tensors, gradients: Sequence[Tensors]) -> list[dict[str, Array]]:
        """See `UpdateSubject.run`."""
        if self.world is None or not self.keep_world:
            self.world = self.program.fresh()
        runner = _Runner(self, self.world, tensors)
        found = []
        with np.errstate(all="ignore"):
            for step, given in enumerate(gradients):
                try:
                    runner.step(step + self.first_step, given)
                    found.append(runner.read())
                except ZeroDivisionError:  # with arrays it would be NaN from now on
                    lost = {n: np.full(s, np.nan) for n, s in self.shapes.items()}
                    return [*found, *[lost] * (len(gradients) - step)]
        return found


class _Runner:
    """One run: what is held between the calls."""

    def __init__(self, subject: ProgramOptimizer, world: dict[str, Any], tensors: Tensors) -> None:
        self.subject, self.form, self.tensors = subject, subject.form, tensors
        copied = {n: a.copy() for n, a in tensors.items()}
        self.theta: Any = self.form.make(copied)
        self.owner: Any = None
        self.born_with = False  # the object was made with the parameters
        target: Any = world[subject.name]
        if subject.method == FACTORY:
            target = make_update(target, subject.kind)
        elif subject.method:
            self.owner = self._owner(target)
            target = getattr(self.owner, subject.method)
        self.target: Callable[..., Any] = target
        self.arguments: Arguments = arguments_of(target, subject.kind, subject.returned_names)
        self.held: dict[str, Any] = {}
        if not subject.method:
            self.held |= initial_state(subject.program, world, self.theta)
        if self.arguments.pairs:
            self.held |= dict(zip(self.arguments.pairs, self.theta, strict=True))
        self.place = _place_in(self.owner, self.theta)
        self.last = self.read()
        self.sign = 0.0  # of the steps of a rule that gives nothing else

    def _owner(self, made: Callable[..., Any]) -> Any:
        arguments, names = {}, tuple(p.name for p in parameters_of(made))
        for parameter in parameters_of(made):
            if parameter.name in self.subject.extra:
                arguments[parameter.name] = self.subject.extra[parameter.name]
            elif parameter.default is parameter.empty:
                option = option_of(parameter.name, self.subject.kind, names)
                if option:
                    arguments[parameter.name] = DEFAULT[option]
                elif looks_like_theta(parameter.name):
                    arguments[parameter.name] = self.theta
                    self.born_with = True
                else:
                    raise TypeError(f"no value for the argument {parameter.name}")
        return made(**arguments)

    def step(self, t: int, gradients: Tensors) -> None:
        """One update."""
        before = {n: a.copy() for n, a in self.read().items()}
        copied = {n: a.copy() for n, a in gradients.items()}
        given = self.form.gradient(copied) if self.form.gradient is not None else None
        if given is not None and looks_like_function(self.arguments.gradient):
            given = self._function(given)
        if given is None:
            self.form.insert(self._theta(), copied)
        self._beside(_BEFORE)
        returned = self._call(self._values(t, given))
        self._beside(_AFTER)
        self._take(returned, given)
        self.last = before

    def _function(self, given: Any) -> Callable[..., Any]:
        """A function that gives this gradient everywhere, and notes where it was asked."""

        def gradient(point: Any, *_: Any) -> Any:
            with suppress(Exception):
                asked, here = self.form.read(point), self.read()
                along = [np.sum((asked[n] - here[n]) * (here[n] - self.last[n])) for n in here]
                self.subject.asked.append(float(np.sum(along)))
            return given

        return gradient

    def _beside(self, names: Sequence[str]) -> None:
        for name in names:
            if self.owner is not None and hasattr(self.owner, name):
                getattr(self.owner, name)()

    def _call(self, arguments: dict[str, Any]) -> Any:
        """Settings that turn out to be missing in a config are put in, and the call is made again."""
        configs = [arguments[n] for n in self.arguments.configs if isinstance(arguments.get(n), dict)]
        for _ in range(_MISSING):
            before = [copy.deepcopy(config) for config in configs]
            try:
                return self.target(**arguments)
            except KeyError as error:
                key = error.args[0] if error.args else None
                if not configs or not isinstance(key, str) or key in before[0]:
                    raise
                for config, kept in zip(configs, before, strict=True):
                    config.clear()
                    config.update(kept)
                configs[0][key] = self._setting(key)
        raise KeyError("too many settings are missing")

    def _setting(self, key: str) -> Any:
        option = option_of(key, self.subject.kind)
        if option:
            return DEFAULT[option]
        return 0 if key in ("t", "step", "iteration", "iter", "timestep") else self.form.zeros(self.tensors)

    def _values(self, t: int, given: Any) -> dict[str, Any]:
        roles, values = self.arguments, dict[str, Any]()
        for parameter in parameters_of(self.target):
            name, required = parameter.name, parameter.default is parameter.empty
            if name in self.subject.extra:
                values[name] = self.subject.extra[name]
            elif name in self.held:
                values[name] = self.held[name]
            elif name == roles.theta:
                values[name] = self._theta()
            elif name == roles.gradient:
                values[name] = given
            elif name in roles.pairs.values():
                values[name] = given[list(roles.pairs.values()).index(name)]
            elif name in roles.steps:
                values[name] = t
            elif required:
                values[name] = self._required(name)
        return values

    def _required(self, name: str) -> Any:
        roles = self.arguments
        if name in roles.options:
            return DEFAULT[roles.options[name]]
        if name in roles.keys:
            return 0 if re.search(r"idx|index|^i|num", name) else "W1"
        if name in roles.counts:
            return 1
        if name in roles.configs:
            return self.held.setdefault(name, {})
        if name in roles.states:
            return self.held.setdefault(name, self._memory(name))
        raise TypeError(f"no value for the argument {name}")

    def _memory(self, name: str) -> Any:
        """Zeros like the parameter that the name ends with, like all of them where it names none."""
        pairs = self.arguments.pairs
        if not pairs:
            return self.form.zeros(self.tensors)
        for place, (of, gradient) in enumerate(pairs.items()):
            if name.lower().endswith((of.lower(), gradient.lower())):
                return _zeros(self.theta[place])
        empty = {n: _zeros(v) for n, v in zip(pairs, self.theta, strict=True)}
        return empty | {g: _zeros(v) for g, v in zip(pairs.values(), self.theta, strict=True)}

    def _theta(self) -> Any:
        return getattr(self.owner, self.place) if self.place else self.theta

    def _take(self, returned: Any, given: Any) -> None:
        """Keep what came back: parameters, and memory under its name."""
        if returned is None or returned is self.owner:
            return
        parts = list(returned) if isinstance(returned, tuple) else [returned]
        roles, names = self.arguments, self.subject.returned_names
        if not (roles.theta or roles.pairs or self.born_with):
            self._add(returned, given)
            return
        if len(names) != len(parts):
            names = ("",) * len(parts)
        if roles.pairs:
            self._take_many(parts, names)
            return
        whole = not isinstance(returned, tuple) or len(parts) == len(self.form.shapes) > 1
        if whole and self._readable(returned):
            self.theta = returned
            return
        known = (roles.theta, *roles.states, *roles.configs, *roles.steps)
        left = [n for n in known if n and n not in names]
        for name, part in zip(names, parts, strict=True):
            own = name if name in known else next((n for n in left if self._suits(n, part)), "")
            left = [n for n in left if n != own]
            if own == roles.theta and self._readable(part):
                self.theta = part
            elif own and own != roles.theta:
                self.held[own] = part

    def _suits(self, name: str, part: Any) -> bool:
        """Whether a part without a known name can be this argument's next value: a count is no array or dict."""
        number = isinstance(part, int | float | np.integer)
        return number == (name in self.arguments.steps)

    def _add(self, returned: Any, given: Any) -> None:
        """A rule that only gives the step: added where it points downhill at first, else taken away."""
        step = self.form.read(returned)
        if not self.sign:
            uphill = sum(float(np.sum(step[n] * g)) for n, g in self.form.read(given).items())
            self.sign = -1.0 if uphill > 0 else 1.0
        self.theta = self.form.make({n: a + self.sign * step[n] for n, a in self.form.read(self.theta).items()})

    def _take_many(self, parts: list[Any], names: Sequence[str]) -> None:
        if len(parts) == 1 and isinstance(parts[0], dict | list):
            inner = parts[0]
            if isinstance(inner, dict):
                self.held |= {n: inner[n] for n in self.arguments.pairs if n in inner}
                return
            parts, names = inner, ("",) * len(inner)
        known = (*self.arguments.pairs, *self.arguments.states, *self.arguments.configs, *self.arguments.steps)
        left = [n for n in known if n not in names]
        for name, part in zip(names, parts, strict=True):
            own = name if name in known else (left.pop(0) if left else "")
            if own:
                self.held[own] = part

    def _readable(self, value: Any) -> bool:
        with suppress(Exception):
            found = self.form.read(value)
            return all(a.size >= int(np.prod(self.form.shapes[n])) for n, a in found.items())
        return False

    def read(self) -> dict[str, Array]:
        """The parameters as they are now."""
        if self.arguments.pairs:
            return self.form.read([self.held[n] for n in self.arguments.pairs])
        return self.form.read(self._theta())


def update_in(node: ast.FunctionDef) -> ast.FunctionDef | None:
    """The function that another one defines and returns; None where it does not."""
    inner = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
    last = node.body[-1]
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Name):
        return inner.get(last.value.id)
    return None


def make_update(made: Callable[..., Any], kind: str) -> Callable[..., Any]:
    """The function that another one makes of constants."""
    names = tuple(p.name for p in parameters_of(made))
    required = [p.name for p in parameters_of(made) if p.default is p.empty]
    update: Callable[..., Any] = made(**{name: DEFAULT[option_of(name, kind, names)] for name in required})
    return update


def _zeros(value: Any) -> Any:
    return [np.zeros_like(v) for v in value] if isinstance(value, list) else np.zeros_like(value)


def _place_in(owner: Any, theta: Any) -> str:
    """The attribute in which an object keeps the parameters that it was made with."""
    if owner is None:
        return ""
    return next((name for name, value in vars(owner).items() if value is theta), "")


def initial_state(program: Program, world: dict[str, Any], theta: Any) -> dict[str, Any]:
    """What `initialize_adam(parameters)` and the like return, under the names in their return."""
    held: dict[str, Any] = {}
    for function in program.functions.values():
        if re.search(r"init", function.name, re.IGNORECASE) and len(function.required) == 1:
            with suppress(Exception):
                value = world[function.name](theta)
                parts = value if isinstance(value, tuple) else (value,)
                if len(parts) == len(function.returns):
                    held |= {n: p for n, p in zip(function.returns, parts, strict=True) if n}
    return held


__all__ = ["FACTORY", "ProgramOptimizer", "make_update", "update_in"]
