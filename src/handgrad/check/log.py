"""check-log.jsonl beside a program: each check's time, verdict and level. No code of the program is kept."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from handgrad.errors import SaveError

NAME = "check-log.jsonl"


def append(path: Path, verdict: str, explanations: list[str], level: int) -> None:
    """Add one line.

    Raises:
        SaveError: the folder cannot be written to.
    """
    line = {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None,
        "verdict": verdict,
        "explanations": explanations,
        "level": level,
    }
    try:
        with (path.parent / NAME).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SaveError(f"{path.parent / NAME}: cannot be written: {error}; check with --no-log") from error


def last_level(path: Path) -> int | None:
    """The level of the last check of this file, None if there was none; damaged lines are passed over."""
    log = path.parent / NAME
    if not log.is_file():
        return None
    level: int | None = None
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        entry: Any
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("file") == path.name and isinstance(entry.get("level"), int):
            level = entry["level"]
    return level
