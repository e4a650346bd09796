"""What `handgrad data` says: which data is here, where, how much of it, whether it is whole, and how it looks."""

import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.data.duplicates import count_duplicates
from handgrad.data.examples import Examples, Source
from handgrad.data.gallery import HALF_BLOCKS, PLAIN_MARKS, choose_pictures, pictures_as_text, write_png
from handgrad.data.normalization import note_inverted
from handgrad.data.registry import REGISTRY
from handgrad.data.sources import how_to_get, load_source
from handgrad.errors import DataError, UsageError

SETS = {"train": "training images", "test": "test images", "pool": "images, not divided into training and test"}


def describe(
    source: str | Path | None = None, *, download: str | None = None, pictures: Path | None = None
) -> tuple[str, dict[str, Any]]:
    """Describe a source, or all registered ones.

    Args:
        source: a name or path; default all registered sources, those that are not here with how to get them.
        download: the name of a source to fetch first; then, if `source` is not given, that is described.
        pictures: write the ten labelled pictures here as PNG; needs a source.

    Returns:
        text for people, and the same as plain data for JSON.

    Raises:
        UsageError, DataError: as `load_source`, for a source that is named.
    """
    if download:
        from handgrad.data.download import download as fetch

        fetch(download)
        source = source or download
    if source is None:
        if pictures:
            raise UsageError("pictures: name the source they are to be of, such as mnist")
        told = [_describe_registered(name) for name in REGISTRY]
        return "\n\n".join(text for text, _ in told), {"sources": [facts for _, facts in told]}
    found = load_source(source)
    if pictures:
        images, names = choose_pictures(found)
        if not names:
            raise UsageError(f"{source}: its rows are no pictures (they have the shape {images.shape[1:]})")
        write_png(pictures, images, names)
    text, facts = _describe_found(found)
    return text, {"sources": [facts]}


def _describe_registered(name: str) -> tuple[str, dict[str, Any]]:
    title = REGISTRY[name].title
    try:
        return _describe_found(load_source(name))
    except UsageError:
        facts = {"name": name, "title": title, "here": False, "how_to_get": how_to_get(name)}
        return "\n".join([title, *_entry("not here", how_to_get(name))]), facts
    except DataError as error:
        return f"{title}\n  broken      {error}", {"name": name, "title": title, "here": True, "broken": str(error)}


def _describe_found(source: Source) -> tuple[str, dict[str, Any]]:
    facts = source_facts(source)
    lines = [facts["title"], f"  found in    {facts['origin']}"]
    if facts["checksums"]:
        lines += _entry("files", _files(facts["checksums"]))
    for name, part in facts["sets"].items():
        lines.append(f"  {name:<12}{part['images']:,} {SETS[name]}: {part['pixels']}")
        lines += _entry("", ", ".join(f"{c}: {n:,}" for c, n in part["classes"].items()))
    lines.append("  duplicates  " + _duplicates(facts["duplicates"]))
    lines += _entry("note", facts["notice"])
    images, names = choose_pictures(source)
    if names:
        lines.append(pictures_as_text(images, names, _marks()))
    return "\n".join(lines), facts


def _entry(word: str, text: str) -> list[str]:
    """A word and what it says, wrapped beside it; nothing where there is nothing to say."""
    margin = " " * 14
    lines = textwrap.wrap(text, 96, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    return [f"  {word:<12}" + lines[0][14:], *lines[1:]] if lines else []


def _marks() -> str:
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return HALF_BLOCKS if encoding.startswith("utf") else PLAIN_MARKS


def _files(checksums: dict[str, str]) -> str:
    states: dict[str, list[str]] = {}
    for name, state in checksums.items():
        states.setdefault(state, []).append(name)
    words = {"verified": "SHA-256 verified: "}
    return "; ".join(words.get(state, f"{state}: ") + ", ".join(names) for state, names in states.items())


def _duplicates(counts: dict[str, int]) -> str:
    words = [f"{n:,} in {name}" for name, n in counts.items() if name != "between"]
    if "between" in counts:
        words.append(f"{counts['between']:,} test images are training images too")
    return ", ".join(words)


def source_facts(source: Source) -> dict[str, Any]:
    """A source as plain data: origin, counts by set and class, checksums, duplicates, what is unusual.

    >>> pixels = np.zeros((4, 8, 8), np.uint8)
    >>> facts = source_facts(load_source((pixels, [0, 1, 0, 1])))
    >>> facts["sets"]["pool"]["classes"], facts["duplicates"]
    ({'0': 2, '1': 2}, {'pool': 3})
    """
    notices = [source.notice] if source.notice else []
    note_inverted(next(iter(source.divisions.values())).images, notices)
    return {
        "name": source.name,
        "title": REGISTRY[source.name].title if source.name in REGISTRY else source.name,
        "here": True,
        "origin": source.origin,
        "sampled": source.sampled,
        "class_names": list(source.class_names),
        "sets": {name: _set_facts(part, source.class_names) for name, part in source.divisions.items()},
        "duplicates": count_duplicates(source),
        "checksums": source.checksums,
        "unreadable": list(source.unreadable),
        "notice": " ".join(notices),
    }


def _set_facts(part: Examples, class_names: tuple[str, ...]) -> dict[str, Any]:
    counts = np.bincount(part.labels, minlength=len(class_names))
    kind = "bytes" if part.images.dtype == np.uint8 else "floats"
    low, high = float(part.images.min()), float(part.images.max())
    return {
        "images": len(part),
        "shape": list(part.images.shape[1:]),
        "pixels": f"{'×'.join(str(n) for n in part.images.shape[1:])}, {kind} from {low:g} to {high:g}",
        "classes": {name: int(n) for name, n in zip(class_names, counts, strict=True)},
    }
