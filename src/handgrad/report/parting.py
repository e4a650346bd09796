"""Where training parts from validation, as the report says it."""

from __future__ import annotations

from handgrad.curves import parting_point
from handgrad.report.facts import Facts
from handgrad.report.words import percent


def parting(facts: Facts) -> int | None:
    """The iteration where training parts from validation for good; None without a validation set, or if never."""
    images = facts.images_in("valid")
    return parting_point(list(map(dict, facts.metrics)), images) if images else None


def parting_sentence(facts: Facts, mark: int | None) -> str:
    """The finding with the accuracies at that point; empty without a validation set."""
    images = facts.images_in("valid")
    if not images or not any("valid_error" in line for line in facts.metrics):
        return ""
    if mark is None:
        return "Training does not part from validation: their errors never differ for good by more than chance."
    line = next(line for line in facts.metrics if line["iteration"] == mark)
    sets = [s for s in ("train", "valid", "test") if line.get(f"{s}_error") is not None]
    right = ", ".join(f"{s} {percent(1 - line[f'{s}_error'])}" for s in sets)
    return (
        f"Training parts from validation at iteration {mark:,} (epoch {line['epoch']}), at accuracies {right}: from "
        f"there on the validation error stays above the training error by more than chance on {images:,} images "
        "(1.645 standard errors). Early stopping belongs near it."
    )
