"""Files made for tests: right ones and wrong ones."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: np.ndarray) -> bytes:
    """An array as IDX."""
    code = CODES[array.dtype.str[1:]]
    sizes = b"".join(struct.pack(">I", n) for n in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


def pixels(n: int, side: int = 8, seed: int = 0) -> np.ndarray:
    """n different pictures of noise, bytes (n, side, side)."""
    return np.random.default_rng(seed).integers(0, 256, (n, side, side), dtype=np.uint8)


def write_idx_folder(folder: Path, train: int = 30, test: int = 10, packed: bool = False) -> Path:
    """A folder as MNIST's, three classes in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, n in (("train", train), ("t10k", test)):
        for kind, array in (("images-idx3", pixels(n)), ("labels-idx1", np.arange(n, dtype=np.uint8) % 3)):
            content = idx_bytes(array)
            name = f"{prefix}-{kind}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


def npy_bytes(array: Any) -> bytes:
    """An array in NumPy's format; objects are pickled, as np.save does."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    """A zip archive with these members, compressed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_picture(path: Path, picture: np.ndarray) -> Path:
    """A grey picture, in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


def write_class_folders(folder: Path, classes: Mapping[str, int], side: int = 8) -> Path:
    """Folders of PNG files, so many for each class; the first pixel of picture k of class c is 10 c + k."""
    for c, (name, n) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k, picture in enumerate(pixels(n, side, seed=c)):
            picture[0, 0] = 10 * c + k
            write_picture(folder / name / f"{k}.png", picture)
    return folder


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that Python and NumPy held at once during the work, beyond what they held before."""
    import tracemalloc

    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
