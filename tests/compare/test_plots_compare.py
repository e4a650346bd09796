"""Figures of a comparison: what is drawn, what is named, what the shades mean."""

import numpy as np
import pytest
from made_runs import made_point
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from handgrad.compare import compare_points
from handgrad.compare.bands import Band
from handgrad.compare.grid import heat_map
from handgrad.plots import PALETTE, Series
from handgrad.plots_compare import LINES, MAX_LINES, heat_map_figure, on_track_figure, overlay_figure, shade


def band(name: str, level: float) -> Band:
    x = np.arange(50.0)
    mean = level + 50 / (1 + x)
    return Band(name, x, mean, 0.9 * mean, 1.1 * mean, 3)


def texts(axes: object) -> list[str]:
    return [text.get_text() for text in axes.texts]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["error", "loss"])
def test_every_curve_is_named_at_its_end_in_its_colour(kind: str) -> None:
    axes = overlay_figure([band("units 5", 2.0), band("units 9", 4.0)], "test error, %", kind).axes[0]
    named = {text.get_text().partition(":")[0]: text.get_color() for text in axes.texts}
    assert named == {"units 5": LINES[0], "units 9": LINES[1]}
    assert [line.get_color() for line in axes.lines] == list(LINES[:2])
    assert len(axes.collections) == 2


def test_names_at_the_ends_do_not_overlap_and_long_ones_fit() -> None:
    figure = overlay_figure([band(f"a rather long name {i}", 2.0 + i / 1000) for i in range(8)], "x", "error")
    heights = sorted(text.get_position()[1] for text in figure.axes[0].texts)
    assert min(np.diff(heights)) > 0.07
    renderer = FigureCanvasAgg(figure).get_renderer()
    right = max(text.get_window_extent(renderer).x1 for text in figure.axes[0].texts)
    assert right <= figure.bbox.x1 * 1.02


def test_no_more_curves_than_can_be_told_apart() -> None:
    assert len(overlay_figure([band(str(i), i) for i in range(12)], "x", "loss").axes[0].lines) == MAX_LINES


def test_an_own_curve_that_is_not_finite_is_drawn_as_far_as_it_is() -> None:
    reference = band("reference", 2.0)
    own = Series("yours", reference.x, np.where(reference.x < 20, reference.mean, np.nan))
    axes = on_track_figure(reference, own, "x", "loss").axes[0]
    assert axes.lines[1].get_xdata()[-1] == 19
    empty = on_track_figure(reference, Series("yours", own.x, np.full(50, np.nan)), "x", "loss").axes[0]
    assert len(texts(empty)) == 1


def test_the_heat_map_says_what_diverged_and_marks_the_best() -> None:
    errors = {(0, 0): [0.5, 0.5], (0, 1): [0.1, 0.1], (1, 0): [None, None], (1, 1): [0.2, None]}
    points = [made_point({"a": a, "b": b}, values) for (a, b), values in errors.items()]
    grid = heat_map(compare_points("x", "X", points))
    assert grid is not None
    axes = heat_map_figure(grid).axes[0]
    assert texts(axes) == ["50.0", "90.0", "diverged", "80.0\ndiverged"]
    assert [patch.get_hatch() for patch in axes.patches] == [None, None, "////", "////"]
    assert [text.get_fontweight() for text in axes.texts] == ["normal", "bold", "normal", "normal"]
    assert to_hex(axes.patches[0].get_facecolor()) == PALETTE["paper"]
    assert (shade(grid, 0.5), shade(grid, 0.1), shade(grid, None)) == (0.0, 1.0, 0.0)
