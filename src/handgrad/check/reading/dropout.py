"""Dropout inside a net: the backward pass with the masks of the forward pass, and none when it is only asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.texts import finding, introduced
from handgrad.check.reading.calls import call
from handgrad.check.reading.find_net import draw
from handgrad.check.reading.general import General, check_general
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Program
from handgrad.check.subject import Diagnosis, Finding, TensorVerdict
from handgrad.kernels.types import Array

_ASKS = re.compile(r"^predict|^evaluate|^infer|^test$|^classify|^score$|^accuracy", re.IGNORECASE)
_CALLS = 6
_NAMES = {"l": "", "below": "", "above": "", "h": "x", "f": "", "loss": "", "kind": "dropout"}


def dropout_parts(program: Program, net: ProgramNet) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """Name, kind, what was done, and the diagnosis, of a net whose dropout was turned off to look at the rest."""
    if not net.plan.world.switches and net.plan.setting.training:
        return
    world, setting = replace(net.plan.world, switches=()), replace(net.plan.setting, training=True)
    with suppress(Exception), patience(8.0), np.errstate(all="ignore"):
        trained = replace(net, plan=replace(net.plan, world=world, setting=setting))
        if net.loss_plan is not None:
            for steps in (net.loss_plan.steps, net.loss_plan.steps[-1:]):  # masks are drawn once in each way
                where = replace(net.loss_plan.loss, step=len(steps) - 1) if net.loss_plan.loss else None
                trained.loss_plan = replace(net.loss_plan, world=world, setting=setting, steps=steps, loss=where)
                found = _with_masks(trained)
                if found is not None:
                    name = net.plan.steps[-1].function.shown
                    yield name, "dropout", ["dropout on, the same masks in each call"], found
                    break
    with suppress(Exception), patience(4.0), np.errstate(all="ignore"):
        for function in program.methods.get(world.owner, {}).values():
            asked = replace(net, plan=replace(net.plan, world=world, setting=setting))
            if _ASKS.search(function.name) and _differs(program, asked, function.name):
                name = f"{world.owner}.{function.name}"
                yield name, "evaluate", [f"{name}() called again and again"], _one(_said("active_at_test", ""))
                return


def _one(made: Finding) -> Diagnosis:
    return Diagnosis((TensorVerdict(made.tensor, (), 1.0, False),), (made,))


def _said(key: str, tensor: str) -> Finding:
    item = Item(key, (tensor,) if tensor else (), int(tensor[1:]) if tensor else None)
    return introduced(finding(item, "mistake", _NAMES, ()), "net")


def _with_masks(net: ProgramNet) -> Diagnosis | None:
    """The gradients with masks against the slopes of the loss with the same masks; None where they agree."""
    made = draw(net.plan.world.sizes, 6, 11, 0.8)

    def seeded() -> dict[str, Array]:
        np.random.seed(5)
        return dict(net.answer(made.parameters, made.x.copy(), made.t.copy())[0].gradients)

    def loss() -> float:
        np.random.seed(5)
        value = net.loss_at(made.parameters, made.x, made.t)
        return float("nan") if value is None else value

    claimed = seeded()
    if any(not np.allclose(claimed[n], again) for n, again in seeded().items()) or loss() != loss():
        return None  # its random numbers do not come from np.random's own generator
    found = check_general(General("dropout", loss, made.parameters, claimed, []))
    wrong = [line.tensor for line in found.lines if not line.right]
    last = f"W{len(net.spec.activations)}"
    if not wrong or last in wrong:
        return None
    first = next(f for f in found.findings if f.tensor == max(wrong, key=lambda n: (int(n[1:]), n[0] == "W")))
    return _one(_said(_key(made.parameters, claimed, loss, first.tensor), first.tensor))


def _key(parameters: dict[str, Array], claimed: dict[str, Array], loss: Callable[[], float], tensor: str) -> str:
    """Where every entry is off by one factor, 1/p was left out; else the mask itself."""
    values, ratios = parameters[tensor].reshape(-1), []
    for place in np.argsort(-np.abs(claimed[tensor].reshape(-1)))[:12]:
        kept = float(values[place])
        values[place] = kept + 1e-6
        above = loss()
        values[place] = kept - 1e-6
        slope = (above - loss()) / 2e-6
        values[place] = kept
        ratios.append(float(claimed[tensor].reshape(-1)[place]) / slope if slope else np.inf)
    return "dropout_no_scale" if np.allclose(ratios, ratios[0], rtol=1e-3) else "dropout_no_mask"


def _differs(program: Program, net: ProgramNet, name: str) -> bool:
    """Whether asking twice gives two answers, from one state, with dropout as the program has it."""
    made = draw(net.plan.world.sizes, 40, 12)
    world, form = net.plan.world, net.plan.form
    batch = form.batches(made.x, made.t)[0]
    function = replace(program.methods[world.owner][name], owner=world.owner)
    env = world.build(net.program, made.parameters, 0.05, net.plan.resize)
    answers = [np.asarray(call(function, dict(env), batch, net.plan.setting), float) for _ in range(_CALLS)]
    return any(not np.array_equal(answers[0], other) for other in answers[1:])
