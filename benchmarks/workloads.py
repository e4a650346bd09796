"""The workloads of the table: an experiment, how long it runs, who takes part, and what is promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Contestant = tuple[str, dict[str, Any]]  # which module, its options


@dataclass
class Workload:
    """One row of the table.

    Attributes:
        title: what is trained.
        experiment, overrides: what it is made from.
        iterations: in one measurement.
        contestants: by name; "ours" is handgrad, the best of "torch …" is PyTorch's best.
        targets: by rival ("torch", "jax", "scikit-learn", or a contestant's own name): (must, aim) as ratio of medians.
        check: iterations after which all must have reached the same test loss.
        tolerance: relative, of that loss.
    """

    title: str
    experiment: str
    iterations: int
    contestants: dict[str, Contestant]
    targets: dict[str, tuple[float, float | None]]
    overrides: list[str] = field(default_factory=list)
    check: int = 100
    tolerance: float = 1e-3


def _torch(**common: Any) -> dict[str, Contestant]:
    """Torch in the ways that could be its best, at 1 and 2 threads."""
    made: dict[str, Contestant] = {}
    for threads in (1, 2):
        made[f"torch eager, {threads} threads"] = ("torch", {"threads": threads, **common})
        made[f"torch eager, fused optimiser, {threads} threads"] = (
            "torch",
            {"threads": threads, "fused": True, **common},
        )
        made[f"torch compiled, fused optimiser, {threads} threads"] = (
            "torch",
            {"threads": threads, "fused": True, "compiled": True, **common},
        )
    return made


def _ours(**common: Any) -> dict[str, Contestant]:
    return {f"ours, {threads} threads": ("ours", {"threads": threads, **common}) for threads in (1, 2)}


WORKLOADS = {
    "e": Workload(
        "E: 784-100-100-10, batches of 50, no evaluation inside",
        "digits-mlp-constant",
        10_000,
        {
            **_ours(),
            **_torch(),
            "jax, one compiled scan": ("jax", {}),
            "scikit-learn, 1 threads": ("sklearn", {"threads": 1}),
            "scikit-learn, 2 threads": ("sklearn", {"threads": 2}),
            "hand-written in torch, 1 threads": ("hand", {"threads": 1}),
            "hand-written in torch, 2 threads": ("hand", {"threads": 2}),
        },
        {"torch": (0.35, 0.2), "jax": (0.8, None), "scikit-learn": (0.35, None)},
    ),
    "a": Workload(
        "A: 784-100-100-10, batches of 50, 5,000 test images evaluated at each iteration",
        "digits-mlp-inverse-sqrt",
        1_000,
        {**_ours(evaluate=True), **_torch(evaluate=True)},
        {"torch": (0.5, 0.25)},
    ),
    "b1": Workload(
        "B1: 784-1000-10, full batch of 8,000 notMNIST images, momentum; 5 epochs",
        "letters-mlp-momentum",
        5,
        {**_ours(), **_torch(), "jax, one compiled scan": ("jax", {})},
        {"torch": (0.9, None)},
        check=5,
    ),
    "b2": Workload(
        "B2: convolution, batch normalisation, pooling, 6272-784-10, batches of 32, Adam; 200 steps",
        "letters-cnn-adam",
        200,
        {
            **_ours(),
            **_torch(),
            "torch eager, fused optimiser, channels last, 2 threads": (
                "torch",
                {"threads": 2, "fused": True, "channels_last": True},
            ),
            "torch compiled, fused optimiser, channels last, 2 threads": (
                "torch",
                {"threads": 2, "fused": True, "channels_last": True, "compiled": True},
            ),
        },
        {"torch": (0.65, 0.55), "torch eager, 2 threads": (0.35, None)},
        check=20,
        tolerance=5e-3,
    ),
    "d1": Workload(
        "D: one image a step, 2 filters 28×28, perceptron; 2,000 steps",
        "threes-ones-conv-perceptron",
        2_000,
        {**_ours(), **_torch(), "jax, one compiled scan": ("jax", {})},
        {"torch": (0.15, 0.08)},
        check=300,
    ),
    "d2": Workload(
        "D: one image a step, 16 filters 7×7, perceptron; 2,000 steps",
        "digits-conv-perceptron",
        2_000,
        {**_ours(), **_torch(), "jax, one compiled scan": ("jax", {})},
        {"torch": (0.15, 0.08)},
        check=300,
    ),
}
