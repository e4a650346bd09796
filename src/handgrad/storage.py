"""Writing files so that a crash at any moment leaves either the old or the new one, whole, never neither.

Every file is written under a temporary name beside its place, flushed to the disk, read back and compared, and only
then moved over. A folder is made the same way: its files first, then one rename.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.errors import LoadError, SaveError
from handgrad.kernels.types import Array


def _failure(path: Path, error: OSError) -> SaveError:
    try:
        free = f", {shutil.disk_usage(path.parent).free:,} bytes free"
    except OSError:
        free = ""
    return SaveError(
        f"{path}: could not be written: {error.strerror or error} (errno {error.errno}{free}); "
        "what stood there before is kept. Make room or choose another --out, then --resume"
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_verified(path: Path, content: bytes) -> None:
    """Write, flush to the disk, read back."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if path.read_bytes() != content:
        raise OSError(5, "what was read back differs from what was written")


def save_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put content at path, whole or not at all.

    Args:
        durable: against a power cut too, which may leave an empty file otherwise; against a killed process every file
            is safe. It costs a few milliseconds a file, much where a sweep's trials write many.

    Raises:
        SaveError: naming path, cause and free bytes; the old file is kept and no stump is left.
    """
    temporary = path.parent / f".tmp-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        if durable:
            _write_verified(temporary, content)
        else:
            temporary.write_bytes(content)
        os.replace(temporary, path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _failure(path, error) from error


def save_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Put a JSON document at path, whole or not at all; numbers that are not finite become null."""
    save_bytes(path, (json.dumps(without_nan(value), indent=1) + "\n").encode(), durable=durable)


def without_nan(value: Any) -> Any:
    """The same value with every float that is not finite replaced by None, as JSON has no such numbers."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return value


def save_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder of files at path, whole or not at all, with a manifest of sizes and SHA-256.

    Raises:
        SaveError: naming path, cause and free bytes.
    """
    temporary = path.parent / f".tmp-{os.getpid()}-{secrets.token_hex(4)}"
    manifest = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    try:
        temporary.mkdir()
        for name, content in files.items():
            _write_verified(temporary / name, content)
        _write_verified(temporary / "manifest.json", json.dumps(manifest, indent=1).encode())
        _sync_folder(temporary)
        if path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _failure(path, error) from error


def load_folder(path: Path) -> dict[str, bytes]:
    """The files of a folder made by `save_folder`.

    Raises:
        LoadError: if a file is missing, of another size, or not what was written.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text("utf-8"))
        files = {}
        for name, expected in manifest.items():
            where = path / Path(name).name
            if where.stat().st_size != expected["size"]:
                raise LoadError(
                    f"{where}: expected {expected['size']} bytes, found {where.stat().st_size}; it is damaged"
                )
            content = where.read_bytes()
            if hashlib.sha256(content).hexdigest() != expected["sha256"]:
                raise LoadError(f"{where}: its SHA-256 is not the one it was saved with; it is damaged")
            files[name] = content
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadError(f"{path}: not a whole checkpoint: {error}") from error
    return files


def arrays_to_bytes(arrays: Mapping[str, Array], note: str = "") -> bytes:
    """The arrays in safetensors form; the same arrays give the same bytes.

    safetensors stores the memory of an array whatever its strides, so each is made C-contiguous first; it writes
    several metadata keys in random order, so there is at most one.
    """
    from safetensors.numpy import save

    ordered = {name: np.ascontiguousarray(a) for name, a in sorted(arrays.items())}
    return save(ordered, {"handgrad": note} if note else None)


def arrays_from_bytes(content: bytes, where: str) -> dict[str, Array]:
    """The arrays of a safetensors document.

    Raises:
        LoadError: if it is not one; nothing in it is executed.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(content))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise LoadError(
            f"{where}: expected safetensors, found something else ({error}). Pickles (.pt, .pkl) and .h5 are not "
            "loaded: they may run code"
        ) from error
