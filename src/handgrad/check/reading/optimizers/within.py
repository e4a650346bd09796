"""Update rules that belong to a net: a method that moves the net's own weights by gradients it is handed or has kept.

The net is run once for its gradients; then these are replaced where the program has them, and the method is called as
the program would call it, step after step. Whatever it keeps (velocities, moments, a counter) it keeps in the net.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handgrad.check.diagnosis import diagnose_update
from handgrad.check.diagnosis.optimizers.seen import Seen
from handgrad.check.reading.calls import Batch, bind, remember
from handgrad.check.reading.find_net import draw
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.optimizers.constants import literals_of
from handgrad.check.reading.optimizers.names import kind_of, option_of
from handgrad.check.reading.patience import patience
from handgrad.check.reading.places import put
from handgrad.check.reading.plan import run_plan
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import role_of
from handgrad.check.subject import Arrays, Diagnosis
from handgrad.kernels.types import Array

_RATE, _SAMPLES = 0.0137, 5
_OTHER = re.compile(
    r"init|train|fit|test|predict|forward|loss|cost|main|plot|save|load|score|accura|evaluat|reset|zero"
)
_SECONDS, _ALL_SECONDS = 4.0, 20.0
_UNSURE = ("optimizer_rate_factor", "update_rate_one_tensor", "decay_missing", "")


@dataclass
class NetUpdate:
    """Implements `UpdateSubject`: a net's own update, from the net's first gradients on."""

    program: Program
    net: ProgramNet
    function: Function
    kind: str = ""
    source: str = ""
    literals: tuple[float, ...] = ()
    options: dict[str, float] = field(default_factory=dict)
    drawn: Any = None

    def __post_init__(self) -> None:
        self.drawn = draw(self.net.plan.world.sizes, _SAMPLES, seed=3)
        self.shapes: dict[str, tuple[int, ...]] = {n: a.shape for n, a in self._initial().items()}

    def _initial(self) -> dict[str, Array]:
        return {n: np.array(self.drawn.parameters[n], float) for n in self.net.plan.world.slots}

    def run(self, tensors: Arrays, gradients: Sequence[Arrays]) -> list[dict[str, Array]]:
        """See `UpdateSubject.run`."""
        plan = self.net.plan
        env = plan.world.build(self.program, tensors, _RATE, plan.resize)
        batch = plan.form.batches(self.drawn.x.copy(), self.drawn.t.copy())[0]
        returned = run_plan(plan, env, tensors, batch, _RATE).returned
        plan.world.fill(env, tensors)
        found = []
        with np.errstate(all="ignore"):
            for given in gradients:
                self._hand_over(env, returned, given, batch)
                self._call(env, batch)
                found.append(plan.world.read(env))
        return found

    def _hand_over(self, env: dict[str, Any], returned: list[Any], given: Arrays, batch: Batch) -> None:
        """These gradients in the places of the net's own; what a function returned gets its names again."""
        plan = self.net.plan
        fresh = [copy.deepcopy(value) for value in returned]
        touched = set()
        for name, where in plan.gradients.items():
            slot = plan.world.slots[name]
            own = np.asarray(where.find(returned, env))
            values = np.asarray(slot.shape_out(given[name]), float).reshape(own.shape)
            if where.step < 0:
                put(env, where.path, values)
            else:
                fresh[where.step] = put(fresh[where.step], where.path, values)
                touched.add(where.step)
        for step in sorted(touched):
            remember(plan.steps[step].function, env, fresh[step], batch)

    def _call(self, env: dict[str, Any], batch: Batch) -> None:
        setting = replace(self.net.plan.setting, rate=_RATE)
        target = getattr(env["self"], self.function.name) if self.function.owner else None
        target = target or env["globals"][self.function.name]
        target(**bind(self.function, env, batch, setting))


@dataclass
class StepUpdate(NetUpdate):
    """A net's training step that takes its own gradients and updates at once: they are read, not replaced."""

    def observed(self, turn: int, steps: int) -> Seen | None:
        """Steps with batches that differ, and the gradients that the program had in each."""
        plan, made = self.net.plan, draw(self.net.plan.world.sizes, 5, seed=31 + turn)
        now = {n: np.array(made.parameters[n], float) for n in plan.world.slots}
        env = plan.world.build(self.program, now, _RATE, plan.resize)
        gradients, after, first = list[dict[str, Array]](), list[dict[str, Array]](), now
        for step in range(steps):
            drawn = draw(plan.world.sizes, 5, seed=50 * turn + step, scale=1.0 + step % 3)
            batch = plan.form.batches(drawn.x * (1.0 + step % 3), drawn.t)[0]
            trial = run_plan(plan, env, now, batch, _RATE, record=True)
            gradients.append(self.net.gradients_of(trial, _RATE)[0])
            after.append(trial.after)
            now = trial.after
        return Seen({n: first[n] for n in self.shapes}, gradients, after)


