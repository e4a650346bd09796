"""A comparison as a table for other programs and documents: CSV, Markdown, LaTeX, JSON, and plain text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handgrad import plots, plots_compare
from handgrad.compare.grid import heat_map
from handgrad.compare.judgement import Comparison, Judged
from handgrad.compare.statistics import LEVEL
from handgrad.errors import UsageError
from handgrad.report.comparison import difference_rows, method, write_comparison
from handgrad.report.comparison_curves import panels
from handgrad.report.html import make_folder
from handgrad.report.latex import escape_latex
from handgrad.settings import value_name
from handgrad.storage import save_bytes, without_nan

FORMATS = ("html", "csv", "markdown", "latex")
_HEADS = {
    "label": "Point",
    "mean": "Mean",
    "interval_of_mean": "95 % interval",
    "difference": "Difference",
    "interval": "95 % interval",
    "p": "p",
    "verdict": "Verdict",
    "needed": "Trials needed",
}
_NUMBERS = ("mean", "interval_of_mean", "difference", "interval", "p", "needed")


def save_comparison(comparison: Comparison, folder: Path, to: str = "html") -> Path:
    """Write a comparison into a folder in one of `FORMATS`.

    Args:
        comparison: from `handgrad.compare`.
        folder: made if need be.
        to: html (a page that opens offline), csv (figures as fractions), markdown, or latex (`latex/` with a table to
            be read in and the figures as PDF).

    Returns:
        the file's path.

    Raises:
        UsageError: if there is no such format.
        SaveError: if it cannot be written.
    """
    if to not in FORMATS:
        raise UsageError(f"--to {to}: expected {', '.join(FORMATS)}")
    if to == "html":
        return write_comparison(comparison, folder)
    if to == "latex":
        return _write_latex(comparison, make_folder(folder / "latex"))
    writers: dict[str, tuple[str, Callable[[Comparison], str]]] = {
        "csv": ("compare.csv", as_csv),
        "markdown": ("compare.md", as_markdown),
    }
    name, write = writers[to]
    path = make_folder(folder) / name
    save_bytes(path, write(comparison).encode("utf-8"))
    return path


def as_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """One dict a point: its settings, and every figure as a number (errors as fractions); None where there is none."""
    return [_row(comparison, judged) for judged in comparison.judged]


def _row(comparison: Comparison, judged: Judged) -> dict[str, Any]:
    point, found, test = judged.point, judged.estimate, judged.test
    tested = test is not None and test.pairs > 0
    return {
        **{k: v if isinstance(v, int | float | str) else value_name(k, v) for k, v in point.settings.items()},
        "point": point.label,
        "trials": len(point.trials),
        "finished": len(point.runs),
        "diverged": point.count("diverged"),
        "measure": comparison.measure,
        "mean": found.mean if found else None,
        "std": found.deviation if found else None,
        "mean_low": found.low if found else None,
        "mean_high": found.high if found else None,
        "pairs": test.pairs if test else None,
        "difference": test.difference if test and tested else None,
        "difference_low": test.low if test else None,
        "difference_high": test.high if test else None,
        "p": test.p if test else None,
        "p_corrected": judged.corrected,
        "verdict": judged.verdict,
        "trials_needed": judged.needed,
    }


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything a program may want of a comparison."""
    value = {
        "name": comparison.name,
        "title": comparison.title,
        "measure": comparison.measure,
        "chosen_by": comparison.chosen_by,
        "best": comparison.best.point.label if comparison.best else None,
        "method": comparison.method,
        "level": LEVEL,
        "pairs_corrected_for": comparison.pairs,
        "notes": [{"kind": note.kind, "text": note.text} for note in comparison.notes],
        "points": as_rows(comparison),
    }
    cleaned: dict[str, Any] = without_nan(value)
    return cleaned


def as_csv(comparison: Comparison) -> str:
    """A line a point, figures in full."""
    rows = as_rows(comparison)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def as_markdown(comparison: Comparison) -> str:
    """The table of differences, what it was made by, and what must be known before believing it."""
    lines = [f"### {escape_markdown(comparison.title)}", ""]
    lines.append("| " + " | ".join(_HEADS.values()) + " |")
    lines.append("| " + " | ".join("---:" if key in _NUMBERS else "---" for key in _HEADS) + " |")
    for row in difference_rows(comparison):
        cells = [escape_markdown(str(row[key])) for key in _HEADS]
        lines.append("| " + " | ".join(f"**{cell}**" if row["best"] else cell for cell in cells) + " |")
    lines += ["", escape_markdown(method(comparison)), ""]
    lines += [f"- {escape_markdown(note.text)}" for note in comparison.notes]
    return "\n".join(lines).rstrip() + "\n"


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands."""
    for letter, shown in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("*", "\\*"), ("_", "\\_"), ("`", "\\`")):
        text = text.replace(letter, shown)
    return text.replace("\n", " ")


def as_latex(comparison: Comparison) -> str:
    """The table of differences as a `table` to be read in with \\input; it needs no package."""
    columns = "".join("r" if key in _NUMBERS else "l" for key in _HEADS)
    lines = [
        r"\begin{table}[htbp]\centering\footnotesize",
        rf"\caption{{{escape_latex(comparison.title)}. {escape_latex(method(comparison))}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\hline",
        " & ".join(escape_latex(head) for head in _HEADS.values()) + r" \\ \hline",
    ]
    for row in difference_rows(comparison):
        cells = [escape_latex(str(row[key])) for key in _HEADS]
        lines.append(" & ".join(rf"\textbf{{{c}}}" if row["best"] else c for c in cells) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}", ""])


def _write_latex(comparison: Comparison, folder: Path) -> Path:
    grid = heat_map(comparison)
    if grid is not None:
        plots.save_figure(plots_compare.heat_map_figure(grid), folder, "heat-map", ("pdf",))
    panels(comparison, folder, ("pdf",))
    path = folder / "compare.tex"
    save_bytes(path, as_latex(comparison).encode("utf-8"))
    return path


def as_text(comparison: Comparison) -> str:
    """The table for a terminal, short: point, mean with its spread, verdict."""
    rows = difference_rows(comparison)
    wide = max(len(row["label"]) for row in rows)
    lines = []
    for row, judged in zip(rows, comparison.judged, strict=True):
        found = judged.estimate
        spread = ""
        if found is not None and found.deviation is not None:
            spread = f" ± {_deviation(comparison.measure, found.deviation)}"
        trials = f"{len(judged.point.runs)} of {len(judged.point.trials)} trials"
        p = f"p {row['p']}" if judged.corrected is not None else ""
        lines.append(
            f"{row['label']:<{wide}}  {row['mean'] + spread:<18} {trials:<15} {p:<10} {row['verdict']}".rstrip()
        )
    return "\n".join(lines)


def _deviation(measure: str, value: float) -> str:
    return f"{100 * value:.2f}" if measure.endswith("_error") else f"{value:.2g}"
