"""Finding a net in a program: worlds, forms and steps are tried until one gives every weight a gradient."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np

from handgrad.check.reading.calls import Form, Setting
from handgrad.check.reading.describe import describe_net
from handgrad.check.reading.guessed import argument_worlds
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.patience import patience
from handgrad.check.reading.plan import Plan, Step, Trial, locate_gradients, run_plan, updated
from handgrad.check.reading.program import Program
from handgrad.check.reading.sequences import sequences, unnamed_sequences
from handgrad.check.reading.wishes import Wishes
from handgrad.check.reading.worlds import World, worlds
from handgrad.kernels.types import Array

_SIZES = ((11, 7, 6, 4), (11, 7, 4), (11, 7, 6, 10), (11, 7, 10), (11, 7, 6, 8, 4), (11, 7, 7, 4), (9, 9, 9, 9),
          (9, 9, 9), (11, 4),
          (11, 7, 6, 1), (11, 7, 1),
          (11, 1), (12, 8, 2), (8, 8))  # fmt: skip
_SAMPLES = ("rows", "columns", "vector", "column", "row")
_SECONDS = 6.0  # of processor time
_GOOD, _ENOUGH, _FAIR = 9.7, 8.0, 7.0  # scores: stop at once, after all forms, after all orders of a world


_BATCH = re.compile(
    r"axis\s*=|\.shape\[|len\((x|y|t|target|label|input|batch)\w*\)|\.size\b|batch_?size|keepdims", re.IGNORECASE
)
_ONE_LAYER = re.compile(r"linear$|dense|layer|affine|^fc|fully", re.IGNORECASE)


@dataclass
class Draw:
    """Parameters and a batch to try a plan with."""

    parameters: dict[str, Array]
    x: Array
    t: Array


def draw(sizes: Sequence[int], samples: int, seed: int = 3, scale: float = 1.0) -> Draw:
    """Random parameters, inputs and one-hot targets; no bias is 0."""
    rng = np.random.default_rng(seed)
    parameters: dict[str, Array] = {}
    for l, (D, M) in enumerate(pairwise(sizes), start=1):
        parameters[f"W{l}"] = scale * rng.standard_normal((D, M)) / np.sqrt(D)
        parameters[f"b{l}"] = rng.uniform(0.1, 0.5, M) * rng.choice([-1.0, 1.0], M)
    x = rng.standard_normal((samples, sizes[0]))
    P = sizes[-1]
    labels = (np.arange(samples) + P - 1) % max(P, 2)  # the last class is there: some programs count up to max()
    t = labels[:, None].astype(float) if P == 1 else np.eye(P)[labels]
    return Draw(parameters, x, t)


@dataclass
class Found:
    """A plan that ran, how good it is, and its run."""

    plan: Plan
    score: float
    net: ProgramNet


def find_net(program: Program, wishes: Wishes) -> tuple[ProgramNet | None, list[str]]:
    """The net of a program, or None and what was tried."""
    best: Found | None = None
    tried: list[str] = []
    end = time.process_time() + _SECONDS
    for guessed, unnamed in ((False, False), (True, False), (False, True)):
        for world in _distinct_worlds(program, wishes, guessed):
            for steps in (unnamed_sequences if unnamed else sequences)(program, world, wishes):
                for form in _forms(wishes):
                    found = _try(program, world, steps, form, wishes, tried)
                    if found is not None and (best is None or found.score > best.score):
                        best = found
                    if best is not None and best.score >= _GOOD:
                        return best.net, tried
                if time.process_time() > end or (best is not None and best.score >= _ENOUGH):
                    return (best.net if best else None), tried
            if best is not None and best.score >= _FAIR:
                return best.net, tried
    return (best.net if best else None), tried


def _distinct_worlds(program: Program, wishes: Wishes, guessed: bool) -> Iterator[World]:
    seen: set[tuple[Any, ...]] = set()
    for sizes in (wishes.sizes,) if wishes.sizes else _SIZES:
        for world in argument_worlds(program, sizes) if guessed else worlds(program, sizes, wishes.thing):
            places = tuple(sorted((n, s.path, s.transposed, s.bias) for n, s in world.slots.items()))
            key = (world.said, world.sizes, places)
            if key not in seen:
                seen.add(key)
                yield world


def _forms(wishes: Wishes) -> Iterator[Form]:
    samples = (wishes.samples,) if wishes.samples else _SAMPLES
    labels = (wishes.labels,) if wishes.labels else ("onehot", "numbers", "flat")
    yield from (Form(s, l) for s, l in product(samples, labels))


def _try(
    program: Program, world: World, steps: tuple[Step, ...], form: Form, wishes: Wishes, tried: list[str]
) -> Found | None:
    """Run a sequence; a plan if it gives gradients."""
    if form.labels == "flat" and world.sizes[-1] != 1:
        return None
    plan = Plan(
        world,
        steps,
        form,
        Setting(reg=0.1 if wishes.reg is None else wishes.reg, classes=world.sizes[-1]),
        resize=False,
    )
    made = draw(world.sizes, 5)
    try:
        with np.errstate(all="ignore"), patience(4.0):
            env = world.build(program, made.parameters, 0.05, False)
            trial = run_plan(plan, env, made.parameters, form.batches(made.x, made.t)[0], 0.05, record=True)
    except Exception as error:
        if len(tried) < 60:
            shown = " → ".join(s.function.shown for s in steps)
            tried.append(f"{shown} ({form.samples}, {form.labels}): {type(error).__name__}: {error}")
        return None
    score = _settle(plan, trial)
    if score <= 0:
        return None
    if not plan.updates and not _alive(plan, trial):
        score -= 3
    try:
        with patience(15.0):
            net, fits = describe_net(program, plan, draw)
    except Exception as error:
        tried.append(f"{' → '.join(s.function.shown for s in steps)} ran but could not be described: {error}")
        return None
    if form.alone and any(_BATCH.search(ast.unparse(step.function.node)) for step in steps):
        score -= 4.0  # it counts or adds up samples: it wants them together
    if len(world.sizes) == 2 and _ONE_LAYER.search(world.owner):
        score -= 3.0
    if world.sizes[-1] == 1 and net.spec.activations[-1] == "softmax":
        return None  # one class with probability 1: nothing to learn
    if fits < 1.0 and not wishes.backward and not wishes.thing:
        return None  # neither outputs nor loss are understood: this is no net
    return Found(plan, score + fits - 0.1 * len(steps) - 2.0 * world.unused, net)


def _settle(plan: Plan, trial: Trial) -> float:
    """Set where the gradients lie; 0 where there are none."""
    weights = sum(name[0] == "W" for name in plan.world.slots)
    found, count = locate_gradients(plan, trial)
    changed = updated(trial)
    complete = len([n for n in found if n[0] == "W"]) == weights
    if count and (complete or changed < weights) and (count >= max(1, weights - 1)):
        plan.gradients = found
        odd = sum(not _shape_fits(plan, trial, name) for name in found)
        odd += sum(name not in found for name in plan.world.slots)
        return max((5.0 if complete else 2.0) - 1.5 * odd, 0.5)
    if changed and changed >= max(1, weights - 1):
        plan.updates = True
        return 4.0 if changed == weights else 2.0
    return 0.0


def _shape_fits(plan: Plan, trial: Trial, name: str) -> bool:
    shape = np.shape(plan.gradients[name].find(trial.returned, trial.env))
    if name[0] == "b" and int(np.prod(shape)) == 1:
        return True  # b -= rate * db takes one number for all
    return plan.world.slots[name].fits(shape, trial.before[name].shape)


def _alive(plan: Plan, trial: Trial) -> bool:
    values = [np.asarray(w.find(trial.returned, trial.env)) for w in plan.gradients.values()]
    return any(np.any(v) for v in values)
