"""What was set up, as plain data for the templates: the net, the settings, the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgrad.errors import HandgradError
from handgrad.report.facts import Facts
from handgrad.report.results import Section
from handgrad.report.words import MISSING, count, moment, setting, shape


def network(facts: Facts) -> Section | None:
    """The layers with shapes, parameters and initialisation."""
    if facts.config is None:
        return None
    plan = _plan(facts)
    if plan is None:
        layers = [layer.model_dump(exclude_none=True) for layer in facts.config.network.layers]
        rows = [
            {"index": i, "type": layer.pop("type"), "description": setting(layer)} for i, layer in enumerate(layers)
        ]
        return {"rows": rows, "planned": False}
    configs = facts.config.network.layers
    rates = [getattr(layer, "learning_rate_multiplier", 1.0) for layer in configs]
    frozen = [getattr(layer, "frozen", False) for layer in configs]
    rows = [
        {
            **row,
            "output_shape": shape(row["output_shape"]),
            "parameters": count(row["parameters"]) if row["parameters"] else MISSING,
            "std": _number(row["init_std"]),
            "variance": _number(row["init_variance"]),
            "rate": ("frozen" if still else f"× {rate:g}") if row["parameters"] else MISSING,
        }
        for row, rate, still in zip(plan.summary_rows(), rates, frozen, strict=True)
    ]
    return {
        "rows": rows,
        "planned": True,
        "input": shape(plan.input_shape),
        "parameters": count(plan.parameter_count),
        "rates": any(rate != 1 for rate in rates) or any(frozen),
    }


def settings(facts: Facts) -> list[Section]:
    """Everything the run was told, and the machine it ran on, as titled lists of (name, value)."""
    groups: list[Section] = []
    if facts.config is not None:
        table = facts.config.model_dump(exclude={"network": True, "sweep": True, "format": True, "title": True})
        for name in ("data", "loss", "optimizer", "training"):
            groups.append({"title": name.replace("optimizer", "optimiser"), "rows": _rows(table[name])})
        seeds = {"seed": table["seed"], **{f"seed of {k}": v for k, v in table["seeds"].items()}}
        groups[-1]["rows"] += _rows(seeds)
    status = facts.run.status
    machine, versions = status.get("machine") or {}, status.get("versions") or {}
    recorded: Section = {key: status.get(key) for key in ("threads", "kernels", "attempts")}
    recorded |= {key: moment(str(status[key])) for key in ("started", "finished") if status.get(key)}
    if "memory_gib" in machine:
        machine = {**machine, "memory": f"{machine['memory_gib']} GiB"}
        del machine["memory_gib"]
    groups.append({"title": "machine", "rows": _rows({**machine, **recorded})})
    if facts.data is not None:
        groups[0]["rows"] += _rows({"found in": facts.data.origin})
    groups.append({"title": "versions", "rows": _rows(versions)})
    return [group for group in groups if group["rows"]]


def _rows(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), setting(value)) for key, value in table.items() if value not in (None, [], {})]


def _plan(facts: Facts) -> Any:
    """The trained network, or one planned afresh from the settings where no weights were left."""
    if facts.network is not None or facts.config is None:
        return facts.network
    from handgrad.build import make_network

    known = facts.run.summary.get("input_shape") or (facts.data and facts.data.input_shape)
    try:
        return make_network(facts.config).build(tuple(known)) if known else None
    except HandgradError:
        return None


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:.4g}"
