"""Labelled pictures of a source: as text for a terminal, as a PNG file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad.data.examples import Images, Source
from handgrad.errors import SaveError

PICTURES = 10
COLUMNS = 5
TEXT_SIDE = 14  # pixels of a picture as text: five beside each other fit in 80 columns
PNG_SCALE, PNG_MARGIN = 4, 18

HALF_BLOCKS = " ▀▄█"  # neither half lit, the upper, the lower, both
PLAIN_MARKS = " '.#"


def choose_pictures(source: Source) -> tuple[Images, list[str]]:
    """Ten pictures, the first of each class in turn, with the names of their classes.

    Fewer where there are fewer images; none where the rows are no pictures.
    """
    part = next(iter(source.divisions.values()))
    if part.images.ndim != 4:
        return part.images[:0], []
    places = [np.flatnonzero(part.labels == k) for k in range(len(source.class_names))]
    rounds = max(len(p) for p in places)
    order = [int(p[i]) for i in range(min(rounds, PICTURES)) for p in places if i < len(p)]
    chosen = order[:PICTURES]
    return part.images[chosen], [source.class_names[int(part.labels[i])] for i in chosen]


def as_grey(images: Images) -> NDArray[np.uint8]:
    """Pictures (n, C, H, W) as bytes (n, H, W) to look at: channels averaged, 0 black and the brightest value white.

    >>> as_grey(np.array([[[[0.0, 0.5]]]], np.float32)).tolist()
    [[[0, 255]]]
    """
    grey = images.astype(np.float32).mean(axis=1)
    low, high = min(float(grey.min(initial=0)), 0.0), float(grey.max(initial=0))
    if images.dtype == np.uint8 and high > 1:
        high = 255.0
    seen: NDArray[np.uint8] = ((grey - low) * np.float32(255 / max(high - low, 1e-9))).astype(np.uint8)
    return seen


def pictures_as_text(images: Images, names: list[str], marks: str = HALF_BLOCKS) -> str:
    """Pictures five in a row, each character two pixels one above the other, with the class below.

    Args:
        images: (n, C, H, W).
        names: of the classes, n of them.
        marks: for neither half lit, the upper, the lower, both; `PLAIN_MARKS` where only ASCII will do.
    """
    lines = []
    grey = as_grey(images)
    for start in range(0, len(names), COLUMNS):
        blocks = [_block(picture, marks) for picture in grey[start : start + COLUMNS]]
        lines += [" ".join(row).rstrip() for row in zip(*blocks, strict=True)]
        width = len(blocks[0][0])
        lines.append(" ".join(f"{name[:width]:^{width}}" for name in names[start : start + COLUMNS]).rstrip())
    return "\n".join(lines)


def _block(picture: NDArray[np.uint8], marks: str) -> list[str]:
    """One picture as lines of equal length; larger ones are averaged over squares."""
    step = max(1, -(-max(picture.shape) // TEXT_SIDE))
    H, W = (-(-side // step) for side in picture.shape)
    padded = np.zeros(((H + H % 2) * step, W * step), np.float32)
    padded[: picture.shape[0], : picture.shape[1]] = picture
    lit = padded.reshape(H + H % 2, step, W, step).mean(axis=(1, 3)) > 96
    both = lit[::2] + 2 * lit[1::2].astype(np.int64)
    return ["".join(marks[k] for k in row) for row in both]


def write_png(path: Path, images: Images, names: list[str]) -> None:
    """Pictures five in a row, enlarged, with the class below each, as one PNG.

    Raises:
        SaveError: if the file cannot be written.
    """
    from PIL import Image, ImageDraw

    grey = as_grey(images)
    scale = max(1, PNG_SCALE * 28 // max(grey.shape[1:]))
    H, W = (side * scale for side in grey.shape[1:])
    rows = -(-len(names) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * (W + PNG_MARGIN), rows * (H + 2 * PNG_MARGIN)), 32)
    draw = ImageDraw.Draw(sheet)
    for i, (picture, name) in enumerate(zip(grey, names, strict=True)):
        left = i % COLUMNS * (W + PNG_MARGIN) + PNG_MARGIN // 2
        top = i // COLUMNS * (H + 2 * PNG_MARGIN) + PNG_MARGIN // 2
        sheet.paste(Image.fromarray(picture).resize((W, H), Image.Resampling.NEAREST), (left, top))
        draw.text((left, top + H + 2), name.encode("latin-1", "replace").decode("latin-1"), fill=255)
    try:
        sheet.save(path, "PNG")
    except OSError as error:
        raise SaveError(f"{path}: cannot be written: {error.strerror or error}") from None
