"""Kernels: pure functions on arrays, in several implementations of the same names and signatures.

`reference` is NumPy, written to be read; `native` is C++ and needs a compiler when handgrad is installed.
`HANDGRAD_KERNELS` chooses between them, `HANDGRAD_REQUIRE_NATIVE=1` forbids to go on without the native ones.
"""

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from handgrad.errors import UsageError

if TYPE_CHECKING:
    from handgrad.kernels.types import Kernels

_NAMES = ("reference", "native")
_REMEDY = (
    "To have them, install GCC or Clang and Python's headers (Debian, Ubuntu: apt-get install g++ python3-dev; "
    "macOS: xcode-select --install) and install handgrad again."
)


def kernel_names() -> tuple[str, ...]:
    """The implementations that `get_kernels` knows, built or not."""
    return _NAMES


def get_kernels(name: str | None = None) -> "Kernels":
    """The module with the kernels of this name.

    Args:
        name: "reference" or "native"; default what the environment variable `HANDGRAD_KERNELS` says, else native
            where it is built, else reference with a notice on standard error, once a process.

    Raises:
        UsageError: for an unknown name, and where the native kernels are asked for (by name, or by
            `HANDGRAD_REQUIRE_NATIVE=1`) but were not built.

    >>> get_kernels("reference").__name__
    'handgrad.kernels.reference'
    """
    wanted = name or os.environ.get("HANDGRAD_KERNELS", "")
    if wanted and wanted not in _NAMES:
        where = "" if name else " (from HANDGRAD_KERNELS)"
        raise UsageError(f"there are no kernels named {wanted!r}{where}; the names are {', '.join(_NAMES)}")
    if wanted == "reference":
        return _load("reference")
    problem = native_problem()
    if not problem:
        return _load("native")
    if wanted == "native" or os.environ.get("HANDGRAD_REQUIRE_NATIVE", "") not in ("", "0"):
        raise UsageError(f"handgrad's native kernels are required but not there: {problem}\n{_REMEDY}")
    _tell_once(problem)
    return _load("reference")


@cache
def native_problem() -> str:
    """Why the native kernels cannot be loaded, in a few words; empty where they can."""
    try:
        _load("native")
    except ImportError as error:
        return str(error)
    return ""


def _load(name: str) -> "Kernels":
    if name == "native":
        from handgrad.kernels import native

        return native
    from handgrad.kernels import reference

    return reference


@cache
def _tell_once(problem: str) -> None:
    print(
        f"handgrad: running on the NumPy kernels, which are slower; the native ones are not there ({problem}).\n"
        f"handgrad: {_REMEDY}",
        file=sys.stderr,
    )
