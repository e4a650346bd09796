"""Figures of a comparison: curves laid over each other with their bands, a heat map, someone's log on a band.

As in plots.py every function returns a Figure of its own. `LINES` holds the colours of curves that are told apart by
name only; `compare.css` gives each its variant for dark pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from handgrad.compare.bands import Band
from handgrad.compare.grid import HeatMap
from handgrad.plots import PALETTE, ErrorScale, Series, dress, loss_axis, spread, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Hues of Okabe and Ito (2008), the light ones darkened until they can be read on white.
LINES = ("#0b62a4", "#c84a02", "#0a7c58", "#a3488a", "#8a6d00", "#2b91c4", "#5b4bb3", "#7a3b1f")
MAX_LINES = len(LINES)
_ERROR_TICKS = (0, 1, 2, 5, 10, 20, 50, 100)
_HEIGHT = 3.3


def overlay_figure(bands: Sequence[Band], title: str, kind: str, axis: str = "iteration") -> Figure:
    """Curves laid over each other, each a mean in its band, named at its end.

    Args:
        bands: at most `MAX_LINES`, in the order of the grid.
        title: of the upright axis.
        kind: "error" (in percent) or "loss".
        axis: what runs along: iteration or epoch.
    """
    from matplotlib.figure import Figure

    shown = bands[:MAX_LINES]
    number = "{:.2f} %" if kind == "error" else "{:.3g}"
    labels = [f"{band.name}: {number.format(band.mean[-1])}" for band in shown]
    width, left, inner = _widths(labels)
    with style():
        figure = Figure(figsize=(width, _HEIGHT))
        axes = figure.add_axes((left / width, 0.13, inner / width, 0.77))
        for band, colour in zip(shown, LINES, strict=False):
            axes.fill_between(band.x, band.low, band.high, color=colour, alpha=0.12, linewidth=0)
            axes.plot(band.x, band.mean, color=colour, linewidth=1.5, marker="o" if len(band.x) == 1 else None)
        dress(axes)
        _scale(axes, shown, kind)
        _along(axes, shown, axis)
        figure.text(0.0, 0.95, title, fontsize=10, color=PALETTE["muted"])
        _name_ends(axes, [band.mean[-1] for band in shown], labels, LINES)
    return figure


def on_track_figure(reference: Band, own: Series, title: str, kind: str) -> Figure:
    """Someone's curve on the band of a reference experiment, by iteration."""
    from matplotlib.figure import Figure

    curve = own.finite
    number = "{:.2f} %" if kind == "error" else "{:.3g}"
    last = curve.y[-1] if len(curve.y) else float("nan")
    labels = [f"reference: {number.format(reference.mean[-1])}", f"yours: {number.format(last)}"]
    width, left, inner = _widths(labels)
    colours = (PALETTE["muted"], PALETTE["test"])
    with style():
        figure = Figure(figsize=(width, _HEIGHT))
        axes = figure.add_axes((left / width, 0.13, inner / width, 0.77))
        axes.fill_between(reference.x, reference.low, reference.high, color=colours[0], alpha=0.22, linewidth=0)
        axes.plot(reference.x, reference.mean, color=colours[0], linewidth=1.2)
        axes.plot(curve.x, curve.y, color=colours[1], linewidth=1.8, marker="o" if len(curve.x) < 30 else None, ms=3.5)
        dress(axes)
        mine = Band("yours", curve.x, curve.y, curve.y, curve.y, 1)
        _scale(axes, [reference, mine] if len(curve.y) else [reference], kind)
        _along(axes, [reference, mine] if len(curve.y) else [reference], "iteration")
        figure.text(0.0, 0.95, title, fontsize=10, color=PALETTE["muted"])
        ends = [reference.mean[-1], last] if len(curve.y) else [reference.mean[-1]]
        _name_ends(axes, ends, labels[: len(ends)], colours)
    return figure


