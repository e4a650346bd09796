"""What a worker does: one trial, in the trial's own folder. Only names and states travel back.

The same function runs on a Dask worker, which may be asked twice for the same trial after a crash, and in the process
of a sweep without Dask.
"""

from __future__ import annotations

import contextlib
import faulthandler
import signal
import tomllib
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.build import read_data
from handgrad.config import DataConfig
from handgrad.config_file import make_config
from handgrad.data import Data, Source, load_source
from handgrad.errors import DivergedError, RunLockedError, UsageError
from handgrad.progress import PlainProgress
from handgrad.run_folder import RunLock, create_folder, write_status
from handgrad.run_state import read_status
from handgrad.sweep.heartbeat import Heartbeat, this_process
from handgrad.trial import RunWriter, begin_attempt, make_trainer, note_failure, train_here

if TYPE_CHECKING:
    from handgrad.training import Trainer

FINAL = ("done", "diverged", "failed", "killed", "timeout")  # no other attempt is made in this session
KEPT = ("done", "diverged")  # results: not made again when the sweep is resumed
STOP = "stop"  # a file of this name in the sweep's folder asks running trials to save and stop
LOG = "log.txt"

Started = Callable[["Trainer", RunWriter], None]


@dataclass(frozen=True)
class Job:
    """All a worker must know.

    Attributes:
        sweep: the sweep's folder.
        name: of the trial.
        text: its config as TOML.
        experiment: whose sweep it is.
        session: of the command that asks for it; failures of an earlier one are tried again.
        attempts: how many its status may count before the trial is given up.
        lean: keep metrics and summary only.
        measure: what `limits` are on, such as "valid_error".
        limits: by iteration; a trial that measures more there is cut off.
    """

    sweep: str
    name: str
    text: str
    experiment: str
    session: str
    attempts: int
    lean: bool = True
    measure: str = ""
    limits: dict[int, float] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The trial's run folder."""
        return Path(self.sweep) / "trials" / self.name


def run_job(job: Job, on_start: Started | None = None) -> str:
    """Run a trial if it is still to be run; returns the state its folder then has.

    What goes wrong with the trial is noted in its folder and does not raise.

    Raises:
        UsageError: if the sweep's folder is not there, as on a worker that does not share it.
    """
    if not (Path(job.sweep) / "sweep.toml").is_file():
        raise UsageError(f"{job.sweep}: a worker does not find the sweep's folder; it must see the same file system")
    folder = job.folder
    create_folder(folder)
    try:
        lock = RunLock(folder)
    except RunLockedError:
        return "running"
    with lock:
        status = read_status(folder)
        state, attempts = status.get("state"), status.get("attempts", 0)
        if state in KEPT or (state in FINAL and status.get("session") == job.session):
            return str(state)
        if attempts >= job.attempts:
            note_killed(folder, job.session)
            return "killed"
        return _attempt(job, folder, on_start)


def note_killed(folder: Path, session: str) -> None:
    """Give a trial up whose processes ended without a word."""
    attempts = read_status(folder).get("attempts", 0)
    cause = f"its process ended unexpectedly, the last of {attempts} attempts: {_last_words(folder)}"
    write_status(folder, state="killed", session=session, cause=cause)


def _last_words(folder: Path) -> str:
    """What the log says about it."""
    try:
        lines = (folder / LOG).read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return fatal[-1] if fatal else "killed from outside, perhaps for want of memory"


def _attempt(job: Job, folder: Path, on_start: Started | None) -> str:
    config = make_config(tomllib.loads(job.text), job.name)
    begin_attempt(config, folder, job.experiment, durable=not job.lean, process=this_process(), session=job.session)
    heartbeat = Heartbeat(folder, Path(job.sweep) / STOP)
    with _logging(folder):
        try:
            trainer = make_trainer(config, cached_data(job.session, config.data, config.seed_for("split")))
            cutter = Cutter(job.measure, job.limits)

            def started(trainer: Trainer, writer: RunWriter) -> None:
                cutter.writer = writer
                if on_start:
                    on_start(trainer, writer)

            listeners = (heartbeat, cutter, PlainProgress())
            return train_here(config, folder, trainer, listeners=listeners, on_start=started, threads=1, lean=job.lean)
        except DivergedError as error:
            print(error)
            return "diverged"
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            if read_status(folder).get("state") == "running":
                note_failure(folder, "failed", error)
            return "failed"
        finally:
            heartbeat.close()


class Cutter:
    """The listener that ends a trial which is behind: a search's pruning.

    Args:
        measure: the key of a record, such as "valid_error".
        limits: by iteration.
    """

    def __init__(self, measure: str, limits: dict[int, float]) -> None:
        self._measure, self._limits = measure, limits
        self._behind = False
        self.writer: RunWriter | None = None

    def on_record(self, record: dict[str, Any]) -> None:
        """Compare with the limit at this iteration, if there is one."""
        limit, value = self._limits.get(record["iteration"]), record.get(self._measure)
        self._behind = limit is not None and value is not None and value > limit

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        """True ends the trial."""
        if self._behind and self.writer:
            self.writer.ended_by = "pruned"
        return self._behind


@contextlib.contextmanager
def _logging(folder: Path) -> Iterator[None]:
    """All that the process says goes to the trial's log at once; so does where it was when it crashed or hung."""
    with open(folder / LOG, "a", encoding="utf-8", buffering=1) as log:
        ours = not faulthandler.is_enabled()
        if ours:
            faulthandler.enable(log)
        faulthandler.register(signal.SIGUSR1, log)
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                yield
        finally:
            faulthandler.unregister(signal.SIGUSR1)
            if ours:
                faulthandler.disable()


@lru_cache(maxsize=1)
def _cached_source(session: str, name: str) -> Source:
    return load_source(name)


_DATA: dict[str, Data] = {}
_KEPT_DATA = 4  # sets of a few splits: most sweeps need no others


def cached_data(session: str, config: DataConfig, seed: int) -> Data:
    """The sets of a config, read from the disk once for all trials that a process runs in a session.

    Raises:
        HandgradError: if they are not there, or broken.
    """
    key = f"{session} {config!r} {seed}"
    if key not in _DATA:
        while len(_DATA) >= _KEPT_DATA:
            _DATA.pop(next(iter(_DATA)))
        _DATA[key] = read_data(config, seed, _cached_source(session, config.source))
    return _DATA[key]
