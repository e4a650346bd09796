"""The ways to call a schedule of the learning rate: by the epoch, with its two ends, with the epochs between steps."""

from __future__ import annotations

import re
from typing import Any

from handgrad.check.reading.tools.calls import Way, bind, plays
from handgrad.check.reading.tools.names import Candidate

_RATE, _LOWEST, _TOTAL = 0.1, 0.004, 200
_ENDS = {
    "highest": r"(lr|eta|rate)_?(max|high|start|0|init\w*)|(max|high|start|init\w*|base)_?(lr|eta|rate|learning_rate)"
               r"|lr",
    "lowest": r"(lr|eta|rate)_?(min|low|end|final)|(min|low|end|final)_?(lr|eta|rate|learning_rate)",
    "total": r"(total|max|num|n|n_?total)_?(epochs?|steps?|iter\w*)|epochs|t_?max|T|total|period",
}  # fmt: skip


def schedule_ways(candidate: Candidate) -> list[Way]:
    """With its ends where it has both and the number of epochs; else the rates, also where steps are further apart."""
    ends = _ends(candidate)
    if ends:
        return [Way("schedule_between", lambda space, share: _between(candidate, space, ends, float(share)))]
    extra = {"rate": _RATE, "every": 10, "decay": 0.05}
    if not any(plays(name, "every") and not plays(name, "epoch") for name in candidate.function.parameters):
        return [Way("schedule", lambda space, epoch: _asked(candidate, space, {**extra, "epoch": int(epoch)}))]

    def stepped(space: dict[str, Any], epoch: Any, every: Any) -> Any:
        return _asked(candidate, space, {**extra, "epoch": int(epoch), "every": int(every)})

    return [Way("schedule_in_steps", stepped)]


def _asked(candidate: Candidate, space: dict[str, Any], given: dict[str, Any]) -> Any:
    return candidate.get(space)(**bind(candidate.function, given, ("epoch",)))


def _ends(candidate: Candidate) -> dict[str, str]:
    """The parameters for both rates and the number of epochs, and the epoch's; {} where one of them is missing."""
    names = candidate.function.parameters
    if any("warm" in name.lower() for name in (*names, candidate.name)):
        return {}
    found: dict[str, str] = {}
    for role, pattern in _ENDS.items():
        found[role] = next(
            (n for n in names if re.fullmatch(pattern, n, re.IGNORECASE) and n not in found.values()), ""
        )
    left = [n for n in names if n not in found.values()]
    found["epoch"] = next((n for n in left if plays(n, "epoch")), "")
    rest = set(candidate.function.required) - set(found.values())
    return found if all(found.values()) and not rest else {}


def _between(
    candidate: Candidate, space: dict[str, Any], ends: dict[str, str], share: float
) -> tuple[float, float, float]:
    """The rate after this share of the epochs, the first one and the last one that were asked for."""
    given = {
        ends["highest"]: _RATE,
        ends["lowest"]: _LOWEST,
        ends["total"]: _TOTAL,
        ends["epoch"]: round(share * _TOTAL),
    }
    return float(candidate.get(space)(**given)), _RATE, _LOWEST
