"""`runs`, `report`: finding runs and drawing their pages."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgrad.cli.app import AsJson, Out, app, say

if TYPE_CHECKING:
    from handgrad.listing_table import Query


@app.command(epilog="Example: handgrad runs state=done 'test_error<5%' --sort test_error")
def runs(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Conditions (= != < <= > >=, since=, before=; * stands for anything), and names: a RUN, or a SWEEP "
            "for its trials.",
            metavar="KEY=VALUE|NAME…",
        ),
    ] = None,
    out: Out = Path("runs"),
    sort: Annotated[str | None, typer.Option(help="By this key, such as test_error.", metavar="KEY")] = None,
    descending: Annotated[bool, typer.Option("--descending", help="Largest first.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is listed, after a question.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without the question.")] = False,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first: @1 is the newest, and can be used wherever a RUN is asked for."""
    from handgrad.listing_table import Query, table

    query = Query(out, words or [], sort, descending, limit, whole_sweeps=delete)
    if delete:
        _delete(query, yes, as_json)
        return
    rows = query.rows()
    if as_json:
        print(json.dumps([row.as_json() for row in rows]))
        return
    for line in table(rows, query.keys):
        print(line)
    if not rows:
        say("no run fulfils this" if words else f"no runs in {out}; `handgrad demo` makes one")


def _delete(query: "Query", yes: bool, as_json: bool) -> None:
    """Show what would go, ask, delete; what must stay is said."""
    from handgrad.errors import UsageError
    from handgrad.listing_table import table
    from handgrad.run_deletion import clear_leftovers, delete_row, why_kept

    if not query.names and not query.filters:
        raise UsageError("--delete: say what: conditions such as state=failed, or names; `handgrad runs` lists them")
    kept = [(row, why) for row in query.rows() if (why := why_kept(row))]
    going = [row for row in query.rows() if row.folder not in {other.folder for other, _ in kept}]
    for row, why in kept:
        say(f"kept {row.folder}: {why}")
    for line in table(going, query.keys):
        say(line)
    if going and not yes and not typer.confirm(f"Delete these {len(going)} for good?", err=True):
        raise typer.Exit(1)
    for row in going:
        delete_row(row)
    for remains in {
        parent: clear_leftovers(parent) for parent in {query.out, *(r.folder.parent for r in going)}
    }.values():
        for folder in remains:
            say(f"cleared what an interrupted deletion had left: {folder}")
    if as_json:
        print(json.dumps([str(row.folder) for row in going]))
    say(f"deleted {len(going)}")
    if query.names and kept:
        raise typer.Exit(1)


@app.command(epilog="Example: handgrad report last --to latex")
def report(
    run: Annotated[str, typer.Argument(help="RUN: path, prefix, last, @2; or a SWEEP.")] = "last",
    out: Out = Path("runs"),
    to: Annotated[str, typer.Option(help="html or latex.")] = "html",
) -> None:
    """Draw a run's or a sweep's report: one HTML file that opens offline, or figures and tables for LaTeX."""
    from handgrad.compare.sources import sweep_folder
    from handgrad.report import write_latex, write_report
    from handgrad.runs import load_run

    if to not in ("html", "latex"):
        raise typer.BadParameter(f"expected html or latex, received {to}", param_hint="--to")
    if folder := sweep_folder(run, out):
        print(_report_of_sweep(folder, to))
        return
    found = load_run(run, out)
    print(write_latex(found, found.folder / "latex") if to == "latex" else write_report(found))


def _report_of_sweep(folder: Path, to: str) -> Path:
    from handgrad.compare.sources import compare
    from handgrad.report import write_sweep_report
    from handgrad.report.comparison_table import save_comparison
    from handgrad.report.wording import wording_of
    from handgrad.sweep import load_sweep

    if to == "latex":
        return save_comparison(compare([folder], wording_of=wording_of)[0], folder, to)
    return write_sweep_report(load_sweep(folder))
