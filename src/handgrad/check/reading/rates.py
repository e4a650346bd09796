"""The learning rate of a program whose gradients only show in its updates: which number it is, or how large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.places import Path, get
from handgrad.kernels.types import Array

Draws = Callable[..., Any]
SAMPLES = 5
_MORE = 8


def rate_is_fixed(net: ProgramNet, made: Any) -> bool:
    """A rate that is neither argument nor attribute: (before − after) does not change with it."""
    with suppress(Exception), np.errstate(all="ignore"):
        one = net.answer(made.parameters, made.x, made.t, learning_rate=0.05)[0].gradients
        two = net.answer(made.parameters, made.x, made.t, learning_rate=0.025)[0].gradients
        names = [n for n in one if n[0] == "W" and np.any(one[n])]
        return bool(names and all(np.allclose(two[n], 2 * one[n], rtol=1e-6) for n in names))
    return False


def fit_rate(net: ProgramNet, draw: Draws) -> None:
    """η from the step (before − after) and the gradient of the loss as understood.

    Where the loss is only assumed, a step that grows with the number of samples is that of a sum.
    """
    rates: list[float] = []
    for samples in (SAMPLES, _MORE):
        made = draw(net.plan.world.sizes, samples)
        with suppress(Exception), np.errstate(all="ignore"):
            net.fixed_rate = net.fixed_rate if not rates else 1.0
            steps = net.answer(made.parameters, made.x, made.t)[0].gradients
            rates.append(_rate_from_model(net, made, dict(steps)))
    if rates:
        net.fixed_rate = rates[0]
    grows = len(rates) == 2 and np.isclose(rates[1] / rates[0], _MORE / SAMPLES, rtol=1e-3)
    if grows and net.loss_plan is None and net.spec.divided_by == "N" and not net.plan.form.alone:
        net.spec = replace(net.spec, divided_by="none")
        net.fixed_rate = rates[0] / SAMPLES


def _rate_from_model(net: ProgramNet, made: Any, steps: dict[str, Array]) -> float:
    """η by least squares against the gradient of the loss as understood, on the last layer."""
    from handgrad.check.diagnosis.model import Forward, trace

    biases = any(name[0] == "b" for name in net.plan.world.slots)
    truth = trace(net.spec, made.parameters, made.x, made.t, Forward(biases=biases)).gradients
    last = f"W{len(net.spec.activations)}"
    ratio = float((steps[last] * truth[last]).sum() / max(float((truth[last] ** 2).sum()), 1e-300))
    return abs(ratio) or 1.0


def find_rate(net: ProgramNet, made: Any) -> bool:
    """Whether one of the program's numbers, doubled, doubles the step: that is the rate, whatever it is called."""
    world = net.plan.world
    kept = world.rates
    with suppress(Exception), np.errstate(all="ignore"):
        env = world.build(net.program, made.parameters, 0.05, net.plan.resize)
        for path, value in _numbers(env, world.root):
            world.rates = (*kept, path)
            if not rate_is_fixed(net, made) and _is_doubled(net, made, value):
                return True
    world.rates = kept
    return False


def _numbers(env: dict[str, Any], root: str) -> Iterator[tuple[Path, float]]:
    """Positive fractions among the attributes or constants beside the weights."""
    owner = get(env, (("item", root),)) if root else env["globals"]
    values = owner.items() if isinstance(owner, dict) else vars(owner).items() if hasattr(owner, "__dict__") else ()
    kind = "item" if isinstance(owner, dict) else "attr"
    for name, value in list(values):
        if isinstance(value, float) and 0 < value <= 10 and not str(name).startswith("__"):
            yield (("item", root or "globals"), (kind, name)), value
    made = env["globals"].get("self") if kind == "item" else None  # of a method read as a function
    for name, value in list(vars(made).items()) if hasattr(made, "__dict__") else []:
        if isinstance(value, float) and 0 < value <= 10:
            yield (("item", "globals"), ("item", "self"), ("attr", name)), value


def _is_doubled(net: ProgramNet, made: Any, value: float) -> bool:
    """Whether (before − after) / rate is the same for two rates, at the places' own size."""
    one = net.answer(made.parameters, made.x, made.t, learning_rate=value)[0].gradients
    two = net.answer(made.parameters, made.x, made.t, learning_rate=2 * value)[0].gradients
    names = [n for n in one if n[0] == "W" and np.any(one[n])]
    return bool(names and all(np.allclose(one[n], two[n], rtol=1e-5) for n in names))


__all__ = ["SAMPLES", "Array", "Draws", "find_rate", "fit_rate", "rate_is_fixed"]
