"""A run for a LaTeX document: figures as PDF, tables and settings to `\\input`, and a small document that shows how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handgrad import plots
from handgrad.report import classes, results, setup
from handgrad.report.facts import Facts, class_curves, curves, gather
from handgrad.report.filters import filters_figure, gather_filters
from handgrad.report.html import MAX_PANELS, make_folder
from handgrad.report.pictures import picture, pixel_range, surest_mistakes
from handgrad.report.published import find_published
from handgrad.report.verdict import verdict
from handgrad.report.words import percent
from handgrad.storage import save_bytes

if TYPE_CHECKING:
    from handgrad.runs import Run

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "σ": r"$\sigma$",
    "λ": r"$\lambda$",
    "α": r"$\alpha$",
    "∇": r"$\nabla$",
    "η": r"$\eta$",
    "²": r"$^2$",
    "×": r"$\times$",
    "−": r"$-$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "√": r"$\surd$",
    "–": "--",
    "“": "``",
    "”": "''",
    "’": "'",
    "…": r"\dots{}",
    "\u00a0": "~",
    "\n": " ",
}


def escape_latex(text: str) -> str:
    r"""Text that LaTeX prints as it stands, whatever is in it.

    >>> print(escape_latex("50 % of {a_b} \\input"))
    50 \% of \{a\_b\} \textbackslash{}input
    """
    return "".join(_SPECIAL.get(letter, letter) for letter in text if letter.isprintable() or letter in _SPECIAL)


def write_latex(run: Run, folder: Path) -> Path:
    """Write figures and tables of a run for a course's own LaTeX template.

    `loss.pdf`, `error.pdf`, `filters.pdf`, `classes.pdf`, `confusion.pdf`, `mistakes.pdf` (those the run has data for),
    `table.tex` (final error of each class), `results.tex`, `network.tex`, `settings.tex`, `published.tex`, all plain
    `tabular`, and `main.tex`, which compiles as it is with graphicx alone.

    Args:
        run: from `handgrad.load_run`.
        folder: made if it does not exist; files of the same names are replaced.

    Returns:
        the folder.

    Raises:
        SaveError: if the folder cannot be written.
    """
    facts = gather(run, find_published(run.name))
    make_folder(folder)
    figures = _figures(facts, folder)
    tables = {
        "table": _class_table(facts),
        "results": _results_table(facts),
        "network": _network_table(facts),
        "settings": _settings_table(facts),
        "published": _published_table(facts),
    }
    for name, text in tables.items():
        save_bytes(folder / f"{name}.tex", text.encode("utf-8"))
    written = [name for name, text in tables.items() if "tabular" in text]
    save_bytes(folder / "main.tex", _document(facts, figures, written).encode("utf-8"))
    return folder


def _figures(facts: Facts, folder: Path) -> list[tuple[str, str]]:
    """Draw what the run has data for; (name, caption) of each, in reading order."""
    drawn = []
    for name, quantity, factor, draw, caption in (
        ("loss", "loss", 1.0, plots.loss_figure, "Loss per image by iteration."),
        ("error", "mean_class_error", 100.0, plots.error_figure, "Average error of the classes by iteration."),
    ):
        series = curves(facts, quantity, factor)
        if series:
            plots.save_figure(draw(series), folder, name, ("pdf",))
            drawn.append((name, caption))
    filters = gather_filters(facts)
    if filters is not None:
        plots.save_figure(filters_figure(filters), folder, "filters", ("pdf",))
        drawn.append(("filters", "What the first layer looks for, over time and on one scale of colours."))
    panels = [(name, class_curves(facts, index)) for index, name in enumerate(facts.class_names)][:MAX_PANELS]
    panels = [(name, series) for name, series in panels if series]
    if panels:
        scale = plots.ErrorScale.of([curve for _, series in panels for curve in series])
        plots.save_figure(plots.class_grid_figure(panels, scale), folder, "classes", ("pdf",))
        drawn.append(("classes", "Error of each class in percent by iteration."))
    matrix = classes.confusion_counts(facts)
    if matrix is not None and len(facts.class_names) <= MAX_PANELS:
        plots.save_figure(plots.confusion_figure(matrix, facts.class_names), folder, "confusion", ("pdf",))
        drawn.append(("confusion", "True and predicted classes of the test images."))
    if _draw_mistakes(facts, folder):
        drawn.append(("mistakes", "The misread test images the net was surest of: true class, reading, probability."))
    return drawn


def _draw_mistakes(facts: Facts, folder: Path) -> bool:
    if facts.probabilities is None or facts.data is None or facts.data.test is None:
        return False
    test = facts.data.test
    found = surest_mistakes(facts.probabilities, test.labels, limit=16)
    ends = pixel_range(test.images)
    pictures = [pixels for m in found if (pixels := picture(test.images[m.index], *ends)) is not None]
    if not pictures or len(pictures) < len(found):
        return False
    names = facts.class_names
    captions = [f"{names[m.true]} as {names[m.predicted]}\n{percent(m.probability, 1)}" for m in found]
    plots.save_figure(plots.pictures_figure(pictures, captions), folder, "mistakes", ("pdf",))
    return True


def _class_table(facts: Facts) -> str:
    data = classes.classes(facts)
    if data is None or not data["sets"]:
        return "% This run has no error of single classes.\n"
    head = ["Class", *(f"{name.capitalize()} error" for name in data["sets"])]
    head += ["Published" if data["comparable"] else "Published (not comparable)"] * data["published"]
    rows = [[row["name"], *row["errors"], *[row["published"]] * data["published"]] for row in data["rows"]]
    last = ["Average", *data["means"], *[data["published_mean"]] * data["published"]]
    return _tabular("l" + "r" * (len(head) - 1), head, rows, last)


def _results_table(facts: Facts) -> str:
    data = results.final_results(facts)
    if data is None:
        return "% Nothing was measured in this run.\n"
    head = ["Set", "Images", "Loss per image"] + ["Loss, summed"] * data["sums"]
    head += ["Error", "Average class error"] * data["classifies"]
    keys = ["name", "images", "loss"] + ["sum"] * data["sums"] + ["error", "mean_class_error"] * data["classifies"]
    return _tabular("l" + "r" * (len(head) - 1), head, [[row[key] for key in keys] for row in data["rows"]])


def _network_table(facts: Facts) -> str:
    data = setup.network(facts)
    if data is None:
        return "% The net of this run is not known.\n"
    if not data["planned"]:
        rows = [[str(row["index"]), f"{row['type']} {row['description']}"] for row in data["rows"]]
        return _tabular("rl", ["", "Layer"], rows)
    head = ["", "Layer", "Output", "Parameters", "Initial weights", "σ", "σ²"]
    rows = [
        [
            str(row["index"]),
            f"{row['type']} {row['description']}",
            row["output_shape"],
            row["parameters"],
            row["init"],
            row["std"],
            row["variance"],
        ]
        for row in data["rows"]
    ]
    return _tabular("rllrlrr", head, rows, ["", "Together", "", data["parameters"], "", "", ""])


def _settings_table(facts: Facts) -> str:
    rows = []
    for group in setup.settings(facts):
        rows += [
            [group["title"].capitalize() if first else "", name, value]
            for first, (name, value) in zip([True] + [False] * len(group["rows"]), group["rows"], strict=False)
        ]
    return _tabular("llp{0.5\\linewidth}", ["", "Setting", "Value"], rows)


def _published_table(facts: Facts) -> str:
    data = results.published_numbers(facts)
    if data is None or not data["rows"]:
        return "% No published numbers belong to this run.\n"
    published = "Published" if data["comparable"] else "Published (not comparable)"
    rows = [[row["label"], row["ours"], row["theirs"], row["difference"]] for row in data["rows"]]
    notes = "".join(f"\n\\par\\smallskip\\raggedright {escape_latex(flag.text)}" for flag in data["flags"])
    return _tabular("p{0.4\\linewidth}rrr", ["Measure", "Ours", published, "Difference"], rows) + notes + "\n"


def _tabular(
    columns: str, head: Sequence[str], rows: Iterable[Sequence[str]], last: Sequence[str] | None = None
) -> str:
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\hline", _row(head), r"\hline", *map(_row, rows)]
    lines += [r"\hline", _row(last)] if last else []
    return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])


def _row(cells: Sequence[str]) -> str:
    return " & ".join(escape_latex(str(cell)) for cell in cells) + r" \\"


def _document(facts: Facts, figures: Sequence[tuple[str, str]], tables: Sequence[str]) -> str:
    title = escape_latex(facts.title + (" (small sample of the data)" if facts.sampled else ""))
    body = [escape_latex(verdict(facts)), ""]
    for name, caption in figures:
        body += [
            r"\begin{figure}[htbp]\centering",
            rf"\includegraphics[width=0.85\linewidth,height=0.35\textheight,keepaspectratio]{{{name}.pdf}}",
            rf"\caption{{{escape_latex(caption)}}}",
            r"\end{figure}",
        ]
    for name in tables:
        body += [r"\begin{center}\small", rf"\input{{{name}}}", r"\end{center}"]
    return "\n".join(
        [
            "% Written by handgrad. Names in scripts beyond Latin need lualatex or xelatex and a font that has them.",
            r"\documentclass{article}",
            r"\usepackage[utf8]{inputenc}",
            r"\usepackage[margin=25mm]{geometry}",
            r"\usepackage{graphicx}",
            rf"\title{{{title}}}",
            r"\author{}",
            r"\date{}",
            r"\renewcommand{\arraystretch}{1.25}",
            r"\begin{document}",
            r"\maketitle",
            *body,
            r"\end{document}",
            "",
        ]
    )
