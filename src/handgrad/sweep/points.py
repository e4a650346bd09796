"""`points.json`: the points that a search has proposed so far, in order, with what it was told about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handgrad.errors import LoadError
from handgrad.run_state import read_json
from handgrad.storage import save_json

FILE = "points.json"


def read_points(folder: Path) -> list[dict[str, Any]]:
    """[{"settings": {…}, "number": 0, "told": false}, …]; [] before the first.

    Raises:
        LoadError: if the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return []
    points = read_json(path).get("points")
    if not isinstance(points, list) or not all(isinstance(p, dict) and "settings" in p for p in points):
        raise LoadError(f"{path}: expected the points of a search; the file is damaged")
    return points


def write_points(folder: Path, points: list[dict[str, Any]]) -> None:
    """Write all points.

    Raises:
        SaveError: if they cannot be written.
    """
    save_json(folder / FILE, {"points": points})
