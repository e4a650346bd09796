"""From a plan that runs to a net that is understood: outputs, activations, loss, sizes, each confirmed by numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.diagnosis.model import activate, loss_sum, softmax
from handgrad.check.reading.calls import Form
from handgrad.check.reading.chance import calm
from handgrad.check.reading.fitting import (
    FittedForward,
    FittedLoss,
    fit_forward,
    fit_loss,
    fit_with_penalty,
    implied_loss,
    logits,
)
from handgrad.check.reading.loops.find import NAME as LOOP
from handgrad.check.reading.net import Outputs, ProgramNet, adds_in_update, find_output, lines_of
from handgrad.check.reading.places import get, walk
from handgrad.check.reading.plan import Plan, Step, Trial, Where, run_plan
from handgrad.check.reading.printed_loss import as_stepped, hidden_of, only_printed
from handgrad.check.reading.program import Program
from handgrad.check.reading.rates import SAMPLES, Draws, find_rate, fit_rate, rate_is_fixed
from handgrad.check.reading.roles import FORWARD, LOSS, NOT_LOSS
from handgrad.check.subject import NetSpec
from handgrad.kernels.types import Array


def describe_net(program: Program, plan: Plan, draw: Draws) -> tuple[ProgramNet, float]:
    """The net of a plan, and how well it was understood: 0 to 5."""
    made = draw(plan.world.sizes, SAMPLES)
    layers = len(plan.world.sizes) - 1
    spec = NetSpec(plan.world.sizes, ("identity",) * layers, "squared_error", "N", 0.5)
    net = ProgramNet(program, plan, spec, _form_of(plan))
    calm(net, made)
    trials = _trials(program, plan, made)
    fitted, net.outputs = _fit_outputs(plan, trials, made)
    fits = 0.0
    if fitted is None:
        fitted, net.outputs = _other_forward(program, plan, made)
    if fitted is not None:
        fits += 3.0 if fitted.exact else 2.2
    activations = fitted.activations if fitted else _guess_activations(program, layers, plan.world.sizes[-1])
    if plan.updates and rate_is_fixed(net, made) and not find_rate(net, made):
        net.fixed_rate = 1.0  # until the loss is known
    gradients = net.gradients_of(trials[0], 0.05)[0]
    loss, from_value = _fit_loss(program, plan, net, made, trials, activations, gradients, draw)
    fits += 2.0 if from_value else 0.5 if net.loss_plan is not None else 0.3
    net.spec = NetSpec(plan.world.sizes, activations, loss.kind, loss.divided_by, loss.factor, l2=loss.l2,
                       loss_is_assumed=net.loss_plan is None)  # fmt: skip
    net.loss_fits = from_value
    net.understood = fits >= 1.0
    if from_value and loss.kind == "squared_error" and only_printed(plan):
        as_stepped(net, loss, made, gradients)
    if plan.form.alone:
        net.spec = replace(net.spec, divided_by="N*P" if loss.divided_by == "N*P" else "N")
    _try_other_sizes(program, net, draw)
    net.update_adds = adds_in_update(program, plan) and not plan.updates
    net.lines = lines_of(program, plan)
    if net.fixed_rate:
        fit_rate(net, draw)
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
    P, N = plan.world.sizes[-1], SAMPLES
    biases = any(name[0] == "b" for name in plan.world.slots)
    if plan.form.alone:
        N = 1
    found: list[tuple[bool, Outputs, Array]] = []
    for outputs, array in _places(trials[0]):
        shaped = _shaped(array, N, P, plan.form)
        if shaped is not None:
            found.append((_is_found_again(outputs, trials[0], array), outputs, shaped))
    found.sort(key=lambda one: not one[0])
    fitted = fit_forward(made.parameters, made.x[:N], [array for _, _, array in found], biases)
    if fitted is None:
        return None, None
    again, outputs, _ = found[fitted.place]
    if not fitted.exact and _is_divided_by_its_sum(outputs, plan):
        return replace(fitted, exact=True), None
    return fitted, outputs if again else None


def _is_divided_by_its_sum(outputs: Outputs, plan: Plan) -> bool:
    """e = exp(z) in a variable is no output where the program goes on with e / e.sum(…), right or wrong."""
    if not outputs.variable or outputs.path:
        return False
    name = re.escape(outputs.variable)
    divided = re.compile(rf"\b{name} / \(?({name}\.sum\(|(np|numpy)\.sum\({name}\b|sum\({name}\b)")
    return any(divided.search(ast.unparse(step.function.node)) for step in plan.steps)


def _is_found_again(outputs: Outputs, trial: Trial, array: Array) -> bool:
    """Whether that place leads to this array: a function may have been called again since, as for a derivative."""
    value = find_output(outputs, trial)
    return isinstance(value, np.ndarray) and np.array_equal(value, np.asarray(array, float), equal_nan=True)


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
    N = 1 if plan.form.alone else SAMPLES
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
                    penalized = replace(penalized, l2=penalized.l2 * SAMPLES)
                return penalized, True
            if named is None and _is_loss(label) and np.isfinite(value):
                named = replace(candidate, loss=where)
    last = f"W{len(activations)}"
    h = hidden_of(made, activations, biases, N)
    dW = gradients.get(last)
    net.loss_plan = named
    if dW is None or dW.shape != (h.shape[1], t.shape[1]):
        kind = {"softmax": "softmax_cross_entropy", "sigmoid": "binary_cross_entropy"}.get(
            activations[-1], "squared_error"
        )
        return FittedLoss(kind, "N", 0.5 if kind == "squared_error" else 1.0, False), False
    return _implied(program, plan, net, made, trials, activations, dW), False


def _is_loss(label: str) -> bool:
    """Whether the name of a value, or of the function that returned it, is a loss's."""
    return any(LOSS.search(word) for word in label.split()) and not NOT_LOSS.search(label)


