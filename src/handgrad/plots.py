"""Figures of a run: curves that keep their extremes, drawn without decoration and labelled at the line itself.

Every function returns a matplotlib `Figure` that belongs to nobody's global state; `save_figure` writes it. Colours are
the light palette of `PALETTE`; the report swaps them for CSS variables, so that one drawing serves paper and screen.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_POINTS = 1000
PANEL_STRETCHES = 60  # a batch holds so few images of one class that only means show anything

# Blue, vermilion and bluish green: the hues of Okabe and Ito (2008), which stay apart for colour-blind readers.
PALETTE = {
    "ink": "#1b1f24",
    "muted": "#666d75",
    "grid": "#e4e6e9",
    "batch": "#b3b9c1",
    "train": "#0069a8",
    "valid": "#00825a",
    "test": "#cc4e00",
    "paper": "#ffffff",
}
COLOUR_NAMES = {"train": "blue", "valid": "green", "test": "orange"}
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "text.color": PALETTE["ink"],
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "handgrad",
    "pdf.fonttype": 42,
    "path.simplify": False,
    "figure.dpi": 100,
}
_ERROR_TICKS = (0, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Series:
    """One curve: `name` is batch, train, valid or test; x counts iterations; y is a loss or an error in percent."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @property
    def finite(self) -> Series:
        """The same curve without the points that are missing or not finite."""
        keep = np.isfinite(self.y)
        return Series(self.name, self.x[keep], self.y[keep])


