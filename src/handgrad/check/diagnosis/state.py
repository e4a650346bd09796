"""What one call cannot show: calls in a row, changed arguments, shapes, numbers that are none, overflow."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import numpy as np

from handgrad.check.diagnosis.compare import relative
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.model import trace, uses_softmax
from handgrad.check.diagnosis.probes import Asked, Probe, call
from handgrad.check.subject import Answer, Arrays, NetSpec, NetSubject
from handgrad.kernels.types import Array

_SAME = 1e-5


def state_items(subject: NetSubject, asked: Sequence[Asked], own: Mapping[int, Array]) -> list[Item]:
    """Mistakes that show in calls in a row or in what a call leaves behind; `own` are the program's δ."""
    items = _changed(asked) + _shapes(asked, own)
    row = call(subject, asked[0].probe, calls=3)
    if len(row) < 3 or subject.form == "updates inside":
        return items
    return [*items, *_in_a_row(row)]


def random_items(subject: NetSubject, asked: Sequence[Asked]) -> list[Item]:
    """A gradient that is another one when the same question is asked again."""
    again, first = call(subject, asked[0].probe)[0], asked[0].answer
    names = _differing(first.gradients, again.gradients)
    return [Item("random_gradient", names)] if names else []


def cut_items(subject: NetSubject, asked: Sequence[Asked]) -> list[Item]:
    """Gradients cut off at ±c, or rounded to whole numbers: what is behind cannot be seen."""
    answers = [one.answer.gradients for one in asked]
    if not any(g.any() for gradients in answers for g in gradients.values()):
        return _nothing_arrives(subject, asked[0])
    names = tuple(n for n in answers[0] if any(n in given and given[n].any() for given in answers))
    moving = [(given, one) for given, one in zip(answers, asked, strict=True) if any(g.any() for g in given.values())]
    if all(_whole(given, one) for given, one in moving):
        return [Item("whole_numbers", names, int(names[0][1:]))]
    bound = _bound(answers)
    if not bound:
        return []
    reached = tuple(n for n in names if np.isclose(np.abs(answers[0][n]), bound, rtol=1e-9).any()) or names[:1]
    return [Item("clipped", reached, int(reached[0][1:]), f"{bound:.4g}", value=bound)]


def _whole(gradients: Arrays, one: Asked) -> bool:
    """Whether all entries are whole numbers, or means of whole numbers over the samples, and not all of them 0."""
    values = np.concatenate([np.ravel(g) for g in gradients.values()]) if gradients else np.zeros(0)
    if not values.any() or not np.isfinite(values).all():
        return False
    for times in (1, one.probe.samples):
        near = 1e-6 * np.abs(values * times).max()
        if (
            near < 0.1
            and np.abs(values * times).max() > 0.5
            and (np.abs(values * times % 1.0 - 0.5) > 0.5 - near).all()
        ):
            return True
    return False


def _nothing_arrives(subject: NetSubject, one: Asked) -> list[Item]:
    """All zero: an integer array shows in larger gradients."""
    names = tuple(one.answer.gradients)
    if not names:
        return []
    return [Item("whole_numbers" if whole_when_larger(subject, one, names) else "all_zero", names, int(names[0][1:]))]


def whole_when_larger(subject: NetSubject, one: Asked, names: Sequence[str]) -> bool:
    """Whether gradients that are 0 become whole numbers where they ought to be a few thousand times larger.

    Once by inputs a thousand times larger, and first weights as much smaller, which makes the first layer's gradient
    grow as much; once by larger targets, for all layers.
    """
    probe = one.probe
    smaller = {**probe.parameters, "W1": probe.parameters["W1"] / 3000.0}
    questions = (
        Probe(smaller, 3000.0 * probe.x, probe.t, probe.learning_rate),
        Probe(probe.parameters, probe.x, 3000.0 * probe.t, probe.learning_rate),
    )
    for question in questions:
        with contextlib.suppress(Exception):  # the program's own, which only knows 0 and 1 as targets
            large = call(subject, question)[0].gradients
            if _whole({name: large[name] for name in names if name in large}, one):
                return True
    return False


def _bound(answers: Sequence[Arrays]) -> float | None:
    """c where several entries, in two tensors or with both signs, are exactly ±c and none is larger."""
    for gradients in answers:
        c = max(float(np.abs(g).max(initial=0.0)) for g in gradients.values())
        at = {n: g[np.isclose(np.abs(g), c, rtol=1e-9)] for n, g in gradients.items()}
        reached = np.concatenate(list(at.values()))
        spread = sum(part.size > 0 for part in at.values()) > 1 or np.unique(np.sign(reached)).size > 1
        inside = all(float(np.abs(g).max(initial=0.0)) <= c * (1 + 1e-9) for other in answers for g in other.values())
        if c and reached.size >= 3 and spread and inside:
            return c
    return None


