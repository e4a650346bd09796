"""Every test of the native kernels runs once for each build of them that this processor can execute."""

from collections.abc import Iterator

import pytest

from handgrad.kernels import native_problem

pytest.register_assert_rewrite("equality")
from equality import native_is_required  # noqa: E402


def runnable_variants() -> list[str]:
    if native_problem():
        return []
    from handgrad.kernels import _native

    return _native.variants()


@pytest.fixture(params=runnable_variants() or ["missing"], scope="module")
def variant(request: pytest.FixtureRequest) -> Iterator[str]:
    """The native kernels, switched to one variant for the tests of a module."""
    if request.param == "missing":
        if native_is_required():
            pytest.fail(f"native kernels are required but not there: {native_problem()}")
        pytest.skip("native kernels are not built here")
    from handgrad.kernels import _native

    before = _native.variant()
    _native.use_variant(request.param)
    yield request.param
    _native.use_variant(before)
