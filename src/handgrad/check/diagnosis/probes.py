"""What the program is asked: fresh weights, images and targets, in sizes that cannot be mistaken for one another."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from handgrad.check.diagnosis.model import Forward, Trace, trace
from handgrad.check.subject import Answer, NetSpec, NetSubject
from handgrad.kernels.types import Array

_KINK = 1e-3  # no z of a hidden unit nearer to 0 than this
_TRIES = 40


@dataclass(frozen=True)
class Probe:
    """One question.

    Attributes:
        parameters: W1 (D, M), b1 (M,), …: random, no bias 0.
        x: (N, D).
        t: (N, P), one-hot; for one output 0 or 1.
        learning_rate: handed to a program that updates inside.
    """

    parameters: dict[str, Array]
    x: Array
    t: Array
    learning_rate: float

    @property
    def samples(self) -> int:
        return len(self.x)


@dataclass
class Asked:
    """A probe with the program's answer and the exact net's trace."""

    probe: Probe
    answer: Answer
    truth: Trace


def draw_probe(
    spec: NetSpec, sizes: Sequence[int], samples: int, rate: float, rng: np.random.Generator, pixels: bool
) -> Probe:
    """A probe away from kinks; with `pixels` the inputs are in [0, 1] and many of them 0, as in images."""
    probe = _draw(spec, sizes, samples, rate, rng, pixels)
    for _ in range(_TRIES):
        made = trace(spec, probe.parameters, probe.x, probe.t)
        hidden = made.z[:-1] if len(made.z) > 1 else made.z
        alive = all((h > 0).any(axis=1).all() for h in made.h[1:-1])
        mixed = (made.z[-1] > 0).any() and (made.z[-1] < 0).any()
        if alive and mixed and min(float(np.abs(z).min()) for z in hidden) > _KINK:
            break
        probe = _draw(spec, sizes, samples, rate, rng, pixels)
    return probe


def _draw(
    spec: NetSpec, sizes: Sequence[int], samples: int, rate: float, rng: np.random.Generator, pixels: bool
) -> Probe:
    parameters: dict[str, Array] = {}
    for l, (into, out) in enumerate(pairwise(sizes)):
        gain = 1.6 if l == 0 and pixels else 1.1
        parameters[f"W{l + 1}"] = rng.standard_normal((into, out)) * gain / np.sqrt(into)
        parameters[f"b{l + 1}"] = rng.uniform(0.1, 0.5, out) * rng.choice([-1.0, 1.0], out)
    shape = (samples, sizes[0])
    x = rng.uniform(0.05, 1.0, shape) * (rng.random(shape) < 0.6) if pixels else rng.standard_normal(shape)
    t = x.copy() if spec.target_is_input else _targets(spec, samples, sizes[-1], rng)
    return Probe(parameters, x, t, rate)


def _targets(spec: NetSpec, samples: int, outputs: int, rng: np.random.Generator) -> Array:
    """One-hot, neighbours differing; 0 and 1 by turns for a single output."""
    if outputs == 1:
        return ((np.arange(samples) + rng.integers(2)) % 2).astype(float)[:, None]
    labels = np.empty(samples, int)
    for n in range(samples):
        labels[n] = rng.integers(outputs)
        while n and labels[n] == labels[n - 1]:
            labels[n] = rng.integers(outputs)
    return np.eye(outputs)[labels]


@dataclass(frozen=True)
class Plan:
    """Sizes and batch of one probe."""

    sizes: tuple[int, ...]
    samples: int
    learning_rate: float
    pixels: bool


def plans(spec: NetSpec) -> list[list[Plan]]:
    """Sets of three probes to be tried in turn, until the program takes one.

    First all sizes distinct; then equal hidden layers, then one size everywhere, because a forgotten transpose
    only runs there; last the program's own sizes. Batches of 5, 7 and 4 are smaller than every layer's input, so
    that δ can be had from dW.
    """
    hidden, outputs = len(spec.sizes) - 2, spec.sizes[-1]
    own = [Plan(spec.sizes, n, r, px) for n, r, px in ((5, 0.05, False), (7, 0.02, False), (4, 0.08, True))]
    if spec.fixed_sizes:
        return [own]
    few = outputs == 1
    distinct = []
    for turn, (n, rate, pixels) in enumerate(((5, 0.05, False), (7, 0.02, False), (4, 0.08, True))):
        start = 12 + turn
        middle = tuple(start + 1 + 2 * i for i in range(hidden))
        distinct.append(Plan((start + 10 + turn, *middle, 1 if few else (3, 6, 8)[turn]), n, rate, pixels))
    equal = [replace(p, sizes=(p.sizes[0], *(9 + i,) * hidden, p.sizes[-1])) for i, p in enumerate(distinct)]
    square = [] if few else [replace(p, sizes=(9 + i,) * len(spec.sizes)) for i, p in enumerate(distinct)]
    return [distinct, equal, *([square] if square else []), own]


def ask(subject: NetSubject, spec: NetSpec, rng: np.random.Generator) -> list[Asked]:
    """Three probes answered, in the first sizes that the program takes.

    Raises:
        Exception: the program's own, where it takes none of the sizes.
    """
    *first, own = plans(spec)
    for chosen in first:
        with contextlib.suppress(Exception):
            return [_ask_one(subject, spec, plan, rng) for plan in chosen]
    return [_ask_one(subject, spec, plan, rng) for plan in own]


def _ask_one(subject: NetSubject, spec: NetSpec, plan: Plan, rng: np.random.Generator) -> Asked:
    rate = getattr(subject, "fixed_rate", None) or plan.learning_rate  # a number in the program: stale weights show it
    probe = draw_probe(spec, plan.sizes, plan.samples, rate, rng, plan.pixels)
    answer = call(subject, probe)[0]
    return Asked(probe, answer, trace(spec, probe.parameters, probe.x, probe.t, Forward()))


def call(subject: NetSubject, probe: Probe, calls: int = 1) -> list[Answer]:
    """The program's answers, on copies that it may spoil."""
    parameters = {name: values.copy() for name, values in probe.parameters.items()}
    with np.errstate(all="ignore"):
        return subject.answer(
            parameters, probe.x.copy(), probe.t.copy(), learning_rate=probe.learning_rate, calls=calls
        )


def own_loss(subject: NetSubject, probe: Probe, parameters: dict[str, Array] | None = None) -> float | None:
    """The program's own loss at a probe, or at other parameters with its images."""
    given = parameters or probe.parameters
    with np.errstate(all="ignore"):
        value = subject.loss_at({k: v.copy() for k, v in given.items()}, probe.x.copy(), probe.t.copy())
    return None if value is None else float(value)
