"""Where named data is looked for on this machine."""

import os
import sys
from pathlib import Path

SYSTEM_FOLDER = Path("/usr/share/datasets")


def user_folder() -> Path:
    """The user's own data folder, where downloads go: XDG_DATA_HOME, or what the system uses in its place."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "handgrad"


def data_folders() -> list[Path]:
    """Folders that may hold one folder for each source, in the order they are tried."""
    stated = os.environ.get("HANDGRAD_DATA")
    return [*([Path(stated)] if stated else []), user_folder(), SYSTEM_FOLDER]


def find_named(name: str) -> Path | None:
    """The first data folder's file or folder of this name, None if there is none."""
    if name in (".", "..", "") or "/" in name or "\\" in name or "\0" in name:
        return None
    for folder in data_folders():
        path = folder / name
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            return path
    return None
