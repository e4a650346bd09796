"""From a plan that runs to a net that is understood: outputs, activations, loss, sizes, each confirmed by numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.diagnosis.model import activate, loss_sum, softmax
from handgrad.check.reading.calls import Form
from handgrad.check.reading.fitting import (
    FittedForward,
    FittedLoss,
    fit_forward,
    fit_loss,
    fit_with_penalty,
    implied_loss,
    logits,
)
from handgrad.check.reading.net import Outputs, ProgramNet, adds_in_update, find_output, lines_of
from handgrad.check.reading.places import get, walk
from handgrad.check.reading.plan import Plan, Step, Trial, Where, run_plan
from handgrad.check.reading.program import Program
from handgrad.check.reading.roles import FORWARD, LOSS, NOT_LOSS
from handgrad.check.subject import NetSpec
from handgrad.kernels.types import Array

Draws = Callable[..., Any]
_SAMPLES = 5


def describe_net(program: Program, plan: Plan, draw: Draws) -> tuple[ProgramNet, float]:
    """The net of a plan, and how well it was understood: 0 to 5."""
    made = draw(plan.world.sizes, _SAMPLES)
    layers = len(plan.world.sizes) - 1
    spec = NetSpec(plan.world.sizes, ("identity",) * layers, "squared_error", "N", 0.5)
    net = ProgramNet(program, plan, spec, _form_of(plan))
    trials = _trials(program, plan, made)
    fitted, net.outputs = _fit_outputs(plan, trials, made)
    fits = 0.0
    if fitted is None:
        fitted, net.outputs = _other_forward(program, plan, made)
    if fitted is not None:
        fits += 3.0 if fitted.exact else 2.2
    activations = fitted.activations if fitted else _guess_activations(program, layers, plan.world.sizes[-1])
    if plan.updates and _rate_is_fixed(net, made):
        net.fixed_rate = 1.0  # until the loss is known
    gradients = net.gradients_of(trials[0], 0.05)[0]
    loss, from_value = _fit_loss(program, plan, net, made, trials, activations, gradients, draw)
    fits += 2.0 if from_value else 0.5 if net.loss_plan is not None else 0.3
    net.spec = NetSpec(plan.world.sizes, activations, loss.kind, loss.divided_by, loss.factor, l2=loss.l2,
                       loss_is_assumed=net.loss_plan is None)  # fmt: skip
    net.loss_fits = from_value
    if plan.form.alone:
        net.spec = replace(net.spec, divided_by="N")
    _try_other_sizes(program, net, draw)
    net.update_adds = adds_in_update(program, plan) and not plan.updates
    net.lines = lines_of(program, plan)
    if net.fixed_rate and not (loss.sure and net.loss_plan is None):
        _fit_rate(net, draw)
    return net, fits


def _form_of(plan: Plan) -> str:
    if plan.updates:
        return "updates inside"
    if plan.form.alone:
        return "per sample"
    return "attributes" if any(w.step < 0 for w in plan.gradients.values()) else "returned"


def _trials(program: Program, plan: Plan, made: Any) -> list[Trial]:
    env = plan.world.build(program, made.parameters, 0.05, plan.resize)
    with np.errstate(all="ignore"):
        return [run_plan(plan, env, made.parameters, b, 0.05, record=True) for b in plan.form.batches(made.x, made.t)]


def _places(trial: Trial) -> list[tuple[Outputs, Array]]:
    """Every array that a run shows: returned, in the state, and in local variables."""
    found: list[tuple[Outputs, Array]] = []
    for place, value in enumerate(trial.returned):
        found += [(Outputs(Where(place, path)), a) for path, a in walk(value)]
    if "self" in trial.env:
        found += [(Outputs(Where(-1, path)), a) for path, a in walk(trial.env["self"], (("item", "self"),))]
    for function, values in trial.locals:
        for name, value in values.items():
            found += [(Outputs(None, function, name, path), a) for path, a in walk(value)]
    return found


def _fit_outputs(plan: Plan, trials: Sequence[Trial], made: Any) -> tuple[FittedForward | None, Outputs | None]:
    """Activations that explain an array of the run with as many entries as outputs."""
    P, N = plan.world.sizes[-1], _SAMPLES
    biases = any(name[0] == "b" for name in plan.world.slots)
    if plan.form.alone:
        N = 1
    places: list[Outputs] = []
    arrays: list[Array] = []
    for outputs, array in _places(trials[0]):
        shaped = _shaped(array, N, P, plan.form)
        if shaped is not None:
            places.append(outputs)
            arrays.append(shaped)
    fitted = fit_forward(made.parameters, made.x[:N], arrays, biases)
    if fitted is None:
        return None, None
    return fitted, places[fitted.place]


def _shaped(array: Array, N: int, P: int, form: Form) -> Array | None:
    """An array as (N, P), if it can be one."""
    if array.size != N * P:
        return None
    if form.alone or P == 1:
        return np.array(array, float).reshape(N, P)
    shaped = form.outputs(np.asarray(array, float))
    return shaped.copy() if shaped.shape == (N, P) else None


def _other_forward(program: Program, plan: Plan, made: Any) -> tuple[FittedForward | None, Outputs | None]:
    """A forward function that the steps do not call: for the activations alone."""
    for function in _functions_of(program, plan):
        if FORWARD.search(function.name):
            with suppress(Exception):
                other = replace(plan, steps=(Step(function),), gradients={}, updates=False)
                fitted, _ = _fit_outputs(other, _trials(program, other, made), made)
                if fitted is not None:
                    return fitted, None
    return None, None


def _functions_of(program: Program, plan: Plan) -> list[Any]:
    owner = plan.world.owner
    own = [replace(f, owner=owner) for f in program.methods.get(owner, {}).values()] if owner else []
    return [*own, *program.functions.values()]


def _guess_activations(program: Program, layers: int, outputs: int) -> tuple[str, ...]:
    """By the words in the source, where no output was met."""
    text = program.source.text
    words = (("relu", r"relu|maximum\(|> 0"), ("tanh", r"tanh"), ("sigmoid", r"sigmoid|np\.exp\(-|expit"))
    hidden = next((kind for kind, pattern in words if re.search(pattern, text, re.IGNORECASE)), "identity")
    if re.search(r"softmax", text, re.IGNORECASE) and outputs > 1:
        last = "softmax"
    else:
        last = "sigmoid" if re.search(r"sigmoid|np\.exp\(-|expit", text) else "identity"
    return (*(hidden,) * (layers - 1), last)


def _fit_loss(
    program: Program, plan: Plan, net: ProgramNet, made: Any, trials: Sequence[Trial], activations: tuple[str, ...],
    gradients: dict[str, Array], draw: Draws,
) -> tuple[FittedLoss, bool]:  # fmt: skip
    """The loss that fits a number of the program's, else the kind that its last delta implies."""
    biases = any(name[0] == "b" for name in plan.world.slots)
    N = 1 if plan.form.alone else _SAMPLES
    z = logits(made.parameters, made.x[:N], activations[:-1], biases)
    p, t = activate(activations[-1], z), made.t[:N]
    named: Plan | None = None
    for candidate, trial in _loss_plans(program, plan, made, trials[0]):
        for where, label, value in _numbers(candidate, trial):
            fitted = fit_loss(value, p, z, t, activations[-1])
            if fitted is not None:
                net.loss_plan = replace(candidate, loss=where)
                if candidate is plan:
                    plan.loss = where
                return fitted, True
            penalized = _with_penalty(program, candidate, where, value, (p, z, t), activations, draw)
            if penalized is not None:
                plan.penalty_over_samples = _shrinks(program, candidate, where, penalized, made, activations)
                net.loss_plan = replace(candidate, loss=where, penalty_over_samples=plan.penalty_over_samples)
                if plan.penalty_over_samples:
                    penalized = replace(penalized, l2=penalized.l2 * _SAMPLES)
                return penalized, True
            if named is None and (LOSS.search(label) and not NOT_LOSS.search(label)) and np.isfinite(value):
                named = replace(candidate, loss=where)
    last = f"W{len(activations)}"
    h = _hidden(made, activations, biases, N)
    dW = gradients.get(last)
    net.loss_plan = named
    if dW is None or dW.shape != (h.shape[1], t.shape[1]):
        kind = {"softmax": "softmax_cross_entropy", "sigmoid": "binary_cross_entropy"}.get(
            activations[-1], "squared_error"
        )
        return FittedLoss(kind, "N", 0.5 if kind == "squared_error" else 1.0, False), False
    return implied_loss(dW, h, p, z, t, activations[-1]), False


