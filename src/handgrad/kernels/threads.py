"""On how many threads kernels and matrix products run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

from handgrad.kernels.types import Kernels


@contextmanager
def use_threads(kernels: Kernels, count: int) -> Iterator[None]:
    """Run on so many threads inside the block; it holds for the whole process.

    The native kernels split long calls, matrix products among them, over threads of their own, and BLAS then has one:
    two pools would wait for each other. The reference knows the threads of NumPy's BLAS alone.

    Args:
        kernels: a network's `k`.
        count: threads, the caller's included.

    >>> from handgrad.kernels import get_kernels
    >>> with use_threads(get_kernels("reference"), 1):
    ...     pass
    """
    native: Any = kernels if hasattr(kernels, "set_threads") else None
    if native is None:
        with threadpool_limits(limits=count, user_api="blas"):
            yield
        return
    before = native.threads()
    with threadpool_limits(limits=1, user_api="blas"):
        native.set_threads(count)
        try:
            yield
        finally:
            native.set_threads(before)
