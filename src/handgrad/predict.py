"""Predicting image files of any size: make each look like the training images, show how, and ask the net."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.data import Examples
from handgrad.data.pictures import read_picture
from handgrad.errors import DataError, UsageError
from handgrad.kernels.types import Array
from handgrad.runs import Run

Picture = NDArray[np.uint8]
INK = 0.25  # of the range between paper and ink: what is darker than paper by more counts as drawn


@dataclass(frozen=True)
class Style:
    """How training images look: size, ink on paper or paper on ink, how large the drawing and where its middle.

    Attributes:
        height, width: in pixels.
        bright_ink: whether the drawing is brighter than its background.
        side: the drawing's longer side in pixels, median over training images.
        row, column: the drawing's centre of mass in pixels, median over training images.
    """

    height: int
    width: int
    bright_ink: bool
    side: float
    row: float
    column: float


def _is_bright_ink(picture: NDArray[Any]) -> bool:
    """Background is what most of the border is; ink is the other end of the range."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(float)
    return bool(np.median(border) < (float(picture.min()) + float(picture.max())) / 2)


def _ink(picture: NDArray[Any], bright: bool) -> Array:
    """Amount of ink in [0, 1] at each pixel."""
    values = picture.astype(np.float64)
    low, high = values.min(), values.max()
    if high == low:
        return np.zeros_like(values)
    ink = (values - low) / (high - low)
    return np.asarray(ink if bright else 1.0 - ink)


def _box(ink: Array) -> tuple[int, int, int, int] | None:
    rows, columns = np.flatnonzero((ink > INK).any(axis=1)), np.flatnonzero((ink > INK).any(axis=0))
    if not len(rows):
        return None
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _centre(ink: Array) -> tuple[float, float]:
    total = ink.sum()
    return (
        float((ink.sum(axis=1) * np.arange(ink.shape[0])).sum() / total),
        float((ink.sum(axis=0) * np.arange(ink.shape[1])).sum() / total),
    )


def style_of(examples: Examples, look_at: int = 200) -> Style:
    """The style of a set of grey images (N, 1, H, W), from its first `look_at`."""
    pictures = [image[0] for image in examples.images[:look_at]]
    bright = sum(map(_is_bright_ink, pictures)) * 2 > len(pictures)
    inks = [_ink(p, bright) for p in pictures]
    boxes = [(b, i) for b, i in ((_box(i), i) for i in inks) if b is not None]
    if not boxes:
        raise DataError("the training images are all blank: there is no style to follow")
    sides = [max(b[1] - b[0], b[3] - b[2]) for b, _ in boxes]
    centres = np.array([_centre(i) for _, i in boxes])
    height, width = pictures[0].shape
    row, column = np.median(centres, axis=0)
    return Style(height, width, bright, float(np.median(sides)), float(row), float(column))


def fit_to_style(picture: Picture, style: Style) -> tuple[Picture, list[str]]:
    """The picture as the net should see it, and what was done to it, in words.

    A picture that already has the training images' size and ink is left as it is. Any other is inverted if its ink is
    the wrong way round, cut to its drawing, scaled so that the drawing is as large as in training, and laid so that its
    centre of mass is where training images have theirs.

    Raises:
        DataError: if nothing is drawn on it.
    """
    from PIL import Image

    bright = _is_bright_ink(picture)
    ink = _ink(picture, bright)
    box = _box(ink)
    if box is None:
        raise DataError("nothing is drawn on it; draw something")
    done = [] if bright == style.bright_ink else ["inverted"]
    if picture.shape == (style.height, style.width):
        return (picture if not done else np.uint8(255) - picture), done
    top, bottom, left, right = box
    scale = style.side / max(bottom - top, right - left)
    size = (
        min(style.width, max(1, round((right - left) * scale))),
        min(style.height, max(1, round((bottom - top) * scale))),
    )
    drawing = Image.fromarray(np.uint8(np.round(255 * ink[top:bottom, left:right])))
    small = np.asarray(drawing.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC))
    laid = _lay(small, style)
    done += [f"cut to its drawing and scaled from {right - left}×{bottom - top} to {size[0]}×{size[1]}", "centred"]
    return (laid if style.bright_ink else np.uint8(255) - laid), done


