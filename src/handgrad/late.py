"""Gradients of large weights, made piece by piece just before the optimiser uses them.

The gradient of a dense layer with millions of weights does not fit into the processor's cache: written by the backward
pass, it would be fetched from memory again by penalty and optimiser. In training nobody else wants it, so the backward
pass leaves it out, and each piece is made when its turn comes, in a buffer that stays in the cache. Measured on report
B2's net, 20 MB of weights: docs/design.md.
"""

from __future__ import annotations

import numpy as np

from handgrad.kernels.types import Array
from handgrad.layers import Dense
from handgrad.losses import Penalty
from handgrad.network import Entry, Network
from handgrad.workspace import Workspace

LARGE = 1 << 20  # weights of a layer; fewer stay in the cache as they are
PIECE = 3 << 17  # weights at a time: 1.5 MB, and as few calls as that allows


class LateGradient:
    """The gradient of one dense layer's weights, in pieces of whole rows; with its share of the penalty's.

    Args:
        network: built.
        entry: the weights' row of its table.
        workspace: whose last backward pass, with this layer left out, the gradient belongs to.
        penalty: whose term for these weights, if it has one, is added.
    """

    def __init__(self, network: Network, entry: Entry, workspace: Workspace, penalty: Penalty) -> None:
        D, M = entry.shape
        self.k, self.entry, self.workspace = network.k, entry, workspace
        self._W = network.parameters[entry.name]
        self._rates = next(((l1, l2) for name, _, _, l1, l2 in penalty.terms if name == entry.name), None)
        self._buffer = np.zeros((max(1, min(D, PIECE // M)), M), network.dtype)
        workspace.leave_out(entry.layer)

    def pieces(self) -> list[tuple[slice, Array]]:
        """Which part of theta each piece is of, and where its gradient will lie."""
        rows, (D, M), start = len(self._buffer), self.entry.shape, self.entry.where.start
        cuts = [(first, min(first + rows, D)) for first in range(0, D, rows)]
        return [(slice(start + a * M, start + b * M), self._buffer[: b - a].reshape(-1)) for a, b in cuts]

    def fill(self, where: slice) -> None:
        """Make the gradient of this piece, one of `pieces`."""
        M, start = self.entry.shape[1], self.entry.where.start
        first, last = (where.start - start) // M, (where.stop - start) // M
        dW = self._buffer[: last - first]
        dy, x = self.workspace.left_out(self.entry.layer)
        self.k.dense_weights(dW, dy, x, first)
        if self._rates:
            self.k.add_penalty_gradient(dW, self._W[first:last], *self._rates)


def late_gradients(network: Network, workspace: Workspace, penalty: Penalty) -> list[LateGradient]:
    """One for each large dense layer that moves; the workspace's backward pass leaves those weights out from now on.

    >>> from handgrad.losses import Penalty
    >>> small = Network([Dense(10)]).build((784,))
    >>> late_gradients(small, small.workspace(1), Penalty(small))
    []
    """
    return [
        LateGradient(network, entry, workspace, penalty)
        for entry in network.table
        if isinstance(layer := network.layers[entry.layer], Dense)
        and not layer.frozen
        and len(entry.shape) == 2
        and network.parameters[entry.name].size >= LARGE
    ]
