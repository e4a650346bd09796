"""The arrays that one pass through a network needs: activations, their gradients, and the layers' buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import ShapeError
from handgrad.kernels.types import Array
from handgrad.layers.base import Cache, Layer
from handgrad.layers.dense import Dense

if TYPE_CHECKING:
    from handgrad.network import Network


@dataclass
class _Step:
    """One layer with its arrays cut to n samples; y is None where the layer only reshapes."""

    layer: Layer
    x: Array | None  # its input; None where only reshapes lie below: there it is what the pass is given
    y: Array | None
    dx: Array | None  # where the gradient by this layer's input goes; None where only reshapes lie below
    cache: Cache
    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...]


@dataclass
class _Pass:
    """One way through the network: for one x, what each layer is called with. It serves every pass with that x."""

    x: Array
    steps: list[_Step]
    inputs: list[Array]
    output: Array
    forward: list[tuple[Callable[..., None], Array, Array, Cache]]
    dy: Array | None = None  # what `backward` was made for
    left_out: dict[int, tuple[Array, Array]] = field(default_factory=dict)  # dy and x, by layer
    backward: list[tuple[Any, ...]] = field(default_factory=list)


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
        self._gradients: dict[int, Array] = {}
        self._pass: _Pass | None = None
        self._late: set[int] = set()
        self._ys: list[Array | None] = []
        self._dys: list[Array | None] = []
        self._caches: list[dict[str, tuple[Array, bool]]] = []
        for i, layer in enumerate(network.layers):
            self._add_arrays(i, backward)
            self._caches.append(self._buffers(layer, network.shapes[i]))
        moving = [e.layer for e in network.table if not network.layers[e.layer].frozen]
        # Below the lowest layer that moves nobody asks for a gradient.
        self._lowest = min(moving, default=len(network.layers))

    def _add_arrays(self, i: int, backward: bool) -> None:
        """Layer i's output and its gradient; of an activation in the middle, those of the layer below."""
        net, layer = self.network, self.network.layers[i]
        if layer.reshapes:
            self._ys.append(None)
            self._dys.append(None)
            return
        middle = i > 0 and not all(above.reshapes for above in net.layers[i + 1 :])
        if middle and layer.in_place and self._ys[-1] is not None and not net.layers[i - 1].reads_output:
            self._ys.append(self._ys[-1])
            self._dys.append(self._dys[-1])
            return
        own = np.zeros((self.capacity, *net.shapes[i + 1]), net.dtype)
        self._ys.append(own)
        self._dys.append(np.zeros_like(own) if backward else None)

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
        net, steps, below, x = self.network, [], None, None
        for i, layer in enumerate(net.layers):
            x_shape, y_shape = (n, *net.shapes[i]), (n, *net.shapes[i + 1])
            y, dy = self._ys[i], self._dys[i]
            steps.append(
                _Step(
                    layer,
                    x,
                    None if y is None else y[:n],
                    None if below is None else below.reshape(x_shape),
                    SimpleNamespace(**{k: a[:n] if each else a for k, (a, each) in self._caches[i].items()}),
                    x_shape,
                    y_shape,
                )
            )
            below = below if dy is None else dy[:n]
            x = y[:n] if y is not None else None if x is None else x.reshape(y_shape)
        return steps

    def _make_pass(self, x: Array) -> _Pass:
        self._check_input(x)
        steps, inputs, forward, given = self._cut(len(x)), [], [], x
        for step in steps:
            x = x if step.x is None else step.x
            inputs.append(x)
            if step.y is None:
                x = x.reshape(step.y_shape)
            else:
                forward.append((step.layer.forward, step.y, x, step.cache))
                x = step.y
        return _Pass(given, steps, inputs, x, forward)

    def forward(self, x: Array, train: bool = False) -> Array:
        """The network's output (n, …), a view that the next pass overwrites.

        Args:
            x: (n, *input_shape) of the network's dtype, n ≤ capacity, C-contiguous; kept for backward, not copied.
            train: training mode, where dropout draws and batch normalisation uses the batch.

        Raises:
            ShapeError: if x has another shape or dtype than the network was built for.
        """
        way = self._pass
        if way is None or way.x is not x:
            way = self._pass = self._make_pass(x)
        for forward, y, x, cache in way.forward:
            forward(y, x, cache, train)
        return way.output

    def _check_input(self, x: Array) -> None:
        net = self.network
        if x.shape[1:] != net.input_shape or not 0 < len(x) <= self.capacity or x.dtype != net.dtype:
            raise ShapeError(
                f"the network expects {net.dtype} samples of shape {net.input_shape}, 1 to {self.capacity} at a time; "
                f"received {x.dtype} {x.shape}"
            )

    def _last(self) -> _Pass:
        """The last pass; before the first there is none to go back along.

        Raises:
            ShapeError: then.
        """
        if self._pass is None:
            raise ShapeError("the network was not shown anything yet: call forward first")
        return self._pass

    @property
    def activations(self) -> list[Array]:
        """The last pass in the order of the data: its input, then every layer's output.

        An activation in the middle may have written over the output of the layer below: then both are its own.
        """
        way = self._last()
        return [*way.inputs, way.output]

    @property
    def caches(self) -> list[Cache]:
        """The layers' buffers as the last pass left them, cut to its samples."""
        return [step.cache for step in self._last().steps]

    def output_gradient(self, n: int) -> Array:
        """Where a loss may write its gradient by the output of n samples, (n, *output_shape)."""
        if n not in self._gradients:
            self._gradients[n] = self._output_gradient(n)
        return self._gradients[n]

    def _output_gradient(self, n: int) -> Array:
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
        way = self._last()
        if dx is not None:
            if not dx.flags.c_contiguous:
                raise ShapeError(
                    f"dx: expected a C-contiguous array of shape {way.x.shape}, received strides {dx.strides}"
                )
            way.dy, way.backward = None, self._way_back(way, dy, dx)
        elif way.dy is not dy:
            way.dy, way.backward = dy, self._way_back(way, dy, None)
        for backward, into, dy, x, y, cache in way.backward:
            backward(into, dy, x, y, cache)
        if dx is not None and not way.forward:
            dx[...] = dy.reshape(dx.shape)

    def leave_out(self, layer: int) -> None:
        """From now on `backward` does not make the weights' gradient of this dense layer: handgrad.late does."""
        self._late.add(layer)

    def left_out(self, layer: int) -> tuple[Array, Array]:
        """Of a layer left out: dy (n, M) and x (n, D) of the last backward pass, which its gradient is made of."""
        return self._last().left_out[layer]

    def _way_back(self, way: _Pass, dy: Array, dx: Array | None) -> list[tuple[Any, ...]]:
        """What each layer's backward is called with, from the last to the lowest that is needed."""
        calls: list[tuple[Any, ...]] = []
        for i in range(len(way.steps) - 1, (-1 if dx is not None else self._lowest - 1), -1):
            step = way.steps[i]
            if step.y is None:
                dy = dy.reshape(step.x_shape)
                continue
            into = step.dx if dx is None or step.dx is not None else dx.reshape(step.x_shape)
            if dx is None and i == self._lowest:
                into = None
            backward = step.layer.backward
            if i in self._late and isinstance(step.layer, Dense):
                backward = step.layer.backward_without_weights
                way.left_out[i] = dy, way.inputs[i]
            calls.append((backward, into, dy, way.inputs[i], step.y, step.cache))
            if into is not None:
                dy = into
        return calls
