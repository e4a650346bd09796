"""The page of a sweep: every point of the grid beside what was published, its curves, and what the numbers say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad import __version__, plots
from handgrad.plots import Series
from handgrad.report import words
from handgrad.report.findings import Point, findings
from handgrad.report.html import make_environment, make_folder, page_style
from handgrad.report.published import Published, PublishedPoint, find_published
from handgrad.report.svg import inline_svg
from handgrad.storage import save_bytes

if TYPE_CHECKING:
    from handgrad.sweep import SweepResult


def write_sweep_report(result: SweepResult) -> Path:
    """Draw a sweep's page, `report.html` in its folder: one file that opens offline.

    Args:
        result: from `run_sweep`.

    Returns:
        the page's path.

    Raises:
        SaveError: if it cannot be written.
    """
    published = find_published(result.name)
    points = gather_points(result)
    sampled = any(run.summary.get("data", {}).get("sampled") for _, run in result.trials)
    page = (
        make_environment()
        .get_template("sweep.html.j2")
        .render(
            title=result.title,
            name=result.name,
            folder=result.folder.name,
            sampled=sampled,
            findings=findings(points),
            varied=_varied(result),
            rows=[_row(point, _published_point(published, point)) for point in points],
            published=published if published and published.points else None,
            panels=_panels(points, make_folder(result.folder / "figures")),
            trials=[_trial_row(trial, run) for trial, run in result.trials],
            css=page_style(),
            version=__version__,
        )
    )
    path = result.folder / "report.html"
    save_bytes(path, page.encode("utf-8"))
    return path


def gather_points(result: SweepResult) -> list[Point]:
    """The points of the grid in its order, each with its finished runs."""
    points: list[Point] = []
    for trial, run in result.trials:
        if not points or points[-1].settings != trial.settings:
            points.append(Point(trial.settings, {}, []))
        points[-1].states.append(run.state)
        if run.summary:
            points[-1].runs[trial.seed] = run
    return points


def _varied(result: SweepResult) -> list[str]:
    return [key.split(",")[0] for key in result.trials[0][0].settings] if result.trials else []


def _published_point(published: Published | None, point: Point) -> PublishedPoint | None:
    return next((p for p in (published.points if published else []) if p.value == point.value), None)


def _row(point: Point, published: PublishedPoint | None) -> dict[str, Any]:
    errors, accuracy = point.values("test_error"), None if published is None else published.test_accuracy
    return {
        "label": point.label,
        "seeds": len(point.runs),
        "states": ", ".join(s for s in dict.fromkeys(point.states) if s != "done"),
        "train": _mean_accuracy(point.values("train_error")),
        "test": _mean_accuracy(errors),
        "spread": words.percent(float(np.std(errors, ddof=1))) if len(errors) > 1 else words.MISSING,
        "loss": words.loss(_mean(point.values("test_loss"))),
        "penalty": words.loss(_mean(point.values("penalty"))),
        "seconds": words.duration(_mean(point.values("seconds"))),
        "published_test": words.percent(accuracy),
        "published_loss": words.loss(published.test_loss if published else None),
        "published_seconds": words.duration(published.seconds if published else None),
    }


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _mean_accuracy(errors: Sequence[float]) -> str:
    return words.percent(1 - float(np.mean(errors)) if len(errors) else None)


def _panels(points: Sequence[Point], folder: Path) -> list[dict[str, Any]]:
    """Two small figures a point: loss and error by iteration, means over its runs."""
    panels = []
    for number, point in enumerate(points):
        figures = []
        for quantity, factor, draw in (("loss", 1.0, plots.loss_figure), ("error", 100.0, plots.error_figure)):
            series = [s for name in ("train", "valid", "test") if (s := _mean_curve(point, name, quantity, factor))]
            if not series:
                continue
            figure = draw(series) if quantity == "loss" else plots.error_figure(series, "error, %")
            plots.save_figure(figure, folder, f"point-{number}-{quantity}")
            figures.append(inline_svg(figure, f"point-{number}-{quantity}", f"{quantity} of {point.label}"))
        if figures:
            panels.append({"label": point.label, "figures": figures})
    return panels


def _mean_curve(point: Point, name: str, quantity: str, factor: float) -> Series | None:
    """The mean over runs at the iterations that all of them evaluated."""
    key = f"{name}_{quantity}"
    curves = [{m["iteration"]: m[key] for m in run.metrics if m.get(key) is not None} for run in point.runs.values()]
    shared = sorted(set.intersection(*map(set, curves))) if curves else []
    if not shared:
        return None
    means = [factor * float(np.mean([curve[i] for curve in curves])) for i in shared]
    return Series(name, np.array(shared, dtype=np.float64), np.array(means))


def _trial_row(trial: Any, run: Any) -> dict[str, str]:
    return {
        "label": Point(trial.settings, {}, []).label,
        "seed": str(trial.seed),
        "state": run.state,
        "error": words.percent(run.summary.get("test_error")),
        "folder": run.folder.name,
        "cause": str(run.status.get("cause", "")),
    }
