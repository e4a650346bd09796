"""Choosing an experiment's sets from a source: which classes, how many images, which ones."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.examples import Data, Examples, Source
from handgrad.data.normalization import note_inverted, scale_and_offset
from handgrad.data.sources import load_source
from handgrad.errors import DataError, UsageError
from handgrad.streams import stream

Count = int | float | None
SUBSETS = ("first", "random")
WORDS = {"train": "training", "valid": "validation", "test": "test"}


def load_data(
    source: str | Path | Sequence[Any] | Source = "mnist",
    *,
    classes: Sequence[int | str] = (),
    train_images: Count = None,
    valid_images: Count = None,
    test_images: Count = None,
    subset: str = "first",
    normalize: str = "0..1",
    seed: int = 0,
) -> Data:
    """The sets of one experiment.

    Training and validation images come from the source's training images, one after the other, test images from its
    test images. A source without that division gives all three from what it has, in this order. On the sample that
    stands in for MNIST, counts that it cannot give are scaled down in proportion to the whole, with a notice.

    Args:
        source: a registered name, a path, arrays or a `Source`; see `load_source`.
        classes: which ones, by number or name; they are numbered anew in the order given. Default all.
        train_images: a count, or a fraction of what there is; default all that are left.
        valid_images: the same; default none.
        test_images: the same; default all, or where the source has no division what is left (a fifth where
            train_images is not given either).
        subset: "first" takes images in the order of the file, "random" draws them by the seed.
        normalize: "0..1", "standard" or "none"; see `scale_and_offset`.
        seed: of the random subset.

    Raises:
        UsageError: if the source is not there, or a value makes no sense.
        DataError: if it is broken, has fewer images than asked for, or training images of one class only.

    >>> digits = load_data("mnist", classes=[3, 1], train_images=31, test_images=98)
    >>> digits.class_names, len(digits.train), len(digits.test), digits.input_shape
    (('3', '1'), 31, 98, (1, 28, 28))
    """
    if subset not in SUBSETS:
        raise UsageError(f"subset: expected one of {', '.join(SUBSETS)}, received {subset!r}")
    given = {"train": train_images, "valid": valid_images, "test": test_images}
    requested = {name: _checked_count(name, count) for name, count in given.items()}
    found = keep_classes(load_source(source), classes)
    notices = [found.notice] if found.notice else []
    sets = _cut(found, requested, subset == "random", seed, notices)
    train = sets["train"]
    _check_classes(found, sets, notices)
    shown = train if train is not None else next(part for part in sets.values() if part is not None)
    scale, offset = scale_and_offset(shown.images, normalize, notices)
    note_inverted(shown.images, notices)
    return Data(
        name=found.name,
        class_names=found.class_names,
        train=train,
        valid=sets["valid"],
        test=sets["test"],
        scale=scale,
        offset=offset,
        origin=found.origin,
        notice=" ".join(notices),
        sampled=found.sampled,
        counts_requested=requested,
    )


def keep_classes(source: Source, classes: Sequence[int | str]) -> Source:
    """The source with only these classes, numbered anew in the order given.

    Args:
        source: what was found.
        classes: numbers (from 0) or names; none means all, as they are.

    Raises:
        UsageError: for a class that the source does not have, or one named twice.

    >>> pair = load_source((np.zeros((4, 8, 8), np.uint8), [0, 1, 2, 1]))
    >>> keep_classes(pair, [2, 1]).pool.labels.tolist()
    [1, 0, 1]
    """
    if not len(classes):
        return source
    chosen = [_class_number(source, wanted) for wanted in classes]
    if len(set(chosen)) < len(chosen):
        raise UsageError(f"classes: expected each class once, received {list(classes)}")
    new_number = np.full(len(source.class_names), -1)
    new_number[chosen] = np.arange(len(chosen))
    divisions: dict[str, Any] = {}
    for name, part in source.divisions.items():
        labels = new_number[part.labels]
        kept = labels >= 0
        if not kept.any():
            raise DataError(f"{source.origin}: expected {name} images of the classes {list(classes)}, found none")
        divisions[name] = Examples(part.images[kept], labels[kept])
    counts = {name: tuple(full[k] for k in chosen) for name, full in source.full_class_counts.items()}
    names = tuple(source.class_names[k] for k in chosen)
    return replace(source, class_names=names, full_class_counts=counts, **divisions)


def _class_number(source: Source, wanted: int | str) -> int:
    names = source.class_names
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted)
    if isinstance(wanted, (int, np.integer)) and not isinstance(wanted, bool) and 0 <= wanted < len(names):
        return int(wanted)
    raise UsageError(
        f"classes: expected numbers from 0 to {len(names) - 1} (or names: {', '.join(names[:12])}), received {wanted!r}"
    )


def _checked_count(name: str, count: Count) -> Count:
    if count is None or (isinstance(count, float) and 0 < count < 1):
        return count
    if isinstance(count, (int, np.integer)) and not isinstance(count, bool) and count >= (name == "train"):
        return int(count)
    raise UsageError(f"{name}_images: expected a count, or a fraction between 0 and 1, received {count!r}")


def _cut(
    source: Source, requested: dict[str, Count], random: bool, seed: int, notices: list[str]
) -> dict[str, Examples | None]:
    """Train, valid and test; views of the source where they are the first ones in order."""
    if source.pool is not None:
        counts = _pool_counts(source, len(source.pool), requested)
        return dict(zip(counts, _slices(source.pool, list(counts.values()), random, seed, 0), strict=True))
    train, test = source.train, source.test
    if train is None or test is None:
        raise DataError(f"{source.origin}: expected training and test images, found one of them")
    asked = _scaled(source, requested, notices)
    valid_count = _resolve(asked["valid"], len(train), 0)
    train_count = _resolve(asked["train"], len(train), len(train) - valid_count)
    test_count = _resolve(asked["test"], len(test), len(test))
    _check_fit(source, {"training": train_count, "validation": valid_count}, len(train))
    _check_fit(source, {"test": test_count}, len(test))
    first, second = _slices(train, [train_count, valid_count], random, seed, 0)
    (third,) = _slices(test, [test_count], random, seed, 1)
    return {"train": first, "valid": second, "test": third}


def _pool_counts(source: Source, N: int, requested: dict[str, Count]) -> dict[str, int]:
    valid = _resolve(requested["valid"], N, 0)
    if requested["train"] is None:
        test = _resolve(requested["test"], N, N // 5)
        train = N - valid - test
    else:
        train = _resolve(requested["train"], N, N)
        test = _resolve(requested["test"], N, max(N - train - valid, 0))
    _check_fit(source, {"training": train, "validation": valid, "test": test}, N)
    return {"train": train, "valid": valid, "test": test}


def _resolve(count: Count, there: int, default: int) -> int:
    if count is None:
        return default
    return max(1, round(count * there)) if isinstance(count, float) else int(count)


def _check_fit(source: Source, counts: dict[str, int], there: int) -> None:
    if sum(counts.values()) > there or min(counts.values()) < 0 or counts.get("training", 1) < 1:
        asked = " + ".join(f"{max(n, 0):,} {name}" for name, n in counts.items() if n > 0 or name == "training")
        raise DataError(f"{source.origin}: asked for {asked} images, found {there:,}")


def _scaled(source: Source, requested: dict[str, Count], notices: list[str]) -> dict[str, Count]:
    """The counts, those that the stand-in cannot give scaled in proportion to the whole."""
    if not source.full_class_counts or source.train is None or source.test is None:
        return requested
    asked = dict(requested)
    for names, there, division in (
        (("train", "valid"), len(source.train), "train"),
        (("test",), len(source.test), "test"),
    ):
        full = sum(source.full_class_counts[division])
        counts = {name: n for name in names if isinstance(n := requested[name], int)}
        if there < sum(counts.values()) <= full:
            for name, n in counts.items():
                asked[name] = max(1, n * there // full) if n else 0
                notices.append(f"{asked[name]:,} {WORDS[name]} images in place of {n:,}.")
    return asked


def _slices(examples: Examples, counts: list[int], random: bool, seed: int, index: int) -> list[Examples | None]:
    """Consecutive parts of the given lengths, in the order stored or drawn; None for a length of 0."""
    order = stream(seed, "split", index).permutation(len(examples)) if random else None
    parts: list[Examples | None] = []
    start = 0
    for count in counts:
        place = slice(start, start + count)
        chosen = place if order is None else order[place]
        parts.append(examples.select(chosen) if count else None)
        start += count
    return parts


def _check_classes(source: Source, sets: dict[str, Examples | None], notices: list[str]) -> None:
    """Training needs two classes; a class that is there but not among the training images is worth a notice."""
    train = sets["train"]
    if train is None:
        return
    present = set(train.labels.tolist())
    if len(present) < 2:
        raise DataError(
            f"{source.origin}: expected training images of at least two classes, "
            f"found {len(train):,} of class {source.class_names[present.pop()]} only"
        )
    for name in ("valid", "test"):
        other = sets[name]
        absent = sorted(set(other.labels.tolist()) - present) if other is not None else []
        if absent:
            listed = ", ".join(source.class_names[k] for k in absent[:10])
            notices.append(
                f"The {WORDS[name]} images have classes that the training images lack ({listed}); "
                "where a file is sorted by class, subset = 'random' helps."
            )
