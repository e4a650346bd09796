"""Finding a net in a program: worlds, forms and steps are tried until one gives every weight a gradient."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from typing import Any

import numpy as np

from handgrad.check.reading.autoencoder import sizes_for, wants_itself, with_itself
from handgrad.check.reading.calls import Form, Setting
from handgrad.check.reading.describe import describe_net
from handgrad.check.reading.guessed import argument_worlds
from handgrad.check.reading.layers.stack import imagined_worlds, stack_worlds
from handgrad.check.reading.loops.find import NAME, find_loops, is_whole
from handgrad.check.reading.loops.program import encodes_labels, loop_programs
from handgrad.check.reading.loops.script_sequences import is_recurrent
from handgrad.check.reading.loops.step import ONE_SAMPLE
from handgrad.check.reading.memories import are_memories, local_gradients
from handgrad.check.reading.naming.rename import named_program
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.packed import packed_program
from handgrad.check.reading.patience import patience
from handgrad.check.reading.plan import Plan, Step, Trial, Where, locate_gradients, run_plan, updated
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import BACKWARD, FORWARD, role_of
from handgrad.check.reading.sequences import sequences, unnamed_sequences
from handgrad.check.reading.source import NotReadError
from handgrad.check.reading.wishes import Wishes
from handgrad.check.reading.worlds import World, global_worlds, worlds
from handgrad.kernels.types import Array

_SIZES = ((11, 7, 6, 4), (11, 7, 4), (11, 7, 1), (11, 7, 6, 10), (11, 7, 10), (11, 7, 6, 8, 4), (11, 7, 7, 4),
          (9, 9, 9, 9), (9, 9, 9), (11, 4), (11, 7, 6, 1), (11, 1), (12, 8, 2), (8, 8))  # fmt: skip
_SAMPLES = ("rows", "columns", "vector", "column", "row")
_SECONDS, _LOOP_SECONDS = 5.5, 4.0  # of processor time
_GOOD, _ENOUGH, _FAIR = 9.7, 8.0, 7.0  # scores: stop at once, after all forms, after all orders of a world


_BATCH = re.compile(
    r"axis\s*=|\.shape\[|len\((x|y|t|target|label|input|batch)\w*\)|\.size\b|batch_?size|keepdims", re.IGNORECASE
)
_UNREAD = 5.5  # at most, for a net whose activations or loss are not known
_STATISTICS = re.compile(r"\b(var|std)\([^()]*axis=0|\bvariance\b")
_ONE_LAYER = re.compile(r"linear$|dense|layer|affine|^fc|fully", re.IGNORECASE)


@dataclass
class Draw:
    """Parameters and a batch to try a plan with."""

    parameters: dict[str, Array]
    x: Array
    t: Array


def draw(sizes: Sequence[int], samples: int, seed: int = 3, scale: float = 1.0) -> Draw:
    """Random parameters, inputs and one-hot targets; no bias is 0."""
    made = _drawn(tuple(sizes), samples, seed, scale)
    return Draw({name: values.copy() for name, values in made.parameters.items()}, made.x.copy(), made.t.copy())


@cache
def _drawn(sizes: tuple[int, ...], samples: int, seed: int = 3, scale: float = 1.0) -> Draw:
    """The same for the same question: thousands of plans are tried with one draw."""
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
    """The net of a program, or None and what was tried; where names say nothing, once more under telling ones."""
    asked = bool(wishes.backward or wishes.update or wishes.thing)
    if not asked and is_recurrent(program):
        return None, []
    best: Found | None = None
    tried: list[str] = []
    for other in (program,) if asked else _under_names(program):
        found, notes = _find(other, wishes, asked)
        tried += notes if other is program else []
        if found is not None and (best is None or found.score > best.score):
            best = found
        if best is not None and best.score >= _FAIR:
            break
    return (best.net if best else None), tried


def _under_names(program: Program) -> Iterator[Program]:
    """The program as it is, and under telling names; in the other order where none of its functions tells anything."""
    names = [*program.functions, *(name for own in program.methods.values() for name in own)]
    tells = any(BACKWARD.search(name) or FORWARD.search(name) for name in names)
    if tells:
        yield program
    with suppress(NotReadError, SyntaxError, ValueError):
        named = named_program(program)
        if named is not None and (not tells or any(BACKWARD.match(name) for name in named.own_names)):
            yield named
    if not tells:
        yield program


def _worth_more(best: Found | None, start: float) -> bool:
    """Whether to look on: always where there is nothing, for something better only while it was found quickly."""
    return best is None or (best.score < _FAIR and time.process_time() - start < _SECONDS)


def _find(program: Program, wishes: Wishes, asked: bool) -> tuple[Found | None, list[str]]:
    """The best reading; a training loop in no function is tried first where it is the whole, else last."""
    first = next((loop for loop in find_loops(program.tree)), None)
    if not asked and first is not None and is_whole(first):
        best, tried = _search_loops(program, wishes, None)
        if best is not None and best.score >= _FAIR:
            return best, tried
    cut = None if wishes.thing else packed_program(program)
    if cut is not None:
        best, tried = _search(cut, wishes, _SECONDS, ((True, False),))
        if best is not None and best.score >= _FAIR:
            return best, tried
    start = time.process_time()
    best, tried = _search(program, wishes, _SECONDS)
    if not asked and _worth_more(best, start):
        best, notes = _search_loops(program, wishes, best)
        tried += notes
    return best, tried


def _search_loops(program: Program, wishes: Wishes, best: Found | None) -> tuple[Found | None, list[str]]:
    """The best reading of a training loop's round as a function, or the one there was."""
    tried: list[str] = []
    end = time.process_time() + _LOOP_SECONDS
    scores: list[float] = []
    for other in loop_programs(program):
        labels = wishes.labels or ("numbers" if encodes_labels(other) else "")
        found, notes = _search(other, replace(wishes, backward=NAME, labels=labels), _SECONDS / 2)
        tried += notes[:3]
        scores += [found.score] if found is not None else []
        if len(scores) > 2 and max(scores) == min(scores):
            break  # other stand-ins for the data change nothing
        if found is not None and (best is None or found.score > best.score):
            best = found
        if (best is not None and best.score >= _FAIR) or time.process_time() > end:
            break
    return best, tried


