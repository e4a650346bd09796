"""The parts of a comparison's page: tables, heat map, curves laid over each other, and what differs between runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from handgrad import __version__, plots, plots_compare
from handgrad.compare.grid import Cell, HeatMap, heat_map
from handgrad.compare.judgement import Comparison, Judged
from handgrad.compare.points import Point
from handgrad.compare.statistics import POWER, estimate
from handgrad.report import words
from handgrad.report.comparison_curves import panels
from handgrad.report.findings import findings, gap_of, headline, probability
from handgrad.report.html import make_environment, make_folder, page_style
from handgrad.settings import key_names, value_name
from handgrad.storage import save_bytes

if TYPE_CHECKING:
    from handgrad.runs import Run

Section = dict[str, Any]
_VERDICTS = {
    "best": "best",
    "worse": "worse, more than chance",
    "better": "better, more than chance",
    "alone": "only uncorrected",
    "not told apart": "within chance",
    "one trial": "not tested",
    "not measured": words.MISSING,
}


def write_comparison(
    comparison: Comparison, folder: Path, name: str = "compare.html", of_sweep: bool = False, **extra: Any
) -> Path:
    """Draw the page of a comparison: one HTML file that opens offline, its figures beside it in `figures/`.

    Args:
        comparison: from `handgrad.compare`.
        folder: where the page goes; made if need be.
        name: the page's file name.
        of_sweep: the points' names say already what differs between their settings.
        extra: `published` (of `Published`) and `published_rows` for a sweep's page.

    Returns:
        the page's path.

    Raises:
        SaveError: if the folder cannot be written.
    """
    figures = make_folder(folder / "figures")
    grid = heat_map(comparison)
    context: dict[str, Any] = {
        "title": comparison.title,
        "name": comparison.name,
        "varied": list(key_names(comparison.keys, comparison.wording).values()),
        "verdict": headline(comparison),
        "notes": comparison.notes,
        "grid": None if grid is None else heat_table(grid, figures),
        "findings": findings(comparison),
        "rows": [result_row(judged) for judged in comparison.judged],
        "differences": difference_rows(comparison),
        "method": method(comparison),
        "panels": panels(comparison, figures),
        "settings": settings_table(comparison) if not of_sweep else None,
        "trials": [trial_row(p, number, run) for p in comparison.points for number, run in p.trials],
        "published": None,
        "published_rows": [],
        "folder": folder.resolve().name,
        "css": page_style() + compare_style(),
        "version": __version__,
    }
    page = make_environment().get_template("compare.html.j2").render(context | extra)
    path = folder / name
    save_bytes(path, page.encode("utf-8"))
    return path


def compare_style() -> Markup:
    """What a comparison's page needs beyond the style sheet of every page."""
    return Markup((Path(__file__).parent / "templates" / "compare.css").read_text("utf-8"))


# ------------------------------------------------------------------------------------------------ tables


def result_row(judged: Judged) -> Section:
    """What a point's finished trials came to, means over them."""
    point = judged.point
    others = [state for state in dict.fromkeys(point.states) if state != "done"]
    return {
        "label": point.label,
        "best": judged.verdict == "best",
        "states": ", ".join(f"{point.count(s)} {s}" if point.count(s) < len(point.states) else s for s in others),
        "trials": len(point.runs),
        "train": _right(point.values("train_error")),
        "valid": _right(point.values("valid_error")),
        "test": _right(point.values("test_error")),
        "spread": _spread(point.values("test_error")),
        "loss": words.loss(_mean(point.values("test_loss"))),
        "penalty": words.loss(_mean(point.values("penalty"))),
        "seconds": words.duration(_mean(point.values("seconds"))),
    }


def difference_rows(comparison: Comparison) -> list[Section]:
    """Every point against the best: difference, interval, corrected p, and how many trials would tell them apart."""
    measure, rows = comparison.measure, []
    for judged in comparison.judged:
        test, found = judged.test, judged.estimate
        interval = words.MISSING
        if test is not None and test.low is not None:
            interval = f"{gap_of(measure, test.low)} to {gap_of(measure, test.high)}"
        needed = words.MISSING
        if judged.verdict in ("not told apart", "alone") and test is not None and test.difference:
            needed = "> 1,000" if judged.needed is None else f"{judged.needed:,}"
        rows.append(
            {
                "label": judged.point.label,
                "best": judged.verdict == "best",
                "mean": words.MISSING if found is None else shown(measure, found.mean),
                "interval_of_mean": words.MISSING
                if found is None or found.low is None or found.high is None
                else f"{shown(measure, max(0.0, found.low))} to {shown(measure, found.high)}",
                "difference": words.MISSING if test is None else gap_of(measure, test.difference),
                "interval": interval,
                "p": words.MISSING if judged.corrected is None else probability(judged.corrected).removeprefix("= "),
                "verdict": _VERDICTS[judged.verdict],
                "needed": needed,
            }
        )
    return rows


