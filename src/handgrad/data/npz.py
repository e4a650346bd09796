"""NumPy's .npz archives, read member by member: sizes are checked before allocating, and nothing is unpickled."""

import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from handgrad.data.assemble import Part, assemble
from handgrad.data.content import check_size
from handgrad.data.examples import Source
from handgrad.errors import DataError

TRAIN_KEYS = (("x_train", "y_train"), ("X_train", "y_train"), ("train_images", "train_labels"))
TEST_KEYS = (("x_test", "y_test"), ("X_test", "y_test"), ("test_images", "test_labels"))
POOL_KEYS = (("images", "labels"), ("X", "y"), ("x", "y"), ("data", "labels"), ("data", "target"))

_MEMBER = re.compile(r"[A-Za-z0-9_. -]{1,100}\.npy")


def load_npz(path: Path, name: str, class_names: tuple[str, ...] | None = None) -> Source:
    """A source from an .npz archive with a pair of arrays, or two pairs for training and test.

    Pairs looked for: x_train, y_train and x_test, y_test (X_… too); train_images, train_labels and test_images,
    test_labels; images, labels; X, y; x, y; data, labels; data, target. Other arrays are left alone.

    Raises:
        DataError: if the archive is damaged, has members with odd names, arrays of objects, pickles in place of
            arrays, would expand too far, or has none of the pairs.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _check_members(archive, path)
            found = _choose(path, set(members))
            parts: dict[str, Part] = {
                division: (
                    f"{path} ({keys[0]}, {keys[1]})",
                    _read_member(archive, members[keys[0]], path),
                    _read_member(archive, members[keys[1]], path),
                )
                for division, keys in found.items()
            }
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error) as error:
        # RuntimeError: encrypted; NotImplementedError: an unknown compression
        raise DataError(f"{path}: expected an .npz archive, found one that cannot be read ({error})") from None
    checksums = {path.name: "no published checksum"}
    return assemble(name, parts, class_names=class_names, origin=str(path), checksums=checksums)


def _check_members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Members by name without .npy; every one's name and header is looked at, used or not."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if not _MEMBER.fullmatch(info.filename) or ".." in info.filename:
            raise DataError(f"{path}: expected members named like images.npy, found {info.filename!r}")
        key = info.filename.removesuffix(".npy")
        if key in members:
            raise DataError(f"{path}: expected each member once, found {info.filename!r} twice")
        with archive.open(info) as stream:
            _read_header(stream, info, path)
        members[key] = info
    return members


def _choose(path: Path, keys: set[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for division, choices in (("train", TRAIN_KEYS), ("test", TEST_KEYS), ("pool", POOL_KEYS)):
        pair = next((pair for pair in choices if keys.issuperset(pair)), None)
        if pair and not (division == "pool" and found):
            found[division] = pair
    if not found:
        listed = ", ".join(sorted(keys)[:10]) or "nothing"
        raise DataError(f"{path}: expected arrays images and labels (or x_train, y_train, …), found {listed}")
    return found


def _read_header(stream: IO[bytes], info: zipfile.ZipInfo, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of a member, with its size checked against what the archive says of it."""
    where = f"{path} ({info.filename})"
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, EOFError, TypeError, SyntaxError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{where}: expected an array in NumPy's format, found something else ({reason})") from None
    if dtype.hasobject or dtype.names or dtype.kind not in "biuf":
        kind = "objects (they would have to be unpickled, which may run code)" if dtype.hasobject else str(dtype)
        raise DataError(f"{where}: expected an array of numbers, found {kind}")
    size = dtype.itemsize * math.prod(shape)
    if min(shape, default=0) < 0 or info.file_size - stream.tell() != size:
        raise DataError(f"{where}: expected {size:,} bytes for {shape}, found {info.file_size - stream.tell():,}")
    check_size(where, size, info.compress_size)
    return shape, fortran, dtype


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    with archive.open(info) as stream:
        shape, fortran, dtype = _read_header(stream, info, path)
        flat = np.empty(math.prod(shape), dtype)
        view, done = flat.view(np.uint8).data, 0
        while done < len(view):
            piece = stream.read(min(1 << 20, len(view) - done))
            if not piece:
                raise DataError(f"{path} ({info.filename}): expected {len(view):,} bytes, found {done:,}: cut short")
            view[done : done + len(piece)] = piece
            done += len(piece)
        stream.read(1)  # reaching the end is what makes zipfile compare the checksum
    array = flat.reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)