def _with_penalty(
    program: Program, plan: Plan, where: Where, value: float, seen: tuple[Array, Array, Array],
    activations: tuple[str, ...],
    draw: Draws,
) -> FittedLoss | None:  # fmt: skip
    """A loss plus c Σ W², the same c at two places."""
    if plan.form.alone:
        return None
    biases = any(name[0] == "b" for name in plan.world.slots)
    other = draw(plan.world.sizes, _SAMPLES, 4, 2.0)
    first = draw(plan.world.sizes, _SAMPLES)
    try:
        again = _value_at(program, plan, where, other)
    except Exception:
        return None
    z = logits(other.parameters, other.x, activations[:-1], biases)
    squares = [sum(float((v**2).sum()) for n, v in m.parameters.items() if n[0] == "W") for m in (first, other)]
    return fit_with_penalty(
        (value, again), [seen, (activate(activations[-1], z), z, other.t)], squares, activations[-1]
    )


def _shrinks(
    program: Program, plan: Plan, where: Where, fitted: FittedLoss, made: Any, activations: tuple[str, ...]
) -> bool:
    """Whether the penalty, too, is divided by N: then it is another share of the loss for four samples."""
    few = replace_samples(made, _SAMPLES - 1)
    try:
        value = _value_at(program, plan, where, few)
    except Exception:
        return False
    biases = any(name[0] == "b" for name in plan.world.slots)
    z = logits(few.parameters, few.x, activations[:-1], biases)
    p = softmax(z) if fitted.kind == "softmax_cross_entropy" else activate(activations[-1], z)
    divisor = {"N": len(few.x), "none": 1, "N*P": few.t.size}[fitted.divided_by]
    rest = value - fitted.factor * loss_sum(fitted.kind, p, few.t) / divisor
    expected = 0.5 * fitted.l2 * sum(float((v**2).sum()) for n, v in few.parameters.items() if n[0] == "W")
    return bool(abs(rest * (_SAMPLES - 1) / _SAMPLES - expected) < 1e-3 * expected)


