"""The curves of a comparison's page: points that differ in one key alone, laid over each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from handgrad import plots, plots_compare
from handgrad.compare.bands import Band, alike_but_one, band_of_point, progress_axis
from handgrad.compare.grid import heat_map
from handgrad.compare.judgement import Comparison
from handgrad.compare.points import Point
from handgrad.report.svg import inline_svg
from handgrad.settings import key_names, value_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_ROWS = 8
_COLOURS = {colour: f"var(--line-{number})" for number, colour in enumerate(plots_compare.LINES)}
_COLOUR = re.compile("|".join(_COLOURS), re.IGNORECASE)
_NAMES = {"test": "test", "valid": "validation", "train": "training"}
_QUANTITIES = [(which, quantity) for quantity in ("error", "loss") for which in ("test", "train")]


@dataclass(frozen=True)
class Canvas:
    """A comparison being drawn: what runs along the axis, where figures are saved and in which formats."""

    comparison: Comparison
    axis: str
    folder: Path
    formats: Sequence[str]

    def name(self, key: str) -> str:
        """What a key is called."""
        return key_names(self.comparison.keys, self.comparison.wording)[key]

    def setting(self, key: str, value: Any) -> str:
        """A key with its value."""
        return f"{self.name(key)} {value_name(key, value, self.comparison.wording)}"


def panels(comparison: Comparison, folder: Path, formats: Sequence[str] = ("svg", "png")) -> list[dict[str, Any]]:
    """Curves laid over each other, a panel a key: the points that differ from the best in that key alone.

    Args:
        comparison: from `handgrad.compare`.
        folder: where the figures are saved too.
        formats: in which.

    Returns:
        heading, figures (markup) and caption of each panel.
    """
    best = comparison.best
    if best is None:
        return []
    canvas = Canvas(comparison, progress_axis(comparison.points), folder, formats)
    if any(point.name for point in comparison.points) or len(comparison.points) == 1:
        return [_panel(canvas, "", comparison.points, "all", _QUANTITIES)]
    found = []
    for number, key in enumerate(comparison.keys):
        members = [p for p in alike_but_one(comparison.points, best.point, key) if p.runs]
        if len(members) > 1:
            heading = f"By {canvas.name(key)}{_all_else(canvas, best.point, key)}"
            found.append(_panel(canvas, heading, _named_by(canvas, members, key), f"key-{number}", _QUANTITIES))
    if not found:
        found = [_panel(canvas, "The points side by side", comparison.points, "all", _QUANTITIES)]
    return found + _rows(canvas)


def inline(figure: Figure, name: str, description: str) -> Markup:
    """A figure as markup, the colours of its lines as variables of `compare.css`."""
    return Markup(_COLOUR.sub(lambda found: _COLOURS[found.group().lower()], inline_svg(figure, name, description)))


def _all_else(canvas: Canvas, centre: Point, key: str) -> str:
    rest = [canvas.setting(other, value) for other, value in centre.settings.items() if other != key]
    return f", all else as in the best point ({', '.join(rest)})" if rest else ""


def _named_by(canvas: Canvas, points: Sequence[Point], key: str) -> list[Point]:
    """The same points, named by their value of one key."""
    return [replace(point, name=canvas.setting(key, point.settings[key])) for point in points]


def _rows(canvas: Canvas) -> list[dict[str, Any]]:
    """For two keys the curves of every row of the heat map."""
    grid = heat_map(canvas.comparison)
    if grid is None or len(grid.rows) > MAX_ROWS:
        return []
    column_key = canvas.comparison.keys[1]
    which, _, quantity = canvas.comparison.measure.partition("_")
    figures = []
    for number, cells in enumerate(grid.cells):
        members = [cell.judged.point for cell in cells if cell.judged is not None and cell.judged.point.runs]
        title = f"{grid.row_name} {grid.rows[number]}: "
        named = _named_by(canvas, members, column_key)
        figures += _panel(canvas, "", named, f"row-{number}", [(which, quantity)], title)["figures"]
    heading = f"By {grid.column_name}, for each {grid.row_name}"
    return [{"heading": heading, "figures": figures, "caption": ""}] if len(figures) > 1 else []


def _panel(
    canvas: Canvas,
    heading: str,
    members: Sequence[Point],
    name: str,
    quantities: Sequence[tuple[str, str]],
    title: str = "",
) -> dict[str, Any]:
    """One figure a quantity; of more points than can be told apart the best ones."""
    finished = [point for point in members if point.runs]
    measure = canvas.comparison.measure
    ranked = sorted(range(len(finished)), key=lambda i: _mean(finished[i].values(measure)))
    drawn = [finished[i] for i in sorted(ranked[: plots_compare.MAX_LINES])]
    figures, trials = [], 0
    for which, quantity in quantities:
        factor, unit = (100.0, ", %") if quantity == "error" else (1.0, " per image")
        found = [band_of_point(point, f"{which}_{quantity}", canvas.axis, factor) for point in drawn]
        bands = [band for band in found if band is not None]
        if not bands:
            continue
        trials = max(trials, *(band.trials for band in bands))
        label = f"{title}{_NAMES[which]} {quantity}{unit}"
        figure, file = plots_compare.overlay_figure(bands, label, quantity, canvas.axis), f"{name}-{which}-{quantity}"
        plots.save_figure(figure, canvas.folder, file, canvas.formats)
        figures.append(inline(figure, file, f"{label}, by {canvas.axis}; last values: {_ends(bands)}"))
    caption = f"The {len(drawn)} best of {len(finished)} are drawn. " if len(drawn) < len(finished) else ""
    caption += "Lines are means over the trials, bands reach from the lowest to the highest." if trials > 1 else ""
    return {"heading": heading, "figures": figures, "caption": caption}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("inf")


def _ends(bands: Sequence[Band]) -> str:
    return ", ".join(f"{band.name} {band.mean[-1]:.3g}" for band in bands)
