"""For the tests of sweeps: a tiny experiment, sweeps as processes of their own, and what they left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

TIMES = ("seconds",)

TINY = """
format = 1
title = "Threes against ones, tiny"

[data]
source = "mnist"
classes = [3, 1]
train_images = 31
valid_images = 20
test_images = 40
subset = "random"

[network]
layers = [
  { type = "Flatten" },
  { type = "Dense", units = 2, init = { type = "uniform", low = -0.1, high = 0.1 } },
  { type = "Tanh" },
]

[loss]
type = "squared_error"

[optimizer]
type = "sgd"
learning_rate = 0.01

[training]
batch_size = 1
epochs = 2
evaluate = ["valid", "test"]

[sweep]
"""


def write_tiny(folder: Path, sweep: str) -> str:
    """The tiny experiment with these lines in its [sweep] section, as a file."""
    path = folder / "tiny.toml"
    path.write_text(TINY + sweep + "\n", "utf-8")
    return str(path)


def start_sweep(*words: str, preload: Path | None = None) -> "subprocess.Popen[str]":
    """`handgrad sweep` in a process group of its own.

    Args:
        preload: a file that each worker process runs before its first trial, by Dask's own means.
    """
    env = {**os.environ, "DASK_DISTRIBUTED__WORKER__PRELOAD": str(preload)} if preload else dict(os.environ)
    return subprocess.Popen(
        [sys.executable, "-m", "handgrad", "sweep", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    )


def sweep_folder(out: Path) -> Path:
    """The only sweep's folder in `out`."""
    (found,) = [path for path in out.iterdir() if (path / "sweep.toml").is_file()]
    return found


def read(path: Path) -> dict[str, Any]:
    """A JSON object, {} if it is not there or being replaced."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def statuses(folder: Path) -> dict[str, dict[str, Any]]:
    """The status of each trial, by name."""
    return {path.parent.name: read(path) for path in folder.glob("trials/*/status.json")}


def summaries(folder: Path) -> dict[str, dict[str, Any]]:
    """The summary of each trial less times, by name."""
    found = {path.parent.name: read(path) for path in folder.glob("trials/*/summary.json")}
    return {name: {k: v for k, v in summary.items() if k not in TIMES} for name, summary in found.items()}


def running_process(folder: Path) -> int | None:
    """The process of a trial that is running."""
    for path in folder.glob("trials/*/heartbeat"):
        status = read(path.parent / "status.json")
        if status.get("state") == "running" and psutil.pid_exists(status["process"]["pid"]):
            return int(status["process"]["pid"])
    return None


def until(condition: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait for a condition to give something true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing within {seconds} s")


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """A sweep's processes: it and all it started, whoever is their parent by now."""
    found = []
    for one in psutil.process_iter():
        try:
            if os.getsid(one.pid) == process.pid and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except (ProcessLookupError, psutil.Error):
            continue
    return found


def kill(pid: int) -> None:
    """SIGKILL, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def dask(*words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Dask's own command, ended with the block."""
    process = subprocess.Popen([sys.executable, "-m", "dask", *words], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
