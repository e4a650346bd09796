"""Figures: thinning keeps what matters, labels do not overlap, files are whole and repeatable."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handgrad.plots import (
    PALETTE,
    ErrorScale,
    Series,
    average,
    class_grid_figure,
    confusion_figure,
    error_figure,
    loss_figure,
    save_figure,
    spread,
    thin,
)


def series(name: str, y: list[float]) -> Series:
    return Series(name, np.arange(len(y), dtype=np.float64), np.array(y, dtype=np.float64))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6000), st.integers(0, 2**32 - 1))
def test_thinning_keeps_ends_and_extremes_in_order(count: int, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=count)
    x = np.arange(count)
    xs, ys = thin(x, y)
    assert len(xs) <= 1000
    assert np.all(np.diff(xs) > 0)
    assert (xs[0], xs[-1]) == (0, count - 1)
    assert (ys.min(), ys.max()) == (y.min(), y.max())
    np.testing.assert_array_equal(ys, y[xs.astype(int)])
    if count <= 1000:
        assert len(xs) == count


def test_thinning_keeps_the_extremes_of_every_stretch() -> None:
    y = np.zeros(10_000)
    spikes = np.arange(37, 10_000, 400)
    y[spikes] = 1 + np.arange(len(spikes))
    xs, ys = thin(np.arange(10_000), y)
    assert set(spikes) <= set(xs.astype(int))
    assert sorted(ys[ys > 0]) == sorted(y[spikes])


def test_thinning_leaves_out_what_is_not_a_number() -> None:
    y = np.full(5000, np.nan)
    y[2500] = 3.0
    xs, ys = thin(np.arange(5000), y)
    assert 2500 in xs
    assert np.nanmax(ys) == 3.0


def test_panels_average_the_noise_and_leave_out_what_is_missing() -> None:
    y = np.tile([0.0, 100.0], 3000)
    y[::6] = np.nan
    xs, ys = average(np.arange(6000), y, limit=60)
    assert len(xs) == 60
    assert np.all(np.diff(xs) > 0)
    np.testing.assert_allclose(ys, 60.0, atol=1.0)  # of six points two are 0, three are 100, one is missing


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_labels_stand_apart_and_keep_their_order(heights: list[float]) -> None:
    placed = spread(sorted(heights), gap=0.07)
    assert all(b - a >= 0.07 - 1e-9 for a, b in pairwise(placed))
    assert max(placed) <= 1.0


def test_the_loss_axis_is_logarithmic_only_where_that_helps() -> None:
    assert loss_figure([series("test", [2.3, 0.1, 0.01])]).axes[0].get_yscale() == "log"
    assert loss_figure([series("test", [2.3, 2.1, 2.0])]).axes[0].get_yscale() == "linear"
    assert loss_figure([series("test", [2.3, 0.0])]).axes[0].get_yscale() == "linear"


def test_error_axes_begin_at_nought_and_show_everything() -> None:
    axes = error_figure([series("batch", [90, 100, 0]), series("test", [90, 10, 2.5])]).axes[0]
    assert axes.get_yscale() == "symlog"
    low, high = axes.get_ylim()
    assert low == 0
    assert high >= 100
    assert ErrorScale.of([series("test", [60, 50])]).wide is False
    assert ErrorScale.of([]).top == 100


def test_labels_tell_name_and_last_value() -> None:
    texts = [text.get_text() for text in error_figure([series("test", [90.0, 2.76])]).axes[0].texts]
    assert texts == ["test  2.76 %"]


def test_figures_of_nothing_say_so() -> None:
    texts = [text.get_text() for text in loss_figure([series("test", [float("nan")])]).axes[0].texts]
    assert texts == ["nothing was recorded"]


@pytest.mark.parametrize("classes", [1, 3, 10, 26])
def test_class_grids_have_a_panel_a_class(classes: int) -> None:
    panels = [(f"class {i}", [series("test", [50.0, 5.0])]) for i in range(classes)]
    figure = class_grid_figure(panels, ErrorScale.of([c for _, curves in panels for c in curves]))
    assert sum(axes.axison for axes in figure.axes) == classes


def test_saved_files_are_whole_and_repeatable(tmp_path: Path) -> None:
    matrix = np.array([[5, 1], [0, 6]])
    paths = save_figure(confusion_figure(matrix, ["<a>", "$b$"]), tmp_path, "confusion", ("svg", "png", "pdf"))
    first = [path.read_bytes() for path in paths]
    save_figure(confusion_figure(matrix, ["<a>", "$b$"]), tmp_path, "confusion", ("svg", "png", "pdf"))
    assert [path.read_bytes() for path in paths] == first
    assert b"&lt;a&gt;" in first[0]
    assert b"$b$" in first[0]
    assert Image.open(paths[1]).size[0] > 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["confusion.pdf", "confusion.png", "confusion.svg"]


def test_the_palette_keeps_its_contrast_on_paper() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for name in ("ink", "muted", "train", "valid", "test"):
        assert 1.05 / (luminance(PALETTE[name]) + 0.05) >= 4.5, name  # WCAG AA for text on white
