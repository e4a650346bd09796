"""What the checks of helper functions answer, and how they look at what a function returned."""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.kernels.types import Array

Found = tuple[str, str]  # the explanation's key and its detail
RIGHT: Found = ("", "")
UNKNOWN: Found = ("unexplained", "")
CLOSE = 1e-6


def number(value: object) -> float:
    """The one number in what a function returned.

    Raises:
        ValueError: there are several, or none.
    """
    values = np.asarray(value, float).reshape(-1)
    if values.size != 1:
        raise ValueError(f"expected one number, received {values.size}")
    return float(values[0])


def near(a: object, b: object, tolerance: float = 1e-5) -> bool:
    """Whether two arrays have one shape and the same finite values.

    >>> near([1.0, 2.0], [1.0, 2.0]), near([1.0], [1.0, 1.0])
    (True, False)
    """
    one, other = np.asarray(a, float), np.asarray(b, float)
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=tolerance, atol=tolerance))


def factor_between(given: object, base: object) -> float | None:
    """k where given = k·base in all entries, None where there is no such number."""
    one, other = np.asarray(given, float), np.asarray(base, float)
    if one.shape != other.shape or not np.isfinite(one).all() or not np.isfinite(other).all():
        return None
    square = float((other * other).sum())
    if square == 0.0:
        return None
    k = float((one * other).sum()) / square
    scale = float(np.abs(other).max())
    return k if abs(k) > 1e-9 and np.allclose(one, k * other, rtol=1e-4, atol=2e-5 * abs(k) * scale) else None


def arrays_in(value: Any) -> list[Array]:
    """All arrays in a tuple, list, dict or object, in order."""
    if isinstance(value, dict):
        return [a for part in value.values() for a in arrays_in(part)]
    if isinstance(value, tuple | list):
        return [a for part in value for a in arrays_in(part)]
    if value is None or isinstance(value, str):
        return []
    if hasattr(value, "__dict__") and not isinstance(value, np.ndarray) and not callable(value):
        return arrays_in(vars(value))
    return [np.asarray(value)]
