"""The state of a run folder, read without anything heavy: a thousand of them are listed in under a second."""

import fcntl
import json
from pathlib import Path
from typing import Any


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or {} where the file is missing, torn, or something else."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_status(folder: Path) -> dict[str, Any]:
    """`status.json`, or nothing where it is missing or torn."""
    return read_json(folder / "status.json")


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the run's lock."""
    try:
        with open(folder / "lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
