"""CSV: one image a line, the label first, then its pixels; a first line of column names is passed over."""

import itertools
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data.assemble import Part, assemble
from handgrad.data.content import ContentReader
from handgrad.data.examples import Source
from handgrad.errors import DataError

ROWS = 1000  # parsed at once: numbers take eight bytes until they are found to be bytes
MAX_LINE = 1 << 24


def find_tables(folder: Path) -> dict[str, Path]:
    """The CSV files of a folder by division: one file is the pool; of several, …train… and …test… are taken."""
    paths = [path for path in sorted(folder.iterdir()) if path.name.lower().removesuffix(".gz").endswith(".csv")]
    if len(paths) <= 1:
        return {"pool": paths[0]} if paths else {}
    found = {d: [path for path in paths if d in path.name.lower()] for d in ("train", "test")}
    if any(len(candidates) != 1 for candidates in found.values()):
        listed = ", ".join(path.name for path in paths[:10])
        raise DataError(f"{folder}: expected one CSV file, or one train and one test, found {listed}")
    return {division: candidates[0] for division, candidates in found.items()}


def load_tables(paths: Mapping[str, Path], name: str, class_names: tuple[str, ...] | None = None) -> Source:
    """A source from CSV files, gzip or not; pixels are whole numbers (kept as bytes) or decimal fractions.

    Raises:
        DataError: for an empty file, lines of different lengths, or anything that is no number, naming the line.
    """
    parts: dict[str, Part] = {}
    for division, path in paths.items():
        labels, images = read_table(path)
        parts[division] = (str(path), images, labels)
    if len({images.dtype for _, images, _ in parts.values()}) > 1:
        parts = {d: (where, images.astype(np.float32), labels) for d, (where, images, labels) in parts.items()}
    origin = str(next(iter(paths.values()))) if len(paths) == 1 else str(next(iter(paths.values())).parent)
    checksums = {path.name: "no published checksum" for path in paths.values()}
    return assemble(name, parts, class_names=class_names, origin=origin, checksums=checksums)


def read_table(path: Path) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Labels (N,) and pixels (N, D); the pixels are bytes if all are whole numbers within 0..255."""
    with ContentReader(path) as content:
        stream = BytesIO(content.read_all())
    lines = _lines(stream, path)
    labels: list[NDArray[np.float64]] = []
    pixels: list[NDArray[Any]] = []
    row = 1 + next(lines)[0] if _has_names(stream) else 1
    while chunk := list(itertools.islice(lines, ROWS)):
        table = _parse(chunk, path, pixels[0].shape[1] + 1 if pixels else None)
        labels.append(table[:, 0].copy())
        pixels.append(_small(table[:, 1:]))
        row = chunk[-1][0]
    if not pixels:
        raise DataError(f"{path}: expected lines of a label and pixels, found none in {row} lines")
    if len({part.dtype for part in pixels}) > 1:
        pixels = [part.astype(np.float32) for part in pixels]
    return np.concatenate(labels), np.concatenate(pixels)


def _lines(stream: BytesIO, path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise DataError(f"{path}, line {number}: expected a label and pixels, found over {MAX_LINE:,} characters")
        if line.strip():
            yield number, line.removeprefix(b"\xef\xbb\xbf")


def _has_names(stream: BytesIO) -> bool:
    """Whether the first line is column names: its first field is no number."""
    line = stream.readline(MAX_LINE).removeprefix(b"\xef\xbb\xbf")
    stream.seek(0)
    field = line.split(b",", 1)[0].strip().strip(b'"')
    try:
        float(field)
    except ValueError:
        return field.isascii() and field[:1].isalpha()
    return False


def _parse(chunk: list[tuple[int, bytes]], path: Path, columns: int | None) -> NDArray[np.float64]:
    """Numbers (n, 1 + D) of some lines."""
    columns = columns or chunk[0][1].count(b",") + 1
    if columns < 2:
        raise DataError(f"{path}, line {chunk[0][0]}: expected a label and pixels with commas between, found one field")
    for number, line in chunk:
        if line.count(b",") + 1 != columns:
            found = line.count(b",") + 1
            raise DataError(f"{path}, line {number}: expected {columns} fields as before, found {found}")
    try:
        return np.loadtxt((line for _, line in chunk), delimiter=",", ndmin=2, comments=None, encoding="latin-1")
    except ValueError:
        for number, line in chunk:
            for field in line.split(b","):
                _check_number(field, f"{path}, line {number}")
        raise DataError(f"{path}, line {chunk[0][0]}: expected numbers, found something else") from None


def _check_number(field: bytes, where: str) -> None:
    try:
        float(field)
    except ValueError:
        raise DataError(f"{where}: expected a number, found {field.strip()[:40].decode('latin-1')!r}") from None


def _small(pixels: NDArray[np.float64]) -> NDArray[Any]:
    """Bytes if all are whole numbers within 0..255, else float32."""
    small = pixels.min() >= 0 and pixels.max() <= 255 and bool((pixels == np.floor(pixels)).all())
    return pixels.astype(np.uint8 if small else np.float32)