def _in_a_row(row: Sequence[Answer]) -> list[Item]:
    first, second, third = (answer.gradients for answer in row[:3])
    names = _differing(first, second) or _differing(first, third)
    if not names:
        return []
    doubled = all(relative(second[n], 2 * first[n]) < _SAME and relative(third[n], 3 * first[n]) < _SAME for n in names)
    return [Item("never_cleared" if doubled else "second_call_differs", names)]


def _changed(asked: Sequence[Asked]) -> list[Item]:
    names = {name for one in asked for name in one.answer.changed if name[0] not in "Wb"}
    return [Item("argument_changed", (), None, " and ".join(sorted(names)))] if names else []


def _shapes(asked: Sequence[Asked], own: Mapping[int, Array]) -> list[Item]:
    """Tensors whose gradient has another shape than the parameter."""
    items = []
    for name, shape in asked[0].answer.shapes.items():
        number = int(name[1:])
        expected = asked[0].probe.parameters[name].shape
        known = _misplaced(asked[0], name, own)
        if known is not None:
            items.append(Item(known[0], (name,), number, known[1]))
        elif tuple(shape) == tuple(reversed(expected)) and name[0] == "W":
            items.append(Item("dw_transposed", (name,), number, f"{shape}"))
        elif name[0] == "b" and _really_wrong(shape, expected):
            items.append(Item("bias_not_summed", (name,), number, f"{shape}"))
        elif name[0] == "b" and len(expected) == 1 and expected[0] > 1:
            items.append(Item("bias_becomes_matrix", (name,), number, f"{tuple(shape)}"))
        elif name[0] == "W":
            items.append(Item("wrong_shape", (name,), number, f"{shape}"))
    return items


def _misplaced(one: Asked, name: str, own: Mapping[int, Array]) -> tuple[str, str] | None:
    """A gradient of another shape that is right but for the place of one of its factors: key and detail."""
    truth, given, l = one.truth, np.asarray(one.answer.gradients[name], float), int(name[1:]) - 1
    flat = np.sort(given, axis=None)

    def made_of(values: Array) -> bool:
        return values.size == given.size and np.allclose(np.sort(values, axis=None), flat, rtol=1e-5, atol=1e-9)

    for j in range(truth.depth):
        if j == l:
            continue
        if name[0] == "b" and made_of(truth.delta[j].sum(axis=0)):
            return "bias_of_other_layer", f"δ{j + 1}"
        if name[0] == "W" and made_of(truth.h[j].T @ truth.delta[l]):
            return "input_of_other_layer", "x" if j == 0 else f"h{j}"
        deltas = (truth.delta[j], own.get(j, truth.delta[j]))
        if name[0] == "W" and any(made_of(truth.h[l].T @ delta) for delta in deltas):
            return "delta_of_other_layer", f"δ{j + 1}"
    return None


def _really_wrong(shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """(1, M) and (M, 1) are a matter of taste."""
    return int(np.prod(shape)) != int(np.prod(expected))


def not_finite(asked: Sequence[Asked]) -> list[Item]:
    """Gradients with NaN or infinity on harmless inputs."""
    names = tuple(n for n, g in asked[0].answer.gradients.items() if not np.isfinite(g).all())
    return [Item("not_finite", names)] if names else []


def overflow_items(subject: NetSubject, asked: Sequence[Asked], spec: NetSpec) -> list[Item]:
    """Whether the gradient survives logits of a thousand: said, but no mistake in the mathematics."""
    if not uses_softmax(spec) or not_finite(asked):
        return []
    probe = asked[0].probe
    last = f"W{len(spec.activations)}"
    big = {**probe.parameters, last: probe.parameters[last] * 3000.0}
    largest = np.abs(trace(spec, big, probe.x, probe.t).z[-1]).max()
    if largest < 750:
        return []
    answer = call(subject, Probe(big, probe.x, probe.t, probe.learning_rate))[0]
    outputs, said = answer.outputs, " ".join(answer.warnings)
    if np.isfinite(outputs).all() if outputs is not None else "overflow" not in said:
        return []  # nan from elsewhere, such as −t/p
    bad = tuple(n for n, g in answer.gradients.items() if not np.isfinite(g).all())
    return [Item("exp_overflow", bad)] if bad else []


def _differing(a: Arrays, b: Arrays) -> tuple[str, ...]:
    return tuple(n for n in a if n not in b or relative(np.nan_to_num(a[n]), np.nan_to_num(b[n])) > _SAME)
