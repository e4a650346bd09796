"""Learning-rate schedules: what the rate is multiplied with at step t = 0, 1, 2 … (epochs or iterations)."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Schedule(ABC):
    """Base of the schedules.

    Args:
        per: what t counts, "epoch" (default) or "iteration"; both from 0.
    """

    type: ClassVar[str] = ""
    per: str = "epoch"

    @abstractmethod
    def factor(self, t: int) -> float:
        """The multiplier at step t."""


@dataclass(frozen=True)
class Constant(Schedule):
    """Always 1."""

    type: ClassVar[str] = "constant"

    def factor(self, t: int) -> float:
        return 1.0


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """1/√(t + 1): report A's ηᵗ = η¹/√t, whose epochs count from 1.

    >>> round(0.008 * InverseSqrt().factor(1), 5)
    0.00566
    """

    type: ClassVar[str] = "inverse_sqrt"

    def factor(self, t: int) -> float:
        return 1.0 / math.sqrt(t + 1.0)


@dataclass(frozen=True)
class Step(Schedule):
    """factor^⌊t / every⌋: report C halves every 2 epochs.

    >>> [Step(multiplier=0.5, every=2).factor(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    type: ClassVar[str] = "step"
    multiplier: float = 0.5
    every: int = 1

    def factor(self, t: int) -> float:
        return float(self.multiplier ** (t // self.every))


@dataclass(frozen=True)
class Exponential(Schedule):
    """factorᵗ."""

    type: ClassVar[str] = "exponential"
    multiplier: float = 0.95

    def factor(self, t: int) -> float:
        return float(self.multiplier**t)


@dataclass(frozen=True)
class Cosine(Schedule):
    """From 1 at t = 0 along a half cosine to `minimum` at t = over, then level (Loshchilov and Hutter 2017, eq. 5).

    >>> Cosine(over=10).factor(5), Cosine(over=10).factor(99)
    (0.5, 0.0)
    """

    type: ClassVar[str] = "cosine"
    over: int = 1
    minimum: float = 0.0

    def factor(self, t: int) -> float:
        done = min(t / self.over, 1.0)
        return self.minimum + (1.0 - self.minimum) * 0.5 * (1.0 + math.cos(math.pi * done))


SCHEDULES: dict[str, type[Schedule]] = {kind.type: kind for kind in (Constant, InverseSqrt, Step, Exponential, Cosine)}
