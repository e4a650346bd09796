"""The settings under the names a report gave them, beside the field's: read from its file of published numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgrad.report.facts import Facts
from handgrad.report.published import Parameter
from handgrad.report.results import Section
from handgrad.report.words import MISSING, setting


def parameters(facts: Facts) -> Section | None:
    """A row a parameter: the report's name and value, what it is, and its value and place in this run's config."""
    if facts.published is None or not facts.published.parameters or facts.config is None:
        return None
    config = facts.config.model_dump()
    rows = []
    for parameter in facts.published.parameters:
        ours = said(parameter, config)
        printed = MISSING if parameter.value is None else str(parameter.value)
        same = ours.startswith(printed) if parameter.loosely else ours == printed
        rows.append(
            {
                "name": parameter.name,
                "means": parameter.means,
                "ours": ours,
                "printed": printed,
                "differs": parameter.value is not None and not same,
                "key": parameter.key,
            }
        )
    return {"report": facts.published.report, "rows": rows}


def said(parameter: Parameter, config: Mapping[str, Any]) -> str:
    """The parameter's value in a config, in the report's words.

    >>> order = Parameter(name="ORDER", means="order", key="training.order", words={"shuffle": "random"})
    >>> said(order, {"training": {"order": "shuffle"}})
    'random'
    """
    value = look_up(config, parameter.key)
    if value is None:
        return MISSING
    if parameter.times is not None:
        value = float(f"{value * look_up(config, parameter.times):.12g}")
    text = setting(value)
    return parameter.words.get(text, text)


def look_up(table: Any, key: str) -> Any:
    """The value at a path such as "network.layers.0.kernel.1"; None where it leads nowhere.

    One number stands for a pair: a kernel of 7 is 7 high and 7 wide.

    >>> look_up({"layers": [{"kernel": 7}, {"kernel": [3, 5]}]}, "layers.0.kernel.1")
    7
    >>> look_up({"layers": [{"kernel": 7}, {"kernel": [3, 5]}]}, "layers.1.kernel.1")
    5
    """
    for part in key.split("."):
        if isinstance(table, Mapping):
            table = table.get(part)
        elif isinstance(table, list):
            table = table[int(part)] if part.isdecimal() and int(part) < len(table) else None
        elif not part.isdecimal():
            return None
    return table
