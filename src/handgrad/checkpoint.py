"""Checkpoints: everything needed to go on bit for bit, in folders `step-000123`, the newest two kept."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgrad.errors import LoadError
from handgrad.kernels.types import Array
from handgrad.storage import arrays_from_bytes, arrays_to_bytes, load_folder, save_folder

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The arrays and values of `Trainer.state_dict`, and where they came from."""

    folder: Path
    arrays: dict[str, Array]
    values: dict[str, Any]


def save_checkpoint(folder: Path, arrays: dict[str, Array], values: dict[str, Any]) -> Path:
    """Write a checkpoint under `folder` (`checkpoints/` of a run), then delete all but the newest two.

    Raises:
        SaveError: if it cannot be written; the older ones are kept.
    """
    path = folder / f"step-{values['iteration']:09d}"
    save_folder(
        path,
        {"arrays.safetensors": arrays_to_bytes(arrays), "values.json": json.dumps(values).encode()},
    )
    for old in _folders(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def _folders(folder: Path) -> list[Path]:
    """Newest first."""
    return sorted(folder.glob("step-*"), reverse=True) if folder.is_dir() else []


def load_newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that verifies, or None; and a line for each one skipped, with the reason."""
    skipped: list[str] = []
    for path in _folders(folder):
        try:
            files = load_folder(path)
            arrays = arrays_from_bytes(files["arrays.safetensors"], str(path))
            return Checkpoint(path, arrays, json.loads(files["values.json"])), skipped
        except (LoadError, KeyError, ValueError) as error:
            skipped.append(f"{path.name}: {error}")
    return None, skipped


def remove_leftovers(folder: Path) -> None:
    """Delete what interrupted saves left in a run folder we hold the lock of."""
    for path in [*folder.glob(".tmp-*"), *folder.glob("checkpoints/.tmp-*")]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