def _lay(small: Picture, style: Style) -> Picture:
    """On an empty picture, with the centre of mass where the style has it, but nothing cut off."""
    row, column = _centre(small.astype(np.float64))
    top = int(np.clip(round(style.row - row), 0, style.height - small.shape[0]))
    left = int(np.clip(round(style.column - column), 0, style.width - small.shape[1]))
    laid = np.zeros((style.height, style.width), np.uint8)
    laid[top : top + small.shape[0], left : left + small.shape[1]] = small
    return laid


@dataclass(frozen=True)
class Prediction:
    """What the net says of one file: classes from most to least probable, the picture it saw, what was done to it."""

    path: str
    classes: list[tuple[str, float]]
    seen: Picture
    done: list[str]

    def sentence(self) -> str:
        """For people."""
        first, second = self.classes[:2]
        changed = f" ({', '.join(self.done)})" if self.done else ""
        return f"{self.path}: {first[0]}, {100 * first[1]:.1f} % (then {second[0]}, {100 * second[1]:.1f} %){changed}"


def predict_files(run: Run, paths: Sequence[str | Path]) -> list[Prediction]:
    """Predict image files with a run's net.

    Args:
        run: trained on grey images.
        paths: PNG, JPEG and the like, of any size.

    Raises:
        UsageError: if a file is missing or the net was not trained on grey images.
        DataError: if a file cannot be read, or nothing is drawn on it.
    """
    train = run.data.train
    if train is None or train.images.ndim != 4 or train.images.shape[1] != 1:
        raise UsageError(f"{run.folder}: expected a net trained on grey images (1, H, W), found {run.data.input_shape}")
    style = style_of(train)
    seen, done = [], []
    for path in map(Path, paths):
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
        try:
            picture, words = fit_to_style(read_picture(path), style)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        seen.append(picture)
        done.append(words)
    p = run.probabilities_of(Examples(np.stack(seen)[:, None], np.zeros(len(seen), np.int64)))
    return [
        Prediction(str(path), _ranked(row, run.data.class_names), picture, words)
        for path, row, picture, words in zip(paths, p, seen, done, strict=True)
    ]


def _ranked(p: Array, names: tuple[str, ...]) -> list[tuple[str, float]]:
    if len(p) == 1:
        p = np.array([1 - p[0], p[0]])
    return [(names[i], float(p[i])) for i in np.argsort(-p, kind="stable")]


def write_seen(predictions: list[Prediction], path: Path) -> Path:
    """Draw what the net saw of each file, enlarged, with its class and confidence; returns the PNG's path."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(predictions), figsize=(1.8 * len(predictions), 2.2), squeeze=False)
    for axis, prediction in zip(axes[0], predictions, strict=True):
        name, confidence = prediction.classes[0]
        axis.imshow(prediction.seen, cmap="gray", vmin=0, vmax=255)
        axis.set_title(f"{name} {100 * confidence:.0f} %", fontsize=9)
        axis.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def write_gallery(run: Run, path: Path, images: int = 40, columns: int = 10) -> None:
    """Draw test images with true and predicted class and the net's confidence, for a person to judge.

    Args:
        run: with test images.
        path: a PNG file, written.
        images: how many, from the first on.
        columns: images a row.

    Raises:
        UsageError: if the run has no test images.
    """
    import matplotlib.pyplot as plt

    p = run.probabilities("test")[:images]
    test, names = run.data.test, run.data.class_names
    rows = -(-len(p) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * 0.95, rows * 1.25), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for i, (axis, row) in enumerate(zip(axes.flat, p, strict=False)):
        best, confidence = _ranked(row, names)[0]
        true = names[int(test.labels[i])] if test is not None else ""
        right = best == true
        axis.imshow(test.images[i].reshape(run.data.input_shape[-2:]) if test is not None else 0, cmap="gray")
        axis.set_title(
            f"{best} {100 * confidence:.0f} %" if right else f"{best} {100 * confidence:.0f} %, is {true}",
            fontsize=7,
            color="black" if right else "#b3261e",
        )
    figure.tight_layout(pad=0.4)
    figure.savefig(path, dpi=160)
    plt.close(figure)
