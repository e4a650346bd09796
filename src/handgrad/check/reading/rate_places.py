"""Where a program keeps its learning rate and its λ."""

from __future__ import annotations

import re
from typing import Any

from handgrad.check.reading.places import Path
from handgrad.check.reading.roles import role_of

_RATES = re.compile(r"lr|eta|alpha|l_?rate|learn\w*_?rate|rate|step_size|tasa", re.IGNORECASE)


def rate_paths(made: Any, start: Path) -> tuple[Path, ...]:
    """Attributes or constants that hold the learning rate."""
    values = made.items() if isinstance(made, dict) else vars(made).items() if hasattr(made, "__dict__") else ()
    kind = "item" if isinstance(made, dict) else "attr"
    found = [
        k
        for k, v in values
        if isinstance(v, float | int) and not isinstance(v, bool) and _RATES.fullmatch(str(k).strip("_"))
    ]
    return tuple((*start, (kind, key)) for key in found)


def penalty_paths(made: Any, start: Path) -> tuple[tuple[Path, float], ...]:
    """Attributes or constants that hold a λ."""
    values = made.items() if isinstance(made, dict) else vars(made).items() if hasattr(made, "__dict__") else ()
    kind = "item" if isinstance(made, dict) else "attr"
    found = [(k, v) for k, v in values if isinstance(v, float) and role_of(str(k)) == "reg"]
    return tuple(((*start, (kind, key)), value or 0.1) for key, value in found)
