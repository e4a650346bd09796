"""A program's net as diagnosis asks for it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handgrad.check.reading.calls import Batch
from handgrad.check.reading.places import name_of
from handgrad.check.reading.plan import Plan, Step, Trial, Where, run_plan
from handgrad.check.reading.program import Program, source_line
from handgrad.check.subject import Answer, Arrays, NetSpec
from handgrad.kernels.types import Array

_RESHAPED = re.compile(  # a bias or its gradient, given its shape elsewhere
    r"(?i)(?:\bd?_?b\w{0,3}|bias\w*|grad\w*)[\"'\]\w]*(?:\[\w+\])?\s*"
    r"(?:\.reshape|\.ravel|\.flatten|\.squeeze|\.T\b|\[[^\]\n]*(?:None|newaxis))"
    r"|(?:reshape|expand_dims|atleast_2d|squeeze|ravel)\(\s*(?:self\.)?(?:d?_?b\w{0,3}\b|bias|grad)"
)
_CLEARS = re.compile(r"\.(zero|clear|reset)_?grad\w*\(")  # called by the training ahead of each backward pass


@dataclass(frozen=True)
class Outputs:
    """Where the forward pass's result is to be seen: in a step's value, the state, or a local variable."""

    where: Where | None = None
    function: str = ""
    variable: str = ""
    path: tuple[tuple[str, Any], ...] = ()


@dataclass
class ProgramNet:
    """Implements `NetSubject` for a plan."""

    program: Program
    plan: Plan
    spec: NetSpec
    form: str
    outputs: Outputs | None = None
    loss_plan: Plan | None = None
    update_adds: bool = False
    loss_fits: bool = False  # whether the program's own loss has the value that `spec` says
    fixed_rate: float | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    understood: bool = True  # whether its outputs or its loss are those of a net that `spec` can describe
    notes: tuple[str, ...] = ()  # what else was assumed, in words

    @property
    def text(self) -> str:
        """The program's source."""
        return self.program.source.text

    def answer(
        self, parameters: Arrays, x: Array, t: Array, *, learning_rate: float = 1e-3, calls: int = 1
    ) -> list[Answer]:
        """See `NetSubject.answer`."""
        order = self._class_order(t)
        parameters, t = _reordered(parameters, order), t[:, order]
        env = self.plan.world.build(self.program, parameters, learning_rate, self.plan.resize)
        made = []
        for call in range(calls):
            if call and _CLEARS.search(self.program.source.text):
                env = self.plan.world.build(self.program, parameters, learning_rate, self.plan.resize)
            made.append(self._answer(env, parameters, x.copy(), t.copy(), learning_rate))
        return [_in_order(answer, np.argsort(order)) for answer in made]

    def _class_order(self, t: Array) -> Array:
        """Classes so that the last one is among the labels: many programs count up to `labels.max() + 1`."""
        order = np.arange(t.shape[1])
        if self.plan.form.labels == "numbers" and not self.plan.form.alone and t.shape[1] > 1:
            highest = int(t.argmax(axis=1).max())
            order[[highest, -1]] = order[[-1, highest]]
        return order

    def _answer(self, env: dict[str, Any], parameters: Arrays, x: Array, t: Array, rate: float) -> Answer:
        batches = self.plan.form.batches(x, t)
        trials: list[Trial] = []
        gradients: list[dict[str, Array]] = []
        shapes: dict[str, tuple[int, ...]] = {}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for batch in batches:
                trial = run_plan(self.plan, env, parameters, batch, rate, record=self._records())
                made, odd = self.gradients_of(trial, rate)
                trials.append(trial)
                gradients.append(made)
                shapes |= odd
        total = {name: _mean([g[name] for g in gradients]) for name in gradients[0]}
        outputs = self._outputs(trials)
        losses = [self._loss_in(trial) for trial in trials]
        loss = None if any(v is None for v in losses) else float(np.mean([v for v in losses if v is not None]))
        words = tuple(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)))
        return Answer(total, loss, outputs, shapes, tuple(dict.fromkeys(c for t in trials for c in t.spoiled)), words)

    def gradients_of(self, trial: Trial, rate: float) -> tuple[dict[str, Array], dict[str, tuple[int, ...]]]:
        """The gradients of one run, in handgrad's orientation, and the shapes that are not as they should be."""
        slots = self.plan.world.slots
        made: dict[str, Array] = {}
        odd: dict[str, tuple[int, ...]] = {}
        if self.plan.updates:
            step = self.fixed_rate or rate
            return {n: (trial.before[n] - trial.after[n]) / step for n in slots}, {}
        for name, where in self.plan.gradients.items():
            values = np.asarray(where.find(trial.returned, trial.env))
            slot, expected = slots[name], trial.before[name].shape
            if slot.bias and not slot.inside and values.size == 1:
                made[name] = np.full(expected, float(values.reshape(-1)[0]))  # as b -= rate * db would have it
            elif slot.inside or slot.fits(values.shape, expected):
                made[name] = np.array(slot.shape_in(values), float)
                if slot.spreads(values.shape) and not _RESHAPED.search(self.program.source.text):
                    odd[name] = values.shape
            else:
                values = np.array(values.T if slot.transposed else values, float)
                made[name] = values
                odd[name] = values.shape
        return made, odd

    def _records(self) -> bool:
        local_loss = self.plan.loss is not None and self.plan.loss.is_local
        local_gradients = any(where.is_local for where in self.plan.gradients.values())
        return local_loss or local_gradients or (self.outputs is not None and bool(self.outputs.function))

    def _outputs(self, trials: list[Trial]) -> Array | None:
        if self.outputs is None:
            return None
        found = []
        for trial in trials:
            value = find_output(self.outputs, trial)
            if value is None:
                return None
            found.append(np.asarray(value, float))
        if self.plan.form.alone:
            return np.stack([f.reshape(-1) for f in found])
        value = self.plan.form.outputs(found[0])
        return value.copy() if value.ndim == 2 else value.reshape(-1, 1).copy()

    def _loss_in(self, trial: Trial) -> float | None:
        if self.plan.loss is None:
            return None
        return _number(self.plan.loss.find(trial.returned, trial.env))

    def loss_at(self, parameters: Arrays, x: Array, t: Array) -> float | None:
        """See `NetSubject.loss_at`."""
        plan = self.loss_plan
        if plan is None or plan.loss is None:
            return None
        order = self._class_order(t)
        parameters, t = _reordered(parameters, order), t[:, order]
        env = plan.world.build(self.program, parameters, 1e-3, plan.resize)
        values = []
        for batch in plan.form.batches(x.copy(), t.copy()):
            trial = run_plan(plan, env, parameters, batch, 1e-3, record=plan.loss.is_local)
            value = _number(plan.loss.find(trial.returned, trial.env))
            if value is None:
                return None
            values.append(value)
        return float(np.mean(values))

    def line_of(self, tensor: str) -> int | None:
        """See `NetSubject.line_of`."""
        return self.lines.get(tensor)


