"""A guess at how one gradient of a layer came about, and what guesses are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.diagnosis.layers.truth import LayerProbe, gradients_of
from handgrad.kernels.types import Array

Make = Callable[[LayerProbe], Array | None]


@dataclass(frozen=True)
class LayerGuess:
    """How one gradient of a layer may come about."""

    key: str
    tensor: str
    cost: float
    make: Make
    detail: str = ""


def again(probe: LayerProbe, dy: Array, **changed: Array) -> dict[str, Array]:
    """The exact backward pass with another upstream gradient or other inputs."""
    return gradients_of(probe.kind, {**probe.inputs, **changed}, dy, probe.options, probe.y)


def masked(probe: LayerProbe, where: Any) -> Array:
    only = np.zeros_like(probe.dy)
    only[where] = probe.dy[where]
    return only
