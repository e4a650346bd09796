"""Native kernels beside the reference, at the shapes of report E's net (784-100-100-10, batches of 50), of B2 and D.

Both run in turn, A B A B, on the same arguments and one thread; the table shows medians of a call, and no target.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from handgrad.kernels import native, reference

PAIRS = 15
SECONDS = 0.01  # that one measurement takes at least


def cases(rng: np.random.Generator) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Kernel, shapes, arguments."""

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    images, picks = rng.integers(0, 256, (5000, 784), dtype=np.uint8), rng.integers(0, 5000, 50)
    x, W, b, y = normal(50, 784), normal(784, 100), normal(100), normal(50, 100)
    digits = np.abs(x) * (rng.random(x.shape) < 0.19)  # as many zeros as MNIST has
    one, wide = normal(1, 7744), normal(7744, 10)
    z, t, factors = normal(50, 10), np.eye(10, dtype=np.float32)[rng.integers(0, 10, 50)], normal(50)
    theta, grad, other = normal(89_610), normal(89_610), normal(89_610)
    hidden = (normal(50, 100), y)
    return [
        ("gather_images", "50×784 bytes", (x.copy(), images, picks, 1 / 255, 0.0)),
        ("one_hot", "50×10", (t.copy(), rng.integers(0, 10, 50))),
        ("dense_forward", "50×784×100", (y.copy(), x, W, b)),
        ("dense_backward", "50×784×100", (None, W.copy(), b.copy(), y, x, W)),
        ("dense_forward", "50×784×100, 81 % 0", (y.copy(), digits, W, b)),
        ("dense_backward", "50×784×100, 81 % 0", (None, W.copy(), b.copy(), y, digits, W)),
        ("dense_forward", "1×7744×10", (normal(1, 10), one, wide, b[:10].copy())),
        ("dense_backward", "1×7744×10", (one.copy(), wide.copy(), b[:10].copy(), normal(1, 10), one, wide)),
        ("relu_forward", "50×100", hidden),
        ("relu_backward", "50×100", (*hidden, normal(50, 100))),
        ("tanh_forward", "50×100", hidden),
        ("sigmoid_forward", "50×100", hidden),
        ("softmax_cross_entropy", "50×10", (factors.copy(), z.copy(), z, t, factors)),
        ("penalty_value", "784×100", (W, 1e-4, 0.0)),
        ("add_penalty_gradient", "784×100", (W.copy(), W, 1e-4, 0.0)),
        ("sgd_update", "89,610", (theta, grad, 1e-6)),
        ("adam_update", "89,610", (theta, other, np.abs(other), grad, 1e-6, 0.9, 0.999, 1e-8, 10, 0.0)),
        ("conv2d_forward", "50×1×28×28, 16 of 5×5", conv := (normal(50, 16, 28, 28), normal(50, 1, 28, 28),
            normal(16, 1, 5, 5), normal(16), (1, 1), (2, 2))),
        ("conv2d_backward", "50×1×28×28, 16 of 5×5", (None, conv[2].copy(), conv[3].copy(), conv[0], *conv[1:3],
            *conv[4:])),
        ("conv2d_forward", "1×1×28×28, 2 of 28×28", (normal(1, 2, 1, 1), conv[1][:1].copy(), normal(2, 1, 28, 28),
            normal(2), (1, 1), (0, 0))),
        ("max_pool_backward", "32×32×28×28, 2×2", (normal(32, 32, 28, 28), normal(32, 32, 14, 14),
            np.tile(np.arange(0, 784, 4, dtype=np.int32).reshape(14, 14), (32, 32, 1, 1)))),
        ("max_pool_forward", "50×16×28×28, 2×2", (normal(50, 16, 14, 14), np.zeros((50, 16, 14, 14), np.int32),
            conv[0], (2, 2), (2, 2))),
    ]  # fmt: skip


def measure(call: Callable[..., Any], arguments: tuple[Any, ...], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call(*arguments)
    return (time.perf_counter() - start) / repeats


def compare(kernel: str, arguments: tuple[Any, ...]) -> tuple[float, float]:
    """Median seconds of a call: native, reference."""
    modules: tuple[ModuleType, ModuleType] = (native, reference)
    calls = [getattr(module, kernel) for module in modules]
    repeats = [max(1, round(SECONDS / measure(call, arguments, 3))) for call in calls]
    times: list[list[float]] = [[], []]
    for _ in range(PAIRS):
        for call, count, kept in zip(calls, repeats, times, strict=True):
            kept.append(measure(call, arguments, count))
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    print(f"microseconds a call, median of {PAIRS} pairs; native is the {native.variant()} variant")
    print(f"{'kernel':<24}{'shapes':<24}{'native':>10}{'reference':>12}{'ratio':>8}")
    with threadpool_limits(1):
        for kernel, shapes, arguments in cases(np.random.default_rng(0)):
            ours, theirs = compare(kernel, arguments)
            print(f"{kernel:<24}{shapes:<24}{ours * 1e6:>10.2f}{theirs * 1e6:>12.2f}{ours / theirs:>8.2f}")


if __name__ == "__main__":
    main()
