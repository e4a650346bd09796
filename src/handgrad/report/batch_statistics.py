"""Batch normalisation at test time, both ways: running statistics, and the batch's own as report B2 has it."""

from __future__ import annotations

from handgrad.build import make_loss
from handgrad.errors import HandgradError
from handgrad.layers import BatchNorm
from handgrad.metrics import Evaluator, Measurement
from handgrad.report import words
from handgrad.report.facts import Facts
from handgrad.report.results import Section


def both_ways(facts: Facts) -> Section | None:
    """Test loss and accuracy with running and with batch statistics; None for a net without batch normalisation."""
    config, data, network = facts.config, facts.data, facts.network
    if config is None or data is None or data.test is None or network is None:
        return None
    layers = [layer for layer in network.layers if isinstance(layer, BatchNorm)]
    if not layers:
        return None
    batch = min(500, len(data.test)) if config.training.batch_size == "all" else config.training.batch_size
    configured = [layer.batch_statistics_at_test for layer in layers]
    rows = []
    try:
        for label, way in (("running statistics", False), (f"each batch of {batch} by its own", True)):
            for layer in layers:
                layer.batch_statistics_at_test = way
            measured = Evaluator(network, make_loss(config), *facts.run.scaling, capacity=batch)(data.test)
            rows.append(_row(label, measured, way == configured[0]))
    except HandgradError:
        return None
    finally:
        for layer, way in zip(layers, configured, strict=True):
            layer.batch_statistics_at_test = way
    return {"rows": rows}


def _row(label: str, measured: Measurement, configured: bool) -> Section:
    return {
        "label": label,
        "loss": words.loss(measured.loss),
        "accuracy": words.percent(1 - measured.error),
        "configured": configured,
    }