_ROUNDS = ((False, False), (True, False), (False, True))  # whether worlds are guessed, whether names say nothing


def _search(
    program: Program, wishes: Wishes, seconds: float, rounds: Sequence[tuple[bool, bool]] = _ROUNDS
) -> tuple[Found | None, list[str]]:
    """The best of all worlds, orders and forms, and what was tried."""
    best: Found | None = None
    tried: list[str] = []
    end = time.process_time() + seconds
    last = end + seconds  # of a step whose every form runs and is slow
    for guessed, unnamed in rounds:
        for world in _distinct_worlds(program, wishes, guessed):
            enough = time.process_time() + seconds / 3
            for steps in (unnamed_sequences if unnamed else sequences)(program, world, wishes):
                for form in _forms(wishes, world):
                    found = _try(program, world, steps, form, wishes, tried)
                    if found is not None and (best is None or found.score > best.score):
                        best = found
                    if best is not None and (best.score >= _GOOD or time.process_time() > last):
                        return best, tried
                if time.process_time() > end or (best is not None and best.score >= _ENOUGH):
                    return best, tried
                if time.process_time() > enough:
                    break
            if best is not None and best.score >= _FAIR:
                return best, tried
    return best, tried


def _distinct_worlds(program: Program, wishes: Wishes, guessed: bool) -> Iterator[World]:
    """Nets that the program puts together of its layers; its classes, arguments, globals; last an imagined net."""
    seen: set[tuple[Any, ...]] = set()
    for world in _all_worlds(program, wishes, guessed):
        places = tuple(sorted((n, s.path, s.transposed, s.bias, s.inside) for n, s in world.slots.items()))
        key = (world.said, world.sizes, places)
        if key not in seen and not _is_lone_layer(program, world, wishes):
            seen.add(key)
            yield world


def _all_worlds(program: Program, wishes: Wishes, guessed: bool) -> Iterator[World]:
    sizes = [wishes.sizes] if wishes.sizes else list(sizes_for(program, _SIZES))
    if guessed:
        yield from (world for some in sizes for world in argument_worlds(program, some))
        return
    if NAME in program.functions:  # a loop at the top level has its weights there
        yield from global_worlds(program)
    if not wishes.thing:
        yield from (world for some in sizes for world in stack_worlds(program, some))
    yield from (world for some in sizes for world in worlds(program, some, wishes.thing))
    if not wishes.thing:
        yield from (world for some in sizes for world in imagined_worlds(program, some))


