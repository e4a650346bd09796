"""Signs of life of a trial: how far it is, written by its process about once a second, read by the sweep's parent."""

from __future__ import annotations

import json
import os
import socket
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.run_state import read_json

if TYPE_CHECKING:
    from handgrad.training import Trainer

FILE = "heartbeat"
PAUSE = 1.0  # seconds between two signs, at least


class Heartbeat:
    """The listener that says how far a trial is; a process that lives but makes no iterations says nothing.

    Args:
        folder: of the trial.
        stop: a file whose presence asks the trial to save a checkpoint and stop.
    """

    def __init__(self, folder: Path, stop: Path) -> None:
        self._path, self._stop = folder / FILE, stop
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._next = time.monotonic() + PAUSE

    def on_record(self, record: dict[str, Any]) -> None:
        """An evaluation is a step too."""

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        """Say how far we are, now and then; True when we are asked to stop."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + PAUSE
        line = json.dumps({"iteration": trainer.iteration, "total": trainer.total}).encode()
        os.pwrite(self._file, line.ljust(80), 0)
        return self._stop.exists()

    def close(self) -> None:
        """The trial has ended; its status says how."""
        os.close(self._file)
        self._path.unlink(missing_ok=True)


def read_heartbeat(folder: Path) -> dict[str, Any]:
    """{"iteration": 300, "total": 1000}, or {} before the first sign."""
    return read_json(folder / FILE)


def this_process() -> dict[str, Any]:
    """What tells this process from every other, later ones of the same number too."""
    return {"pid": os.getpid(), "started": process_started(os.getpid()), "host": socket.gethostname()}


def process_started(pid: int) -> str | None:
    """When a process of this machine started, in whatever unit the system counts; None where there is no such one.

    On Linux from /proc; elsewhere psutil says it, which comes with Dask.
    """
    try:
        # The name, in brackets, may hold anything; field 22 of proc(5) is the 20th after it.
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except OSError:
        pass
    try:
        return str(import_module("psutil").Process(pid).create_time())
    except Exception:  # not installed, or no such process
        return None


def is_alive(process: dict[str, Any]) -> bool:
    """Whether a process as `this_process` describes it is still running on this machine."""
    if process.get("host") != socket.gethostname() or process.get("started") is None:
        return False
    return process_started(int(process["pid"])) == str(process["started"])
