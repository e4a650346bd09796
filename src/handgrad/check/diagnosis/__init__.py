"""Diagnosis: which mistake makes these wrong numbers."""

from handgrad.check.diagnosis.layers.diagnose import diagnose_layer
from handgrad.check.diagnosis.net import diagnose_net
from handgrad.check.diagnosis.optimizers.diagnose import diagnose_optimizer, diagnose_update
from handgrad.check.diagnosis.quoted import meanings
from handgrad.check.diagnosis.tools.diagnose import diagnose_tool

__all__ = ["diagnose_layer", "diagnose_net", "diagnose_optimizer", "diagnose_tool", "diagnose_update", "meanings"]