def shown(measure: str, value: float) -> str:
    """A measure as a table shows it: errors in percent."""
    return words.percent(value) if measure.endswith("_error") else words.loss(value)


def method(comparison: Comparison) -> str:
    """How the table of differences was made, for who wants to check it."""
    what = "test error" if comparison.measure == "test_error" else comparison.measure.replace("_", " ")
    text = f"Means and differences of the {what}; trials with the same number are paired, for they share their seeds. "
    if not comparison.method:
        return f"{text}With fewer than two trials in common nothing is tested."
    text += f"Test: {comparison.method}. Intervals are Student’s, 95 %, each by itself. "
    if comparison.pairs > 1:
        text += "All pairs count, because the best point was picked by looking at all of them. "
    level = f"5 %/{comparison.pairs}" if comparison.pairs > 1 else "5 %"
    text += f"Trials needed: for a power of {100 * POWER:.0f} % at level {level} (noncentral t), "
    return f"{text}if the difference and its spread are as seen."


def settings_table(comparison: Comparison) -> Section | None:
    """What differs between the points' configs, and nothing else; None for one point."""
    if len(comparison.points) < 2 or not comparison.keys:
        return None
    rows = []
    for key in comparison.keys:
        values = [value_name(key, point.settings[key], comparison.wording) for point in comparison.points]
        rows.append({"key": key, "values": values})
    heads = [point.name or str(number) for number, point in enumerate(comparison.points, start=1)]
    return {"heads": heads, "rows": rows}


def trial_row(point: Point, number: int, run: Run) -> dict[str, str]:
    """One trial: its state, its cause of failure, its error, and where it lies."""
    return {
        "label": point.label,
        "trial": str(number),
        "state": run.state,
        "error": words.percent(run.summary.get("test_error")),
        "folder": run.folder.name,
        "cause": str(run.status.get("cause") or ""),
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _right(errors: Sequence[float]) -> str:
    mean = _mean(errors)
    return words.percent(None if mean is None else 1 - mean)


def _spread(errors: Sequence[float]) -> str:
    deviation = estimate(errors).deviation if errors else None
    return words.MISSING if deviation is None else f"{100 * deviation:.2f}"


# ------------------------------------------------------------------------------------------------ heat map


def heat_table(grid: HeatMap, folder: Path) -> Section:
    """The heat map as a table of the page, and drawn into `figures/heat-map`."""
    plots.save_figure(plots_compare.heat_map_figure(grid), folder, "heat-map")
    rows = [
        {"name": name, "cells": [_heat_cell(grid, cell) for cell in cells]}
        for name, cells in zip(grid.rows, grid.cells, strict=True)
    ]
    return {
        "row_name": grid.row_name,
        "column_name": grid.column_name,
        "columns": grid.columns,
        "rows": rows,
        "percent": grid.measure.endswith("_error"),
        "set": grid.measure.partition("_")[0],
        "frozen": grid.frozen,
        "lost": any(cell.lost for cells in grid.cells for cell in cells),
    }


def _heat_cell(grid: HeatMap, cell: Cell) -> Section:
    percent = grid.measure.endswith("_error")
    figure = spread = ""
    if cell.mean is not None:
        figure = f"{100 * (1 - cell.mean):.1f}" if percent else words.loss(cell.mean)
    if cell.deviation is not None:
        spread = f"± {100 * cell.deviation:.1f}" if percent else f"± {words.loss(cell.deviation)}"
    lost = ""
    if cell.lost:
        lost = cell.state if cell.lost == cell.trials else f"{cell.lost} of {cell.trials} {cell.state}"
    return {
        "figure": figure,
        "spread": spread,
        "lost": lost or ("" if cell.judged else cell.state),
        "best": cell.best,
        "shade": round(100 * plots_compare.shade(grid, cell.mean)),
    }
