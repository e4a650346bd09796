"""The report as one HTML file: sections gathered, figures drawn, a template filled; nothing in it points outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from handgrad import __version__, plots
from handgrad.errors import SaveError
from handgrad.plots import Series
from handgrad.report import classes, results, setup
from handgrad.report.batch_statistics import both_ways
from handgrad.report.draws import random_draws
from handgrad.report.facts import Facts, class_curves, curves, gather
from handgrad.report.filters import filters
from handgrad.report.parameters import parameters
from handgrad.report.parting import parting, parting_sentence
from handgrad.report.published import Published, find_published
from handgrad.report.svg import inline_svg
from handgrad.report.verdict import notices, verdict
from handgrad.report.words import moment
from handgrad.storage import save_bytes

if TYPE_CHECKING:
    from handgrad.runs import Run

_TEMPLATES = Path(__file__).parent / "templates"
MAX_PANELS = 30


def write_report(run: Run, *, published: Published | None = None) -> Path:
    """Draw a run's report: `figures/` (SVG and PNG) and `report.html`, one file that opens offline.

    Works for runs in any state, and says in the report what is missing and why.

    Args:
        run: from `handgrad.load_run`.
        published: numbers to set beside ours; default those that come with the run's experiment, if any.

    Returns:
        the path of `report.html` in the run's folder.

    Raises:
        SaveError: if the folder cannot be written.

    >>> import tempfile
    >>> from handgrad import train
    >>> with tempfile.TemporaryDirectory() as out:
    ...     run = train("digits-mlp-constant", {"training.iterations": 20}, out=out, quiet=True)
    ...     write_report(run).name
    'report.html'
    """
    facts = gather(run, published or find_published(run.name))
    figures = make_folder(run.folder / "figures")
    page = _render(
        facts,
        [
            ("published", "Published beside ours", results.published_numbers(facts)),
            ("parameters", "The report’s parameters", parameters(facts)),
            ("results", "Final results", results.final_results(facts)),
            ("draws", "Other test images", random_draws(facts)),
            ("batch-statistics", "Batch normalisation at test time", both_ways(facts)),
            ("curves", "Curves", _curves(facts, figures)),
            ("filters", "What the first layer looks for", filters(facts, figures)),
            ("classes", "Each class", _classes(facts, figures)),
            ("confusion", "Confusions", _confusion(facts, figures)),
            ("mistakes", "Most confident mistakes", classes.mistakes(facts)),
            ("gallery", "Test images as they come", classes.gallery(facts)),
            ("network", "The net", setup.network(facts)),
            ("settings", "Settings and machine", {"groups": setup.settings(facts)}),
        ],
    )
    path = run.folder / "report.html"
    save_bytes(path, page.encode("utf-8"))
    return path


def make_folder(path: Path) -> Path:
    """The folder, made if need be; raises `SaveError` where that is not allowed."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"{path}: the folder cannot be made: {error.strerror}.") from error
    return path


def make_environment() -> Environment:
    """The templates, with everything that is put into them escaped."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_bound,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_style() -> Markup:
    """The style sheet of every page."""
    return Markup((_TEMPLATES / "report.css").read_text("utf-8"))


def _render(facts: Facts, parts: Sequence[tuple[str, str, results.Section | None]]) -> str:
    return (
        make_environment()
        .get_template("report.html.j2")
        .render(
            title=facts.title,
            name=facts.run.name,
            state=facts.state,
            started=moment(str(facts.run.status.get("started") or "")),
            sampled=facts.sampled,
            verdict=verdict(facts),
            notices=notices(facts),
            key_numbers=results.key_numbers(facts),
            sections=[{"id": key, "heading": heading, "data": data} for key, heading, data in parts if data],
            css=page_style(),
            version=__version__,
            folder=facts.run.folder.name,
        )
    )


def _bound(value: Any) -> Any:
    """Text of the page whose percentages are not torn from their sign at the end of a line."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else value.replace(" %", "\u00a0%")