def within_net(program: Program, net: ProgramNet, descends: bool) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """Name, kind, what was found, and the diagnosis of each update of the net that is surely wrong.

    `descends`: the net's gradients are descent directions, so an update has to add.
    """
    plan = net.plan
    if plan.updates or not plan.gradients or any(slot.inside for slot in plan.world.slots.values()):
        return
    unsure = (*_UNSURE, "optimizer_climbs" if descends else "")
    with suppress(Exception), patience(_ALL_SECONDS):
        for subject in _subjects(program, net):
            diagnosis = diagnose_update(subject)
            keys = [f.explanation for f in diagnosis.findings]
            if diagnosis.verdict == "mistake" and keys[0] not in unsure:
                said = [f"{subject.function.shown}() asked step by step, with the net's gradients"]
                yield subject.function.shown, subject.kind or "update", said, diagnosis


def divides_by_samples(program: Program, net: ProgramNet) -> bool:
    """Whether the net's own update divides its gradients, which are sums, by the number of samples."""
    if net.plan.updates or not net.plan.gradients or any(slot.inside for slot in net.plan.world.slots.values()):
        return False
    for function in _candidates(program, net):
        with suppress(Exception), patience(_SECONDS), np.errstate(all="ignore"):
            subject = _subject(program, net, function, NetUpdate)
            before = {n: np.full(s, 1.0) for n, s in subject.shapes.items()}
            given = {n: np.full(s, 2.0) for n, s in subject.shapes.items()}
            after = subject.run({n: a.copy() for n, a in before.items()}, [given])[0]
            due = 1.0 - _RATE * 2.0 / _SAMPLES
            if all(np.allclose(after[n], due, rtol=1e-9) for n in before):
                return True
    return False


def _subjects(program: Program, net: ProgramNet) -> Iterator[NetUpdate]:
    """The training step itself where it updates, else methods that do."""
    own = _subject(program, net, net.plan.steps[-1].function, StepUpdate)
    complete = set(net.plan.gradients) == set(net.plan.world.slots)
    with suppress(Exception), np.errstate(all="ignore"):
        seen = own.observed(0, 2) if complete and isinstance(own, StepUpdate) else None
        if seen is not None and any(not np.array_equal(seen.before[n], seen.after[-1][n]) for n in seen.before):
            yield own
            return
    for function in _candidates(program, net):
        subject = _subject(program, net, function, NetUpdate)
        if _moves(subject):
            yield subject


def _candidates(program: Program, net: ProgramNet) -> list[Function]:
    owner, known = net.plan.world.owner, {step.function.name for step in net.plan.steps}
    methods = program.methods.get(owner, {}) if owner else {}
    found = [replace(f, owner=owner) for f in methods.values()]
    if net.plan.world.kind == "globals":
        found += program.functions.values()
    return [f for f in found if f.name not in known and f.name[:2] != "__" and not _OTHER.search(f.name.lower())]


def _subject(program: Program, net: ProgramNet, function: Function, made: type[NetUpdate]) -> NetUpdate:
    classes = [n for n in ast.walk(program.tree) if isinstance(n, ast.ClassDef)]
    own = next((n for n in classes if n.name == function.owner), None)
    source = ast.unparse(function.node)
    literals = dict.fromkeys((*literals_of(program, function.node), *(literals_of(program, own) if own else ())))
    kind = kind_of(function.name)
    options = _options(program, net, function, kind)
    return made(program, net, function, kind, source, tuple(literals), options)


def _options(program: Program, net: ProgramNet, function: Function, kind: str) -> dict[str, float]:
    """Constants that the method or the object has by name, and the rate where it is handed to either."""
    defaults = function.node.args.defaults
    arguments = [a.arg for a in function.node.args.args][-len(defaults) :] if defaults else []
    named: dict[str, Any] = {
        n: d.value for n, d in zip(arguments, defaults, strict=True) if isinstance(d, ast.Constant)
    }
    with suppress(Exception):
        initial = {n: np.array(a, float) for n, a in draw(net.plan.world.sizes, 5, seed=3).parameters.items()}
        env = net.plan.world.build(program, initial, _RATE, net.plan.resize)
        named = {**(vars(env["self"]) if function.owner else {}), **named}
    found: dict[str, float] = {}
    words = set(re.findall(r"\w+", ast.unparse(function.node)))
    for name, value in named.items():
        option = option_of(str(name), kind)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if option and option != "learning_rate" and number and name in words:
            found.setdefault(option, float(value))
    rates = {str(path[-1][1]) for path in net.plan.world.rates} | {n for n in function.parameters if role_of(n) == "lr"}
    return {**found, "learning_rate": _RATE} if rates & words else found


def _moves(subject: NetUpdate) -> bool:
    """Whether it runs, moves some weights, always alike, and otherwise when the gradients point the other way."""
    rng = np.random.default_rng(4)
    before = {n: rng.uniform(0.5, 2.0, s) for n, s in subject.shapes.items()}
    up = [{n: rng.standard_normal(s) for n, s in subject.shapes.items()} for _ in range(2)]
    with suppress(Exception), patience(_SECONDS):
        one, again = (subject.run({n: a.copy() for n, a in before.items()}, up)[-1] for _ in range(2))
        other = subject.run({n: a.copy() for n, a in before.items()}, [{n: -g for n, g in s.items()} for s in up])[-1]
        moved = any(not np.array_equal(one[n], before[n]) for n in before)
        same = all(np.array_equal(one[n], again[n], equal_nan=True) for n in before)  # else it draws new weights
        return moved and same and any(not np.array_equal(one[n], other[n], equal_nan=True) for n in before)
    return False


__all__ = ["NetUpdate", "divides_by_samples", "within_net"]