def heat_map_figure(grid: HeatMap) -> Figure:
    """Mean figures by row and column; the darker the better; what diverged or failed is hatched and says so."""
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    percent = grid.measure.endswith("error")
    cell_width, cell_height = 0.86, 0.5
    left = 0.5 + 0.085 * max(map(len, grid.rows))
    width, height = left + cell_width * len(grid.columns) + 0.1, cell_height * len(grid.rows) + 0.85
    paper, best = np.array(to_rgb(PALETTE["paper"])), np.array(to_rgb(PALETTE["train"]))
    with style():
        figure = Figure(figsize=(width, height))
        inner = (left / width, 0.75 / height, 1 - (left + 0.1) / width, 1 - 0.85 / height)
        axes = figure.add_axes(inner)
        for r, row in enumerate(grid.cells):
            for c, cell in enumerate(row):
                share = shade(grid, cell.mean)
                fill = paper + (best - paper) * 0.62 * share if cell.mean is not None else paper
                hatch = "////" if cell.lost else None
                axes.add_patch(Rectangle((c, r), 1, 1, facecolor=fill, edgecolor=PALETTE["batch"], lw=0.4, hatch=hatch))
                text = "" if cell.mean is None else f"{100 * (1 - cell.mean):.1f}" if percent else f"{cell.mean:.3g}"
                if cell.lost:
                    text = f"{text}\n{cell.state}".strip()
                weight = "bold" if cell.best else "normal"
                axes.text(c + 0.5, r + 0.5, text, ha="center", va="center", fontsize=8, fontweight=weight)
        axes.set_xlim(0, len(grid.columns))
        axes.set_ylim(len(grid.rows), 0)
        axes.set_xticks(np.arange(len(grid.columns)) + 0.5, grid.columns, fontsize=8)
        axes.set_yticks(np.arange(len(grid.rows)) + 0.5, grid.rows, fontsize=8)
        axes.set_xlabel(grid.column_name, color=PALETTE["muted"])
        axes.set_ylabel(grid.row_name, color=PALETTE["muted"])
        axes.tick_params(length=0, colors=PALETTE["muted"])
        axes.spines[:].set_visible(False)
    return figure


def shade(grid: HeatMap, figure: float | None) -> float:
    """How good a figure is among those of the map, 0 (the worst) to 1 (the best).

    The square root spreads the good ones, among which a reader looks for differences.
    """
    low, high = grid.span
    if figure is None or high <= low:
        return 0.0
    return 1 - float(np.sqrt((figure - low) / (high - low)))


def _widths(labels: Sequence[str]) -> tuple[float, float, float]:
    """Inches of the figure, of its left margin and of its axes, leaving the labels their room on the right."""
    left, room = 0.5, 0.12 + 0.082 * max(map(len, labels), default=0)
    return 4.9 + max(0.0, room - 1.3), left, 4.9 + max(0.0, room - 1.3) - left - room


def _scale(axes: Axes, bands: Sequence[Band], kind: str) -> None:
    curves = [Series(band.name, band.x, values) for band in bands for values in (band.low, band.mean, band.high)]
    if kind == "loss":
        loss_axis(axes, curves)
    else:
        ErrorScale.of(curves).apply(axes, _ERROR_TICKS)


def _along(axes: Axes, bands: Sequence[Band], axis: str) -> None:
    left, right = min(band.x[0] for band in bands), max(band.x[-1] for band in bands)
    axes.set_xlim(left, right if right > left else left + 1)
    axes.set_xlabel(axis, color=PALETTE["muted"], loc="right", labelpad=2)


def _name_ends(axes: Axes, ends: Sequence[float], labels: Sequence[str], colours: Sequence[str]) -> None:
    """Names at the right edge, at the heights of the curves' ends, moved apart where they would overlap."""
    to_fraction = axes.transData + axes.transAxes.inverted()
    right = axes.get_xlim()[1]
    heights: NDArray[np.float64] = np.array([to_fraction.transform((right, end))[1] for end in ends])
    order = np.argsort(heights, kind="stable")
    for index, height in zip(order, spread([float(heights[i]) for i in order], gap=0.072), strict=True):
        axes.text(
            1.02, height, labels[index], transform=axes.transAxes, va="center", color=colours[index], fontsize=9.5
        )
