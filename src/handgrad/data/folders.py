"""Folders of image files: one folder for each class, or one flat folder with a text file of labels."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad.data.assemble import assemble
from handgrad.data.content import check_size
from handgrad.data.examples import Source
from handgrad.data.pictures import UnreadableImage, read_picture
from handgrad.errors import DataError

IMAGE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"))
LABEL_SUFFIXES = frozenset((".txt", ".labels"))
DIVISIONS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
MAX_UNREADABLE = 0.01  # of the images of a folder
MAX_LABEL_BYTES = 64 * 1024**2
LISTED = 20

_FIRST = re.compile(r"#\s*first\s*[=:]\s*([01])\s*", re.IGNORECASE)


def load_class_folders(folder: Path, name: str) -> Source:
    """A folder with one folder of images for each class, as notMNIST is published; or train/ and test/ of these.

    Classes are the folders' names, numbers by value, others by the alphabet. Images of a division come with the
    classes in turn (the first of each, then the second of each, …), so that the first n have all classes.

    Raises:
        DataError: for a class without images, folders within a class, images of different sizes, or more than 1 %
            that cannot be read; fewer are left out, with a notice.
    """
    inner = _folders(folder)
    if inner and all(path.name.lower() in DIVISIONS for path in inner):
        roots = {DIVISIONS[path.name.lower()]: path for path in reversed(inner)}
        roots = {division: roots[division] for division in ("train", "test") if division in roots}
    else:
        roots = {"pool": folder}
    class_names: list[str] | None = None
    loaded, parts = Loaded(folder), {}
    notices: list[str] = []
    for division, root in roots.items():
        names = [path.name for path in _folders(root)]
        if class_names is not None and names != class_names:
            raise DataError(f"{root}: expected the classes {', '.join(class_names)}, found {', '.join(names)}")
        class_names = names
        files, labels = _in_turn([_images(path, notices) for path in _folders(root)])
        images, kept = loaded.read(files)
        parts[division] = (str(root), images, np.array(labels, np.int64)[kept])
    loaded.check()
    notices += loaded.notices
    shown = tuple(text.encode("utf-8", "replace").decode() for text in class_names or ())
    return assemble(
        name, parts, class_names=shown, notices=notices, origin=str(folder), unreadable=tuple(loaded.unreadable)
    )


def load_flat_folder(folder: Path, name: str, class_names: tuple[str, ...] | None = None) -> Source:
    """A folder of images with one text file of labels, one a line, for the images in the order of their names.

    In that order 2.png comes before 10.png. Labels count from 0 or from 1: from 1 if they are 1 to P without a gap;
    a first line `# first = 0` (or 1) states it.

    Raises:
        DataError: if there is no text file, or more than one; for labels of another count or no whole numbers; for
            images of different sizes, or more than 1 % that cannot be read.
    """
    texts = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in LABEL_SUFFIXES and path.is_file()]
    if len(texts) != 1:
        found = ", ".join(path.name for path in texts) or "none"
        raise DataError(f"{folder}: expected one text file of labels beside the images, found {found}")
    labels, first = _read_labels(texts[0])
    notices: list[str] = []
    files = _images(folder, notices, ignored=texts[0])
    if len(labels) != len(files):
        raise DataError(
            f"{texts[0]}: expected one label for each of the {len(files):,} images, found {len(labels):,} labels"
        )
    loaded = Loaded(folder)
    images, kept = loaded.read(files)
    loaded.check()
    return assemble(
        name,
        {"pool": (str(texts[0]), images, labels[kept])},
        class_names=class_names,
        first=first,
        notices=notices + loaded.notices,
        origin=str(folder),
        unreadable=tuple(loaded.unreadable),
    )


class Loaded:
    """Reads the image files of a source into one array, and keeps count of those that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: list[str] = []
        self.files = 0
        self._first: tuple[Path, tuple[int, ...]] | None = None

    def read(self, files: list[Path]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Images (n, H, W) of those files that can be read, and for each file whether it could."""
        kept = np.zeros(len(files), np.bool_)
        images: NDArray[np.uint8] | None = None
        n = 0
        for i, path in enumerate(files):
            try:
                picture = read_picture(path)
            except UnreadableImage as reason:
                self.unreadable.append(f"{path.relative_to(self.folder)}: {reason}")
                continue
            self._check_size(path, picture.shape)
            if images is None:
                size = len(files) * picture.size
                check_size(str(self.folder), size, size)
                images = np.empty((len(files), *picture.shape), np.uint8)
            images[n], kept[i] = picture, True
            n += 1
        self.files += len(files)
        if images is None:
            self.check()
            raise DataError(f"{self.folder}: expected images, found none")
        return images[:n], kept

    def _check_size(self, path: Path, shape: tuple[int, ...]) -> None:
        if self._first is None:
            self._first = (path, shape)
        first, expected = self._first
        if shape != expected:
            raise DataError(
                f"{path}: expected {expected[0]}×{expected[1]} pixels as in {first.name}, "
                f"found {shape[0]}×{shape[1]}: make all images one size"
            )

    def check(self) -> None:
        """Refuse the source if too many of its images cannot be read."""
        if len(self.unreadable) > MAX_UNREADABLE * self.files:
            raise DataError(
                f"{self.folder}: expected images that can be read, found {len(self.unreadable):,} of {self.files:,} "
                f"that cannot (more than {MAX_UNREADABLE:.0%}):\n{_listed(self.unreadable, chr(10))}"
            )

    @property
    def notices(self) -> list[str]:
        """What was left out."""
        if not self.unreadable:
            return []
        count = f"{len(self.unreadable):,} of {self.files:,} images cannot be read and are left out"
        return [f"{self.folder}: {count}: {_listed(self.unreadable, '; ')}."]


def _listed(lines: list[str], between: str) -> str:
    more = [f"and {len(lines) - LISTED:,} more"] if len(lines) > LISTED else []
    return between.join(lines[:LISTED] + more)


def _natural(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Numbers within names by value: 2.png before 10.png."""
    pieces = re.split(r"([0-9]+)", path.name)
    return [(0, int(p), "") if p.isdecimal() and p.isascii() else (1, 0, p) for p in pieces if p], path.name


def _visible(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=_natural):
        if not path.name.startswith(".") and path.name.lower() not in ("thumbs.db", "__macosx"):
            yield path


def _folders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()]


