"""A plan: which functions to call in which order, and where the gradients lie afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from handgrad.check.reading.calls import Batch, Form, Locals, Recorder, Setting, call
from handgrad.check.reading.chain import Slot
from handgrad.check.reading.global_counts import set_counts
from handgrad.check.reading.places import Path, get, is_named_tuple, name_of, numbers_in, put, walk
from handgrad.check.reading.program import Function
from handgrad.check.reading.roles import looks_like_buffer, looks_like_gradient
from handgrad.check.reading.worlds import Env, World
from handgrad.check.subject import Arrays
from handgrad.kernels.types import Array


@dataclass(frozen=True)
class Step:
    """One call; `path` leads from the environment to the object whose method it is, where that is not the net itself.

    `new`: the class of a loss object that the program does not keep: one is made.
    """

    function: Function
    path: Path = ()
    new: str = ""


@dataclass(frozen=True)
class Where:
    """Where a gradient is found: in what step `step` returned, or (−1) in the environment."""

    step: int
    path: Path

    @property
    def is_local(self) -> bool:
        """A local variable of one of the program's functions."""
        return self.path[:1] == (("item", "locals"),)

    def find(self, returned: Sequence[Any], env: Env) -> Any:
        """The value."""
        return get(env if self.step < 0 else returned[self.step], self.path)


@dataclass
class Plan:
    """A world, the steps, and the places of the gradients; an empty `gradients`: before less after the update."""

    world: World
    steps: tuple[Step, ...]
    form: Form
    setting: Setting
    gradients: dict[str, Where] = field(default_factory=dict)
    updates: bool = False
    loss: Where | None = None
    resize: bool = True
    penalty_over_samples: bool = False  # λ is divided by N in the program: it is handed λ N, so that λ/N stays the same


@dataclass
class Trial:
    """What one run of a plan left behind."""

    env: Env
    returned: list[Any]
    before: dict[str, Array]
    after: dict[str, Array]
    locals: Locals
    known: dict[int, Array]  # arrays of the world before the run, by id
    batch: Batch
    spoiled: tuple[str, ...] = ()


def run_plan(plan: Plan, env: Env, parameters: Arrays, batch: Batch, rate: float, record: bool = False) -> Trial:
    """Fill in the parameters and take the steps."""
    plan.world.fill(env, parameters)
    for name in set(env) - env["own"]:
        del env[name]  # what an earlier call left behind
    samples = (1 if batch.x.ndim < 2 else batch.x.shape[0 if batch.rows else 1]) if plan.penalty_over_samples else 1
    last = f"W{sum(name[0] == 'W' for name in parameters)}"
    classes = parameters[last].shape[1] if last in parameters else plan.setting.classes  # a CNN hands over none
    setting = replace(plan.setting, rate=rate, reg=plan.setting.reg * samples, classes=classes)
    for path, value in plan.world.penalties:
        put(env, path, value * samples)
    before = plan.world.read(env)
    known = {id(a): a.copy() for _, a in walk(env)}
    kept_x, kept_t = np.array(batch.x), np.array(batch.t)
    _hand_over(env, batch)
    set_counts(env["globals"], batch)
    returned: list[Any] = []
    recorder = Recorder()
    copies: list[tuple[str, Array, Array]] = []
    if record:
        with recorder:
            _take(plan, env, batch, setting, returned, copies)
    else:
        _take(plan, env, batch, setting, returned, copies)
    spoiled = [
        name for name, kept, now in (("x", kept_x, batch.x), ("t", kept_t, np.asarray(batch.t))) if not _same(kept, now)
    ]
    spoiled += [f"outputs of {name}" for name, kept, now in copies if not _same(kept, now)]
    if record:
        env["locals"] = {f"{function}.{name}": v for function, values in recorder.seen for name, v in values.items()}
    after = _after(plan, env, returned, before)
    return Trial(dict(env), returned, before, after, recorder.seen, known, batch, tuple(dict.fromkeys(spoiled)))


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _hand_over(env: Env, batch: Batch) -> None:
    """Objects that were given images and targets when they were made get this batch."""
    owner = env.get("self")
    for names, value in ((("x", "X", "input", "inputs"), batch.x), (("y", "Y", "t", "target", "targets"), batch.t)):
        for name in names:
            if owner is not None and isinstance(
                vars(owner).get(name) if hasattr(owner, "__dict__") else None, np.ndarray
            ):
                setattr(owner, name, value)


