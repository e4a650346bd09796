"""The page of a sweep: its points compared, beside what was published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.compare import Point, compare_points, points_of_sweep
from handgrad.report import words
from handgrad.report.comparison import write_comparison
from handgrad.report.published import Published, find_published
from handgrad.report.wording import wording_of

if TYPE_CHECKING:
    from handgrad.sweep import SweepResult


def write_sweep_report(result: SweepResult) -> Path:
    """Draw a sweep's page, `report.html` in its folder: one file that opens offline.

    Args:
        result: from `run_sweep` or `load_sweep`.

    Returns:
        the page's path.

    Raises:
        SaveError: if it cannot be written.
    """
    published = find_published(result.name)
    comparison = compare_points(result.name, result.title, points_of_sweep(result), wording_of(result.name))
    rows = [published_row(published, point) for point in comparison.points] if published and published.points else []
    return write_comparison(
        comparison, result.folder, "report.html", of_sweep=True, published=published, published_rows=rows
    )


def published_row(published: Published | None, point: Point) -> dict[str, Any]:
    """What was printed for a point of the grid."""
    found = next((p for p in (published.points if published else []) if p.value == point.value), None)
    return {
        "test": words.percent(found.test_accuracy if found else None),
        "loss": words.loss(found.test_loss if found else None),
        "seconds": words.duration(found.seconds if found else None),
    }
