"""The parent's side of running somebody's program: start the child, wait, read its answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from handgrad.check.reading.source import NotReadError
from handgrad.check.reading.wishes import Wishes

SECONDS = 60
_KEEP = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH")


def run_child(
    path: Path, wishes: Wishes, kind: str = "", cells: list[str] | None = None, seconds: int = SECONDS
) -> dict[str, Any]:
    """What `examine` says of a program, run in a process of its own with an empty working folder.

    Raises:
        NotReadError: it could not be read or run, or took longer than `seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="handgrad-check-") as folder:
        answer = Path(folder) / "answer.json"
        request = {
            "path": str(path.resolve()), "wishes": asdict(wishes), "kind": kind, "cells": cells,
            "answer": str(answer), "seconds": seconds,
        }  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if k in _KEEP}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUTF8": "1"}
        environment |= {"HOME": folder, "MPLBACKEND": "Agg"}
        stderr = _communicate(json.dumps(request), folder, environment, path, seconds)
        if not answer.is_file():
            last = stderr.strip().splitlines()[-1:] or ["it ended without a word"]
            raise NotReadError(f"{path.name}: the process that ran it broke down: {last[0]}")
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise NotReadError(found["error"])
    return found


def _communicate(request: str, folder: str, environment: dict[str, str], path: Path, seconds: int) -> str:
    child = subprocess.Popen(
        [sys.executable, "-m", "handgrad.check.child"], cwd=folder, env=environment, text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        return child.communicate(request, timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        raise NotReadError(
            f"{path.name}: not done after {seconds} s; is there a loop at its top level or in a constructor? "
            "Say which function to check (`handgrad check FILE:name`), or allow more with --seconds"
        ) from None
    finally:
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
