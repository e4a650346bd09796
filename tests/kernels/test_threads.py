"""Kernels on several threads: the same numbers, from any number of callers, and in a forked child too."""

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from equality import Draw

from handgrad.kernels import get_kernels, native_problem
from handgrad.kernels.threads import use_threads

pytestmark = pytest.mark.skipif(bool(native_problem()), reason="native kernels are not built here")


@pytest.fixture
def native() -> Iterator[Any]:
    kernels: Any = get_kernels("native")
    with use_threads(kernels, 1):
        yield kernels


def calls(draw: Draw) -> dict[str, tuple[Any, ...]]:
    """Kernels with arguments large enough to be split; destinations first."""
    a, b, c = (draw.normal(32, 16, 40, 40) for _ in range(3))
    theta, memory, grad = draw.normal(999_983), draw.uniform(999_983), draw.normal(999_983)
    x, W, bias, y = draw.normal(90, 3000), draw.normal(3000, 210), draw.normal(210), draw.normal(90, 210)
    images, filters = draw.normal(33, 3, 40, 40), draw.normal(16, 3, 3, 3)
    mean, deviation = draw.normal(16), draw.uniform(16) + 1
    conv = (draw.normal(33, 16, 38, 38), images, filters, draw.normal(16), (1, 1), (0, 0))
    pooled, winner = draw.normal(32, 16, 20, 20), np.zeros((32, 16, 20, 20), np.int32)
    return {
        "relu_forward": (a, b),
        "tanh_backward": (a, b, c),
        "sgd_update": (theta, grad, 0.1),
        "adam_update": (theta, memory, memory + 1, grad, 0.1, 0.9, 0.999, 1e-8, 3, 0.0),
        "dense_forward": (y, x, W, bias),
        "dense_backward": (x.copy(), W.copy(), bias.copy(), y, x, W),
        "dense_weights": (W[:1000].copy(), y, x, 1500),
        "conv2d_forward": conv,
        "conv2d_backward": (images.copy(), filters.copy(), mean.copy(), *conv[:3], *conv[4:]),
        "max_pool_forward": (pooled, winner, a, (2, 2), (2, 2)),
        "max_pool_backward": (a, pooled, winner),
        "avg_pool_backward": (a, pooled, (2, 2), (2, 2)),
        "batch_statistics": (mean, deviation, None, None, a, 1e-5, 0.9),
        "batch_norm_forward": (b, a, mean, deviation, None, None),
        "batch_norm_backward": (b, None, None, c, a, mean, deviation, None, True),
        "gather_images": (a, (100 * b).astype(np.uint8), np.arange(32)[::-1].copy(), 0.5, 0.0),
    }


def run(kernels: Any, name: str, threads: int) -> list[np.ndarray]:
    own = [a.copy() if isinstance(a, np.ndarray) else a for a in calls(Draw(0, "float32"))[name]]
    with use_threads(kernels, threads):
        getattr(kernels, name)(*own)
    return [a for a in own if isinstance(a, np.ndarray)]


@pytest.mark.parametrize("name", sorted(calls(Draw(0, "float32"))))
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_more_than_rounding(native: Any, name: str, threads: int) -> None:
    for alone, together in zip(run(native, name, 1), run(native, name, threads), strict=True):
        # Only BLAS may add up in another order when it is handed a part of a matrix.
        np.testing.assert_allclose(together, alone, rtol=1e-4 if "dense" in name else 0, atol=1e-4 * ("dense" in name))


def test_same_threads_same_bits(native: Any) -> None:
    for first, second in zip(run(native, "dense_backward", 2), run(native, "dense_backward", 2), strict=True):
        np.testing.assert_array_equal(first, second)


def test_callers_side_by_side_do_not_disturb_each_other(native: Any) -> None:
    a = np.linspace(-1, 1, 500_000, dtype=np.float32)
    wrong: list[int] = []

    def call(number: int) -> None:
        mine, y = a * number, np.empty_like(a)
        for _ in range(50):
            native.relu_forward(y, mine)
            if not np.array_equal(y, np.maximum(mine, 0)):
                wrong.append(number)

    with use_threads(native, 2):
        callers = [threading.Thread(target=call, args=(number,)) for number in (1, 2, 3)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(native: Any) -> None:
    def relu() -> bool:
        x = np.linspace(-1, 1, 500_000, dtype=np.float32)
        y = np.empty_like(x)
        native.relu_forward(y, x)
        return bool(np.array_equal(y, np.maximum(x, 0)))

    with use_threads(native, 2):
        assert relu()
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that waits for threads it has not would wait for ever
            os._exit(0 if relu() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert relu()


def test_threads_are_put_back(native: Any) -> None:
    with use_threads(native, 3):
        assert native.threads() == 3
        with use_threads(native, 2):
            assert native.threads() == 2
        assert native.threads() == 3