def _implied(
    program: Program, plan: Plan, net: ProgramNet, made: Any, trials: Sequence[Trial], activations: tuple[str, ...],
    dW: Array,
) -> FittedLoss:  # fmt: skip
    """The loss that the last layer's gradient implies, of all samples: one does not tell ½(p − t)² from −log p."""
    biases, last = any(name[0] == "b" for name in plan.world.slots), f"W{len(activations)}"
    if plan.form.alone:
        dW = sum((net.gradients_of(trial, 0.05)[0][last] for trial in trials[1:]), dW)
    h = hidden_of(made, activations, biases, SAMPLES)
    z = logits(made.parameters, made.x[:SAMPLES], activations[:-1], biases)
    W = made.parameters[last]
    implied = implied_loss(dW, h, activate(activations[-1], z), z, made.t[:SAMPLES], activations[-1], W)
    in_loop = plan.steps[-1].function.name == LOOP
    if not implied.aligned and in_loop and not re.search(r"log|softmax", program.source.text):
        text = ast.unparse(plan.steps[-1].function.node)
        counted = re.search(r"/\s*(len|float|m|n|N|\w*batch\w*|\w+\.shape)\b|mean\(", text)
        return FittedLoss("squared_error", "N" if counted else "none", 0.5, False)
    return implied


def _with_penalty(
    program: Program, plan: Plan, where: Where, value: float, seen: tuple[Array, Array, Array],
    activations: tuple[str, ...],
    draw: Draws,
) -> FittedLoss | None:  # fmt: skip
    """A loss plus c Σ W², the same c at two places."""
    if plan.form.alone:
        return None
    biases = any(name[0] == "b" for name in plan.world.slots)
    other = draw(plan.world.sizes, SAMPLES, 4, 0.5)  # small: in saturated outputs log(p + 1e-8) is not log p
    first = draw(plan.world.sizes, SAMPLES)
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
    few = replace_samples(made, SAMPLES - 1)
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
    return bool(abs(rest * (SAMPLES - 1) / SAMPLES - expected) < 1e-3 * expected)


def _value_at(program: Program, plan: Plan, where: Where, made: Any) -> float:
    trial = _trials(program, plan, made)[0]
    return float(np.asarray(where.find(trial.returned, trial.env)).reshape(-1)[0])


def replace_samples(made: Any, samples: int) -> Any:
    """The same draw with fewer samples."""
    return replace(made, x=made.x[:samples], t=made.t[:samples])


def _loss_plans(program: Program, plan: Plan, made: Any, trial: Trial) -> list[tuple[Plan, Trial]]:
    """The plan itself, then each function with a loss's name, alone or after the plan's first steps."""
    found = [(plan, trial)]
    from handgrad.check.reading.find_steps import forwards_of

    for function in sorted(_functions_of(program, plan), key=lambda f: -_calls_losses(f.node)):
        if not LOSS.search(function.name) or NOT_LOSS.search(function.name) or function.name.startswith("__"):
            continue
        ways: list[tuple[Step, ...]] = [(Step(function),)]
        ways = [*((Step(f), Step(function)) for f in forwards_of(program, plan) if f.name != function.name), *ways]
        for steps in ways:
            with suppress(Exception):
                other = replace(plan, steps=steps, gradients={}, updates=False)
                found.append((other, _trials(program, other, made)[0]))
    return found


def _calls_losses(node: ast.AST) -> int:
    """How many losses a function calls: the one with the penalty calls the one without, and is the one meant."""
    called = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    names = (f.id if isinstance(f, ast.Name) else f.attr if isinstance(f, ast.Attribute) else "" for f in called)
    return sum(bool(LOSS.search(name)) and not NOT_LOSS.search(name) for name in names)


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
                owner = plan.steps[place].new or ("" if not plan.steps[place].path else function.owner)
                label = f"{names[inner] if names else ''} {owner} {function.name}"
                found.append((Where(place, path), label, float(array.reshape(-1)[0])))
    for name, value in trial.env.get("locals", {}).items():
        named = LOSS.search(name.split(".")[-1]) and not NOT_LOSS.search(name.split(".")[-1])
        array = np.asarray(value) if isinstance(value, float | np.floating | np.ndarray) else None
        if named and array is not None and array.size == 1 and array.dtype.kind == "f":
            found.append((Where(-1, (("item", "locals"), ("item", name))), "", float(array.reshape(-1)[0])))
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


__all__ = ["describe_net", "find_output", "get"]
