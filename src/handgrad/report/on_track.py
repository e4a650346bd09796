"""Someone's own log against a reference experiment: the verdict in words, the page, the table."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from handgrad import __version__, plots, plots_compare
from handgrad.compare.bands import thin_band
from handgrad.compare.track import Track, TrackedCurve, prediction_band
from handgrad.errors import UsageError
from handgrad.plots import Series
from handgrad.report import words
from handgrad.report.comparison import compare_style, shown
from handgrad.report.comparison_curves import inline
from handgrad.report.comparison_table import FORMATS, escape_markdown
from handgrad.report.html import make_environment, make_folder, page_style
from handgrad.report.latex import escape_latex
from handgrad.run_folder import new_run_name
from handgrad.storage import save_bytes, without_nan

MAX_ROWS = 12
_NAMES = {"test": "test", "valid": "validation", "train": "training"}
_HEADS = ("Iteration", "Yours", "Reference", "Band", "Place")


def headline(track: Track) -> str:
    """The verdict in plain words, with the numbers it rests on."""
    curve = track.decisive
    name = measure_name(curve.measure)
    place = curve.telling
    here = f"at iteration {curve.x[place]:,.0f} your {name} is {shown(curve.measure, float(curve.own[place]))}"
    expected = f"one more run of the reference is expected between {_ends(curve, place)}"
    since = "" if curve.since is None or curve.since == curve.x[0] else f" from iteration {curve.since:,.0f}"
    if track.verdict == "diverges":
        if np.isinf(curve.own).any():
            return f"It diverges: your {name} is no longer a finite number{since or ' from the start'}."
        return f"It diverges: your {name} rises{since}; {here}, where {expected}."
    if track.verdict == "too slow":
        return f"Too slow{since or ' from the start'}: {here}, where {expected}."
    if track.verdict == "better":
        return (
            f"Better than the reference{since or ' from the start'}: {here}, where {expected}. "
            "Check that no test images are among the training images before you rejoice."
        )
    if track.verdict == "too short":
        return f"Too short to judge: one line can be compared; {here}, where {expected}."
    left = track.end - curve.x[-1]
    far = f", as far as it goes (the reference goes on to {track.end:,.0f})" if left > 0.02 * track.end else ""
    return f"On track{far}: {here}, where {expected}."


def measure_name(measure: str) -> str:
    """ "test_error" in words.

    >>> measure_name("valid_loss")
    'validation loss'
    """
    which, what = measure.split("_")
    return f"{_NAMES[which]} {what}"


def _ends(curve: TrackedCurve, index: int) -> str:
    low, high = float(curve.band.low[index]), float(curve.band.high[index])
    return f"{shown(curve.measure, low)} and {shown(curve.measure, high)}"


def about(track: Track) -> str:
    """What the band is made of."""
    reference = track.reference
    return (
        f"Reference: {reference.experiment} ({reference.facts}), {reference.origin}. Its band is where one more run is "
        f"expected with 95 % (mean ± t s √(1 + 1/{reference.runs})), at least from the lowest to the highest seed."
    )


def rows_of(curve: TrackedCurve, limit: int = MAX_ROWS) -> list[dict[str, str]]:
    """Some places of a curve, evenly spread, the last among them."""
    chosen = np.unique(np.linspace(0, len(curve.x) - 1, min(limit, len(curve.x))).round().astype(int))
    rows = []
    for i in chosen:
        own = float(curve.own[i])
        place = (
            "above the band" if own > curve.band.high[i] else "below the band" if own < curve.band.low[i] else "inside"
        )
        rows.append(
            {
                "Iteration": f"{curve.x[i]:,.0f}",
                "Yours": shown(curve.measure, own) if np.isfinite(own) else "not finite",
                "Reference": shown(curve.measure, float(curve.band.mean[i])),
                "Band": _ends(curve, i).replace(" and ", " to "),
                "Place": place if not np.isnan(own) else words.MISSING,
            }
        )
    return rows


def as_text(track: Track) -> str:
    """For a terminal: the verdict, each curve's own, what was assumed."""
    lines = [headline(track)]
    for curve in track.curves:
        since = "" if curve.since is None else f" from iteration {curve.since:,.0f}"
        lines.append(f"  {measure_name(curve.measure):<17} {curve.verdict}{since}")
    return "\n".join([*lines, about(track), *track.assumed])


