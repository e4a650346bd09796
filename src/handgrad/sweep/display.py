"""A sweep for people, on standard error: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import Any, Protocol

from handgrad.settings import settings_name
from handgrad.sweep.board import Board
from handgrad.sweep.trials import Trial

ORDER = ("done", "diverged", "failed", "killed", "timeout", "interrupted", "running", "pending")
ENDED_SHOWN = 8


class Display(Protocol):
    """Who is told how a sweep goes."""

    def ended(self, trial: Trial, row: dict[str, Any]) -> None:
        """A trial ended."""

    def update(self, running: dict[str, dict[str, Any]]) -> None:
        """Time has passed; these trials are running."""

    def close(self) -> None:
        """The sweep ended."""


class Pace:
    """How long the rest takes, from how long the ones since the start took."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.ended = 0

    def left(self, pending: int) -> str:
        """Words for the time left, "" before the first trial ended."""
        if not self.ended or not pending:
            return ""
        return f"{describe_seconds((time.monotonic() - self._started) / self.ended * pending)} left"


def describe_seconds(seconds: float) -> str:
    """A duration in two units at most.

    >>> describe_seconds(12.3), describe_seconds(150), describe_seconds(7300)
    ('12 s', '2 min 30 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def describe_counts(board: Board, running: int) -> str:
    """ "12 done, 1 failed, 2 running, 85 pending"."""
    counts = board.counts()
    counts["running"] += running
    counts["pending"] -= running
    return ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state] > 0)


def describe_ended(trial: Trial, row: dict[str, Any]) -> str:
    """A trial that ended, in a line."""
    words = [f"{settings_name(trial.settings)} seed {trial.seed}: {row['state']}".lstrip()]
    for which in ("valid", "test"):
        if f"{which}_error" in row:
            words.append(f"{which} error {100 * row[f'{which}_error']:.2f} %")
    if "seconds" in row:
        words.append(f"{row['seconds']:.1f} s")
    if row.get("cause") and row["state"] != "diverged":
        words.append(str(row["cause"]).splitlines()[0])
    return ", ".join(words)


class PlainLines:
    """A line for each trial that ended, and now and then how it goes."""

    def __init__(self, board: Board, pace: Pace, pause: float = 30.0) -> None:
        self._board, self._pace, self._pause = board, pace, pause
        self._next = time.monotonic() + pause

    def ended(self, trial: Trial, row: dict[str, Any]) -> None:
        counts = self._board.counts()
        place = len(self._board.trials) - counts["pending"]
        print(f"[{place}/{len(self._board.trials)}] {describe_ended(trial, row)}", file=sys.stderr, flush=True)

    def update(self, running: dict[str, dict[str, Any]]) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._pause
        left = self._pace.left(self._board.counts()["pending"])
        words = [describe_counts(self._board, len(running)), *([left] if left else [])]
        print("; ".join(words), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is left to say."""


class LiveTable:
    """The running trials and the last that ended, with counts and time left, redrawn in place."""

    def __init__(self, board: Board, pace: Pace) -> None:
        from rich.console import Console
        from rich.live import Live

        self._board, self._pace = board, pace
        self._trials = {trial.name: trial for trial in board.trials}
        self._last: deque[tuple[Trial, dict[str, Any]]] = deque(maxlen=ENDED_SHOWN)
        self._live = Live(console=Console(stderr=True), auto_refresh=False)
        self._live.start()

    def ended(self, trial: Trial, row: dict[str, Any]) -> None:
        self._last.append((trial, row))
        if row["state"] in ("failed", "killed", "timeout"):
            self._live.console.print(describe_ended(trial, row), markup=False, highlight=False)

    def update(self, running: dict[str, dict[str, Any]]) -> None:
        from rich.table import Table
        from rich.text import Text

        left = self._pace.left(self._board.counts()["pending"])
        title = describe_counts(self._board, len(running)) + (f"; {left}" if left else "")
        table = Table("trial", "seed", "state", "", title=Text(title), title_justify="left", expand=False)
        for trial, row in self._last:
            error = f"test error {100 * row['test_error']:.2f} %" if "test_error" in row else ""
            table.add_row(Text(settings_name(trial.settings)), str(trial.seed), str(row["state"]), error)
        for name, beat in running.items():
            at = f"{beat['iteration']:,} of {beat['total']:,}" if beat else "starting"
            trial = self._trials[name]
            table.add_row(Text(settings_name(trial.settings)), str(trial.seed), "running", at)
        self._live.update(table, refresh=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()


def make_display(board: Board, pace: Pace) -> Display:
    """A live table where standard error is a terminal, else plain lines."""
    return LiveTable(board, pace) if sys.stderr.isatty() else PlainLines(board, pace)
