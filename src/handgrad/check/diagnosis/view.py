"""One probe as the search sees it: the exact net, the program's gradients, and the program's own δ so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from handgrad.check.diagnosis.compare import Context
from handgrad.check.diagnosis.model import Trace
from handgrad.check.diagnosis.probes import Probe
from handgrad.kernels.types import Array


@dataclass
class View:
    """One probe.

    Attributes:
        gradients: the program's, W1, b1, …
        own: δ of each layer as the program has it, filled from the loss backwards.
        before_slope: the same before the activation's slope was multiplied in.
    """

    probe: Probe
    trace: Trace
    gradients: dict[str, Array]
    own: dict[int, Array] = field(default_factory=dict)
    before_slope: dict[int, Array] = field(default_factory=dict)

    def context(self, l: int) -> Context:
        """The numbers that a factor at layer l may be made of."""
        D, M = self.trace.W[l].shape
        return Context(
            len(self.trace.x),
            self.trace.t.shape[1],
            self.probe.learning_rate,
            D,
            M,
            self.trace.spec.l2,
            inputs=self.trace.x.shape[1],
        )


@dataclass(frozen=True)
class Guess:
    """A candidate for the δ of one layer: with which explanations, how far-fetched, and made how.

    Attributes:
        keys: the explanations' keys; none for the right δ.
        cost: 0 for the right one; grows with what has to be assumed.
        make: δ (N, M) at a probe; None where the shapes do not fit.
        detail: what the texts call the thing used instead ("z₁", "layer 2's mask").
    """

    keys: tuple[str, ...]
    cost: float
    make: Callable[[View], Array | None]
    detail: str = ""


@dataclass(frozen=True)
class Form:
    """A candidate for how a tensor's gradient is made of δ: `make(view, layer, δ)`, None where shapes do not fit."""

    key: str
    cost: float
    make: Callable[[View, int, Array], Array | None]
    detail: str = ""
