"""The diagnosis of a whole CNN: ask it, compare every tensor with the exact CNN, explain the wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from handgrad.check.diagnosis.cnns.guesses import CnnView
from handgrad.check.diagnosis.cnns.items import cnn_items
from handgrad.check.diagnosis.cnns.model import CnnSpec, CnnTrace, trace_cnn
from handgrad.check.diagnosis.cnns.walk import StageFound, walk_cnn
from handgrad.check.diagnosis.compare import EXACT, FLOAT32, at_worst, relative
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.texts import finding, introduced, ruled_out
from handgrad.check.subject import Answer, Arrays, Diagnosis, Finding, TensorVerdict
from handgrad.kernels.types import Array

_SINGLE = 1e-4
_RATES = (0.05, 0.02, 0.08)
_FACTORS = {
    "one_over_n_missing", "one_over_n_twice", "multiplied_by_n", "mean_but_loss_is_sum", "mean_over_everything",
    "classes_in_mean_missing", "factor_two", "factor_constant", "n_minus_one", "divided_by_constant",
}  # fmt: skip


class CnnSubject(Protocol):
    """A program's CNN; images are NCHW, filters (F, C, K, K), dense weights (D, M)."""

    spec: CnnSpec
    shapes: Mapping[str, tuple[int, ...]]  # of the parameters W1, b1, …
    images: tuple[int, ...]  # (C, H, W)
    classes: int

    @property
    def form(self) -> str:
        """How gradients are had: "returned", "attributes", "updates inside"."""

    @property
    def alone(self) -> bool:
        """One image a call."""

    def answer(
        self, parameters: Arrays, x: Array, t: Array, *, learning_rate: float = 1e-3, calls: int = 1
    ) -> list[Answer]:
        """Gradients at these parameters for images x (N, C, H, W) and one-hot t (N, P), of each call in a row."""

    def line_of(self, tensor: str) -> int | None:
        """The line of the source where this tensor's gradient is made, where that is known."""


@dataclass
class _Asked:
    parameters: dict[str, Array]
    x: Array
    t: Array
    rate: float
    answer: Answer
    truth: CnnTrace


def diagnose_cnn(subject: CnnSubject, seed: int = 20242) -> Diagnosis:
    """Which mistakes are in a CNN's gradients, and what they are called.

    Args:
        subject: the program.
        seed: of the three places where it is asked.

    Raises:
        Exception: the program's own.
    """
    rng = np.random.default_rng(seed)
    asked = [_ask(subject, turn, rng) for turn in range(3)]
    items = _state(subject, asked[0])
    hidden = any(item.key in ("random_gradient", "not_finite") for item in items)
    tolerance = _noise(asked)
    found: list[StageFound] = []
    if not hidden and any(_relative(asked, n) > tolerance for n in _answered(asked)):
        views = [CnnView(a.truth, _shaped(a), {}, a.rate) for a in asked]
        found = walk_cnn(views, tolerance)
        items += cnn_items(found, subject.spec)
    items += _missing(asked)
    return _report(subject, asked, items, found, tolerance)


def draw_parameters(shapes: Mapping[str, tuple[int, ...]], rng: np.random.Generator) -> dict[str, Array]:
    """Random, no bias near 0, of a size that keeps logits small."""
    made: dict[str, Array] = {}
    for name, shape in shapes.items():
        if name[0] == "W":
            into = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
            made[name] = rng.standard_normal(shape) * min(1.5 / np.sqrt(into), 0.7)
        elif name.startswith("gamma"):
            made[name] = rng.uniform(0.6, 1.6, shape)
        else:
            made[name] = rng.uniform(0.05, 0.3, shape) * rng.choice([-1.0, 1.0], shape)
    return made


def _ask(subject: CnnSubject, turn: int, rng: np.random.Generator) -> _Asked:
    N = 1 if subject.alone else (3, 4, 2)[turn] if subject.images[1] > 1 else (6, 7, 5)[turn]
    parameters = draw_parameters(subject.shapes, rng)
    x = rng.uniform(-1.0, 1.0, (N, *subject.images))
    t = np.eye(subject.classes)[rng.permutation(subject.classes)[np.arange(N) % subject.classes]]
    rate = _RATES[turn]
    copies = {k: v.copy() for k, v in parameters.items()}
    answer = subject.answer(copies, x.copy(), t.copy(), learning_rate=rate)[0]
    return _Asked(parameters, x, t, rate, answer, trace_cnn(subject.spec, parameters, x, t))


def _state(subject: CnnSubject, one: _Asked) -> list[Item]:
    """Not finite, random, adding up over calls, arguments changed."""
    items = []
    if one.answer.changed:
        items.append(Item("argument_changed", (), None, " and ".join(one.answer.changed)))
    first = one.answer.gradients
    broken = tuple(name for name, g in first.items() if not np.isfinite(g).all())
    if broken:
        return [*items, Item("not_finite", broken)]

    def again(calls: int) -> list[Answer]:
        copies = {k: v.copy() for k, v in one.parameters.items()}
        return subject.answer(copies, one.x.copy(), one.t.copy(), learning_rate=one.rate, calls=calls)

    other = again(1)[0].gradients
    names = tuple(n for n in first if n in other and relative(other[n], np.asarray(first[n])) > 1e-5)
    if names:
        return [*items, Item("random_gradient", names)]
    row = again(3)
    if len(row) < 3 or subject.form == "updates inside":
        return items
    second, third = row[1].gradients, row[2].gradients
    names = tuple(n for n in first if n in second and relative(second[n], np.asarray(first[n])) > 1e-4)
    if names:
        doubled = all(
            relative(second[n], 2 * first[n]) < 1e-4 and relative(third[n], 3 * first[n]) < 1e-4 for n in names
        )
        items.append(Item("never_cleared" if doubled else "second_call_differs", names))
    return items