def _is_lone_layer(program: Program, world: World, wishes: Wishes) -> bool:
    """A framework's dense layer, which is no net, unless somebody asks for it."""
    asked = bool((wishes.backward and wishes.backward != NAME) or wishes.thing)
    lone = len(world.sizes) == 2 and _ONE_LAYER.search(world.owner) is not None
    return lone and not asked and len(program.methods) > 1


def _forms(wishes: Wishes, world: World) -> Iterator[Form]:
    """All forms; where biases are a row of the weights, the images may come with their 1."""
    samples = (wishes.samples,) if wishes.samples else _SAMPLES
    labels = (wishes.labels,) if wishes.labels else ("onehot", "numbers", "flat")
    yield from (Form(s, l) for s, l in product(samples, labels))
    if world.layered and not wishes.samples:
        yield from (Form(s, wishes.labels or "onehot") for s in ("listed row", "listed column"))
    inside = world.slots["W1"].inside
    if inside:
        yield from (Form(s, l, inside) for s, l in product(samples, labels))


def _try(
    program: Program, world: World, steps: tuple[Step, ...], form: Form, wishes: Wishes, tried: list[str]
) -> Found | None:
    """Run a sequence; a plan if it gives gradients."""
    if form.labels == "flat" and world.sizes[-1] != 1:
        return None
    if form.labels == "numbers" and world.sizes[-1] > 1 and any(_as_column(step.function) for step in steps):
        return None  # a column of targets less several outputs is broadcast: the net has one output
    plan = Plan(
        world,
        steps,
        form,
        Setting(reg=0.1 if wishes.reg is None else wishes.reg, classes=world.sizes[-1]),
        resize=False,
    )
    itself = wants_itself(world.sizes, steps)
    draws = with_itself(draw) if itself else draw
    made = draws(world.sizes, 5)
    try:
        with np.errstate(all="ignore"), patience(4.0):
            env = world.build(program, made.parameters, 0.05, False)
            trial = run_plan(plan, env, made.parameters, form.batches(made.x, made.t)[0], 0.05, record=True)
    except Exception as error:
        if len(tried) < 60:
            shown = " → ".join(s.function.shown for s in steps)
            tried.append(f"{shown} ({form.samples}, {form.labels}): {type(error).__name__}: {error}")
        return None
    score = settle(plan, trial)
    if score <= 0:
        return None
    if not plan.updates and not _alive(plan, trial):
        score -= 3
    try:
        with patience(15.0):
            net, fits = describe_net(program, plan, draws)
    except Exception as error:
        tried.append(f"{' → '.join(s.function.shown for s in steps)} ran but could not be described: {error}")
        return None
    if itself:
        net.spec = replace(net.spec, target_is_input=True, fixed_sizes=True)
    believed = _believed(program, plan, net, wishes, score)
    return None if believed is None else Found(plan, believed + fits - 0.1 * len(steps) - 2.0 * world.unused, net)


def _believed(program: Program, plan: Plan, net: ProgramNet, wishes: Wishes, score: float) -> float | None:
    """The score of what was run, now that it is understood or not; None where it is no net, or one layer of one."""
    world, form = plan.world, plan.form
    asked = bool((wishes.backward and wishes.backward != NAME) or wishes.thing)
    if form.alone and any(_STATISTICS.search(ast.unparse(f.node)) for f in _run_by(program, world)):
        return None  # a mean over one sample: batch normalisation wants more
    if world.sizes[-1] == 1 and net.spec.activations[-1] == "softmax":
        return None  # one class with probability 1: nothing to learn
    one_layer = len(world.sizes) == 2 and _ONE_LAYER.search(world.owner) is not None
    no_aim = net.spec.loss_is_assumed and net.spec.activations == ("identity",) and bool(world.owner)
    layer = one_layer or no_aim  # without output function and loss a class of several may be a layer, whatever its name
    if not asked and ((layer and len(program.methods) > 1) or (world.unused and len(world.sizes) == 2)):
        return None
    if not net.understood and not asked and (form.alone or not _can_be_moved(net)):
        return None  # neither outputs nor loss are understood
    texts = [ast.unparse(step.function.node) for step in plan.steps]
    if form.alone and not form.listed and any(_BATCH.search(text) and ONE_SAMPLE not in text for text in texts):
        score -= 4.0  # it counts or adds up samples: it wants them together
    if one_layer:
        score -= 3.0
    if not net.understood and not form.alone and _can_be_moved(net):
        score = max(score, _ENOUGH + 0.5) if world.layered else min(score, _UNREAD)  # its own loss, all gradients
    return score


