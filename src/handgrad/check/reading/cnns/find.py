"""Finding a whole CNN in a program: places, calls and layouts are tried until its values are those of a known CNN."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any

import numpy as np

from handgrad.check.diagnosis.cnns.model import CnnSpec, trace_cnn
from handgrad.check.diagnosis.model import sigmoid, softmax
from handgrad.check.reading.arrange import from_program
from handgrad.check.reading.calls import Setting, call
from handgrad.check.reading.cnns.cnn import CnnForm, ProgramCnn, fill, fresh, locate, run_steps
from handgrad.check.reading.cnns.fit import Fitted, Tensor, Values, entrances, fit_stages, is_weight
from handgrad.check.reading.cnns.worlds import CLASSES, cnn_worlds, parameters_of
from handgrad.check.reading.patience import patience
from handgrad.check.reading.places import Path, get, name_of, put, walk
from handgrad.check.reading.plan import Step, Trial, Where
from handgrad.check.reading.program import Program
from handgrad.check.reading.roles import LOSS, NOT_LOSS, role_of
from handgrad.check.reading.sequences import sequences
from handgrad.check.reading.wishes import Wishes
from handgrad.check.reading.worlds import World
from handgrad.kernels.types import Array

_SECONDS = 20.0
_RATE = 0.05
_LIKELY = re.compile(r"conv|kernel|filter|im2col|pool", re.IGNORECASE)
_NORMALISED = re.compile(r"batch_?norm|gamma", re.IGNORECASE)
_LAYOUTS = ("N,C,H,W", "N,H,W,C", "N,H,W", "N,CHW", "C,H,W", "H,W", "H,W,C", "CHW")
_SIDES = (8, 28, 12, 10, 16, 14, 6, 32)


def may_be_cnn(program: Program) -> bool:
    """Whether the source speaks of convolutions, or of batch normalisation, at all."""
    text = program.source.text
    return len(_LIKELY.findall(text)) >= 2 or len(_NORMALISED.findall(text)) >= 3


@dataclass
class _Run:
    """One run that left gradients: what was handed over, what came of it."""

    world: World
    steps: tuple[Step, ...]
    layout: CnnForm
    images: Array
    targets: Array
    trial: Trial
    own: list[tuple[Path, Array]]
    before: list[Array]
    where: dict[int, Where]


def find_cnn(program: Program, wishes: Wishes) -> ProgramCnn | None:
    """The whole CNN of a program; None where there is none, or none whose forward pass is understood."""
    if not may_be_cnn(program):
        return None
    end = time.process_time() + _SECONDS
    for world in cnn_worlds(program, wishes.thing):
        own = _parameters(program, world)
        weights = [a for path, a in own if is_weight(name_of(path), a)]
        scaled = any("gamma" in name_of(path).lower() for path, _ in own)
        if len(weights) < 2 or not (scaled or any(_is_filter(a) for a in weights)):
            continue
        begun: dict[tuple[str, ...], bool] = {}
        for layout, images, targets in _handed(own):
            for steps in _steps(program, world, wishes):
                if not _begins(program, world, steps, layout, images, targets, begun):
                    continue
                run = None
                with suppress(Exception):
                    run = _run(program, world, steps, layout, images, targets)
                if run is not None:
                    with suppress(Exception):
                        found = _described(program, run)
                        if found is not None:
                            return found
                if time.process_time() > end:
                    return None
    return None


def _begins(
    program: Program, world: World, steps: tuple[Step, ...], layout: CnnForm, x: Array, t: Array,
    begun: dict[tuple[str, ...], bool],
) -> bool:  # fmt: skip
    """Whether the first of several steps, a forward pass, takes these images at all; each is tried once."""
    if len(steps) < 2:
        return True
    first = steps[0].function
    labels = layout.labels if any(role_of(p) == "t" for p in first.parameters) else ""
    key = (layout.images, str(x.shape), first.shown, labels)
    if key not in begun:
        begun[key] = False
        with suppress(Exception), patience(4.0), np.errstate(all="ignore"):
            run_steps(world, steps[:1], fresh(program, world), layout.batches(x, t)[0], _RATE)
            begun[key] = True
    return begun[key]


def _parameters(program: Program, world: World) -> list[tuple[Path, Array]]:
    with suppress(Exception), patience(3.0):
        return parameters_of(world, fresh(program, world))
    return []


def _first_filter(own: Sequence[tuple[Path, Array]]) -> Array:
    return next(a for path, a in own if _is_filter(a) and is_weight(name_of(path), a))


def _is_filter(array: Array) -> bool:
    return array.ndim in (3, 4) and sum(n > 1 for n in array.shape) >= 2


def _steps(program: Program, world: World, wishes: Wishes) -> Iterator[tuple[Step, ...]]:
    yield from islice(sequences(program, world, wishes), 60)


def _handed(own: Sequence[tuple[Path, Array]]) -> Iterator[tuple[CnnForm, Array, Array]]:
    """Images and targets in every layout, likely sizes first."""
    rng = np.random.default_rng(5)
    classes = _classes(own)
    if not any(_is_filter(a) for _, a in own):
        yield from _flat(own, classes, rng)
        return
    channels = _channels(own)
    for side in _sides(own):
        for C in channels:
            for pattern in _LAYOUTS:
                if C > 1 and "C" not in pattern:
                    continue
                N = 3 if "N" in pattern else 1
                x = rng.uniform(-1.0, 1.0, (N, C, side, side))
                for P in classes:
                    t = np.eye(P)[np.arange(P - 1, P - 1 - N, -1) % P]
                    for labels in ("numbers", "onehot", "columns"):
                        yield CnnForm(pattern, labels), x, t
                    if pattern == "N,C,H,W":  # a list of images that a loop takes one by one
                        yield CnnForm(pattern, "stack"), x[:1], t[:1]


def _flat(
    own: Sequence[tuple[Path, Array]], classes: list[int], rng: np.random.Generator
) -> Iterator[tuple[CnnForm, Array, Array]]:
    """Inputs (N, D) of a net without convolutions: D channels of one pixel."""
    first = next(a for path, a in own if is_weight(name_of(path), a))
    for D, P in product(first.shape, classes):
        x, t = rng.uniform(-1.0, 1.0, (6, D, 1, 1)), np.eye(P)[np.arange(P - 1, P - 7, -1) % P]
        for pattern, labels in product(("N,CHW", "CHW,N"), ("numbers", "onehot", "columns")):
            yield CnnForm(pattern, labels), x, t


def _classes(own: Sequence[tuple[Path, Array]]) -> list[int]:
    """Widths that the last layer may have."""
    flat = [a for _, a in own if a.ndim <= 2]
    widths = [max(flat[-1].shape), min(flat[-1].shape)] if flat else []
    widths = [n for n in widths if 1 < n <= 100]
    return list(dict.fromkeys([*sorted(widths), CLASSES, 10]))[:2] if widths else [10]


def _channels(own: Sequence[tuple[Path, Array]]) -> list[int]:
    first = _first_filter(own)
    if first.ndim == 3:
        return [1, *({first.shape[0], first.shape[-1]} & {3})]
    found = [first.shape[1], first.shape[2], first.shape[3]]
    return list(dict.fromkeys(n for n in found if n in (1, 2, 3, 4)))[:2] or [1]


def _sides(own: Sequence[tuple[Path, Array]]) -> list[int]:
    """Image sizes from which some layer's width can come first: the widest dense layer must be fed."""
    wide = sorted((max(a.shape) for path, a in own if a.ndim == 2 and is_weight(name_of(path), a)), reverse=True)[:1]
    first = _first_filter(own)
    dims = set(first.shape)
    maps = {n for path, a in own if _is_filter(a) for n in a.shape}
    ranked = []
    for place, side in enumerate(_SIDES):
        outs = {side + 2 * p - k + 1 for k in dims for p in (0, 1, 2)} | {side}
        outs |= {n // 2 for n in outs} | {n // 4 for n in outs} | {(n // 2 - k + 1) // 2 for n in outs for k in dims}
        good = any(w % (o * o) == 0 for w in wide for o in outs if o > 1)
        good = good and any(w == f * o * o for w in wide for o in outs for f in maps)
        ranked.append((not good, place, side))
    return [side for _, _, side in sorted(ranked)][:4]


def _run(program: Program, world: World, steps: tuple[Step, ...], layout: CnnForm, x: Array, t: Array) -> _Run | None:
    """One run at random parameters; None where it gives no gradients."""
    rng = np.random.default_rng(7)
    with np.errstate(all="ignore"), patience(4.0):
        env = fresh(program, world)
        own = parameters_of(world, env)
        values = [_draw(name_of(path), array, rng) for path, array in own]
        fill(env, [path for path, _ in own], dict(enumerate(values)))
        before = [np.array(get(env, path), float) for path, _ in own]
        trial = run_steps(world, steps, env, layout.batches(x, t)[0], _RATE)
    now = [np.asarray(get(trial.env, path), float) for path, _ in own]
    changed = [
        i for i, (a, b) in enumerate(zip(before, now, strict=True)) if a.shape == b.shape and not np.array_equal(a, b)
    ]
    where = locate(program, steps, trial, own, before)
    filters = {i for i, (_, a) in enumerate(own) if _is_filter(a)} or set(range(len(own)))
    enough = max(2, len(own) // 2)
    if len(where) >= enough and filters & set(where):
        return _Run(world, steps, layout, x, t, trial, own, before, where)
    if len(changed) >= enough or (changed and filters & set(changed)):
        return _Run(world, steps, layout, x, t, trial, own, before, {})
    return None


def _draw(label: str, array: Array, rng: np.random.Generator) -> Array:
    """Random values; those of a bias that has a value at each place are one a filter."""
    last = label.split(".")[-1].lower()
    if re.match("gamma|scale", last):
        return rng.uniform(0.6, 1.6, array.shape)
    if re.match(r"b(ias)?", last) and sum(n > 1 for n in array.shape) > 1:
        return np.array(np.broadcast_to(rng.uniform(-0.3, 0.3, (len(array), *[1] * (array.ndim - 1))), array.shape))
    if sum(n > 1 for n in array.shape) > 1:
        return np.asarray(rng.standard_normal(array.shape) * min(0.5, 4.0 / np.sqrt(array.size)))
    return np.asarray(rng.uniform(0.05, 0.3, array.shape) * rng.choice([-1.0, 1.0], array.shape))


def _computed(run: _Run) -> list[Array]:
    """Every array that the program computed on the way."""
    found = [a for _, values in run.trial.locals for _, a in walk(values)]
    kept = run.trial.env["self" if "self" in run.trial.env else "globals"]
    return [*found, *(a for _, a in walk(run.trial.returned)), *(a for _, a in walk(kept))]


def _described(program: Program, run: _Run) -> ProgramCnn | None:
    """With a penalty where its λ is found in the loss; else once more without."""
    found = _describe(program, run)
    if run.world.penalties and (found is None or found.spec.loss_is_assumed):
        run.world.penalties = tuple((path, 0.0) for path, _ in run.world.penalties)
        again = _run(program, run.world, run.steps, run.layout, run.images, run.targets)
        found = None if again is None else _describe(program, again)
    return found


def _losses(program: Program, run: _Run) -> list[Array]:
    """What functions that look like a loss give for this batch, where no step has called them."""
    own = program.methods.get(run.world.owner, {})
    functions = [replace(f, owner=run.world.owner) for f in own.values()] + list(program.functions.values())
    found: list[Array] = []
    for function in functions:
        if not LOSS.search(function.name) or NOT_LOSS.search(function.name) or len(found) > 20:
            continue
        with suppress(Exception), patience(3.0), np.errstate(all="ignore"):
            env = fresh(program, run.world)
            fill(env, [path for path, _ in run.own], dict(enumerate(run.before)))
            for path, value in run.world.penalties:
                put(env, path, value)
            batch = run.layout.batches(run.images, run.targets)[0]
            if len(run.steps) > 1:
                env = run_steps(run.world, run.steps[:1], env, batch, _RATE).env
            found += [
                a for _, a in walk(call(function, env, batch, Setting(_RATE, 0.0, run.targets.shape[1]))) if a.size == 1
            ]
    return found


def _describe(program: Program, run: _Run) -> ProgramCnn | None:
    arrays = [*_computed(run), *_losses(program, run)]
    values = Values(arrays)
    named = [(name_of(path), before) for (path, _), before in zip(run.own, run.before, strict=True)]
    entered = run.layout.batches(run.images, run.targets)[0].x
    for a, c in entrances(entered, arrays):
        fitted = fit_stages(a * run.images + c, named, values)
        if fitted is not None:
            return _finish(program, run, fitted, (a, c), arrays, values)
    return None


def _finish(
    program: Program, run: _Run, fitted: Fitted, enters: tuple[float, float], arrays: list[Array], values: Values
) -> ProgramCnn | None:
    tensors = dict(fitted.tensors)
    parameters = {n: _in_layout(t, run.before[t.index], fitted.shapes[n]) for n, t in tensors.items()}
    images = enters[0] * run.images + enters[1]
    spec = CnnSpec(fitted.stages)
    z = trace_cnn(spec, parameters, images, run.targets).values[-1]
    if z.shape[1] != run.targets.shape[1]:
        return None
    spec = _with_output(spec, z, values)
    spec = _with_loss(spec, parameters, images, run.targets, arrays, run.world.penalties)
    gradients = {name: run.where[t.index] for name, t in tensors.items() if t.index in run.where}
    found = ProgramCnn(
        program, run.world, run.steps, run.layout, spec, tensors, fitted.shapes, run.images.shape[1:],
        run.targets.shape[1], enters, gradients,
    )  # fmt: skip
    found.said = _said(found)
    return found


def _in_layout(tensor: Tensor, values: Array, shape: tuple[int, ...]) -> Array:
    if tensor.letters == "B":
        if values.size == shape[0]:
            return values.reshape(shape)
        axis = tensor.shape.index(shape[0])
        return np.asarray(values.mean(axis=tuple(i for i in range(values.ndim) if i != axis)))
    return from_program(values, tensor.letters, tensor.pattern, dict(zip(tensor.letters, shape, strict=True)))


def _with_output(spec: CnnSpec, z: Array, values: Values) -> CnnSpec:
    if values.equals(softmax(z)):
        return replace(spec, output="softmax")
    if values.equals(sigmoid(z)):
        return replace(spec, output="sigmoid", loss="binary_cross_entropy")
    return spec


def _with_loss(
    spec: CnnSpec, parameters: dict[str, Array], x: Array, t: Array, arrays: list[Array], penalties: Any
) -> CnnSpec:
    """The loss that has one of the values that the program computed."""
    numbers = np.array([float(a.reshape(-1)[0]) for a in arrays if a.size == 1 and np.isfinite(a).all()])
    losses = {"softmax": ("softmax_cross_entropy", "squared_error"), "identity": ("squared_error",)}
    kinds = losses.get(spec.output, ("binary_cross_entropy", "squared_error"))
    for l2 in (*(k * value for _, value in penalties for k in (1.0, 2.0) if value), 0.0):
        for loss, divided, factor in product(kinds, ("N", "none", "N*P"), (1.0, 0.5, 2.0)):
            tried = replace(spec, loss=loss, divided_by=divided, factor=factor, l2=l2)
            value = trace_cnn(tried, parameters, x, t).loss
            if numbers.size and np.abs(numbers - value).min() <= 5e-6 * max(abs(value), 1e-3):
                return tried
    return replace(spec, loss_is_assumed=True)


def _said(net: ProgramCnn) -> list[str]:
    calls = ", then ".join(f"{step.function.shown}()" for step in net.steps)
    how = {
        "updates inside": "no gradient is handed out: it is (before − after) / η of the update",
        "attributes": "gradients as kept in the object", "returned": "gradients as returned",
    }[net.form]  # fmt: skip
    size = " × ".join(map(str, net.images))
    words = [
        f"{net.world.said}; calls {calls}; {how}",
        f"images tried {net.layout.images.replace(',', ' × ')} with {size}; {', '.join(map(_word, net.spec.stages))}",
    ]
    divided = {"N": "mean over the samples", "none": "sum over the samples", "N*P": "mean over samples and outputs"}
    source = "no loss in the program: assumed" if net.spec.loss_is_assumed else "confirmed by its value"
    words.append(f"loss: {net.spec.loss.replace('_', ' ')}, {divided[net.spec.divided_by]} ({source})")
    return words


def _word(stage: Any) -> str:
    o = stage.options
    if stage.kind == "conv":
        extra = [f"stride {o['stride']}"] if o["stride"] != 1 else []
        extra += [f"padding {o['padding']}"] if o["padding"] else []
        return f"conv {o['kernel']}×{o['kernel']}" + (f" ({', '.join(extra)})" if extra else "")
    if stage.kind in ("maxpool", "avgpool"):
        return f"{stage.kind} {o['kernel']}×{o['kernel']}" + (
            f" stride {o['stride']}" if o["stride"] != o["kernel"] else ""
        )
    return str(stage.kind)
