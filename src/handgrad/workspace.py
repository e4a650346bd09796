"""The arrays that one pass through a network needs: activations, their gradients, and the layers' buffers."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from handgrad.errors import ShapeError
from handgrad.kernels.types import Array
from handgrad.layers.base import Cache, Layer

if TYPE_CHECKING:
    from handgrad.network import Network


@dataclass
class _Step:
    """One layer with its arrays cut to n samples; y is None where the layer only reshapes."""

    layer: Layer
    y: Array | None
    dx: Array | None  # where the gradient by this layer's input goes; None where only reshapes lie below
    cache: Cache
    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...]


class Workspace:
    """Activations and buffers for up to `capacity` samples, over a network's parameters.

    Training and evaluation each have their own over the same theta. After the first pass with a given n, a pass
    allocates nothing: the cuts to n samples are kept.

    Args:
        network: built.
        capacity: the largest number of samples.
        backward: allocate the gradients of the activations too; default True.
    """

    def __init__(self, network: Network, capacity: int, backward: bool = True) -> None:
        self.network = network
        self.capacity = capacity
        self._cuts: dict[int, list[_Step]] = {}
        self._inputs: list[Array] = []
        self._output: Array = np.empty((0, *network.output_shape), network.dtype)
        self._x: Array = np.empty((0, *network.input_shape), network.dtype)
        self._ys: list[Array | None] = []
        self._dys: list[Array | None] = []
        self._caches: list[dict[str, tuple[Array, bool]]] = []
        for i, layer in enumerate(network.layers):
            shape = network.shapes[i + 1]
            own = None if layer.reshapes else np.zeros((capacity, *shape), network.dtype)
            self._ys.append(own)
            self._dys.append(None if own is None or not backward else np.zeros_like(own))
            self._caches.append(self._buffers(layer, network.shapes[i]))
        moving = [e.layer for e in network.table if not network.layers[e.layer].frozen]
        # Below the lowest layer that moves nobody asks for a gradient.
        self._lowest = min(moving, default=len(network.layers))

    def _buffers(self, layer: Layer, shape: tuple[int, ...]) -> dict[str, tuple[Array, bool]]:
        made = {}
        for buffer in layer.buffers(shape):
            front = (self.capacity,) if buffer.per_sample else ()
            dtype = buffer.dtype or self.network.dtype
            made[buffer.name] = (np.zeros((*front, *buffer.shape), dtype), buffer.per_sample)
        return made

    def _cut(self, n: int) -> list[_Step]:
        if n not in self._cuts:
            self._cuts[n] = self._make_cut(n)
        return self._cuts[n]

    def _make_cut(self, n: int) -> list[_Step]:
        net, steps, below = self.network, [], None
        for i, layer in enumerate(net.layers):
            x_shape, y_shape = (n, *net.shapes[i]), (n, *net.shapes[i + 1])
            y, dy = self._ys[i], self._dys[i]
            steps.append(
                _Step(
                    layer,
                    None if y is None else y[:n],
                    None if below is None else below.reshape(x_shape),
                    SimpleNamespace(**{k: a[:n] if each else a for k, (a, each) in self._caches[i].items()}),
                    x_shape,
                    y_shape,
                )
            )
            below = below if dy is None else dy[:n]
        return steps

    def forward(self, x: Array, train: bool = False) -> Array:
        """The network's output (n, …), a view that the next pass overwrites.

        Args:
            x: (n, *input_shape) of the network's dtype, n ≤ capacity, C-contiguous; kept for backward, not copied.
            train: training mode, where dropout draws and batch normalisation uses the batch.

        Raises:
            ShapeError: if x has another shape or dtype than the network was built for.
        """
        self._check_input(x)
        self._inputs.clear()
        self._x = x
        for step in self._cut(len(x)):
            self._inputs.append(x)
            if step.y is None:
                x = x.reshape(step.y_shape)
            else:
                step.layer.forward(step.y, x, step.cache, train)
                x = step.y
        self._output = x
        return x

    def _check_input(self, x: Array) -> None:
        net = self.network
        if x.shape[1:] != net.input_shape or not 0 < len(x) <= self.capacity or x.dtype != net.dtype:
            raise ShapeError(
                f"the network expects {net.dtype} samples of shape {net.input_shape}, 1 to {self.capacity} at a time; "
                f"received {x.dtype} {x.shape}"
            )

    @property
    def activations(self) -> list[Array]:
        """The last pass in the order of the data: its input, then every layer's output."""
        return [*self._inputs, self._output]

    @property
    def caches(self) -> list[Cache]:
        """The layers' buffers as the last pass left them, cut to its samples."""
        return [step.cache for step in self._cut(len(self._x))]

    def output_gradient(self, n: int) -> Array:
        """Where a loss may write its gradient by the output of n samples, (n, *output_shape)."""
        for dy in reversed(self._dys):
            if dy is not None:
                return dy[:n].reshape((n, *self.network.output_shape))
        raise ShapeError(f"{self.network!r} has no layer that computes; add one, such as Dense")

    def backward(self, dy: Array, dx: Array | None = None) -> None:
        """Overwrite the network's gradient, from dy = d loss / d output of the last forward pass.

        Calling it twice gives the same numbers. A frozen layer's part of the gradient stays zero.

        Args:
            dy: (n, *output_shape).
            dx: (n, *input_shape), overwritten with d loss / d input; default None does not compute it.
        """
        steps = self._cut(len(self._x))
        if dx is not None and not dx.flags.c_contiguous:
            raise ShapeError(
                f"dx: expected a C-contiguous array of shape {self._x.shape}, received strides {dx.strides}"
            )
        for i in range(len(steps) - 1, (-1 if dx is not None else self._lowest - 1), -1):
            step = steps[i]
            if step.y is None:
                dy = dy.reshape(step.x_shape)
                continue
            into = step.dx if dx is None or step.dx is not None else dx.reshape(step.x_shape)
            if dx is None and i == self._lowest:
                into = None
            step.layer.backward(into, dy, self._inputs[i], step.y, step.cache)
            if into is not None:
                dy = into
        if dx is not None and all(step.y is None for step in steps):
            dx[...] = dy
