"""IDX, the format MNIST comes in: a magic number that names type and dimensions, the sizes, then the values.

Source of the format: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.assemble import Part, assemble
from handgrad.data.content import ContentReader, check_size
from handgrad.data.examples import Source
from handgrad.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
DIVISIONS = {"train": "train", "t10k": "test", "test": "test", "": "pool"}

_FILE_NAME = re.compile(r"(?P<division>train|t10k|test|)[-_]?(?P<kind>images|labels)[-.]idx[1-4][-.]ubyte(\.gz)?")


def read_idx(path: Path, sha256: str | None = None) -> NDArray[Any]:
    """One IDX file, gzip or not, as an array.

    Args:
        path: of the file.
        sha256: of the decompressed content, where it is known.

    Raises:
        DataError: for a bad magic number, sizes that don't match the content, truncated or trailing bytes, content
            that would expand too far (before anything is allocated), or another checksum.
        UsageError: if there is no such file.
    """
    with ContentReader(path, hashing=sha256 is not None) as content:
        dtype, shape = _read_header(content)
        size = dtype.itemsize * math.prod(shape)
        expected = 4 + 4 * len(shape) + size
        if not content.compressed and content.stored != expected:
            raise DataError(f"{path}: expected {expected:,} bytes for {_text(shape)}, found {content.stored:,}")
        check_size(str(path), size, content.stored)
        array = np.empty(shape, dtype)
        found = content.fill(array.reshape(-1).view(np.uint8).data)
        if found < size:
            raise DataError(
                f"{path}: expected {expected:,} bytes for {_text(shape)}, found {expected - size + found:,}: cut short"
            )
        if content.read(1):
            raise DataError(f"{path}: expected {expected:,} bytes for {_text(shape)}, found more after them")
        if sha256 is not None and content.sha256 != sha256:
            raise DataError(
                f"{path}: expected content with the SHA-256 {sha256}, found {content.sha256}; "
                "the file is damaged or another one (to use other data, name its folder)"
            )
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(content: ContentReader) -> tuple[np.dtype[Any], tuple[int, ...]]:
    path, magic = content.path, content.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
        raise DataError(
            f"{path}: expected an IDX magic number such as 00000803, found {magic.hex() or 'an empty file'}"
        )
    sizes = content.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path}: expected {magic[3]} sizes after the magic number, found {len(sizes)} bytes")
    shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
    if 0 in shape:
        raise DataError(f"{path}: expected at least one value, found the sizes {_text(shape)}")
    return np.dtype(TYPES[magic[2]]), shape


def _text(shape: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in shape)


def find_idx(folder: Path) -> dict[str, dict[str, Path]]:
    """The IDX files of a folder, by division and kind: {"train": {"images": …, "labels": …}, …}.

    Names are those of MNIST, with or without .gz, with - or . before idx. An unpacked file comes before a packed one.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name, reverse=True):
        match = _FILE_NAME.fullmatch(path.name)
        if match and path.is_file():
            found.setdefault(DIVISIONS[match["division"]], {})[match["kind"]] = path
    return {division: found[division] for division in ("train", "test", "pool") if division in found}


def load_idx(
    folder: Path,
    name: str,
    files: Mapping[str, Mapping[str, Path]],
    class_names: tuple[str, ...] | None = None,
    sha256: Mapping[str, str] | None = None,
) -> Source:
    """A source from the IDX files of a folder.

    Args:
        folder: where they lie.
        name: of the source.
        files: from `find_idx`.
        class_names: where known.
        sha256: by file name without .gz, of the decompressed content; every file found must match.

    Raises:
        DataError: if a file's partner is missing, or one is broken.
    """
    sums, checksums = sha256 or {}, {}
    parts: dict[str, Part] = {}
    for division, pair in files.items():
        for missing, other in (("images", "labels"), ("labels", "images")):
            if missing not in pair:
                raise DataError(f"{folder}: expected a file of {missing} beside {pair[other].name}, found none")
        arrays = []
        for kind in ("labels", "images"):
            path = pair[kind]
            expected = sums.get(path.name.removesuffix(".gz"))
            arrays.append(read_idx(path, expected))
            checksums[path.name] = "verified" if expected else "no published checksum"
        parts[division] = (str(pair["images"]), arrays[1], arrays[0])
    return assemble(name, parts, class_names=class_names, origin=str(folder), checksums=checksums)
