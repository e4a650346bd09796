"""Where a training's time and memory go: layer by layer, and against what the machine could do at best.

`attach` puts clocks around the methods of one trainer and its layers; a trainer without them runs as if this module
were not there.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.layers import Layer
from handgrad.training import Trainer

PARTS = ("data", "forward", "loss", "backward", "penalty", "update", "evaluation")


@dataclass
class Speeds:
    """What this machine does a second: additions and multiplications in a matrix product, bytes in a copy."""

    flops: float
    bytes: float

    @classmethod
    def measure(cls) -> Speeds:
        """On the threads of this moment: a product of 600 × 600, a copy of 64 MiB; the best of five."""
        a = np.ones((600, 600), np.float32)
        source = np.ones(1 << 24, np.float32)
        target = np.zeros_like(source)
        product = np.empty_like(a)
        flops = 2 * 600**3 / _best(lambda: np.matmul(a, a, out=product))
        return cls(flops, 2 * source.nbytes / _best(lambda: np.copyto(target, source)))


def _best(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


@dataclass
class Profile:
    """Seconds spent, by part of a step and by layer.

    >>> from handgrad import train
    >>> profile = Profile()
    >>> run = train(
    ...     "digits-mlp-constant", {"training.iterations": 20}, out=tmp_path, quiet=True, on_start=profile.attach
    ... )
    >>> sorted(i for i, way in profile.layers if way == "forward"), profile.seconds["update"] > 0
    ([1, 2, 3, 4, 5], True)
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    layers: dict[tuple[int, str], float] = field(default_factory=lambda: defaultdict(float))
    started: float = 0.0
    ended: float = 0.0
    _evaluating: bool = False

    def attach(self, trainer: Trainer) -> None:
        """Measure this trainer, from now on; before its first step."""
        self.trainer, self.started = trainer, time.perf_counter()
        self._first = trainer.iteration
        for i, layer in enumerate(trainer.network.layers):
            if not layer.reshapes:
                self._time_layer(layer, i)
        self._time(trainer, "_load", "data")
        self._time(trainer.loss, "evaluate", "loss")
        self._time(trainer.penalty, "add_gradient", "penalty")
        self._time(trainer.optimizer, "step", "update")
        for gradient in trainer.late:
            self._time(gradient, "fill", "backward", gradient.entry.layer, inside="update")
        self._time(trainer, "_evaluate", "evaluation")
        self._time(trainer, "measure_set", "evaluation")  # after the last update too, for the summary

    def _time_layer(self, layer: Layer, i: int) -> None:
        for way in ("forward", "backward"):
            self._time(layer, way, way, i)

    def _time(self, owner: Any, method: str, part: str, layer: int | None = None, inside: str | None = None) -> None:
        """Replace a method of this one object by itself with a clock around it; its time is not that of `inside`."""
        original = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._evaluating:  # what happens inside an evaluation is the evaluation's
                return original(*args, **kwargs)
            self._evaluating = part == "evaluation"
            started = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                self.ended = time.perf_counter()
                spent = self.ended - started
                self._evaluating = False
                self.seconds[part] += spent
                if inside:
                    self.seconds[inside] -= spent
                if layer is not None:
                    self.layers[layer, part] += spent

        setattr(owner, method, timed)

    # ------------------------------------------------------------------------------------------ the floor

    def _floor(self, i: int, way: str, speeds: Speeds) -> float:
        """The least seconds that layer i's dense products, or its memory traffic, could take for one batch."""
        net, n = self.trainer.network, self.trainer.batch_size
        x, y = math.prod(net.shapes[i]), math.prod(net.shapes[i + 1])
        weights = [e for e in net.table if e.layer == i and e.penalised]
        size = net.dtype.itemsize
        moved = size * n * (x + y) if way == "forward" else size * n * (2 * y + x)
        if not weights:
            return moved / speeds.bytes
        places = math.prod(net.shapes[i + 1][1:])
        products = 2.0 * n * places * sum(math.prod(e.shape) for e in weights)
        lowest = i == min((e.layer for e in net.table), default=i)
        times = 1 if way == "forward" else 1 if lowest else 2  # the lowest layer's dx is not asked for
        return max(times * products / speeds.flops, moved / speeds.bytes)

    def _bytes(self, i: int) -> int:
        """Parameters with gradients, activations with gradients, buffers: what layer i holds while it is trained."""
        net, capacity = self.trainer.network, self.trainer.capacity
        layer, size = net.layers[i], net.dtype.itemsize
        if layer.reshapes:
            return 0
        parameters = sum(math.prod(e.shape) for e in net.table if e.layer == i)
        total = 2 * size * (parameters + capacity * math.prod(net.shapes[i + 1]))
        for buffer in layer.buffers(net.shapes[i]):
            many = capacity if buffer.per_sample else 1
            total += many * math.prod(buffer.shape) * np.dtype(buffer.dtype or net.dtype).itemsize
        return total

    def report(self, speeds: Speeds | None = None) -> str:
        """A table for people: microseconds a step, memory, and the share of the floor reached.

        Args:
            speeds: of this machine; default measured now.
        """
        speeds = speeds or Speeds.measure()
        steps = max(1, self.trainer.iteration - self._first)
        lines = [
            f"profile of {steps:,} steps; products at {speeds.flops / 1e9:.0f} GFLOP/s, "
            f"copies at {speeds.bytes / 1e9:.1f} GB/s",
            f"{'layer':<24}{'forward':>12}{'backward':>12}{'floor':>12}{'reached':>9}{'memory':>12}",
        ]
        for i, layer in enumerate(self.trainer.network.layers):
            if layer.reshapes:
                continue
            spent = [self.layers[i, way] / steps for way in ("forward", "backward")]
            least = sum(self._floor(i, way, speeds) for way, s in zip(("forward", "backward"), spent, strict=True) if s)
            lines.append(
                f"{f'{i} {type(layer).__name__}':<24}{_us(spent[0])}{_us(spent[1])}{_us(least)}"
                f"{_share(least, sum(spent))}{self._bytes(i) / 1e6:>9.2f} MB"
            )
        whole = self.ended - self.started
        for part in PARTS:
            if part not in ("forward", "backward"):
                lines.append(self._part_line(part, self.seconds[part], steps, whole, speeds))
        rest = whole - sum(self.seconds.values())
        lines.append(f"{'everything else':<24}{_us(rest / steps)}{'':>12}{100 * rest / whole:>11.1f}% of the time")
        lines.append("(reached above 100 %: what is moved stays in the cache, which is faster than memory)")
        return "\n".join(lines)

    def _part_line(self, part: str, seconds: float, steps: int, whole: float, speeds: Speeds) -> str:
        line = f"{part:<24}{_us(seconds / steps)}{'':>12}{100 * seconds / whole:>11.1f}% of the time"
        if part != "update":
            return line
        vectors = 3 + 2 * sum(
            a.size == self.trainer.network.theta.size for a in self.trainer.optimizer.state().values()
        )
        least = vectors * self.trainer.network.theta.nbytes / speeds.bytes
        return f"{line}, floor {least * 1e6:,.1f} µs, reached {_share(least, seconds / steps).strip()}"


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:>9,.1f} µs"


def _share(least: float, spent: float) -> str:
    return f"{100 * least / spent:>7.0f} %" if spent else f"{'':>9}"
