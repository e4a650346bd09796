"""What is no mistake although the numbers differ: another loss's constant, the descent direction, weight decay."""

from __future__ import annotations

from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.search import LayerFound
from handgrad.check.diagnosis.settle import Settled
from handgrad.check.subject import NetSubject

ALWAYS = {"exp_overflow", "two_class_and_diagonal"}
#: factors that only say which loss is meant, where the program has none
_OF_ASSUMED_LOSS = {
    "one_over_n_missing",
    "multiplied_by_n",
    "mean_but_loss_is_sum",
    "factor_two",
    "mean_over_everything",
    "classes_in_mean_missing",
    "one_over_n_twice",
}


def convention_of(subject: NetSubject, settled: Settled, found: list[LayerFound]) -> list[float] | None:
    """The factors, probe by probe, by which every tensor may differ without being wrong; None for none."""
    if not found or found[0].guess is None or found[0].guess.keys:
        return None
    top = found[0]
    if _free_constant(settled, top.factor_name) or _adds(subject, top.factor_name):
        return list(top.factor_values)
    return None


def is_convention(item: Item, subject: NetSubject, settled: Settled, found: list[LayerFound]) -> bool:
    """Whether this finding accuses nobody."""
    if item.key in ALWAYS:
        return True
    if item.key == "penalty_not_in_loss":
        return (item.value or 0.0) > 0
    if item.key == "l2_on_biases":
        return settled.loss_known is None
    top = found[0] if found else None
    if item.key in _OF_ASSUMED_LOSS and top is not None:
        return _free_constant(settled, item.factor)
    return item.key == "sign" and top is not None and _adds(subject, top.factor_name)


def _free_constant(settled: Settled, factor: str) -> bool:
    """Without a loss in the program, a sum is as good as a mean, and ½ as good as 1."""
    return settled.loss_known is None and factor in ("N", "1/N", "2", "1/2", "P", "1/P", "N·P", "1/(N·P)", "2/N", "N/2")


def _adds(subject: NetSubject, factor: str) -> bool:
    """Whether the program's update adds its "gradient", which then is the descent direction.

    `update_adds` is optional in a subject: True where the program's own update was seen to add.
    """
    return factor == "−1" and bool(getattr(subject, "update_adds", False))
