"""A loss that a training loop only prints: it says nothing of 2, ½ or N, and may be another loss altogether."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from handgrad.check.diagnosis.model import activate
from handgrad.check.reading.fitting import FittedLoss, implied_loss, logits
from handgrad.check.reading.loops.find import NAME as LOOP
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.plan import Plan
from handgrad.check.reading.rates import SAMPLES
from handgrad.kernels.types import Array


def only_printed(plan: Plan) -> bool:
    """Whether the loss is nothing but a variable of a script's loop, or of a training that now and then prints it."""
    return plan.steps[-1].function.name == LOOP or (plan.updates and _printed_now_and_then(plan))


def as_stepped(net: ProgramNet, loss: FittedLoss, made: Any, gradients: dict[str, Array]) -> None:
    """A squared error that a script only prints says nothing of 2, ½ or N: these stand in its learning rate."""
    N, spec = 1 if net.plan.form.alone else SAMPLES, net.spec
    biases = any(name[0] == "b" for name in net.plan.world.slots)
    z = logits(made.parameters, made.x[:N], spec.activations[:-1], biases)
    h, dW = hidden_of(made, spec.activations, biases, N), gradients.get(f"W{len(spec.activations)}")
    if dW is None or dW.shape != (h.shape[1], made.t.shape[1]):
        return
    implied = implied_loss(dW, h, activate(spec.activations[-1], z), z, made.t[:N], spec.activations[-1])
    if not implied.sure or net.plan.form.alone:
        return
    if implied.kind != loss.kind:
        if not _printed_now_and_then(net.plan):
            return
        net.notes = (*net.notes, "the squared error that is printed now and then was not taken for the loss")
    net.spec = replace(
        spec, loss=implied.kind, divided_by=implied.divided_by, factor=implied.factor, loss_is_assumed=True
    )
    net.loss_plan = net.plan.loss = None


def _printed_now_and_then(plan: Plan) -> bool:
    """Whether the loss is computed only where a loop prints, under `if epoch % 1000 == 0`."""
    if plan.loss is None or not plan.loss.path:
        return False
    node, name = plan.steps[-1].function.node, str(plan.loss.path[-1][1]).split(".")[-1]
    set_at = [n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id == name]
    prints = [n for n in ast.walk(node) if isinstance(n, ast.If) and "print(" in ast.unparse(n)]
    inside = {id(inner) for block in prints for inner in ast.walk(block)}
    return bool(set_at) and all(id(n) in inside for n in set_at)


def hidden_of(made: Any, activations: tuple[str, ...], biases: bool, N: int) -> Array:
    """What the last layer multiplies, h (N, M)."""
    h: Array = made.x[:N]
    for l, kind in enumerate(activations[:-1], start=1):
        h = activate(kind, h @ made.parameters[f"W{l}"] + (made.parameters[f"b{l}"] if biases else 0.0))
    return h
