"""What a program's `import` finds: NumPy and harmless modules; for all others a stand-in that says so when used."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from handgrad.check.reading.layers import scipy_signal

ALLOWED = {
    "numpy", "math", "cmath", "random", "copy", "collections", "itertools", "functools", "dataclasses", "typing",
    "__future__", "abc", "time", "enum", "operator", "warnings", "string", "re", "statistics", "numbers", "types",
    "datetime", "decimal", "fractions", "contextlib", "sys", "typing_extensions", "builtins",
}  # fmt: skip


class NotLoadedError(ImportError):
    """A module that `check` does not load was used."""


class StandIn:
    """Takes the place of a module, or of something in it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.__all__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if len(arguments) == 1 and not named and callable(arguments[0]) and not isinstance(arguments[0], StandIn):
            return arguments[0]  # a decorator: numba.njit(f)
        if not arguments and ("jit" in self._name or "vectorize" in self._name):
            return self
        raise NotLoadedError(f"{self._name} was not loaded: handgrad check only loads NumPy and harmless modules")

    def __mro_entries__(self, bases: Sequence[Any]) -> tuple[type, ...]:
        return ()


class _Special(StandIn):
    """scipy.special: the functions that nets use."""

    @staticmethod
    def erf(z: Any) -> Any:
        import numpy as np

        return np.vectorize(math.erf, otypes=[float])(z)

    @staticmethod
    def expit(z: Any) -> Any:
        import numpy as np

        return 1.0 / (1.0 + np.exp(-z))

    @staticmethod
    def logsumexp(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        import numpy as np

        top = np.max(a, axis=axis, keepdims=True)
        value = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
        return value if keepdims else np.squeeze(value, axis=axis)

    @staticmethod
    def softmax(x: Any, axis: int | None = None) -> Any:
        import numpy as np

        e = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)


def make_import(beside: Callable[[str], Any]) -> Callable[..., Any]:
    """An `__import__` for a program; `beside` loads a module that lies beside its file, or gives None."""

    def guarded(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        root = name.split(".")[0]
        if level == 0 and root in ALLOWED:
            return builtins.__import__(name, globals, locals, fromlist, level)
        own = beside(root) if root else None
        if own is not None:
            return own
        if name.startswith("scipy"):
            special = _Special("scipy.special")
            if name == "scipy.special" and fromlist:
                return special
            if name == "scipy.signal" and fromlist:
                return scipy_signal
            package = StandIn("scipy")
            setattr(package, "special", special)  # noqa: B010
            setattr(package, "signal", scipy_signal)  # noqa: B010
            return package
        return StandIn(name if fromlist else root)

    return guarded
