"""When to stop before the last epoch: a measure reached, or no improvement for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.kernels.types import Array
from handgrad.network import Network

if TYPE_CHECKING:
    from handgrad.config import EarlyStoppingConfig, StopConfig


def reached(rule: StopConfig, record: dict[str, Any]) -> bool:
    """Whether every measure that the rule names is at or below its value in this record."""
    wanted = {name: getattr(rule, name) for name in ("loss", "error", "mean_class_error")}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return bool(wanted) and all(record.get(f"{rule.on}_{name}", np.inf) <= value for name, value in wanted.items())


class EarlyStopping:
    """Stop after `patience` evaluations without a new best, and go back to the best weights.

    A measure that is not a number counts as no improvement. (Prechelt 1998, "Early stopping - but when?".)
    """

    def __init__(self, rule: EarlyStoppingConfig) -> None:
        self.rule = rule
        self.best = np.inf
        self.best_iteration = -1
        self.waited = 0
        self._kept: dict[str, Array] = {}

    def update(self, record: dict[str, Any], network: Network) -> bool:
        """Take in one record; True when patience is at its end."""
        value = record.get(self.rule.on, np.nan)
        if value < self.best:
            self.best, self.best_iteration, self.waited = float(value), record["iteration"], 0
            if self.rule.restore_best:
                self._keep(network)
            return False
        self.waited += 1
        return self.waited >= self.rule.patience

    def _keep(self, network: Network) -> None:
        for name, array in {"theta": network.theta, **network.state}.items():
            np.copyto(self._kept.setdefault(name, np.empty_like(array)), array)

    def restore(self, network: Network) -> None:
        """Put the best weights back, where there are any and the rule asks for it."""
        for name, array in {"theta": network.theta, **network.state}.items():
            if name in self._kept:
                array[...] = self._kept[name]

    def state_dict(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """The kept arrays, and the rest as values for JSON."""
        best = None if self.best == np.inf else self.best
        return self._kept, {"best": best, "best_iteration": self.best_iteration, "waited": self.waited}

    def load_state(self, arrays: dict[str, Array], values: dict[str, Any]) -> None:
        """Take up where `state_dict` was written; `arrays` are the kept ones."""
        self.best = np.inf if values["best"] is None else values["best"]
        self.best_iteration, self.waited = values["best_iteration"], values["waited"]
        self._kept = {name: np.array(a) for name, a in arrays.items()}
