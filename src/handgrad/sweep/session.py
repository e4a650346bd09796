"""One command's work on a sweep: hands trials out, takes them back, tries again what was killed, ends what hangs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from handgrad.config import Config
from handgrad.run_folder import write_status
from handgrad.run_state import is_locked, read_status
from handgrad.signals import stop_signals
from handgrad.sweep.board import Board
from handgrad.sweep.display import Display, Pace, make_display
from handgrad.sweep.engines import Engine, HereEngine
from handgrad.sweep.trials import Trial, sweep_section
from handgrad.sweep.watch import Watch
from handgrad.sweep.worker import FINAL, KEPT, STOP, Job, note_killed

if TYPE_CHECKING:
    from handgrad.training import Trainer
    from handgrad.trial import RunWriter

TICK = 0.5  # seconds between two looks at what is running
TABLE_PAUSE = 2.0  # seconds between two writings of trials.csv
GRACE = 3.0  # seconds that running trials get to save a checkpoint when the sweep is stopped


class StopRequest:
    """The first Ctrl-C or SIGTERM asks the sweep to stop; the second ends it at once."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._writer: RunWriter | None = None

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None

    def on_start(self, trainer: Trainer, writer: RunWriter) -> None:
        """A trial in this process started: it is asked to save and stop when a signal comes."""
        self._writer = writer
        writer.stop_requested = self.requested

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        if self._writer:
            self._writer.stop_requested = True

    @contextmanager
    def listening(self) -> Iterator[StopRequest]:
        """Handle both signals inside the block."""
        with stop_signals(self._ask):
            yield self


class Session:
    """Runs trials of a sweep to their ends.

    Args:
        folder: of the sweep.
        experiment: whose sweep it is.
        config: with its [sweep] section.
        name: of the session, unlike every other.
        stop: asked between two looks.
    """

    def __init__(self, folder: Path, experiment: str, config: Config, name: str, stop: StopRequest) -> None:
        self._folder, self._experiment, self._section = folder, experiment, sweep_section(config)
        self._measure = getattr(self._section.search, "minimize", "")
        self._name, self._stop = name, stop
        self._lost: Counter[str] = Counter()
        self._shown: dict[str, Trial] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._open: dict[str, Trial] = {}

    def run(self, trials: Sequence[Trial], engine: Engine, limits: dict[int, float] | None = None) -> None:
        """Run these trials, or what is missing of them, until all ended or a stop is requested.

        Args:
            limits: by iteration, for a search that cuts trials off.
        """
        self._engine = engine
        self._watch = Watch(self._folder / "trials", self._section.timeout, self._name, engine.end_process)
        here = {trial.name: trial for trial in trials}
        self._shown |= here
        self._board, self._pace = Board(self._folder, list(self._shown.values()), self._rows), Pace()
        self._table_at = 0.0
        self._elsewhere: dict[str, Job] = {}
        jobs = [job for trial in here.values() if (job := self._job_of(trial, limits or {}))]
        display = make_display(self._board, self._pace)
        try:
            for job in jobs:
                engine.submit(job)
            self._loop(display)
        finally:
            display.close()
            self._board.write_table()

    def _job_of(self, trial: Trial, limits: dict[int, float]) -> Job | None:
        """What a worker needs for it; None for a trial that has a result already."""
        folder = self._folder / "trials" / trial.name
        status = read_status(folder)
        if status.get("state") in KEPT:
            self._board.read(trial)
            return None
        self._open[trial.name] = trial
        return Job(
            sweep=str(self._folder.resolve()),
            name=trial.name,
            text=trial.text,
            experiment=self._experiment,
            session=self._name,
            attempts=status.get("attempts", 0) + 1 + self._section.retries,
            lean=self._section.keep == "metrics",
            measure=self._measure,
            limits=limits,
        )

    def _loop(self, display: Display) -> None:
        while self._open and not self._stop.requested:
            for job, error in self._engine.wait(TICK):
                self._take_back(job, error, display)
            self._look_elsewhere(display)
            running = self._watch.running(self._open)
            self._watch.end_hanging(running)
            display.update(running)
            self._write_table_now_and_then()
        if self._open and not isinstance(self._engine, HereEngine):
            self._stop_running()

    def _take_back(self, job: Job, error: str, display: Display) -> None:
        """A task came back, or was lost: the trial's folder says how it ended."""
        state = read_status(job.folder).get("state")
        if state in KEPT or (state in FINAL and read_status(job.folder).get("session") == self._name):
            self._end(job, display)
        elif is_locked(job.folder):
            self._elsewhere[job.name] = job
        elif self._stop.requested:
            return
        elif error and not error.startswith("KilledWorker"):
            write_status(self._made(job.folder), state="failed", session=self._name, cause=error)
            self._end(job, display)
        elif self._lost[job.name] > self._section.retries:
            note_killed(self._made(job.folder), self._name)
            self._end(job, display)
        else:
            self._lost[job.name] += 1
            self._engine.submit(job)

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _end(self, job: Job, display: Display) -> None:
        trial = self._open.pop(job.name, None)
        if trial:
            self._pace.ended += 1
            display.ended(trial, self._board.read(trial))

    def _look_elsewhere(self, display: Display) -> None:
        """Trials that another process works on come back to us when it lets them go."""
        for name, job in list(self._elsewhere.items()):
            if not is_locked(job.folder):
                del self._elsewhere[name]
                self._take_back(job, "", display)

    def _write_table_now_and_then(self) -> None:
        if time.monotonic() - self._table_at >= TABLE_PAUSE:
            self._board.write_table()
            self._table_at = time.monotonic()

    def _stop_running(self) -> None:
        """Ask running trials to save and stop, and wait a little for them."""
        stop = self._folder / STOP
        stop.touch()
        until = time.monotonic() + GRACE
        while self._watch.running(self._open) and time.monotonic() < until:
            self._engine.wait(0.1)
        stop.unlink(missing_ok=True)

    def note_stopped(self) -> None:
        """Say in the folders of trials whose process we ended with the sweep that it was so."""
        for name in self._open:
            folder = self._folder / "trials" / name
            if read_status(folder).get("state") == "running" and not is_locked(folder):
                write_status(folder, state="interrupted", cause="the sweep was stopped")
