"""Arrays given from Python as a source."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.data.assemble import Part, assemble
from handgrad.data.examples import Source
from handgrad.errors import UsageError

FORMS = "(images, labels) or ((train_images, train_labels), (test_images, test_labels))"


def load_arrays(given: Sequence[Any]) -> Source:
    """A source from (images, labels), or from two such pairs for training and test.

    Images are (N, H, W), (N, C, H, W) or (N, D), bytes or floats; labels (N,) or one-hot (N, P).

    Raises:
        UsageError: if it is neither.
        DataError: for broken images or labels.

    >>> pixels = np.zeros((6, 28, 28), np.uint8)
    >>> load_arrays((pixels, [0, 1, 2, 0, 1, 2])).class_names
    ('0', '1', '2')
    """
    if isinstance(given, Mapping) or len(given) != 2:
        raise UsageError(f"expected arrays as {FORMS}, received {type(given).__name__} of {len(given)}")
    parts: dict[str, Part]
    if all(isinstance(pair, (tuple, list)) and len(pair) == 2 and np.ndim(pair[0]) > 1 for pair in given):
        parts = {
            division: (f"{division} arrays", np.asarray(pair[0]), np.asarray(pair[1]))
            for division, pair in zip(("train", "test"), given, strict=True)
        }
    else:
        parts = {"pool": ("arrays", np.asarray(given[0]), np.asarray(given[1]))}
    return assemble("arrays", parts, origin="arrays given from Python")
