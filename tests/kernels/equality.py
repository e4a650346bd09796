"""Holds a native kernel equal to its reference on the same arguments."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import handgrad.kernels.reference as reference

#: How far native may be from reference, relative to the number itself, or for a sum to the largest in the array:
#: some units in the last place for one number, more for sums, which are added up in another order.
CLOSE = {"float32": 6e-7, "float64": 2e-15}
SUMS = {"float32": 2e-5, "float64": 1e-13}

#: enough to meet each tail of a vector; every variant goes through them
few = settings(max_examples=40, deadline=None)
dtypes = st.sampled_from(["float32", "float64"])
seeds = st.integers(0, 2**32 - 1)
#: one, odd, larger than the widest vector (16 float32), and not a multiple of it
counts = st.integers(1, 9) | st.integers(10, 100)
shapes = st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple) | st.tuples(st.integers(1, 300))


def native_is_required() -> bool:
    return os.environ.get("HANDGRAD_REQUIRE_NATIVE", "") not in ("", "0")


class Destination:
    """An array to be overwritten: prefilled with NaN, so that what a kernel leaves out shows."""

    def __init__(self, *shape: int, dtype: str | None = None) -> None:
        self.shape, self.dtype = shape, dtype

    def make(self, dtype: str) -> np.ndarray:
        if self.dtype:
            return np.full(self.shape, -1, self.dtype)
        return np.full(self.shape, np.nan, dtype)


class Draw:
    """Random arrays of one dtype, from a seed that hypothesis chose."""

    def __init__(self, seed: int, dtype: str) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype

    def normal(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * self.rng.normal(size=shape)).astype(self.dtype)

    def uniform(self, *shape: int) -> np.ndarray:
        return self.rng.random(shape).astype(self.dtype)

    def targets(self, n: int, classes: int) -> np.ndarray:
        return np.eye(classes, dtype=self.dtype)[self.rng.integers(classes, size=n)]


def run_both(kernel: str, dtype: str, *arguments: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every array among the arguments, after reference and after native had it. Destinations are made for each."""
    from handgrad.kernels import native

    made = []
    for module in (reference, native):
        own = [a.make(dtype) if isinstance(a, Destination) else a for a in arguments]
        own = [a.copy() if isinstance(a, np.ndarray) else a for a in own]
        getattr(module, kernel)(*own)
        made.append([a for a in own if isinstance(a, np.ndarray)])
    return made[0], made[1]


def assert_equal(
    kernel: str, dtype: str, *arguments: Any, tolerance: dict[str, float] = CLOSE, of_largest: bool = False
) -> None:
    """Native leaves in every array what reference leaves there, NaN and infinities included.

    `of_largest` measures the error by the largest finite number in the call, as befits sums whose terms cancel.
    """
    both = run_both(kernel, dtype, *arguments)
    scale = max(_largest(a) for a in (*both[0], *arguments)) if of_largest else 0.0
    for expected, received in zip(*both, strict=True):
        atol = tolerance[dtype] * scale + np.finfo(dtype).smallest_subnormal * 2
        np.testing.assert_allclose(received, expected, rtol=tolerance[dtype], atol=atol, err_msg=kernel)


def _largest(a: Any) -> float:
    return float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) if isinstance(a, np.ndarray) else 0.0