def _value_at(program: Program, plan: Plan, where: Where, made: Any) -> float:
    trial = _trials(program, plan, made)[0]
    return float(np.asarray(where.find(trial.returned, trial.env)).reshape(-1)[0])


def replace_samples(made: Any, samples: int) -> Any:
    """The same draw with fewer samples."""
    return replace(made, x=made.x[:samples], t=made.t[:samples])


def _hidden(made: Any, activations: tuple[str, ...], biases: bool, N: int) -> Array:
    h: Array = made.x[:N]
    for l, kind in enumerate(activations[:-1], start=1):
        h = activate(kind, h @ made.parameters[f"W{l}"] + (made.parameters[f"b{l}"] if biases else 0.0))
    return h


def _loss_plans(program: Program, plan: Plan, made: Any, trial: Trial) -> list[tuple[Plan, Trial]]:
    """The plan itself, then each function with a loss's name, alone or after the plan's first steps."""
    found = [(plan, trial)]
    from handgrad.check.reading.find_steps import forwards_of

    for function in _functions_of(program, plan):
        if not LOSS.search(function.name) or NOT_LOSS.search(function.name) or function.name.startswith("__"):
            continue
        ways: list[tuple[Step, ...]] = [(Step(function),)]
        ways = [*((Step(f), Step(function)) for f in forwards_of(program, plan) if f.name != function.name), *ways]
        for steps in ways:
            with suppress(Exception):
                other = replace(plan, steps=steps, gradients={}, updates=False)
                found.append((other, _trials(program, other, made)[0]))
    return found


