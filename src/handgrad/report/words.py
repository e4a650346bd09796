"""Numbers and names as people read them: percent, thousands, durations, settings on one line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from handgrad.settings import setting as setting

MISSING = "–"


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as percent.

    >>> percent(0.0276), percent(None)
    ('2.76 %', '–')
    """
    return MISSING if fraction is None or not math.isfinite(fraction) else f"{100 * fraction:.{digits}f} %"


def points(fraction: float | None) -> str:
    """A difference of fractions in points, with its sign.

    >>> points(-0.0012)
    '−0.12'
    """
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    return f"{100 * fraction:+.2f}".replace("-", "−")


def loss(value: float | None) -> str:
    """A loss per image to three places that count.

    >>> loss(0.33512), loss(0.0031415), loss(None)
    ('0.335', '0.00314', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0 or 0.1 <= abs(value) < 10_000:
        return f"{value:.3f}"
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}" if 1e-4 <= abs(value) < 0.1 else f"{value:.2e}"


def count(value: float | None) -> str:
    """A whole number with its thousands apart.

    >>> count(89610)
    '89,610'
    """
    return MISSING if value is None else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them.

    >>> duration(3.21), duration(75), duration(7322)
    ('3.2 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(text: str) -> str:
    """A time as status.json has it, for people.

    >>> moment("2026-01-02T03:04:05+0000")
    '2026-01-02 03:04:05 UTC'
    """
    return text.replace("T", " ", 1).replace("+0000", " UTC")


def shape(sizes: Sequence[int] | None) -> str:
    """The shape of one sample.

    >>> shape((1, 28, 28))
    '1 × 28 × 28'
    """
    return MISSING if not sizes else " × ".join(f"{size:,}" for size in sizes)
