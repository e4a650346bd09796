"""Checks: gradients against difference quotients."""

from handgrad.check.gradient import check_layer, check_loss, check_network
from handgrad.check.report import GradientReport, TensorLine

__all__ = ["GradientReport", "TensorLine", "check_layer", "check_loss", "check_network"]
