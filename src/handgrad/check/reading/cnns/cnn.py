"""A program's whole CNN as diagnosis asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.diagnosis.cnns.model import CnnSpec
from handgrad.check.reading.arrange import to_program
from handgrad.check.reading.calls import Batch, Form, Setting
from handgrad.check.reading.cnns.fit import Tensor
from handgrad.check.reading.cnns.worlds import parameters_of
from handgrad.check.reading.places import Path, get, name_of, put, walk
from handgrad.check.reading.plan import Plan, Step, Trial, Where, run_plan
from handgrad.check.reading.program import Program, source_line
from handgrad.check.reading.roles import LOSS, NOT_LOSS, looks_like_buffer, looks_like_gradient
from handgrad.check.reading.worlds import World
from handgrad.check.subject import Answer, Arrays
from handgrad.kernels.types import Array


@dataclass(frozen=True)
class CnnForm:
    """How images and targets are handed over: a pattern of NCHW; "onehot", "numbers", "columns", "stack" (N, P, 1)."""

    images: str
    labels: str

    @property
    def alone(self) -> bool:
        """One image a call."""
        return "N" not in self.images or self.labels == "stack"

    def batches(self, x: Array, t: Array) -> list[Batch]:
        """The batch, or one an image."""
        if "N" in self.images:
            return [Batch(to_program(x, "NCHW", self.images), self._targets(t))]
        made = []
        for image, target in zip(x, t, strict=True):
            label: Any = int(target.argmax())
            if self.labels != "numbers":
                label = target.reshape((-1, 1) if self.labels == "columns" else (-1,)).copy()
            made.append(Batch(to_program(image[None], "NCHW", self.images), label))
        return made

    def _targets(self, t: Array) -> Array:
        if self.labels == "numbers":
            return np.asarray(t.argmax(axis=1))
        if self.labels == "stack":
            return t[:, :, None].copy()
        return t.T.copy() if self.labels == "columns" else t.copy()


@dataclass
class ProgramCnn:
    """Implements `CnnSubject` for a world and steps.

    Attributes:
        enters: (a, c): the program computes a·x + c of its images first.
        gradients: where each tensor's gradient lies; empty: before less after the update.
        fixed_rate: the learning rate that is written in the program, where it takes none.
    """

    program: Program
    world: World
    steps: tuple[Step, ...]
    layout: CnnForm
    spec: CnnSpec
    tensors: Mapping[str, Tensor]
    shapes: Mapping[str, tuple[int, ...]]
    images: tuple[int, ...]
    classes: int
    enters: tuple[float, float] = (1.0, 0.0)
    gradients: Mapping[str, Where] = field(default_factory=dict)
    fixed_rate: float | None = None
    said: list[str] = field(default_factory=list)

    @property
    def form(self) -> str:
        """How gradients are had."""
        if not self.gradients:
            return "updates inside"
        return "attributes" if any(w.step < 0 for w in self.gradients.values()) else "returned"

    @property
    def alone(self) -> bool:
        """One image a call."""
        return self.layout.alone

    def answer(
        self, parameters: Arrays, x: Array, t: Array, *, learning_rate: float = 1e-3, calls: int = 1
    ) -> list[Answer]:
        """See `CnnSubject.answer`."""
        env = fresh(self.program, self.world)
        own = [path for path, _ in parameters_of(self.world, env)]
        a, c = self.enters
        batch = self.layout.batches((x - c) / a, t)[0]
        return [self._once(env, own, parameters, batch, learning_rate) for _ in range(calls)]

    def _once(self, env: dict[str, Any], own: list[Path], parameters: Arrays, batch: Batch, rate: float) -> Answer:
        fill(env, own, {self.tensors[n].index: self.tensors[n].to(v) for n, v in parameters.items()})
        before = {n: np.array(get(env, own[tensor.index]), float) for n, tensor in self.tensors.items()}
        trial = run_steps(self.world, self.steps, env, batch, rate)
        made: dict[str, Array] = {}
        for name, tensor in self.tensors.items():
            if self.gradients:
                if name not in self.gradients:
                    continue
                given = np.asarray(self.gradients[name].find(trial.returned, trial.env), float)
            else:
                now = np.asarray(get(trial.env, own[tensor.index]), float)
                given = (before[name] - now) / (self.fixed_rate or rate)
            made[name] = _turned(tensor, given, self.shapes[name])
        return Answer(made, changed=trial.spoiled)

    def line_of(self, tensor: str) -> int | None:
        """See `CnnSubject.line_of`."""
        env = fresh(self.program, self.world)
        own = name_of(parameters_of(self.world, env)[self.tensors[tensor].index][0]).split(".")[-1]
        where = self.gradients.get(tensor)
        named = [str(key) for _, key in where.path if isinstance(key, str)][-1:] if where else []
        found = source_line(self.program, [n for n in named if n not in ("self", "globals")])
        return found or source_line(self.program, [f"d{own}", f"grad_{own}", f"{own}_grad", f"d_{own}", f"d_L_d_{own}"])


def _turned(tensor: Tensor, given: Array, shape: tuple[int, ...]) -> Array:
    """A gradient in handgrad's layout; as it is where its shape is another."""
    if given.shape != tensor.shape and given.size == int(np.prod(tensor.shape)):
        given = given.reshape(tensor.shape)
    try:
        return tensor.back(given, shape)
    except (ValueError, KeyError):
        return given