def _numbers(plan: Plan, trial: Trial) -> list[tuple[Where, str, float]]:
    """Single numbers that steps returned, the last step's first."""
    found = []
    for place in range(len(trial.returned) - 1, -1, -1):
        value, function = trial.returned[place], plan.steps[place].function
        parts = value if isinstance(value, tuple) else (value,)
        for inner, part in enumerate(parts):
            array = np.asarray(part) if isinstance(part, float | int | np.number | np.ndarray) else None
            if array is not None and array.size == 1 and array.dtype.kind == "f":
                path = (("item", inner),) if isinstance(value, tuple) else ()
                names = function.returns if len(function.returns) == len(parts) else ()
                label = f"{names[inner] if names else ''} {function.name}"
                found.append((Where(place, path), label, float(array.reshape(-1)[0])))
    for name, value in trial.env.get("locals", {}).items():
        named = LOSS.search(name.split(".")[-1]) and not NOT_LOSS.search(name.split(".")[-1])
        if named and isinstance(value, float | np.floating):
            found.append((Where(-1, (("item", "locals"), ("item", name))), "", float(value)))
    return found


def _try_other_sizes(program: Program, net: ProgramNet, draw: Draws) -> None:
    """Whether the program works with other sizes, if not by itself then with its arrays replaced."""
    sizes = net.spec.sizes
    few = sizes[-1] == 1
    other = (13, *(6 + 2 * i + (sizes[1] == sizes[-2]) for i in range(len(sizes) - 2)), 1 if few else 5)
    for resize in (True, False):
        net.plan.resize = resize
        if net.loss_plan is not None:
            net.loss_plan.resize = resize
        with suppress(Exception):
            if _answers(net, draw(other, 4)):
                return
    net.plan.resize = net.plan.world.scalable
    if net.loss_plan is not None:
        net.loss_plan.resize = net.plan.world.scalable
    if not net.plan.world.scalable:
        net.spec = replace(net.spec, fixed_sizes=True)


def _answers(net: ProgramNet, made: Any) -> bool:
    with np.errstate(all="ignore"):
        answer = net.answer(made.parameters, made.x, made.t, learning_rate=0.05)[0]
    return all(
        answer.gradients[n].shape == made.parameters[n].shape for n in answer.gradients if n not in answer.shapes
    )


def _rate_is_fixed(net: ProgramNet, made: Any) -> bool:
    """A rate that is neither argument nor attribute: (before − after) does not change with it."""
    with suppress(Exception), np.errstate(all="ignore"):
        one = net.answer(made.parameters, made.x, made.t, learning_rate=0.05)[0].gradients
        two = net.answer(made.parameters, made.x, made.t, learning_rate=0.025)[0].gradients
        names = [n for n in one if n[0] == "W" and np.any(one[n])]
        return bool(names and all(np.allclose(two[n], 2 * one[n], rtol=1e-6) for n in names))
    return False


def _fit_rate(net: ProgramNet, draw: Draws) -> None:
    """η from the step (before − after) and the gradient of the loss as understood."""
    made = draw(net.plan.world.sizes, _SAMPLES)
    with suppress(Exception), np.errstate(all="ignore"):
        steps = net.answer(made.parameters, made.x, made.t)[0].gradients
        net.fixed_rate = _rate_from_model(net, made, dict(steps))


def _rate_from_model(net: ProgramNet, made: Any, steps: dict[str, Array]) -> float:
    """η by least squares against the gradient of the loss as understood, on the last layer."""
    from handgrad.check.diagnosis.model import Forward, trace

    biases = any(name[0] == "b" for name in net.plan.world.slots)
    truth = trace(net.spec, made.parameters, made.x, made.t, Forward(biases=biases)).gradients
    last = f"W{len(net.spec.activations)}"
    ratio = float((steps[last] * truth[last]).sum() / max(float((truth[last] ** 2).sum()), 1e-300))
    return abs(ratio) or 1.0


__all__ = ["describe_net", "find_output", "get"]
