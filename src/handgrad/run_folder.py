"""Writing a run folder: its lock, its status, its metrics line by line."""

import fcntl
import json
import os
import platform
import secrets
import socket
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from handgrad import __version__
from handgrad.errors import RunLockedError, SaveError
from handgrad.run_state import is_locked as is_locked
from handgrad.run_state import read_status as read_status
from handgrad.storage import save_json, without_nan


def new_run_name(experiment: str) -> str:
    """`<experiment>-<time>-<random>`: unique even when two start in the same second."""
    return f"{experiment}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def create_folder(folder: Path, checkpoints: bool = True) -> None:
    """Make the run folder and its parents.

    Args:
        checkpoints: with a folder for them.

    Raises:
        SaveError: if that is not allowed there.
    """
    try:
        (folder / "checkpoints" if checkpoints else folder).mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise SaveError(f"{folder}: cannot write there: {error.strerror}; choose another folder with --out") from error


class RunLock:
    """One process a run folder. The lock dies with its process, so none is ever stale."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._file = open(self.path, "a+", encoding="utf-8")  # noqa: SIM115 - held for the run's life
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            owner = self._file.read().strip() or "another process"
            self._file.close()
            raise RunLockedError(
                f"{folder}: {owner} is working in this run; wait for it, or start another run"
            ) from None
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}")
        self._file.flush()

    def release(self) -> None:
        """Let others in."""
        self._file.close()

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


class MetricsFile:
    """`metrics.jsonl`: one line an evaluation, readable up to the last whole line at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "ab")  # noqa: SIM115 - held for the run's life

    def append(self, record: dict[str, Any]) -> None:
        """Add a line.

        Raises:
            SaveError: if it cannot be written, or the folder was deleted meanwhile.
        """
        line = json.dumps(without_nan(record)).encode() + b"\n"
        try:
            os.stat(self.path)
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self._cut_torn_line()
            raise SaveError(
                f"{self.path}: a metrics line could not be written: {error.strerror}; the lines before it are kept"
            ) from error

    def _cut_torn_line(self) -> None:
        try:
            os.truncate(self.path, whole_lines(self.path))
        except OSError:
            return

    def truncate(self, size: int) -> None:
        """Forget the lines after a checkpoint, before going on from it."""
        self._file.truncate(size)

    def size(self) -> int:
        """Bytes so far."""
        return os.path.getsize(self.path)

    def close(self) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError:
            return


def whole_lines(path: Path) -> int:
    """How many bytes of a file end in a whole line."""
    content = path.read_bytes()
    return content.rfind(b"\n") + 1


@cache
def describe_machine() -> dict[str, Any]:
    """The machine, for status and report."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError):
        memory = float("nan")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_name(),
        "cores": available_cores(),
        "memory_gib": round(memory, 1),
    }


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


@cache
def describe_versions() -> dict[str, str]:
    """Versions that bear on the numbers."""
    from threadpoolctl import threadpool_info

    blas = [f"{p['internal_api']} {p['version']}" for p in threadpool_info() if p["user_api"] == "blas"]
    return {
        "handgrad": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "blas": ", ".join(blas) or "unknown",
    }


def write_status(folder: Path, *, durable: bool = True, **values: Any) -> dict[str, Any]:
    """Update `status.json` with these values; returns the whole. `durable` as for `save_bytes`."""
    status = {**read_status(folder), **values}
    save_json(folder / "status.json", status, durable=durable)
    return status
