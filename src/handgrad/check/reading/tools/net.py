"""A net's own measuring: `accuracy(X, y)` and `predict(X)` that run the net themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.diagnosis import diagnose_tool
from handgrad.check.reading.calls import Batch, Recorder, call
from handgrad.check.reading.find_net import draw
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.tools.calls import Way
from handgrad.check.reading.tools.find import Judged, ProgramTool
from handgrad.check.reading.tools.names import kind_of, snake
from handgrad.kernels.types import Array

_PREDICTS = re.compile(
    r"^predict(ions?|_class(es)?|_labels?)?$|^classify$|^vorhersage\w*|^predecir$"
    r"|^get_predictions?$"
)
_SECONDS = 4.0
_ALL_RIGHT = 2  # the batch on which the net is always right


def net_measures(program: Program, net: ProgramNet, judged_names: set[str]) -> Iterator[Judged]:
    """Mistakes in functions that measure a net and run it for that; those that only take its outputs are tools.

    `judged_names` gets the names of all that could be judged, right ones too.
    """
    if net.plan.form.samples not in ("rows", "columns", "column", "vector") or net.spec.sizes[-1] < 3:
        return
    told: set[str] = set()
    methods = program.methods.get(net.plan.world.owner, {})
    for function in (*program.functions.values(), *methods.values()):
        kind = _kind_of(function)
        if kind:
            for labels in ("numbers", "onehot", "column"):
                judged = _judged(program, net, function, kind, labels)
                if judged is not None:
                    judged_names.add(function.name)
                    if judged.diagnosis.verdict == "mistake" and judged.diagnosis.findings[0].explanation not in told:
                        told.add(judged.diagnosis.findings[0].explanation)
                        yield judged
                    break


def _kind_of(function: Function) -> str:
    kind = kind_of(function.name)
    if kind in ("accuracy", "error_rate"):
        return f"{kind}_of_net"
    if _PREDICTS.search(snake(function.name)):
        return "predictions_of_net"
    return "accuracy_of_net" if snake(function.name) in ("evaluate", "test") else ""


def _judged(program: Program, net: ProgramNet, function: Function, kind: str, labels: str) -> Judged | None:
    """None where it does not run in this form, or what it gives is not understood."""

    def asked(space: dict[str, Any], seed: Any) -> tuple[Array, Array, Any]:
        return _ask(program, net, function, labels, int(seed))

    tool = ProgramTool(function.shown, kind, Way(kind, asked), {})
    with suppress(Exception), patience(_SECONDS), np.errstate(all="ignore"):
        if not _runs_the_net(program, net, function, labels):
            return None
        diagnosis = diagnose_tool(tool)
        if diagnosis.verdict != "undecided":
            placed = tuple(replace(found, line=function.node.lineno) for found in diagnosis.findings)
            said = [f"{function.shown}() asked with the net's parameters"]
            return Judged(tool, said, replace(diagnosis, findings=placed))
    return None


def _runs_the_net(program: Program, net: ProgramNet, function: Function, labels: str) -> bool:
    """Whether it calls the net, or its value changes with the weights: else it compares what it is given, whatever its
    arguments are called."""
    values, own = [], program.methods.get(net.plan.world.owner, {})
    calls = {*(step.function.name for step in net.plan.steps), *own} - {function.name}
    for seed in (5, 6, 7):
        rng = np.random.default_rng(3)
        x, t = (
            rng.standard_normal((40, net.spec.sizes[0])),
            np.eye(net.spec.sizes[-1])[np.arange(40) % net.spec.sizes[-1]],
        )
        parameters = draw(net.spec.sizes, 5, seed=seed, scale=2.0).parameters
        env = net.plan.world.build(program, parameters, 1e-3, net.plan.resize)
        with Recorder() as recorder:
            values.append(np.asarray(_value(function, env, net, x, t, labels)))
        if any(name in calls and not kind_of(name) for name, _ in recorder.seen):
            return True
    return any(v.shape != values[0].shape or not np.array_equal(v, values[0]) for v in values[1:])


def _ask(program: Program, net: ProgramNet, function: Function, labels: str, seed: int) -> tuple[Array, Array, Any]:
    """The net's outputs for a batch, one-hot targets that half or all agree with them, and the function's value."""
    rng, P = np.random.default_rng(seed), net.spec.sizes[-1]
    N = 13 + 6 * seed
    made = draw(net.spec.sizes, N, seed=seed + 5, scale=2.0)
    p = net.answer(made.parameters, made.x.copy(), made.t.copy())[0].outputs
    if p is None or p.shape != (N, P):
        raise ValueError("the net's outputs are not to be had")
    classes = np.where(rng.random(N) < 0.5, p.argmax(1), rng.integers(P, size=N))
    classes[-1] = P - 1  # some programs count up to the largest label
    if seed == _ALL_RIGHT:
        classes = p.argmax(1)
    t = np.eye(P)[classes]
    world = net.plan.world
    env = world.build(program, made.parameters, 1e-3, net.plan.resize)
    return p, t, _value(function, env, net, made.x.copy(), t, labels)


def _value(function: Function, env: dict[str, Any], net: ProgramNet, x: Array, t: Array, labels: str) -> Any:
    form = net.plan.form
    shaped: Callable[[Array], Any] = {
        "onehot": lambda t: t.copy(),
        "numbers": lambda t: t.argmax(1),
        "column": lambda t: t.argmax(1)[:, None],
    }[labels]
    if form.alone:
        pairs = [(batch.x, int(label)) for batch, label in zip(form.batches(x, t), t.argmax(1), strict=True)]
        target = getattr(env["self"], function.name) if function.owner else env["globals"][function.name]
        return target(pairs)
    target_of = shaped(t)
    rows = form.samples == "rows"
    turned = target_of if rows or target_of.ndim == 1 else np.ascontiguousarray(target_of.T)
    return call(function, env, Batch(x if rows else np.ascontiguousarray(x.T), turned, rows), net.plan.setting)
