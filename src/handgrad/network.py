"""Network: a list of layers, planned once; parameters in one flat vector, activations in a workspace."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.errors import ShapeError
from handgrad.kernels import get_kernels
from handgrad.kernels.types import Array, Kernels
from handgrad.layers.base import Layer, Param, Shape
from handgrad.streams import stream
from handgrad.workspace import Workspace


@dataclass(frozen=True)
class Entry:
    """One row of the parameter table: where in theta and grad a named array lies."""

    name: str  # "1.W": layer number and parameter
    layer: int
    where: slice
    shape: Shape
    penalised: bool


class Network:
    """A feed-forward network whose gradients are written by hand.

    `build` allocates once: `theta`, all parameters in one flat vector, and `grad`, its gradient; the arrays in
    `parameters` and `gradients` are views of them, listed in one `table` that optimiser, checkpoint and export read.
    Activations live in a `workspace`.

    Args:
        layers: in the order of the data.

    >>> from handgrad.layers import Dense, Flatten, ReLU
    >>> net = Network([Flatten(), Dense(100), ReLU(), Dense(10)]).build((1, 28, 28), seed=0)
    >>> net.parameter_count
    79510
    >>> net.forward(np.zeros((2, 1, 28, 28), dtype=np.float32)).shape
    (2, 10)
    """

    k: Kernels
    input_shape: Shape
    output_shape: Shape
    dtype: np.dtype[Any]
    theta: Array
    grad: Array

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = [copy(layer) for layer in layers]  # a layer is a pattern: two networks share no arrays
        self.table: list[Entry] = []
        self.shapes: list[Shape] = []
        self.parameters: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self.state: dict[str, Array] = {}
        self._params: dict[str, Param] = {}

    def build(
        self,
        input_shape: Sequence[int],
        dtype: str = "float32",
        seed: int = 0,
        kernels: str | None = None,
    ) -> Network:
        """Check every shape, allocate, and draw the initial weights.

        Args:
            input_shape: of one sample, (C, H, W) or (D,).
            dtype: "float32" to train (default), "float64" to check.
            seed: of the initial weights; layer i draws from its own stream.
            kernels: "reference" or "native"; default what `HANDGRAD_KERNELS` says, else native where it is built.

        Returns:
            the network itself.

        Raises:
            ShapeError: if a layer cannot take its input; the message names layer, expected, received and remedy.
        """
        self.k = get_kernels(kernels)
        self.dtype = np.dtype(dtype)
        self.input_shape = tuple(input_shape)
        self._plan_shapes()
        self._allocate()
        self._draw(seed)
        return self

    def _plan_shapes(self) -> None:
        if not self.layers:
            raise ShapeError("the network has no layers; give at least one")
        self.shapes = [self.input_shape]
        for i, layer in enumerate(self.layers):
            try:
                self.shapes.append(layer.output_shape(self.shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"layer {i} ({type(layer).__name__}): {error}") from None
        self.output_shape = self.shapes[-1]

    def _allocate(self) -> None:
        self.table, self._params, size = [], {}, 0
        for i, (layer, shape) in enumerate(zip(self.layers, self.shapes, strict=False)):
            for param in layer.params(shape):
                count = math.prod(param.shape)
                name = f"{i}.{param.name}"
                self.table.append(Entry(name, i, slice(size, size + count), param.shape, param.penalised))
                self._params[name] = param
                size += count
        self.theta = np.zeros(size, self.dtype)
        self.grad = np.zeros(size, self.dtype)
        self.parameters = {e.name: self.theta[e.where].reshape(e.shape) for e in self.table}
        self.gradients = {e.name: self.grad[e.where].reshape(e.shape) for e in self.table}
        self.state = {}
        for i, (layer, shape) in enumerate(zip(self.layers, self.shapes, strict=False)):
            layer.k = self.k
            self._bind(i, layer, shape)

    def _bind(self, i: int, layer: Layer, shape: Shape) -> None:
        for param in layer.params(shape):
            name = f"{i}.{param.name}"
            setattr(layer, param.name, self.parameters[name])
            setattr(layer, f"d{param.name}", None if layer.frozen else self.gradients[name])
        for state in layer.state(shape):
            array = np.full(state.shape, state.value, self.dtype)
            self.state[f"{i}.{state.name}"] = array
            setattr(layer, state.name, array)

    def _draw(self, seed: int) -> None:
        for i in range(len(self.layers)):
            rng = stream(seed, "init", i)
            for entry in self.table:
                if entry.layer == i:
                    param = self._params[entry.name]
                    self.parameters[entry.name][...] = param.init.draw(rng, param.shape, param.fan_in, param.fan_out)
        self.seed_draws(seed)

    def seed_draws(self, seed: int) -> None:
        """Give every layer that draws in training (dropout) a fresh stream of this seed."""
        for i, layer in enumerate(self.layers):
            layer.rng = stream(seed, "dropout", i)

    @property
    def parameter_count(self) -> int:
        """Number of trained values, frozen ones included."""
        return int(self.theta.size)

    def segments(self, alone: Collection[str] = ()) -> list[tuple[slice, float]]:
        """Runs of theta that move, each with its learning-rate multiplier; frozen layers are left out.

        Args:
            alone: names of parameters that are runs of their own.
        """
        runs: list[tuple[slice, float]] = []
        whole = 0  # where the last run ends, if it may grow
        for entry in self.table:
            layer = self.layers[entry.layer]
            if layer.frozen:
                continue
            multiplier = layer.learning_rate_multiplier
            own = entry.name in alone
            if runs and whole == entry.where.start and runs[-1][1] == multiplier and not own:
                runs[-1] = (slice(runs[-1][0].start, entry.where.stop), multiplier)
            else:
                runs.append((entry.where, multiplier))
            whole = -1 if own else entry.where.stop
        return runs

    def workspace(self, capacity: int, backward: bool = True) -> Workspace:
        """Activations and buffers for any number of samples up to capacity.

        Args:
            capacity: the largest n it will be asked for.
            backward: False leaves out what only training needs.
        """
        return Workspace(self, capacity, backward)

    def forward(self, images: Array, batch: int = 1000) -> Array:
        """Outputs (N, …) in inference mode for images (N, …) as the net sees them (scaled), batch by batch."""
        x = np.ascontiguousarray(images, dtype=self.dtype)
        y = np.empty((len(x), *self.output_shape), self.dtype)
        workspace = self.workspace(max(1, min(batch, len(x))), backward=False)
        for start in range(0, len(x), batch):
            y[start : start + batch] = workspace.forward(x[start : start + batch])
        return y

    def summary_rows(self) -> list[dict[str, Any]]:
        """One dict a layer: index, type, description, output_shape, parameters, init, init_std, init_variance."""
        rows = []
        for i, layer in enumerate(self.layers):
            params = {e.name: self._params[e.name] for e in self.table if e.layer == i}
            weight = next((p for p in params.values() if p.penalised), None)
            std = weight.init.std_of(weight.fan_in, weight.fan_out) if weight else None
            rows.append(
                {
                    "index": i,
                    "type": type(layer).__name__,
                    "description": layer.describe(),
                    "output_shape": self.shapes[i + 1],
                    "parameters": sum(math.prod(p.shape) for p in params.values()),
                    "init": weight.init.describe(weight.fan_in, weight.fan_out) if weight else "",
                    "init_std": std,
                    "init_variance": None if std is None else std * std,
                }
            )
        return rows

    def summary(self) -> str:
        """The layers as a plain table, one line each."""
        lines = [f"input {self.input_shape}"]
        for row in self.summary_rows():
            name = f"{row['type']} {row['description']}".strip()
            init = f"  {row['init']}" if row["init"] else ""
            lines.append(f"{row['index']:>2} {name:<28} → {row['output_shape']!s:<16} {row['parameters']:>8,}{init}")
        return "\n".join([*lines, f"{self.parameter_count:,} parameters"])

    def __repr__(self) -> str:
        return f"Network({', '.join(type(layer).__name__ for layer in self.layers)})"