def as_json(track: Track) -> dict[str, Any]:
    """Everything a program may want."""
    value = {
        "log": str(track.log.path),
        "reference": track.reference.experiment,
        "runs": track.reference.runs,
        "origin": track.reference.origin,
        "verdict": track.verdict,
        "sentence": headline(track),
        "assumed": track.assumed,
        "curves": [
            {
                "measure": c.measure,
                "against": c.against,
                "verdict": c.verdict,
                "since": c.since,
                "iteration": c.x.tolist(),
                "own": c.own.tolist(),
                "mean": c.band.mean.tolist(),
                "low": c.band.low.tolist(),
                "high": c.band.high.tolist(),
            }
            for c in track.curves
        ],
    }
    cleaned: dict[str, Any] = without_nan(value)
    return cleaned


def save_track(track: Track, out: Path, to: str = "html") -> Path:
    """Write the comparison into a new folder in `out`, as html, csv, markdown or latex.

    Returns:
        the file's path.

    Raises:
        UsageError: if there is no such format.
        SaveError: if it cannot be written.
    """
    if to not in FORMATS:
        raise UsageError(f"--to {to}: expected {', '.join(FORMATS)}")
    folder = make_folder(out / new_run_name("compare"))
    if to == "html":
        text, name = _page(track, make_folder(folder / "figures")), "compare.html"
    else:
        name, write = {
            "csv": ("compare.csv", _as_csv),
            "markdown": ("compare.md", _as_markdown),
            "latex": ("compare.tex", _as_latex),
        }[to]
        text = write(track)
    save_bytes(folder / name, text.encode("utf-8"))
    return folder / name


def _page(track: Track, figures: Path) -> str:
    return (
        make_environment()
        .get_template("on-track.html.j2")
        .render(
            title=f"{track.log.path.name} against {track.reference.experiment}",
            verdict=headline(track),
            assumed=track.assumed,
            about=about(track),
            curves=[_figure(track, curve, figures) for curve in track.curves],
            heads=_HEADS,
            css=page_style() + compare_style(),
            version=__version__,
        )
    )


def _figure(track: Track, curve: TrackedCurve, folder: Path) -> dict[str, Any]:
    which, quantity = curve.measure.split("_")
    factor, unit = (100.0, ", %") if quantity == "error" else (1.0, " per image")
    places, values = track.reference.curves[curve.against]
    band = thin_band(prediction_band(places, factor * values, "reference"))
    own = Series("yours", curve.x, factor * np.where(np.isfinite(curve.own), curve.own, np.nan))
    title = f"{_NAMES[which]} {quantity}{unit}"
    figure = plots_compare.on_track_figure(band, own, title, quantity)
    plots.save_figure(figure, folder, curve.measure)
    return {
        "name": measure_name(curve.measure),
        "verdict": curve.verdict + ("" if curve.since is None else f" from iteration {curve.since:,.0f}"),
        "figure": inline(figure, curve.measure, f"{title}, yours on the band of the reference: {curve.verdict}"),
        "rows": rows_of(curve),
    }


def _as_csv(track: Track) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["measure", "iteration", "own", "mean", "low", "high", "verdict"])
    for c in track.curves:
        for row in zip(c.x, c.own, c.band.mean, c.band.low, c.band.high, strict=True):
            writer.writerow([c.measure, *(float(value) for value in row), c.verdict])
    return buffer.getvalue()


def _as_markdown(track: Track) -> str:
    lines = [f"### {escape_markdown(track.log.path.name)}", "", escape_markdown(headline(track)), ""]
    for curve in track.curves:
        lines += [f"**{measure_name(curve.measure)}**: {curve.verdict}", "", "| " + " | ".join(_HEADS) + " |"]
        lines.append("| " + " | ".join(["---:"] * 4 + ["---"]) + " |")
        lines += ["| " + " | ".join(row[head] for head in _HEADS) + " |" for row in rows_of(curve)] + [""]
    return "\n".join(
        [*lines, escape_markdown(about(track)), *(f"- {escape_markdown(text)}" for text in track.assumed), ""]
    )


def _as_latex(track: Track) -> str:
    lines = []
    for curve in track.curves:
        lines += [
            r"\begin{table}[htbp]\centering",
            rf"\caption{{{escape_latex(measure_name(curve.measure))}: {escape_latex(curve.verdict)}. "
            rf"{escape_latex(about(track))}}}",
            r"\begin{tabular}{rrrrl}\hline",
            " & ".join(_HEADS) + r" \\ \hline",
            *(" & ".join(escape_latex(row[head]) for head in _HEADS) + r" \\" for row in rows_of(curve)),
            r"\hline\end{tabular}",
            r"\end{table}",
        ]
    return "\n".join([f"% {escape_latex(headline(track))}", *lines, ""])
