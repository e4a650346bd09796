"""The TPE search: Optuna proposes points from the results of the generations before, by ask and tell.

What is proposed depends on the search's seed and on results alone, never on which trial ended first: a generation has a
fixed size, is told whole and in order, and each point is drawn with a seed of its own. So a search that was killed goes
on as if it had not been. `optuna.journal` in the sweep's folder is Optuna's own record; `points.json` is ours.

Source: Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011.
"""

from __future__ import annotations

import math
import statistics
import warnings
from collections import defaultdict
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.config import ChoicesConfig, Config, RangeConfig, TPESearchConfig
from handgrad.errors import UsageError
from handgrad.runs import Run
from handgrad.sweep.engines import INSTALL
from handgrad.sweep.points import read_points, write_points
from handgrad.sweep.search import is_whole, linked, rounded
from handgrad.sweep.trials import Trial, trials_of_points

STARTUP = 10  # points drawn at random before there is enough to model
LEAST_TO_PRUNE = 4  # points whose median says what is behind


class TPE:
    """Proposes the points of a search, generation by generation.

    Args:
        search: the config's.
        folder: of the sweep.

    Raises:
        UsageError: if Optuna is not installed.
    """

    def __init__(self, search: TPESearchConfig, folder: Path) -> None:
        try:
            optuna: Any = import_module("optuna")
        except ImportError:
            raise UsageError(f"a TPE search needs Optuna: {INSTALL}") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self._optuna, self._search, self._folder = optuna, search, folder
        backend = import_module("optuna.storages.journal").JournalFileBackend(str(folder / "optuna.journal"))
        self._study: Any = optuna.create_study(
            storage=optuna.storages.JournalStorage(backend), study_name="sweep", load_if_exists=True
        )
        self._points = read_points(folder)
        self._forget_unwritten()

    def _forget_unwritten(self) -> None:
        """Points that Optuna proposed when the sweep was killed, before we wrote them down, are proposed again."""
        ours = {point["number"] for point in self._points}
        for trial in self._study.get_trials(deepcopy=False):
            if not trial.state.is_finished() and trial.number not in ours:
                self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)

    def next_points(self) -> list[dict[str, Any]]:
        """The settings of the generation to run now, proposed or still untold; [] when all points have been told."""
        untold = [point["settings"] for point in self._points if not point["told"]]
        if untold:
            return untold
        size = min(self._search.generation, self._search.points - len(self._points))
        for _ in range(size):
            self._points.append(self._ask(len(self._points)))
        if size > 0:
            write_points(self._folder, self._points)
        return [point["settings"] for point in self._points if not point["told"]]

    def _ask(self, number: int) -> dict[str, Any]:
        seed = int(np.random.SeedSequence(self._search.seed, spawn_key=(number,)).generate_state(1)[0])
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, constant_liar=True)
        trial = self._study.ask()
        settings = {key: self._suggest(trial, key, values) for key, values in self._search.space.items()}
        return {"settings": settings, "number": trial.number, "told": False}

    @staticmethod
    def _suggest(trial: Any, key: str, values: RangeConfig | ChoicesConfig) -> Any:
        if isinstance(values, ChoicesConfig):
            return values.choices[trial.suggest_int(key, 0, len(values.choices) - 1)]
        if is_whole(values):
            return linked(key, trial.suggest_int(key, values.low, values.high, log=values.log), values)
        drawn = trial.suggest_float(key, float(values.low), float(values.high), log=values.log)
        return linked(key, rounded(drawn, values), values)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Tell the results of a generation, in its order; a point without any result is told as failed."""
        state = self._optuna.trial.TrialState
        for point in self._points:
            if point["told"]:
                continue
            value = self._value([t for t in trials if t.settings == point["settings"]])
            if value is None:
                self._study.tell(point["number"], state=state.FAIL, skip_if_finished=True)
            else:
                self._study.tell(point["number"], value, skip_if_finished=True)
            point["told"] = True
        write_points(self._folder, self._points)

    def _value(self, trials: Sequence[Trial]) -> float | None:
        """Mean over the seeds of what is minimised; infinite where one diverged, None where none has a result."""
        runs = [Run(self._folder / "trials" / trial.name) for trial in trials]
        if any(run.state == "diverged" for run in runs):
            return math.inf
        values = [run.summary[self._search.minimize] for run in runs if run.state == "done"]
        return statistics.fmean(values) if values and None not in values else None

    def limits(self, config: Config) -> dict[int, float]:
        """By iteration, the median of what the points told so far had there: a trial above it is behind.

        It is read from the trials' `metrics.jsonl`, of generations that have ended: whoever is cut off is so on every
        machine and with any number of workers.
        """
        told = [point["settings"] for point in self._points if point["told"]]
        if not self._search.prune or len(told) < LEAST_TO_PRUNE:
            return {}
        seen: dict[int, list[float]] = defaultdict(list)
        for trial in trials_of_points(config, told):
            for record in Run(self._folder / "trials" / trial.name).metrics:
                if record.get(self._search.minimize) is not None:
                    seen[record["iteration"]].append(record[self._search.minimize])
        first = min(seen, default=0)
        enough = {k: values for k, values in seen.items() if k > first and len(values) >= LEAST_TO_PRUNE}
        return {k: statistics.median(values) for k, values in enough.items()}
