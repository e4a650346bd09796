"""What the first layer looks for, as pictures: which weights they are, and how they looked along the way.

A convolution's filters are pictures as they are; a dense layer's are where its input is an image laid flat: then the
weights of one unit, put back into the image's shape, are what that unit looks for. The pictures before training need no
file, since the seed draws them again; the ones after are the run's weights. Those between are recorded here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import LoadError
from handgrad.kernels.types import Array
from handgrad.layers import Conv2D, Dense
from handgrad.network import Network
from handgrad.storage import arrays_from_bytes, arrays_to_bytes, save_bytes

if TYPE_CHECKING:
    from handgrad.training import Trainer

FILE = "filters.safetensors"
MOMENTS = 8  # at most, neither beginning nor end among them
MOST_FILTERS = 64
MOST_BYTES = 2 * 2**20  # of the whole file


@dataclass(frozen=True)
class FilterLayer:
    """The first layer with weights that looks at an image.

    Attributes:
        index: of the layer.
        parameter: the name of its weights, such as "0.W".
        count: F, its filters or units.
        shape: (C, K, L) of one picture, K x L places in each of C channels.
        units: whether they are the units of a dense layer.
    """

    index: int
    parameter: str
    count: int
    shape: tuple[int, int, int]
    units: bool

    @property
    def kept(self) -> int:
        """How many of them are recorded and drawn."""
        return max(1, min(self.count, MOST_FILTERS, MOST_BYTES // (4 * MOMENTS * math.prod(self.shape))))

    def pictures(self, W: Array) -> Array:
        """The first `kept` pictures (kept, C, K, L) of the layer's weights W, a copy in float32."""
        rows = W.T[: self.kept] if self.units else W[: self.kept]
        return rows.reshape(-1, *self.shape).astype(np.float32, order="C", copy=True)


def filter_layer(network: Network) -> FilterLayer | None:
    """The layer whose weights can be drawn, None where the first layer with weights does not look at an image.

    Args:
        network: built.

    >>> net = Network([Conv2D(16, 7)]).build((1, 28, 28))
    >>> filter_layer(net)
    FilterLayer(index=0, parameter='0.W', count=16, shape=(1, 7, 7), units=False)
    >>> filter_layer(Network([Dense(5)]).build((12,))) is None
    True
    """
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Conv2D):
            F, C, K, L = layer.W.shape
            return FilterLayer(index, f"{index}.W", F, (C, K, L), units=False) if K * L > 1 else None
        if isinstance(layer, Dense):
            D, M = layer.W.shape
            seen = next((shape for shape in reversed(network.shapes[:index]) if len(shape) == 3), None)
            if seen is None or math.prod(seen) != D:
                return None
            C, H, W = seen
            return FilterLayer(index, f"{index}.W", M, (C, H, W), units=True)
    return None


def moments(total: int, evaluate_every: int) -> list[int]:
    """At which iterations filters are recorded: evaluations about equally far apart on a scale of ratios.

    Training changes most at its beginning. The end is not among them: it is the run's weights.

    Args:
        total: updates of the whole training.
        evaluate_every: updates from one evaluation to the next.

    >>> moments(6200, 31)
    [31, 62, 124, 217, 434, 837, 1643, 3193]
    """
    cuts = total // evaluate_every
    chosen = {max(1, round(cuts ** (i / MOMENTS))) for i in range(MOMENTS)} if cuts else set()
    return [evaluate_every * cut for cut in sorted(chosen) if evaluate_every * cut < total]


class FilterRecorder:
    """The listener that keeps the filters of a few moments in the run folder's `filters.safetensors`.

    It must be told of a step before the listener that saves checkpoints: a run that goes on from a checkpoint then
    finds every earlier moment in the file and records every later one anew, to the same bits.

    Args:
        folder: of the run.
        trainer: about to start, or to go on from its present iteration.
        layer: from `filter_layer`.
    """

    def __init__(self, folder: Path, trainer: Trainer, layer: FilterLayer) -> None:
        self.path, self.layer = folder / FILE, layer
        self._moments = frozenset(moments(trainer.total, trainer.evaluate_every))
        try:
            found = load_snapshots(folder, layer)
        except LoadError:
            found = {}
        self._taken = {k: a for k, a in found.items() if k in self._moments and k <= trainer.iteration}
        if not self._taken:
            self.path.unlink(missing_ok=True)

    def on_record(self, record: dict[str, Any]) -> None:
        """Evaluations are not its concern."""

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        """Write the filters down if their moment has come.

        Raises:
            SaveError: if they cannot be written.
        """
        if trainer.iteration in self._moments:
            self._taken[trainer.iteration] = self.layer.pictures(trainer.network.parameters[self.layer.parameter])
            save_bytes(self.path, arrays_to_bytes({f"{k:09d}": a for k, a in self._taken.items()}))
        return False


def filter_recorders(folder: Path, trainer: Trainer) -> tuple[FilterRecorder, ...]:
    """The recorder a run needs, or none where its first layer cannot be drawn."""
    layer = filter_layer(trainer.network)
    return () if layer is None else (FilterRecorder(folder, trainer, layer),)


def load_snapshots(folder: Path, layer: FilterLayer) -> dict[int, Array]:
    """The recorded pictures (kept, C, K, L) by iteration, in order; {} where a run recorded none.

    Raises:
        LoadError: if the file is damaged, or of another layer.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    arrays = arrays_from_bytes(content, str(path))
    expected = (layer.kept, *layer.shape)
    for name, array in arrays.items():
        if not name.isdecimal() or array.shape != expected:
            raise LoadError(f"{path}: expected filters {expected} by iteration, found {name!r} {array.shape}")
    return {int(name): arrays[name] for name in sorted(arrays)}