_COLUMN = r"(?<![\w.]){name}\.reshape\(-1, 1\)|reshape\({name}, \(-1, 1\)\)|(?<![\w.]){name}\[:, (None|np\.newaxis)\]"


def _as_column(function: Function) -> bool:
    """`y.reshape(-1, 1) - outputs`: the targets made a column, and not to be compared with class numbers."""
    text = ast.unparse(function.node)
    names = {n.id for n in ast.walk(function.node) if isinstance(n, ast.Name) and role_of(n.id) == "t"}
    return any(re.search(_COLUMN.replace("{name}", name) + r"(?!\)* ?==)", text) for name in names)


def _can_be_moved(net: ProgramNet) -> bool:
    """Whether the program's own loss can be asked, so that its gradients can be compared with difference quotients."""
    return net.loss_plan is not None and not net.plan.updates and len(net.plan.gradients) == len(net.plan.world.slots)


def _run_by(program: Program, world: World) -> list[Function]:
    """The methods of a net's class; statistics of data at the top level do not count."""
    return list(program.methods.get(world.owner, {}).values()) if world.owner else []


def settle(plan: Plan, trial: Trial) -> float:
    """Set where the gradients lie; 0 where there are none."""
    weights = sum(name[0] == "W" for name in plan.world.slots)
    found, count = locate_gradients(plan, trial)
    changed = updated(trial)
    if _is_script(plan) and changed == weights and not isinstance(trial.returned[-1], dict):
        plan.updates = True  # beside them, what looks like a gradient may be a velocity
        return 4.5
    complete = len([n for n in found if n[0] == "W"]) == weights
    if count and changed and are_memories(plan, trial, found):
        plan.gradients = local_gradients(plan, trial)
        if plan.gradients:
            return 5.0
        plan.updates = changed == weights and _are_steps(plan, trial, found)
        return 4.0 if plan.updates else 0.0
    if changed == weights and _are_steps(plan, trial, found):
        plan.updates = True
        return 4.0
    if count and (complete or changed < weights) and (count >= max(1, weights - 1)):
        plan.gradients = found
        odd = sum(not _shape_fits(plan, trial, name) for name in found)
        odd += sum(name not in found for name in plan.world.slots)
        return max((5.0 if complete else 2.0) - 1.5 * odd, 0.5)
    if changed and changed >= max(1, weights - 1):
        plan.updates = True
        return 4.0 if changed == weights else 2.0
    return 0.0


def _are_steps(plan: Plan, trial: Trial, found: dict[str, Where]) -> bool:
    """Whether what looks like gradients is what the weights were moved by, the rate in it."""
    weights = [name for name in found if name[0] == "W"]
    asks = any(role_of(name) == "lr" for step in plan.steps for name in step.function.parameters)
    if not weights or not (plan.world.rates or asks):
        return False
    for name in weights:
        step = np.abs(trial.after[name] - trial.before[name])
        given = np.abs(np.asarray(found[name].find(trial.returned, trial.env), float))
        if given.shape not in (step.shape, step.T.shape) or not np.any(step):
            return False
        if not any(np.allclose(given, s, rtol=1e-6, atol=1e-12) for s in (step, step.T) if s.shape == given.shape):
            return False
    return True


def _is_script(plan: Plan) -> bool:
    """Whether the step is a training loop's round whose weights are plain global names."""
    plain = all(len(slot.path) == 2 or not slot.path[-1:] for slot in plan.world.slots.values())
    return plain and plan.steps[-1].function.name == NAME and plan.world.kind == "globals"


def _shape_fits(plan: Plan, trial: Trial, name: str) -> bool:
    shape = np.shape(plan.gradients[name].find(trial.returned, trial.env))
    if name[0] == "b" and int(np.prod(shape)) == 1:
        return True  # b -= rate * db takes one number for all
    return plan.world.slots[name].fits(shape, trial.before[name].shape)


def _alive(plan: Plan, trial: Trial) -> bool:
    values = [np.asarray(w.find(trial.returned, trial.env)) for w in plan.gradients.values()]
    return any(np.any(v) for v in values)