def _take(
    plan: Plan, env: Env, batch: Batch, setting: Setting, returned: list[Any], copies: list[tuple[str, Array, Array]]
) -> None:
    for place, step in enumerate(plan.steps):
        if step.new and step.new not in env:
            env[step.new] = env["globals"][step.new]()
        owner = env[step.new] if step.new else get(env, step.path) if step.path else None
        value = call(step.function, env, batch, setting, owner)
        returned.append(value)
        if place < len(plan.steps) - 1:
            copies += [(step.function.name, a.copy(), a) for p, a in walk(value) if len(p) <= 1]


def _after(plan: Plan, env: Env, returned: list[Any], before: dict[str, Array]) -> dict[str, Array]:
    """The parameters afterwards: changed in place, or returned in the same order by the last step."""
    now = plan.world.read(env)
    if any(not _same(before[n], now[n]) for n in before) or not returned:
        return now
    named = _after_by_name(plan, returned[-1], before)
    if named and (_is_small_step(before, named) or not _holds_more(returned[-1])):
        return named
    arrays = [a for _, a in walk(returned[-1])]
    wanted = sorted(plan.world.slots, key=lambda n: list(plan.world.slots).index(n))
    for order in (wanted, sorted(wanted, key=lambda n: (n[0] == "b", n))):
        with suppress(ValueError):
            if len(arrays) == len(order) and all(
                plan.world.slots[n].fits(a.shape, before[n].shape) for n, a in zip(order, arrays, strict=True)
            ):
                now = {n: plan.world.slots[n].shape_in(a) for n, a in zip(order, arrays, strict=True)}
                return now if _is_small_step(before, now) else before
    return before


def _holds_more(value: Any) -> bool:
    """Anything but arrays and numbers, or a named tuple: arrays in it may be gradients under the parameters' names."""
    parts = value if isinstance(value, tuple) else (value,)
    return is_named_tuple(value) or not all(isinstance(part, np.ndarray | float | int | np.number) for part in parts)


def _after_by_name(plan: Plan, value: Any, before: dict[str, Array]) -> dict[str, Array]:
    """Parameters returned under their own names, beside a history of losses or alone; {} if one is not among them."""
    function = plan.steps[-1].function
    labelled: dict[str, Array] = {}
    for path, array in walk(value):
        names = function.returns if isinstance(value, tuple) and len(function.returns) == len(value) else ()
        inner = [str(key) for _, key in path[1:]]
        first = names[path[0][1]] if names and path else str(path[0][1]) if path else "".join(function.returns[:1])
        labelled[(inner or [first])[-1]] = array
    made: dict[str, Array] = {}
    for name, slot in plan.world.slots.items():
        own = labelled.get(str(slot.path[-1][1]))
        if own is None or slot.inside or not slot.fits(own.shape, before[name].shape):
            return {}
        made[name] = slot.shape_in(own)
    return made


def _is_small_step(before: dict[str, Array], after: dict[str, Array]) -> bool:
    """Whether arrays are parameters after an update, not gradients."""
    for name, old in before.items():
        if name[0] == "W":
            norm = float(np.linalg.norm(old) * np.linalg.norm(after[name]))
            if not norm or float((old * after[name]).sum()) < 0.8 * norm:
                return False
    return True


def locate_gradients(
    plan: Plan, trial: Trial, candidates: list[tuple[Where, str, Array]] | None = None
) -> tuple[dict[str, Where], float]:
    """For each tensor the array that is most likely its gradient, and how many weights have one.

    `candidates`: arrays with places and names, instead of what was returned and what of the state has changed.
    """
    candidates = _candidates(plan, trial) if candidates is None else candidates
    found: dict[str, Where] = {}
    taken: set[int] = set()
    for name, slot in plan.world.slots.items():
        if slot.inside and name[0] == "b":
            continue
        best: tuple[float, Where, int] | None = None
        others = [other for other in plan.world.slots.values() if other.path[-1] != slot.path[-1]]
        mine = [a for _, label, a in candidates if _is_named(label, slot)]
        if mine and not any(slot.fits(a.shape, trial.before[name].shape) for a in mine):
            continue  # its own gradient has another shape
        for where, label, array in candidates:
            if any(_is_named(label, other) for other in others):
                continue
            if id(array) in taken or not slot.fits(array.shape, trial.before[name].shape):
                continue
            score = _score(label, name, slot, len(trial.before))
            if best is None or score > best[0]:
                best = score, where, id(array)
        if best is not None and best[0] > -5:
            found[name] = best[1]
            taken.add(best[2])
    for name, slot in plan.world.slots.items():
        if slot.inside and name[0] == "b" and f"W{name[1:]}" in found:
            found[name] = found[f"W{name[1:]}"]
    misshapen = _misshapen(plan, trial, candidates, found, taken)
    return found, sum(name[0] == "W" for name in found) - 0.6 * misshapen