def _images(folder: Path, notices: list[str], ignored: Path | None = None) -> list[Path]:
    files, others = [], []
    for path in _visible(folder):
        if path.is_dir():
            raise DataError(f"{folder}: expected image files, found the folder {path.name} among them")
        if path.suffix.lower() in IMAGE_SUFFIXES:
            files.append(path)
        elif path != ignored:
            others.append(path.name)
    if not files:
        raise DataError(f"{folder}: expected images (PNG, JPEG, …) of this class, found none")
    if others:
        notices.append(f"{folder}: files that are no images are left out: {', '.join(others[:5])}.")
    return files


def _in_turn(classes: list[list[Path]]) -> tuple[list[Path], list[int]]:
    ordered = sorted((place, label) for label, files in enumerate(classes) for place in range(len(files)))
    return [classes[label][place] for place, label in ordered], [label for _, label in ordered]


def _read_labels(path: Path) -> tuple[NDArray[np.int64], int | None]:
    """The labels, and the number of the first class where the file states it."""
    if path.stat().st_size > MAX_LABEL_BYTES:
        raise DataError(f"{path}: expected labels, one a line, found {path.stat().st_size:,} bytes")
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path}: expected labels as text, one a line, found other bytes") from None
    stated = _FIRST.fullmatch(lines[0].strip()) if lines else None
    labels = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not (text.isascii() and text.isdecimal() and len(text) <= 9):
            raise DataError(f"{path}, line {number}: expected a label 0, 1, 2, …, found {text[:40]!r}")
        labels.append(int(text))
    return np.array(labels, np.int64), int(stated[1]) if stated else None
