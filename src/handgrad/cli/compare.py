"""`compare`: runs or a sweep's points with each other, or someone's own log with a reference experiment."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from handgrad.cli.app import AsJson, Out, app, say


@app.command(epilog="Example: handgrad compare last @2    handgrad compare my_log.csv --with digits-mlp-constant")
def compare(
    names: Annotated[
        list[str], typer.Argument(help="RUNs or a SWEEP: path, prefix, last, @2; or one CSV.", metavar="RUN…|SWEEP|CSV")
    ],
    reference: Annotated[
        str | None, typer.Option("--with", help="An experiment to set your own CSV log against.", metavar="EXPERIMENT")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="What a column of the CSV is, such as test_accuracy=acc.", metavar="MEASURE=COLUMN"),
    ] = None,
    to: Annotated[str, typer.Option(help="html, csv, markdown or latex.")] = "html",
    out: Out = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Compare runs over their seeds: curves, heat map, what is a difference and what is chance; or: am I on track?"""
    if reference is not None:
        _own_log(names, reference, column or [], to, out, as_json)
    elif column:
        raise typer.BadParameter("--column belongs to a CSV log with --with EXPERIMENT")
    elif any(name.lower().endswith(".csv") for name in names):
        raise typer.BadParameter("a CSV log is set against an experiment: add --with EXPERIMENT")
    else:
        _runs(names, to, out, as_json)


def _runs(names: list[str], to: str, out: Path, as_json: bool) -> None:
    from handgrad.compare.sources import compare as compare_runs
    from handgrad.report.comparison_table import as_json as document
    from handgrad.report.comparison_table import as_text, save_comparison
    from handgrad.report.findings import headline
    from handgrad.report.wording import wording_of
    from handgrad.run_folder import new_run_name

    comparison, folder = compare_runs(names, out, wording_of)
    if as_json:
        print(json.dumps(document(comparison)))
        return
    path = save_comparison(comparison, folder or out / new_run_name("compare"), to)
    say(as_text(comparison))
    say(headline(comparison))
    _say_notes(comparison.notes)
    print(path)


def _own_log(names: list[str], reference: str, column: list[str], to: str, out: Path, as_json: bool) -> None:
    from handgrad.compare.own_log import read_log
    from handgrad.compare.reference import find_reference
    from handgrad.compare.track import judge_log
    from handgrad.report.on_track import as_json as document
    from handgrad.report.on_track import as_text, save_track

    if len(names) != 1:
        raise typer.BadParameter(f"--with sets one CSV log against an experiment; received {len(names)} files")
    track = judge_log(read_log(Path(names[0]), column), find_reference(reference, out))
    if as_json:
        print(json.dumps(document(track)))
        return
    path = save_track(track, out, to)
    say(as_text(track))
    print(path)


def _say_notes(notes: list[Any]) -> None:
    for note in notes:
        say(f"{'note' if note.kind == 'note' else 'beware'}: {note.text}")
