"""What stands between a net's backward pass and its weights: functions that sum over samples, and updates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from handgrad.check.diagnosis.caller import CallerStep, diagnose_caller
from handgrad.check.diagnosis.model import Forward, trace
from handgrad.check.reading.calls import Form
from handgrad.check.reading.chance import is_random
from handgrad.check.reading.find_net import draw, settle
from handgrad.check.reading.guessed import argument_worlds
from handgrad.check.reading.naming.flow import called_in
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.patience import patience
from handgrad.check.reading.plan import Plan, Step, run_plan
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import UPDATES, role_of
from handgrad.check.reading.worlds import World
from handgrad.check.subject import Arrays, Diagnosis
from handgrad.kernels.types import Array

_RATE = 1e-5
_BATCHES = (5, 7)
_MEMORY = re.compile(r"momentum|velocity|veloc|adam|rms|beta|gamma|\bmu\b|\bv[_dWwb]|cache", re.IGNORECASE)
_RANDOM = re.compile(r"randint|choice|sample\(|integers\(")
_MOST = 6


@dataclass
class Caller:
    """A way to run a caller: its net's `answer` gives what it does with a batch."""

    name: str
    net: ProgramNet
    pairs: bool = False


def caller_parts(program: Program, net: ProgramNet) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """Name, kind, what was found, and the diagnosis of each caller that does something wrong."""
    below = net.plan.steps[-1].function
    for function, steps in _candidates(program, net):
        with suppress(Exception), patience(6.0), np.errstate(all="ignore"):
            caller = _caller(program, net, function, steps)
            if caller is None:
                continue
            diagnosis = _diagnosed(caller, net, function, f"{below.shown}()")
            if diagnosis.findings:
                said = [f"{function.shown}() uses the gradients of {below.shown}(): its step against their sum"]
                yield function.shown, "update", said, diagnosis


def adds_when_used(program: Program, net: ProgramNet) -> bool:
    """Whether a caller moves the weights downhill though the gradients point the other way: then they are meant so."""
    for function, steps in _candidates(program, net):
        with suppress(Exception), patience(6.0), np.errstate(all="ignore"):
            caller = _caller(program, net, function, steps)
            if caller is None or not caller.net.plan.updates:
                continue
            step = _step(caller, net, draw(net.plan.world.sizes, _BATCHES[0]))
            total = {n: sum(s[n] for s in step.samples) for n in step.step}
            if all(float((step.step[n] * total[n]).sum()) > 0 for n in total if n[0] == "W"):
                return True
    return False


def _candidates(program: Program, net: ProgramNet) -> Iterator[tuple[Function, tuple[Step, ...]]]:
    """Updates behind the net's steps, then functions that call them; at most a few."""
    plan = net.plan
    known = {step.function.name for step in plan.steps}
    owner = plan.world.owner
    own = [replace(f, owner=owner) for f in program.methods.get(owner, {}).values()] if owner else []
    functions = [f for f in [*own, *program.functions.values()] if f.name not in known and f.name[:2] != "__"]
    found: list[tuple[Function, tuple[Step, ...]]] = []
    for function in functions:
        called = called_in(function.node)
        if known & called:
            found.append((function, (Step(function),)))
        elif UPDATES.search(function.name) and not plan.updates:
            found.append((function, (*plan.steps, Step(function))))
    yield from found[:_MOST]


def _caller(program: Program, net: ProgramNet, function: Function, steps: tuple[Step, ...]) -> Caller | None:
    """The first form in which the caller changes the weights or returns gradients."""
    ways = _forms(net.plan.form, function, len(steps) > 1)
    for world, (form, pairs) in product(_worlds(program, net), ways):
        plan = replace(net.plan, world=world, steps=steps, form=form, gradients={}, updates=False, loss=None)
        other = replace(net, plan=plan, outputs=None, loss_plan=None, fixed_rate=None)
        made = draw(plan.world.sizes, 5)
        with suppress(Exception):
            env = plan.world.build(program, made.parameters, _RATE, plan.resize)
            _hand_pairs(env, net.plan.form, made, pairs)
            trial = run_plan(plan, env, made.parameters, form.batches(made.x, made.t)[0], _RATE)
            if len(steps) > 1 and not _changes(trial.before, trial.after):
                continue
            if _changes(trial.before, trial.after):
                plan.updates = True
                return Caller(function.name, other, pairs)
            if settle(plan, trial) >= 4.0:
                return Caller(function.name, other, pairs)
    return None


def _worlds(program: Program, net: ProgramNet) -> list[World]:
    """The net's world; parameters that are arguments may have other shapes in a caller, biases above all."""
    own = net.plan.world
    if own.kind != "arguments" or not net.plan.form.alone:
        return [own]
    return [own, *(w for w in argument_worlds(program, own.sizes) if set(w.slots) == set(own.slots))][:7]


def _changes(before: Arrays, after: Arrays) -> bool:
    return any(not np.array_equal(before[n], after[n]) for n in before)


def _forms(below: Form, function: Function, behind: bool) -> list[tuple[Form, bool]]:
    """How the caller may take its samples: as the backward pass does, as a batch, or as a list of pairs."""
    if behind or not below.alone:
        return [(below, False)]
    pairs = any(role_of(p) == "pairs" for p in function.parameters)
    batches = [Form("rows", below.labels), Form("columns", below.labels)]
    return [(Form("rows", below.labels), True)] if pairs else [(form, False) for form in batches]


def _hand_pairs(env: dict[str, Any], form: Form, made: Any, pairs: bool) -> None:
    if pairs:
        env["pairs"] = [(b.x, b.t) for b in form.batches(made.x, made.t)]
        env["own"] |= {"pairs"}


def _diagnosed(caller: Caller, net: ProgramNet, function: Function, below: str) -> Diagnosis:
    made = [draw(net.plan.world.sizes, count, seed) for seed, count in enumerate(_BATCHES, start=5)]
    if is_random(caller.net, made[0]) or (_RANDOM.search(ast.unparse(function.node)) and caller.net.plan.updates):
        return Diagnosis((), ())
    steps = [_step(caller, net, batch) for batch in made]
    memory = _MEMORY.search(ast.unparse(function.node)) is not None
    return diagnose_caller(steps, f"{function.shown}()", below, has_memory=memory)


def _step(caller: Caller, net: ProgramNet, made: Any) -> CallerStep:
    """What the caller does with a batch, and the exact gradients of its samples."""
    plan: Plan = caller.net.plan
    env = plan.world.build(net.program, made.parameters, _RATE, plan.resize)
    _hand_pairs(env, net.plan.form, made, caller.pairs)
    done: list[dict[str, Array]] = []
    for _ in range(2):
        parts = [
            caller.net.gradients_of(run_plan(plan, env, made.parameters, batch, _RATE), _RATE)[0]
            for batch in plan.form.batches(made.x.copy(), made.t.copy())
        ]
        done.append({name: np.mean([p[name] for p in parts], axis=0) for name in parts[0]})
    spec = replace(net.spec, divided_by="none", l1=0.0, l2=0.0)
    biases = any(name[0] == "b" for name in plan.world.slots)
    sign = -1.0 if net.update_adds and not plan.updates else 1.0
    samples: Sequence[Arrays] = [
        {
            name: sign * values
            for name, values in trace(
                spec, made.parameters, made.x[k : k + 1], made.t[k : k + 1], Forward(biases=biases)
            ).gradients.items()
            if name in done[0]
        }
        for k in range(len(made.x))
    ]
    return CallerStep(done[0], samples, done[1], made.x.shape[1], made.t.shape[1])
