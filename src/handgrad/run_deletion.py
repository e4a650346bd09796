"""Deleting run folders: never one that is at work, never what is no run, and never by halves.

A folder is first renamed to `.deleted-<name>-<random>` beside its place, which is one step, and only then emptied: a
deletion that is cut off leaves nothing that is listed as a run. The next deletion there clears what was left.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from contextlib import ExitStack
from pathlib import Path

from handgrad.errors import RunLockedError, SaveError, UsageError
from handgrad.listing import Row, SweepRow
from handgrad.run_state import read_status

_LEFTOVER = re.compile(r"\.deleted-.+-[0-9a-f]{8}")


def why_kept(row: Row) -> str | None:
    """Why a row must not be deleted, in words; None if it may.

    A run folder has a config and a status with a state, or the lock that every run takes first; a sweep folder has
    `sweep.toml` and `trials`. Anything else was not made by handgrad.
    """
    if row.folder.is_symlink():
        return "it is a symbolic link"
    if isinstance(row, SweepRow):
        if not (row.folder / "trials").is_dir() or (row.folder / "trials").is_symlink():
            return "it has a sweep.toml but no trials: it is no sweep folder"
    elif not _was_made_by_a_run(row.folder):
        return "it has a config.toml but neither status.json nor lock: it is no run folder"
    return "a process is working in it" if row.locked else None


def _was_made_by_a_run(folder: Path) -> bool:
    return "state" in read_status(folder) or (folder / "lock").is_file()


def delete_row(row: Row) -> None:
    """Delete a run's or sweep's folder.

    Raises:
        RunLockedError: if a process works there.
        UsageError: if it is nothing that may be deleted.
        SaveError: if it could not be renamed, or its remains not be emptied.
    """
    folder = row.folder
    with ExitStack() as locks:
        for part in [folder, *(trial.folder for trial in (row.trials if isinstance(row, SweepRow) else ()))]:
            _hold(part, locks)
        if reason := why_kept(_unread(row)):
            raise UsageError(f"{folder}: not deleted: {reason}")
        remains = folder.with_name(f".deleted-{folder.name}-{secrets.token_hex(4)}")
        try:
            os.rename(folder, remains)
        except OSError as error:
            raise SaveError(f"{folder}: could not be deleted: {error.strerror}; it is as it was") from error
        _empty(remains)


def _unread(row: Row) -> Row:
    """The same folder, to be judged anew now that its lock is held; the lock that is ours counts as nobody's."""
    fresh = type(row)(row.folder, row.place)
    fresh.locked = False
    return fresh


def _hold(folder: Path, locks: ExitStack) -> None:
    """Take a run's lock, where there is one, so that no process starts in a folder about to go."""
    try:
        file = locks.enter_context(open(folder / "lock", "r+b"))  # noqa: SIM115 - held until the folder is gone
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return
    except OSError:
        raise RunLockedError(f"{folder}: not deleted: a process is working in it") from None


def clear_leftovers(out: Path) -> list[Path]:
    """Empty what an interrupted deletion left in a folder; returns what was there."""
    try:
        with os.scandir(out) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if _LEFTOVER.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
    for remains in found:
        _empty(remains)
    return found


def _empty(remains: Path) -> None:
    try:
        shutil.rmtree(remains)
    except OSError as error:
        raise SaveError(
            f"{remains}: deleted from the list, but its files could not all be removed: {error.strerror}"
        ) from error
