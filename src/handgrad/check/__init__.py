"""Checks: gradients against difference quotients, and which mistake is in a program of somebody's.

The module can be called: `handgrad.check(backward)`, see `handgrad.check.notebook.check`.
"""

import sys
from types import ModuleType
from typing import Any

from handgrad.check.gradient import check_layer, check_loss, check_network
from handgrad.check.report import GradientReport, TensorLine

__all__ = ["GradientReport", "TensorLine", "check_layer", "check_loss", "check_network"]


class _Callable(ModuleType):
    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from handgrad.check.notebook import check

        return check(*arguments, **named)


sys.modules[__name__].__class__ = _Callable