def _curves(facts: Facts, folder: Path) -> results.Section | None:
    drawn: list[Any] = []
    mark = parting(facts)
    kinds: list[tuple[str, str, float, Callable[..., Any]]] = [
        ("loss", "loss", 1.0, plots.loss_figure),
        ("error", "mean_class_error", 100.0, plots.error_figure),
    ]
    for name, quantity, factor, draw in kinds:
        series = curves(facts, quantity, factor)
        if not series:
            continue
        figure = draw(series, mark=mark)
        plots.save_figure(figure, folder, name)
        drawn.append(inline_svg(figure, name, _description(name, series)))
    if not drawn:
        return None
    shown = [series.name for series in curves(facts, "loss")]
    return {"figures": drawn, "caption": _curves_caption(facts, shown), "parting": parting_sentence(facts, mark)}


def _curves_caption(facts: Facts, shown: Sequence[str]) -> str:
    text = "Losses are per image and without penalty."
    if facts.classifies:
        text += " The average error counts every class alike"
        wide = plots.ErrorScale.of(curves(facts, "mean_class_error", 100.0)).wide
        text += "; its scale is logarithmic above 1 % and linear below." if wide else "."
    if "batch" in shown:
        text += " Faint: the batch about to be learned from, measured before its update."
    if len(facts.metrics) == 1:
        text += " There was one evaluation only, drawn as a point."
    if len(facts.metrics) > plots.MAX_POINTS:
        text += f" Of {len(facts.metrics):,} points at most {plots.MAX_POINTS:,} are drawn, every extreme among them."
    return text


def _classes(facts: Facts, folder: Path) -> results.Section | None:
    data = classes.classes(facts)
    if data is None:
        return None
    panels = [(name, class_curves(facts, index)) for index, name in enumerate(facts.class_names)][:MAX_PANELS]
    panels = [(name, series) for name, series in panels if series]
    data["panels"], data["caption"] = [], ""
    if panels:
        scale = plots.ErrorScale.of([curve for _, series in panels for curve in series])
        plots.save_figure(plots.class_grid_figure(panels, scale), folder, "classes")
        data["panels"] = [
            inline_svg(plots.class_figure(series, name, scale), f"class-{index}", f"Error of class {name}")
            for index, (name, series) in enumerate(panels)
        ]
        data["caption"] = _panels_caption(facts, panels, scale)
    return data


def _panels_caption(facts: Facts, panels: Sequence[tuple[str, Sequence[Series]]], scale: plots.ErrorScale) -> str:
    text = "Error of each class in percent by iteration, all on one scale; the number is the last value."
    if scale.wide:
        text += " The scale is logarithmic above 1 % and linear below."
    names = dict.fromkeys(curve.name for _, series in panels for curve in series if curve.name != "batch")
    text += f" Curves: {', '.join(f'{name} ({plots.COLOUR_NAMES[name]})' for name in names)}." if names else ""
    batches = max((len(curve.x) for _, series in panels for curve in series if curve.name == "batch"), default=0)
    if batches:
        text += " Faint: the batch, which holds a few images of a class or none (counted as 0)"
        stretch = -(-batches // plots.PANEL_STRETCHES)
        text += f"; means of {stretch} evaluations." if stretch > 1 else "."
    if len(facts.class_names) > MAX_PANELS:
        text += f" The first {MAX_PANELS} of {len(facts.class_names)} classes are drawn."
    return text


def _confusion(facts: Facts, folder: Path) -> results.Section | None:
    matrix = classes.confusion_counts(facts)
    if matrix is not None and len(facts.class_names) <= MAX_PANELS:
        plots.save_figure(plots.confusion_figure(matrix, facts.class_names), folder, "confusion")
    return classes.confusion(facts)


def _description(name: str, series: Sequence[Series]) -> str:
    ends = ", ".join(f"{s.name} {s.finite.y[-1]:.3g}" for s in series if s.name != "batch" and len(s.finite.y))
    unit = "percent" if name == "error" else "per image"
    return f"Curves of the {name} by iteration; last values {unit}: {ends or 'none'}"