def fresh(program: Program, world: World) -> dict[str, Any]:
    """An environment in which nothing has been called yet."""
    return world.build(program, {}, 0.05, False) if world.sizes else _build(program, world)


def _build(program: Program, world: World) -> dict[str, Any]:
    namespace = program.fresh()
    made = world.make(namespace, ())
    env: dict[str, Any] = {"globals": namespace}
    if world.root != "globals":
        env[world.root] = made
    if world.root == "made":
        env["params"] = made
        if isinstance(made, dict):
            env |= {k: v for k, v in made.items() if isinstance(k, str)}
    env |= _functions_by_name(program, namespace)
    env["own"] = {*env, "own"}
    return env


def _functions_by_name(program: Program, namespace: dict[str, Any]) -> dict[str, Any]:
    """A loss and its derivative for functions that take them as arguments: the first pair that there is."""
    for name in program.functions:
        if LOSS.search(name) and not NOT_LOSS.search(name):
            for other in (f"{name}_prime", f"{name}_derivative", f"{name}_grad", f"d_{name}", f"{name}_backward"):
                if other in program.functions:
                    taken = {"loss": namespace[name], "loss_function": namespace[name], "loss_fn": namespace[name]}
                    primes = ("loss_prime", "loss_derivative", "loss_grad", "d_loss", "loss_function_prime")
                    return taken | dict.fromkeys(primes, namespace[other])
    return {}


def fill(env: dict[str, Any], paths: Sequence[Path], values: Mapping[int, Array]) -> None:
    """Write parameters into the arrays that are there, so that whoever shares them sees it."""
    for place, new in values.items():
        array = get(env, paths[place])
        if isinstance(array, np.ndarray) and array.shape == new.shape and array.flags.writeable:
            array[...] = new
        else:
            put(env, paths[place], new.copy())


def run_steps(world: World, steps: tuple[Step, ...], env: dict[str, Any], batch: Batch, rate: float) -> Trial:
    """Take the steps, everything recorded."""
    for path in world.rates:
        put(env, path, rate)
    plan = Plan(world, steps, Form("rows", "onehot"), Setting(rate, 0.0, 10), resize=False)
    return run_plan(plan, env, {}, batch, rate, record=True)


def locate(
    program: Program, steps: tuple[Step, ...], trial: Trial, own: Sequence[tuple[Path, Array]], before: list[Array]
) -> dict[int, Where]:
    """For each parameter the array that is likeliest its gradient, by names and sizes."""
    known = {id(get(trial.env, path)) for path, _ in own}
    candidates = [c for c in _candidates(steps, trial) if id(c[2]) not in known]
    found: dict[int, Where] = {}
    taken: set[int] = set()
    pairs: list[tuple[float, int, int, Where, int]] = []
    for place, (path, array) in enumerate(own):
        for where, label, values in candidates:
            if values.size == array.size and not _same(values, before[place]):
                score = _score(name_of(path), label, where)
                if score > 0:
                    pairs.append((-score, place, len(pairs), where, id(values)))
    for _, place, _, where, identity in sorted(pairs, key=lambda p: p[:3]):
        if place not in found and identity not in taken:
            found[place] = where
            taken.add(identity)
    return found


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b))


def _candidates(steps: tuple[Step, ...], trial: Trial) -> list[tuple[Where, str, Array]]:
    found: list[tuple[Where, str, Array]] = []
    for place in range(len(trial.returned) - 1, -1, -1):
        value, function = trial.returned[place], steps[place].function
        for path, array in walk(value):
            label = name_of(path)
            for names in (function.returns, *function.calls):
                if path and isinstance(value, tuple) and len(names) == len(value) and isinstance(path[0][1], int):
                    label = f"{names[path[0][1]]}{label[len(str(path[0][1])) :]}"
                    break
            found.append((Where(place, path), label, array))
    state = "self" if "self" in trial.env else "globals"
    for path, array in walk(trial.env[state], (("item", state),)):
        label = name_of(path)
        new = id(array) not in trial.known or not _same(trial.known[id(array)], array)
        if new and (looks_like_gradient(label.split(".")[-1]) or looks_like_gradient(label.split(".")[-2])):
            found.append((Where(-1, path), label, array))
    return found


def _plain(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", label.lower())


def _score(parameter: str, label: str, where: Where) -> float:
    """How well an array's name fits the gradient of a parameter."""
    if looks_like_buffer(label):
        return -1.0
    mine, its = parameter.split("."), label.split(".")
    own, last = _plain(mine[-1]), _plain(its[-1])
    score = 0.0
    if last in (
        f"d{own}",
        f"g{own}",
        f"grad{own}",
        f"{own}grad",
        f"dl{own}",
        f"dldr{own}",
        f"nabla{own}",
        f"{own}gradient",
    ):
        score += 6
    elif (last == own and where.step >= 0) or (last == own and any(looks_like_gradient(part) for part in its[:-1])):
        score += 5
    elif own and last.endswith(own) and looks_like_gradient(its[-1]):
        score += 4 if len(own) > 1 else 2
    elif own and own[0] == last.lstrip("dg")[:1] and looks_like_gradient(its[-1]):
        score += 1
    if score and mine[:-1] == its[:-1]:
        score += 3
    numbers, others = re.findall(r"\d+", parameter), re.findall(r"\d+", label)
    if score and numbers and others:
        score += 2 if numbers[-1] == others[-1] else -3
    return score
