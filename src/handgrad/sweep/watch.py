"""Trials that hang: the sweep's parent reads their signs of life, and ends the process of one that gives none."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from handgrad.run_folder import write_status
from handgrad.run_state import read_status
from handgrad.sweep.heartbeat import FILE, is_alive, read_heartbeat

UNITS = {"s": 1, "min": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """A duration as a config writes it, in seconds.

    >>> seconds_of("10 min")
    600.0
    """
    number, unit = text.split()
    return float(number) * UNITS[unit]


class Watch:
    """Ends trials of this session that make no progress.

    A trial makes progress when its heartbeat changes, which is written after iterations only; the time is measured on
    this process's clock, so that clocks of other machines don't matter.

    Args:
        trials: the folder of the trials' folders.
        timeout: how long a trial may go without progress, as in the config: "10 min".
        session: whose trials are ours.
        end_elsewhere: ends a process of another machine.
    """

    def __init__(
        self, trials: Path, timeout: str, session: str, end_elsewhere: Callable[[dict[str, Any]], None]
    ) -> None:
        self._trials, self._timeout, self._session = trials, timeout, session
        self._end_elsewhere = end_elsewhere
        self._seen: dict[str, tuple[Any, float]] = {}

    def running(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Which of these trials are running, and how far they are, as their heartbeats say."""
        return {name: read_heartbeat(self._trials / name) for name in names if (self._trials / name / FILE).exists()}

    def end_hanging(self, running: dict[str, dict[str, Any]]) -> None:
        """End those that have shown nothing new for too long."""
        now = time.monotonic()
        for name, beat in running.items():
            status = read_status(self._trials / name)
            sign = (beat, status.get("process"))
            before, since = self._seen.get(name, (None, now))
            if sign != before:
                self._seen[name] = (sign, now)
            elif now - since > seconds_of(self._timeout) and self._is_ours(status):
                self._end(self._trials / name, status["process"], beat)
        self._seen = {name: seen for name, seen in self._seen.items() if name in running}

    def _is_ours(self, status: dict[str, Any]) -> bool:
        return status.get("state") == "running" and status.get("session") == self._session and "process" in status

    def _end(self, folder: Path, process: dict[str, Any], beat: dict[str, Any]) -> None:
        at = f"iteration {beat['iteration']} of {beat['total']}" if beat else "its start"
        cause = f"no progress for {self._timeout} after {at}; {folder.name}/log.txt says where it was"
        if process["host"] != socket.gethostname():
            write_status(folder, state="timeout", cause=cause)
            self._end_elsewhere(process)
        elif is_alive(process):
            self._end_here(folder, process, cause)

    def _end_here(self, folder: Path, process: dict[str, Any], cause: str) -> None:
        """Stopped first, it cannot finish while we look whether it did."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(process["pid"], signal.SIGUSR1)  # the worker writes its stack to the log
            time.sleep(0.2)
            os.kill(process["pid"], signal.SIGSTOP)
            status = read_status(folder)
            if self._is_ours(status) and status["process"] == process:
                write_status(folder, state="timeout", cause=cause)
                os.kill(process["pid"], signal.SIGKILL)
            else:
                os.kill(process["pid"], signal.SIGCONT)