def _shaped(one: _Asked) -> dict[str, Array]:
    """Gradients in their parameter's shape where only the number of axes differs."""
    made = {}
    for name, values in one.answer.gradients.items():
        shape = one.parameters[name].shape
        given = np.asarray(values, float)
        made[name] = given.reshape(shape) if given.size == int(np.prod(shape)) and len(shape) == 1 else given
    return made


def _answered(asked: Sequence[_Asked]) -> list[str]:
    return [name for name in asked[0].truth.gradients if name in asked[0].answer.gradients]


def _relative(asked: Sequence[_Asked], name: str) -> float:
    return max(_off(a, name) for a in asked)


def _off(one: _Asked, name: str) -> float:
    """The relative difference; 0 where both are rounding, as for a bias in front of batch normalisation."""
    given, truth = _shaped(one)[name], one.truth.gradients[name]
    least = one.truth.rounding(name)
    if given.shape == truth.shape and max(float(np.linalg.norm(given)), float(np.linalg.norm(truth))) < least:
        return 0.0
    return relative(given, truth)


def _noise(asked: Sequence[_Asked]) -> float:
    """What single precision asks for, or what the cleanest tensor is off by, with room."""
    rests = [_relative(asked, name) for name in _answered(asked)]
    values = [np.asarray(g, float) for g in asked[0].answer.gradients.values()]
    single = all(np.array_equal(v, v.astype(np.float32)) for v in values)
    cleanest = min(rests, default=0.0)
    least = _SINGLE if single else 2 * EXACT
    return max(least, 50 * cleanest) if cleanest < FLOAT32 / 10 else least


def _missing(asked: Sequence[_Asked]) -> list[Item]:
    """Parameters that the program has no gradient for."""
    have = asked[0].answer.gradients
    missing = [name for name in asked[0].truth.gradients if name not in have]
    items = [Item("layer_skipped", (n, *[b for b in missing if b[1:] == n[1:] and b != n]), int(n[1:])) for n in missing
             if n[0] == "W"]  # fmt: skip
    biases = tuple(n for n in missing if n[0] == "b" and n[1:].isdigit() and f"W{n[1:]}" not in missing)
    if biases:
        every = not any(name[0] == "b" for name in have)
        items.append(Item("bias_zero" if every else "bias_skipped", biases, int(biases[0][1:])))
    return items


def _report(
    subject: CnnSubject, asked: Sequence[_Asked], items: list[Item], found: list[StageFound], tolerance: float
) -> Diagnosis:
    spec = subject.spec
    free = spec.loss_is_assumed and bool(found) and found[0].delta is not None
    findings: list[Finding] = []
    excused: set[str] = set()
    for item in items:
        convention = free and item.key in _FACTORS
        if convention:
            excused |= set(_answered(asked))
        verdict = "convention" if convention else "mistake"
        findings.append(_finding(subject, asked, item, verdict, {i.key for i in items}))
    blamed = {n for i, f in zip(items, findings, strict=True) if f.verdict == "mistake" for n in i.tensors}
    lines = []
    for name, truth in asked[0].truth.gradients.items():
        if name not in asked[0].answer.gradients:
            lines.append(TensorVerdict(name, truth.shape, 1.0, False, "the program has no gradient for it"))
            continue
        size = _relative(asked, name)
        right = size <= tolerance or (size <= FLOAT32 and name not in blamed)
        note = "right, up to a convention" if not right and name in excused - blamed else ""
        lines.append(TensorVerdict(name, truth.shape, size, right or bool(note), note))
    return Diagnosis(tuple(lines), tuple(findings))


def _finding(subject: CnnSubject, asked: Sequence[_Asked], item: Item, verdict: str, keys: set[str]) -> Finding:
    made = introduced(_numbers(subject, asked, item, _texts(subject, item, verdict, keys)), "net")
    return made


def _texts(subject: CnnSubject, item: Item, verdict: str, keys: set[str]) -> Finding:
    layer = item.layer or 1
    kinds = {stage.number: stage.kind for stage in subject.spec.stages if stage.number}
    names = {
        "l": str(layer), "below": str(layer - 1), "above": str(layer + 1), "h": "x" if layer == 1 else f"h{layer - 1}",
        "f": _activation_after(subject.spec, layer), "kind": kinds.get(layer, "conv"),
        "loss": subject.spec.loss.replace("_", " "),
    }  # fmt: skip
    return finding(item, verdict, names, ruled_out(item, keys))


def _activation_after(spec: CnnSpec, layer: int) -> str:
    """The first activation behind a layer's own stage."""
    places = [i for i, stage in enumerate(spec.stages) if stage.number == layer]
    after = spec.stages[places[0] + 1 :] if places else ()
    return next((s.kind for s in after if s.kind in ("relu", "leaky_relu", "sigmoid", "tanh")), spec.output)


def _numbers(subject: CnnSubject, asked: Sequence[_Asked], item: Item, made: Finding) -> Finding:
    name = item.tensors[0] if item.tensors else ""
    if not name or name not in asked[0].answer.gradients:
        return made
    made = replace(made, line=subject.line_of(name))
    truth, given = asked[0].truth.gradients[name], _shaped(asked[0])[name]
    if truth.shape != given.shape:
        return made
    return at_worst(made, given, truth, _relative(asked, name))
