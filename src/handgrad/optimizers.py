"""Optimisers: from the gradient to the next parameters, on flat vectors.

An optimiser sees two vectors, theta and grad, and the runs of them that move. What it remembers (velocities,
moments) it declares in `state`, for the checkpoint. The formulas, their sources and their variants:
docs/derivations/optimizers.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

import numpy as np

from handgrad.kernels.types import Array, Kernels
from handgrad.late import LateGradient
from handgrad.network import Network


class Optimizer(ABC):
    """Base of the optimisers. `bind` first, then `step` once an iteration."""

    name: ClassVar[str] = ""
    k: Kernels

    def bind(self, network: Network, late: Sequence[LateGradient] = ()) -> None:
        """Take hold of a built network's vectors, cut into runs with one learning-rate multiplier each.

        What the optimiser remembers starts anew. Frozen layers are in none of the runs. Gradients that are made
        `late` are runs of their own, each filled just before it is used.
        """
        self.k = network.k
        self.runs: list[tuple[slice, float]] = []
        self._pieces: list[tuple[Array, Array, float]] = []
        self._late: list[LateGradient | None] = []
        made_late = {gradient.entry.where.start: gradient for gradient in late}
        for where, multiplier in self._runs(network, {gradient.entry.name for gradient in late}):
            gradient = made_late.get(where.start)
            parts = gradient.pieces() if gradient else [(where, network.grad[where])]
            for part, grad in parts:
                self.runs.append((part, multiplier))
                self._pieces.append((network.theta[part], grad, multiplier))
                self._late.append(gradient)

    def _runs(self, network: Network, alone: Collection[str]) -> list[tuple[slice, float]]:
        return network.segments(alone)

    def _moving(self) -> Iterator[tuple[Array, Array, float]]:
        """theta, its gradient and the multiplier of each run, the gradient there by the time the run is."""
        for piece, gradient, (where, _) in zip(self._pieces, self._late, self.runs, strict=True):
            if gradient:
                gradient.fill(where)
            yield piece

    def _remember(self, network: Network, start: float = 0.0) -> tuple[Array, list[Array]]:
        """A vector beside theta, and its cuts in the order of `runs`; what is frozen keeps its start."""
        vector = np.full_like(network.theta, start)
        return vector, [vector[where] for where, _ in self.runs]

    @abstractmethod
    def step(self, learning_rate: float) -> None:
        """Move theta once, at this learning rate."""

    def state(self) -> dict[str, Array]:
        """What it remembers between steps: flat arrays, to be saved and overwritten in place on resume."""
        return {}


class SGD(Optimizer):
    """θ ← θ − η m ∇, m the layer's multiplier (Robbins and Monro 1951).

    >>> from handgrad.layers import Dense
    >>> net = Network([Dense(1)]).build((1,), dtype="float64", seed=0)
    >>> net.theta[:], net.grad[:] = 1.0, 0.5
    >>> optimizer = SGD()
    >>> optimizer.bind(net)
    >>> optimizer.step(learning_rate=0.1)
    >>> net.theta
    array([0.95, 0.95])
    """

    name = "sgd"

    def step(self, learning_rate: float) -> None:
        for theta, grad, multiplier in self._moving():
            self.k.sgd_update(theta, grad, learning_rate * multiplier)


class Momentum(Optimizer):
    """v ← γ v + η m ∇,  θ ← θ − v (Rumelhart, Hinton and Williams 1986, eq. 9; report B1).

    The rate is inside v: a rate that falls leaves the velocity already gained. ∇ is not divided by anything:
    with γ = 0.95 the steps along a constant gradient grow to 20 η ∇.

    Args:
        momentum: γ in [0, 1); default 0.9.
        initial_velocity: every entry of v before the first step; default 0 (report B1 starts it at 1e-5).
    """

    name = "momentum"

    def __init__(self, momentum: float = 0.9, initial_velocity: float = 0.0) -> None:
        self.momentum, self.initial_velocity = momentum, initial_velocity

    def bind(self, network: Network, late: Sequence[LateGradient] = ()) -> None:
        super().bind(network, late)
        self._velocity, self._velocities = self._remember(network, self.initial_velocity)

    def step(self, learning_rate: float) -> None:
        for (theta, grad, multiplier), velocity in zip(self._moving(), self._velocities, strict=True):
            self.k.momentum_update(theta, velocity, grad, learning_rate * multiplier, self.momentum)

    def state(self) -> dict[str, Array]:
        return {"velocity": self._velocity}


class Nesterov(Optimizer):
    """v ← γ v + η m ∇,  θ ← θ − (γ v + η m ∇), with the new v on the right.

    θ is the point looked ahead to, so that ∇ is taken where the weights are (simplified by Bengio et al. 2013);
    θ + γ v then follows Nesterov's iteration as Sutskever et al. (2013, eqs. 3 and 4) write it. At a constant
    rate it equals PyTorch's and Keras's.

    Args:
        momentum: γ in [0, 1); default 0.9. v starts at 0.
    """

    name = "nesterov"

    def __init__(self, momentum: float = 0.9) -> None:
        self.momentum = momentum

    def bind(self, network: Network, late: Sequence[LateGradient] = ()) -> None:
        super().bind(network, late)
        self._velocity, self._velocities = self._remember(network)

    def step(self, learning_rate: float) -> None:
        for (theta, grad, multiplier), velocity in zip(self._moving(), self._velocities, strict=True):
            self.k.nesterov_update(theta, velocity, grad, learning_rate * multiplier, self.momentum)

    def state(self) -> dict[str, Array]:
        return {"velocity": self._velocity}


class RMSProp(Optimizer):
    """s ← ρ s + (1 − ρ) ∇²,  θ ← θ − η m ∇ / (√s + ε) (Tieleman and Hinton 2012, lecture 6.5). s starts at 0.

    Args:
        decay: ρ in [0, 1); default 0.9.
        epsilon: ε, outside the root; default 1e-8.
    """

    name = "rmsprop"

    def __init__(self, decay: float = 0.9, epsilon: float = 1e-8) -> None:
        self.decay, self.epsilon = decay, epsilon

    def bind(self, network: Network, late: Sequence[LateGradient] = ()) -> None:
        super().bind(network, late)
        self._square, self._squares = self._remember(network)

    def step(self, learning_rate: float) -> None:
        for (theta, grad, multiplier), square in zip(self._moving(), self._squares, strict=True):
            self.k.rmsprop_update(theta, square, grad, learning_rate * multiplier, self.decay, self.epsilon)

    def state(self) -> dict[str, Array]:
        return {"square": self._square}


class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) ∇,  v ← β₂ v + (1 − β₂) ∇²,  θ ← θ − η m̂ / (√v̂ + ε).

    Here m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) (Kingma and Ba 2015, algorithm 1).
    η includes the layer's multiplier; m and v start at 0, t at 1; the correction serves the step alone and is not
    written back.

    Args:
        beta1, beta2: β₁ and β₂ in [0, 1); default 0.9 and 0.999.
        epsilon: ε, outside the root; default 1e-8.
    """

    name = "adam"

    def __init__(self, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def bind(self, network: Network, late: Sequence[LateGradient] = ()) -> None:
        super().bind(network, late)
        self._first, self._firsts = self._remember(network)
        self._second, self._seconds = self._remember(network)
        self._steps = np.zeros(1, np.int64)
        self._decays = [0.0] * len(self.runs)

    def step(self, learning_rate: float) -> None:
        self._steps += 1
        steps = int(self._steps[0])
        parts = zip(self._moving(), self._firsts, self._seconds, self._decays, strict=True)
        for (theta, grad, multiplier), first, second, decay in parts:
            rate = learning_rate * multiplier
            self.k.adam_update(theta, first, second, grad, rate, self.beta1, self.beta2, self.epsilon, steps, decay)

    def state(self) -> dict[str, Array]:
        return {"first": self._first, "second": self._second, "steps": self._steps}


class AdamW(Adam):
    """Adam with decoupled decay: θ ← θ − η (m̂ / (√v̂ + ε) + λ θ) (Loshchilov and Hutter 2019, algorithm 2).

    λ θ takes no part in m and v. It acts on weights only, the entries that a penalty would act on: not on
    biases, nor on scale and shift. η, with schedule and multiplier in it, multiplies the decay too, as in
    PyTorch.

    Args:
        beta1, beta2, epsilon: as for Adam.
        weight_decay: λ ≥ 0; default 0.01.
    """

    name = "adamw"

    def __init__(
        self, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, weight_decay: float = 0.01
    ) -> None:
        super().__init__(beta1, beta2, epsilon)
        self.weight_decay = weight_decay

    def _runs(self, network: Network, alone: Collection[str]) -> list[tuple[slice, float]]:
        return network.segments({entry.name for entry in network.table})

    def bind(self, network: Network, late: Sequence[LateGradient] = ()) -> None:
        super().bind(network, late)
        weights = [entry.where for entry in network.table if entry.penalised]
        self._decays = [
            self.weight_decay if any(where.start <= run.start < where.stop for where in weights) else 0.0
            for run, _ in self.runs
        ]


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.name: kind for kind in (SGD, Momentum, Nesterov, RMSProp, Adam, AdamW)}
