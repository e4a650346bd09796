"""The least that a workload's arithmetic and memory traffic could take, at the speeds measured in the same run."""

from __future__ import annotations

import math

from problem import Problem

from handgrad.layers import Conv2D, Dense


def dense_flops(problem: Problem, backward: bool) -> float:
    """Multiplications and additions a sample in products, dense and convolutional, with no zero skipped."""
    total, first = 0.0, True
    for i, (layer, arrays) in enumerate(problem.layers()):
        if not isinstance(layer, Dense | Conv2D):
            continue
        places = math.prod(problem.network.shapes[i + 1][1:]) if isinstance(layer, Conv2D) else 1
        once = 2.0 * arrays["W"].size * places
        total += once * (1 if not backward else 2 if first else 3)  # the first layer's dx is not asked for
        first = False
    return total


def step_bytes(problem: Problem) -> float:
    """Bytes a step must move: the optimiser's vectors, and parameters read and gradients written once."""
    vectors = {"sgd": 3, "momentum": 5, "adam": 7}[problem.config.optimizer.type]
    return 4.0 * problem.network.parameter_count * vectors


def floor(problem: Problem, iterations: int, speeds: dict[str, float], tested: int) -> tuple[float, float]:
    """Seconds of arithmetic and of memory for these iterations; `tested` images are evaluated at each."""
    flops = problem.batch * dense_flops(problem, True) + tested * dense_flops(problem, False)
    return iterations * flops / speeds["flops"], iterations * step_bytes(problem) / speeds["bytes"]