def thin(x: ArrayLike, y: ArrayLike, limit: int = MAX_POINTS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `limit` points of a curve, among them its ends and the extremes of every stretch.

    The curve is cut into equal stretches and of each the lowest and the highest point stay, so no spike is lost.

    >>> x, y = thin(range(5000), [0.0] * 2500 + [9.0] + [0.0] * 2499)
    >>> len(x) <= 1000, float(y.max()), float(x[0]), float(x[-1])
    (True, 9.0, 0.0, 4999.0)
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(xs) <= limit:
        return xs, ys
    keep = {0, len(xs) - 1}
    for stretch in np.array_split(np.arange(len(xs)), (limit - 2) // 2):
        values = ys[stretch]
        known = stretch[np.isfinite(values)]
        if len(known):
            keep.add(int(known[np.argmin(ys[known])]))
            keep.add(int(known[np.argmax(ys[known])]))
    chosen = np.array(sorted(keep))
    return xs[chosen], ys[chosen]


def average(x: ArrayLike, y: ArrayLike, limit: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A noisy curve as the means of at most `limit` equal stretches; points that are not finite are left out.

    >>> x, y = average([0, 1, 2, 3], [1.0, 3.0, 5.0, 7.0], limit=2)
    >>> x.tolist(), y.tolist()
    ([0.5, 2.5], [2.0, 6.0])
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(ys))
    if len(known) <= limit:
        return xs[known], ys[known]
    stretches = np.array_split(known, limit)
    return np.array([xs[s].mean() for s in stretches]), np.array([ys[s].mean() for s in stretches])


@contextmanager
def style() -> Iterator[None]:
    """The one typographic style of all figures; warnings about glyphs a font lacks are not the reader's concern."""
    import matplotlib

    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def loss_figure(series: Sequence[Series], size: tuple[float, float] = (4.6, 3.1), mark: float | None = None) -> Figure:
    """Loss per image against iterations; `mark` is where training parts from validation."""
    return _line_figure(series, "loss per image", "loss", size, mark)


def error_figure(
    series: Sequence[Series],
    title: str = "average class error, %",
    size: tuple[float, float] = (4.6, 3.1),
    mark: float | None = None,
) -> Figure:
    """Error in percent against iterations; `mark` is where training parts from validation."""
    return _line_figure(series, title, "error", size, mark)


def class_figure(series: Sequence[Series], name: str, scale: ErrorScale) -> Figure:
    """The small panel of one class: its error in percent, on the scale shared by all panels."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(2.3, 1.75))
        axes = figure.add_axes((0.14, 0.17, 0.80, 0.66))
        _class_panel(axes, series, name, scale)
    return figure


def class_grid_figure(panels: Sequence[tuple[str, Sequence[Series]]], scale: ErrorScale) -> Figure:
    """All classes' panels in one picture, five in a row, for files and paper."""
    from matplotlib.figure import Figure

    columns = min(5, len(panels))
    rows = -(-len(panels) // columns)
    with style():
        figure = Figure(figsize=(2.1 * columns, 1.7 * rows))
        edge = 0.3 / columns / 2.1
        grid = figure.subplots(
            rows,
            columns,
            squeeze=False,
            gridspec_kw={
                "left": edge,
                "right": 1 - edge,
                "bottom": 0.25 / rows / 1.7,
                "top": 1 - 0.3 / rows / 1.7,
                "wspace": 0.3,
                "hspace": 0.5,
            },
        )
        for axes, (name, series) in zip(grid.flat, panels, strict=False):
            _class_panel(axes, series, name, scale)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_axis_off()
    return figure


def confusion_figure(matrix: NDArray[np.int64], class_names: Sequence[str]) -> Figure:
    """Counts (true class by row, (P, P)); the shade of a mistake is its share of the row."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    classes = len(class_names)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(shares, 0.0)
    with style():
        longest = max(len(str(name)) for name in class_names)
        margin = min(2.5, 0.45 + 0.09 * longest)
        width, height = 0.44 * classes + margin + 0.1, 0.36 * classes + 0.65
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((margin / width, 0.55 / height, 0.44 * classes / width, 0.36 * classes / height))
        shades = LinearSegmentedColormap.from_list("mistakes", [PALETTE["paper"], PALETTE["test"]])
        axes.imshow(np.sqrt(shares), cmap=shades, vmin=0.0, vmax=max(0.25, float(np.sqrt(shares.max()))), aspect="auto")
        for (row, column), count in np.ndenumerate(matrix):
            colour = PALETTE["ink"] if count else PALETTE["batch"]
            weight = "bold" if row == column else "normal"
            axes.text(column, row, f"{count:,}", ha="center", va="center", fontsize=8, color=colour, weight=weight)
        axes.set_xticks(range(classes), [str(name) for name in class_names])
        axes.set_yticks(range(classes), [str(name) for name in class_names])
        axes.set_xlabel("predicted", color=PALETTE["muted"])
        axes.set_ylabel("true", color=PALETTE["muted"])
        axes.tick_params(length=0, colors=PALETTE["muted"])
        axes.spines[:].set_visible(False)
    return figure


def pictures_figure(images: Sequence[NDArray[np.uint8]], captions: Sequence[str], columns: int = 8) -> Figure:
    """Images (H, W) or (H, W, 3), each with its caption; grey ones are drawn as ink on paper."""
    from matplotlib.figure import Figure

    rows = max(1, -(-len(images) // columns))
    with style():
        figure = Figure(figsize=(1.0 * columns, 1.4 * rows))
        edges = {"left": 0.01, "right": 0.99, "bottom": 0.01, "top": 1 - 0.3 / rows / 1.4, "wspace": 0.1, "hspace": 0.4}
        grid = figure.subplots(rows, columns, squeeze=False, gridspec_kw=edges)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, image, caption in zip(grid.flat, images, captions, strict=False):
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
            axes.set_title(caption, fontsize=8, color=PALETTE["ink"])
    return figure


def save_figure(figure: Figure, folder: Path, name: str, formats: Sequence[str] = ("svg", "png")) -> list[Path]:
    """Write `folder/name.<format>` for each format, whole or not at all, the same bytes for the same figure."""
    paths = []
    with style():
        for kind in formats:
            path = folder / f"{name}.{kind}"
            partial = folder / f".{name}.{os.getpid()}.{kind}"
            undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
            figure.savefig(partial, format=kind, dpi=200, metadata=undated, facecolor=PALETTE["paper"])
            os.replace(partial, path)
            paths.append(path)
    return paths


@dataclass(frozen=True)
class ErrorScale:
    """An axis of errors in percent from 0 to `top`: linear, or if `wide` logarithmic above 1 % and linear below."""

    top: float
    wide: bool

    @classmethod
    def of(cls, series: Sequence[Series]) -> ErrorScale:
        """The scale that shows these curves: wide where the evaluated errors end far below where they began."""
        curves = [curve.finite for curve in series if len(curve.finite.y)]
        evaluated = [curve for curve in curves if curve.name != "batch"] or curves
        if not evaluated:
            return cls(100.0, False)
        peak = max(float(curve.y.max()) for curve in evaluated)
        lowest_end = min(float(curve.y[-1]) for curve in evaluated)
        wide = peak > 5 * max(lowest_end, 0.2)
        return cls(104.0 if wide else min(104.0, 1.08 * peak or 1.0), wide)

    def apply(self, axes: Axes, ticks: Sequence[float]) -> None:
        """Set the axis; `ticks` are those of a wide one."""
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        if self.wide:
            axes.set_yscale("symlog", linthresh=1.0, linscale=0.3)
            axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if tick <= self.top]))
            axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylim(0, self.top)


def _line_figure(
    series: Sequence[Series], title: str, kind: str, size: tuple[float, float], mark: float | None
) -> Figure:
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=size)
        axes = figure.add_axes((0.115, 0.14, 0.665, 0.75))
        curves = [curve.finite for curve in series if len(curve.finite.y)]
        _draw_curves(axes, curves, MAX_POINTS, width=1.5)
        dress(axes)
        figure.text(0.0, 0.94, title, fontsize=10, color=PALETTE["muted"])
        axes.set_xlabel("iteration", color=PALETTE["muted"], loc="right", labelpad=2)
        if kind == "loss":
            loss_axis(axes, curves)
        else:
            ErrorScale.of(curves).apply(axes, _ERROR_TICKS)
        _label_ends(axes, curves, "{:.2f} %" if kind == "error" else "{:.3g}")
        if mark is not None:
            axes.axvline(mark, color=PALETTE["muted"], linewidth=0.9, linestyle=(0, (3, 3)))
            axes.text(
                mark,
                1.01,
                "parts here",
                transform=axes.get_xaxis_transform(),
                fontsize=8,
                ha="center",
                color=PALETTE["muted"],
            )
    return figure


def _class_panel(axes: Axes, series: Sequence[Series], name: str, scale: ErrorScale) -> None:
    from matplotlib.ticker import MaxNLocator

    curves = [curve.finite for curve in series if len(curve.finite.y)]
    noisy = [Series(c.name, *average(c.x, c.y, PANEL_STRETCHES)) for c in curves if c.name == "batch"]
    _draw_curves(axes, [*noisy, *(c for c in curves if c.name != "batch")], 300, width=1.2)
    dress(axes, size=8)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    scale.apply(axes, (0, 1, 10, 100))
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold", color=PALETTE["ink"], pad=5)
    shown = next((c for wanted in ("test", "valid", "train") for c in curves if c.name == wanted), None)
    if shown is not None:
        text = f"{shown.y[-1]:.1f} %"
        axes.set_title(text, loc="right", fontsize=10, color=PALETTE[shown.name], pad=5)
    axes.xaxis.set_major_locator(MaxNLocator(2, integer=True, min_n_ticks=2))


def _draw_curves(axes: Axes, curves: Sequence[Series], limit: int, width: float) -> None:
    for curve in sorted(curves, key=lambda curve: curve.name != "batch"):
        x, y = thin(curve.x, curve.y, limit)
        faint = curve.name == "batch"
        axes.plot(
            x,
            y,
            color=PALETTE[curve.name],
            linewidth=(0.4 if len(x) > 300 else 0.7) if faint else width,
            marker="o" if len(x) == 1 else None,
            markersize=3 if faint else 5,
            solid_joinstyle="round",
        )
    if curves:
        left, right = min(c.x[0] for c in curves), max(c.x[-1] for c in curves)
        axes.set_xlim(left, right if right > left else left + 1)


def dress(axes: Axes, size: float = 9) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(PALETTE["batch"])
    axes.grid(axis="y", color=PALETTE["grid"], linewidth=0.7)
    axes.set_axisbelow(True)
    axes.patch.set_visible(False)
    axes.tick_params(length=0, labelsize=size, labelcolor=PALETTE["muted"], pad=4)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def loss_axis(axes: Axes, curves: Sequence[Series]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    values = np.concatenate([curve.y for curve in curves]) if curves else np.array([])
    if not len(values) or values.min() <= 0 or values.max() < 5 * values.min():
        return
    low, high = float(values.min()), float(values.max())
    axes.set_yscale("log")
    axes.set_ylim(low / 1.15, high * 1.15)
    narrow = high / low < 1e3
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,), numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _label_ends(axes: Axes, curves: Sequence[Series], number: str) -> None:
    """Name and last value at the right end of each curve, moved apart where they would overlap."""
    if not curves:
        axes.text(0.5, 0.5, "nothing was recorded", transform=axes.transAxes, ha="center", color=PALETTE["muted"])
        return
    to_fraction: Any = axes.transData + axes.transAxes.inverted()
    wanted = sorted((float(to_fraction.transform((c.x[-1], c.y[-1]))[1]), i) for i, c in enumerate(curves))
    for (_, index), height in zip(wanted, spread([height for height, _ in wanted], gap=0.075), strict=True):
        curve = curves[index]
        text = curve.name if curve.name == "batch" else f"{curve.name}  {number.format(curve.y[-1])}"
        colour = PALETTE["muted"] if curve.name == "batch" else PALETTE[curve.name]
        axes.text(1.02, height, text, transform=axes.transAxes, va="center", color=colour, fontsize=9.5)


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Rising heights in 0..1 moved as little as needed until neighbours stand `gap` apart.

    >>> [round(height, 3) for height in spread([0.5, 0.5], gap=0.1)]
    [0.5, 0.6]
    """
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else max(height, 0.02))
    if placed and placed[-1] > 1.0:
        placed[-1] = 1.0
        for index in range(len(placed) - 2, -1, -1):
            placed[index] = min(placed[index], placed[index + 1] - gap)
    return placed