def _reordered(arrays: Arrays, order: Array) -> dict[str, Array]:
    """The last layer's columns in another order of the classes; other tensors as they are."""
    last = f"{max(int(name[1:]) for name in arrays)}" if arrays else ""
    made = dict(arrays)
    for name in (f"W{last}", f"b{last}"):
        if name in made and made[name].ndim and made[name].shape[-1] == len(order):
            made[name] = np.ascontiguousarray(made[name][..., order])
    return made


def _in_order(answer: Answer, order: Array) -> Answer:
    """An answer with the classes back in handgrad's order."""
    if np.array_equal(order, np.arange(len(order))):
        return answer
    outputs = answer.outputs[:, order] if answer.outputs is not None else None
    return replace(answer, gradients=_reordered(answer.gradients, order), outputs=outputs)


def _mean(values: list[Array]) -> Array:
    return values[0] if len(values) == 1 else np.mean(values, axis=0)


def _number(value: Any) -> float | None:
    array = np.asarray(value)
    return float(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind in "fi" else None


def find_output(outputs: Outputs, trial: Trial) -> Any:
    """The forward pass's result in a run; None where it is not there."""
    from handgrad.check.reading.places import get

    try:
        if outputs.where is not None:
            return outputs.where.find(trial.returned, trial.env)
        for name, values in reversed(trial.locals):
            if name == outputs.function and outputs.variable in values:
                return get(values[outputs.variable], outputs.path)
    except (KeyError, IndexError, AttributeError, TypeError):
        return None
    return None


def lines_of(program: Program, plan: Plan) -> dict[str, int]:
    """Where in the source each tensor's gradient is made, by the names it goes by."""
    lines = {}
    for name, slot in plan.world.slots.items():
        own = name_of(slot.path).split(".")
        labels = [part for part in own if not part.isdigit()][-1:]
        if not plan.updates and name in plan.gradients:
            labels = _labels_of(plan, plan.gradients[name])
        line = source_line(program, labels)
        if line is not None:
            lines[name] = line
    return lines


def _labels_of(plan: Plan, where: Where) -> list[str]:
    words = [str(key) for _, key in where.path if not isinstance(key, int)]
    if where.step >= 0:
        function = plan.steps[where.step].function
        if where.path and isinstance(where.path[0][1], int) and len(function.returns) > where.path[0][1]:
            words.insert(0, function.returns[where.path[0][1]])
        elif len(function.returns) == 1 and not words:
            words.append(function.returns[0])
    return [w for w in words[-1:] if w and w not in ("self", "globals")]


def adds_in_update(program: Program, plan: Plan) -> bool:
    """Whether the program's update adds: `W += lr * dW`, `W = W + lr * dW`."""
    rate = r"(lr|eta|alpha|rate|tasa|step)"
    for slot in plan.world.slots.values():
        last = next((str(k) for _, k in reversed(slot.path) if not isinstance(k, int)), "")
        bare = rf"{re.escape(last)}[\"'\])]*(\[\w+\])?"
        if re.search(
            rf"(?i){bare}\s*\+=[^\n]*{rate}|{bare}\s*=\s*[\w.\[\]\"']*{bare}\s*\+[^\n]*{rate}", program.source.text
        ):
            return True
    return False


__all__ = ["Batch", "Outputs", "ProgramNet", "Step", "adds_in_update", "find_output", "lines_of"]