def _is_named(label: str, slot: Slot) -> bool:
    """Whether a name says whose gradient it is: dW1, grad_W1, W1_grad, gW1."""
    last, own = (re.sub(r"[^a-z0-9]", "", n.split(".")[-1].lower()) for n in (label, name_of(slot.path)))
    return bool(own) and not own.isdigit() and last in (f"d{own}", f"grad{own}", f"{own}grad", f"g{own}", f"nabla{own}")


def _candidates(plan: Plan, trial: Trial) -> list[tuple[Where, str, Array]]:
    """Arrays returned, then arrays of the state that changed, with a name each."""
    own = {id(get(trial.env, slot.path)) for slot in plan.world.slots.values()}
    places = {slot.path for slot in plan.world.slots.values()}  # a bias that is a number has no lasting id
    found: list[tuple[Where, str, Array]] = []
    for place in range(len(trial.returned) - 1, -1, -1):
        function = plan.steps[place].function
        value = trial.returned[place]
        for path, array in walk(value):
            label = name_of(path)
            names = next(
                (n for n in (function.returns, *function.calls) if isinstance(value, tuple) and len(n) == len(value)),
                (),
            )
            if path and names and isinstance(path[0][1], int):
                label = f"{names[path[0][1]]}{label[len(str(path[0][1])) :]}"
            elif not path or not isinstance(value, tuple | dict):
                label = f"{next((n[0] for n in (function.returns, *function.calls) if len(n) == 1), '')}.{label}"
            if id(array) not in own and not _is_parameter(array, trial):
                found.append((Where(place, path), label, array))
    state = [("self", trial.env["self"])] if "self" in trial.env else [("globals", trial.env["globals"])]
    state += [(k, v) for k, v in trial.env.items() if k == plan.world.root and k not in ("self", "globals")]
    for root, value in state:
        for path, array in walk(value, (("item", root),)):
            fresh = id(array) not in trial.known or not _same(trial.known[id(array)], array)
            if id(array) not in own and path not in places and fresh and not _is_parameter(array, trial):
                found.append((Where(-1, path), name_of(path), array))
    return found


def _is_parameter(array: Array, trial: Trial) -> bool:
    """A parameter itself, or its new value."""
    for values in (trial.before, trial.after):
        for known in values.values():
            if (
                known.size > 1
                and known.size == array.size
                and np.array_equal(np.sort(known, axis=None), np.sort(array, axis=None))
            ):
                return True
    return False


def _score(label: str, name: str, slot: Slot, tensors: int) -> float:
    """How well a name fits the gradient of a tensor."""
    own = (
        name_of(slot.path).removeprefix("self.").removeprefix("globals.").removeprefix("made.").removeprefix("params.")
    )
    plain, mine = re.sub(r"[^a-z0-9]", "", label.lower()), re.sub(r"[^a-z0-9]", "", own.split(".")[-1].lower())
    score = 0.0
    if mine and not mine.isdigit() and mine in plain:
        score += 3
    if looks_like_gradient(label):
        score += 2
    if label.startswith("delta") and "w" not in plain and "b" not in plain[5:]:
        score -= 1
    if looks_like_buffer(label):
        score -= 4
    mine_numbers, its = numbers_in(own), numbers_in(label)
    if its and mine_numbers and its[-1] == mine_numbers[-1]:
        score += 2
    elif its and its[-1] in (int(name[1:]), int(name[1:]) - 1):
        score += 1
    letter = "b" if name[0] == "b" else "w"
    return score + (0.5 if letter in plain else 0.0)


def _misshapen(
    plan: Plan, trial: Trial, candidates: list[tuple[Where, str, Array]], found: dict[str, Where], taken: set[int]
) -> int:
    """Add gradients whose shape is not the parameter's, known by their names; how many weights have one."""
    weights = 0
    for name, slot in plan.world.slots.items():
        if name in found:
            continue
        for where, label, array in candidates:
            same = where.step >= 0 and label.split(".")[-1] == str(slot.path[-1][1])  # named as the weights
            if id(array) not in taken and array.ndim <= 2 and (same or _score(label, name, slot, 0) >= 5):
                found[name] = where
                taken.add(id(array))
                weights += name[0] == "W"
                break
    return weights


def updated(trial: Trial) -> int:
    """How many weights the steps changed."""
    return sum(not _same(trial.before[n], trial.after[n]) for n in trial.before if n[0] == "W")
