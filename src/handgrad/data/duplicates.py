"""Images that occur more than once, within a set and between training and test, found by their hash."""

import hashlib

import numpy as np

from handgrad.data.examples import Images, Source


def image_hashes(images: Images) -> list[bytes]:
    """A hash of each image: equal for equal pixels.

    >>> first, second, third = image_hashes(np.array([[1, 2], [3, 4], [1, 2]], np.uint8))
    >>> first == third, first == second
    (True, False)
    """
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    return [hashlib.blake2b(row.data, digest_size=16).digest() for row in rows]


def count_duplicates(source: Source) -> dict[str, int]:
    """How many images are exact copies of an earlier one.

    Returns:
        for each set the copies within it, and under "between" the test images that are training images too (where
        the source has that division).
    """
    hashes = {name: image_hashes(part.images) for name, part in source.divisions.items()}
    counts = {name: len(found) - len(set(found)) for name, found in hashes.items()}
    if "train" in hashes and "test" in hashes:
        train = set(hashes["train"])
        counts["between"] = sum(one in train for one in hashes["test"])
    return counts
