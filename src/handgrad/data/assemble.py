"""From raw images and labels of each division to a `Source`: the one place where all readers' findings are checked."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from handgrad.data.examples import Examples, Source
from handgrad.data.labels import clean_labels, number_classes
from handgrad.data.pixels import check_same_shape, clean_images

Part = tuple[str, NDArray[Any], NDArray[Any]]  # where, images, labels


def assemble(
    name: str,
    parts: Mapping[str, Part],
    *,
    class_names: tuple[str, ...] | None = None,
    first: int | None = None,
    notices: list[str] | None = None,
    **facts: Any,
) -> Source:
    """Check and join what a reader found.

    Args:
        name: of the source.
        parts: by division, "train" and "test"; or "pool", or a single one of them, which becomes the pool.
        class_names: where known.
        first: number of the first class, where known.
        notices: of the reader.
        facts: further attributes of `Source`: origin, checksums, unreadable.

    Raises:
        DataError: for broken images or labels.

    >>> import numpy as np
    >>> images, labels = np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1])
    >>> assemble("squares", {"pool": ("here", images, labels)}).pool.images.shape
    (4, 1, 8, 8)
    """
    told = list(notices or ())
    wheres = [where for where, _, _ in parts.values()]
    images = [clean_images(found, where, told) for where, found, _ in parts.values()]
    labels = [
        clean_labels(found, len(pictures), where, told)
        for (where, _, found), pictures in zip(parts.values(), images, strict=True)
    ]
    for pictures, where in zip(images[1:], wheres[1:], strict=True):
        check_same_shape(images[0], pictures, where)
    names, numbered = number_classes(list(zip(wheres, labels, strict=True)), told, class_names, first)
    examples = [Examples(x, t) for x, t in zip(images, numbered, strict=True)]
    divisions: dict[str, Any] = dict(zip(parts, examples, strict=True)) if len(parts) > 1 else {"pool": examples[0]}
    return Source(name, names, notice=" ".join(dict.fromkeys(told)), **divisions, **facts)
