"""What this machine can do, measured in the same run: the speed of a matrix product and of copying memory."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits


def _median(call: Callable[[], object], repeats: int = 9) -> float:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(threads: int) -> dict[str, float]:
    """flops: additions and multiplications a second in a product of 1,000 × 1,000 float32; bytes: read and written a
    second in a copy of 128 MiB."""
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(1000, 1000)).astype(np.float32) for _ in range(2))
    product, source = np.empty_like(a), np.ones(1 << 25, np.float32)
    target = np.zeros_like(source)
    with threadpool_limits(threads, user_api="blas"):
        flops = 2e9 / _median(lambda: np.matmul(a, b, out=product))
    return {"flops": flops, "bytes": 2 * source.nbytes / _median(lambda: np.copyto(target, source))}


if __name__ == "__main__":
    print(json.dumps({threads: measure(threads) for threads in (1, 2)}))
