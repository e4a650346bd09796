"""Update lines: new W minus old W, taken apart into gradient, weight, sign of the weight and velocity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handgrad.check.sheet.model import Model, World, close
from handgrad.check.sheet.numbers import Value
from handgrad.check.sheet.reading import DECAYS, RATES
from handgrad.check.sheet.tree import names_in

if TYPE_CHECKING:
    from handgrad.check.sheet.judging import Result


def judge_update(result: Result, model: Model, worlds: list[World], values: list[Value], factor: float) -> None:
    """Sets the result's verdict, and its words where it is wrong.

    Args:
        result: of the line.
        model: the forward lines.
        worlds: as they stand before the line.
        values: the new weight in each.
        factor: what the sheet's gradients by weights are multiples of.
    """
    name = result.line.target
    parts = [_parts(name, world, value, factor) for world, value in zip(worlds, values, strict=True)]
    if any(p is None for p in parts):
        _judge_direction(result, name, worlds, values, factor)
        return
    gradient, weight, sign = (np.array([p[i] for p in parts if p is not None]) for i in range(3))
    rates = np.array([_scalar(model, world, RATES) for world in worlds])
    if np.all(np.abs(gradient) < 1e-12):
        _say(result, "update_without_gradient", f"{name} changes, but not by its gradient.")
    elif np.any(gradient * factor > 0):
        _say(
            result,
            "update_sign",
            f"The gradient points where the loss grows, and this line goes that way: {name} must become "
            f"{name} minus the rate times the gradient.",
        )
    elif abs(factor) > 1 and not np.allclose(np.abs(gradient * factor), rates):
        _say(
            result,
            "batch_factor_missing",
            "The gradients on this sheet are sums over the images, the loss is their mean, and no update divides.",
        )
    elif np.any(weight > 1e-12) or np.any(sign > 1e-12):
        _say(
            result,
            "penalty_sign",
            "The penalty shall make the weights smaller, but here it makes them grow: it stands with the sign of the "
            "gradient, inside the bracket that is subtracted.",
        )
    else:
        result.verdict = "right"
        _remark(result, model, worlds, (-gradient * factor, -weight, -sign), rates)


def _parts(name: str, world: World, value: Value, factor: float) -> tuple[float, float, float] | None:
    """The coefficients of gradient, weight and its sign in the step; None where the step is no such sum."""
    old = world.values[name]
    gradient = world.values.get(f"gradient by {name}")
    if gradient is None:
        gradient = world.expected(name, 1.0, factor)
    basis = [gradient, old, np.sign(old)]
    basis += [
        v for n, v in world.free.items() if world.model.free.kinds.get(n) == "state" and np.shape(v) == np.shape(old)
    ]
    if not np.all(np.isfinite(value)):
        return None
    matrix = np.stack([np.ravel(b) for b in basis], axis=1)
    step = np.ravel(value - old)
    coefficients = np.linalg.lstsq(matrix, step, rcond=None)[0]
    coefficients[np.abs(coefficients) < 1e-11] = 0.0
    if not close(matrix @ coefficients, step):
        return None
    return float(coefficients[0]), float(coefficients[1]), float(coefficients[2])


def _judge_direction(result: Result, name: str, worlds: list[World], values: list[Value], factor: float) -> None:
    """A rule of another form, such as Adam's: only whether it goes downhill is judged."""
    for world, value in zip(worlds, values, strict=True):
        gradient = world.expected(name, 1.0, factor)
        if float(np.sum((value - world.values[name]) * gradient)) * factor > 0:
            _say(result, "update_sign", f"This step goes uphill: {name} must move against its gradient.")
            return
    result.verdict = "right"
    result.notes.append("it goes downhill; more of this rule is not judged")


def _remark(result: Result, model: Model, worlds: list[World], parts: tuple[Value, Value, Value], rates: Value) -> None:
    gradient, weight, sign = parts
    decays = np.array([_scalar(model, world, DECAYS) for world in worlds])
    name = result.line.target
    if np.all(weight == 0) and np.all(sign == 0):
        return
    kind, size = ("½λΣW²", weight) if np.any(weight) else ("λΣ|W|", sign)
    if np.allclose(size, decays) and not np.allclose(size, decays * gradient):
        _say(result, "decay_without_rate", f"λ has escaped the bracket: {name} shrinks by λ instead of by rate · λ.")
        return
    if all(_has_penalty(world, name) for world in worlds):
        _say(
            result,
            "penalty_twice",
            "The loss has the penalty, so the gradient already contains it; here it comes again.",
        )
    elif np.all(rates > 0):
        result.notes.append(f"this is the step for the loss plus {kind}")


def _has_penalty(world: World, name: str) -> bool:
    """Whether the loss depends on the weight directly, not only through the net."""
    numbers = [tree for target, tree in world.model.forward if not world.model.forward_shapes[target]]
    return any(name in names_in(tree) for tree in numbers)


def _scalar(model: Model, world: World, names: tuple[str, ...]) -> float:
    return next((float(world.values[n]) for n in names if n in world.values), 0.0)


def _say(result: Result, explanation: str, words: str) -> None:
    result.verdict, result.explanation, result.words = "wrong", explanation, words
