"""`runs`, `report`: finding runs and drawing their pages."""

import json
from pathlib import Path
from typing import Annotated

import typer

from handgrad.cli.app import AsJson, Out, app, say


@app.command(epilog="Example: handgrad runs")
def runs(out: Out = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs, newest first: @1 is the newest, and can be used wherever a RUN is asked for."""
    from handgrad.runs import list_runs

    found = list_runs(out)
    if as_json:
        print(json.dumps([{"folder": str(r.folder), "state": r.state, **r.summary} for r in found]))
        return
    for place, run in enumerate(found, start=1):
        error = run.summary.get("test_error")
        shown = "" if error is None else f"test error {100 * error:.2f} %"
        print(f"@{place:<3} {run.state:<12} {shown:<20} {run.folder}")
    if not found:
        say(f"no runs in {out}; `handgrad demo` makes one")


@app.command(epilog="Example: handgrad report last --to latex")
def report(
    run: Annotated[str, typer.Argument(help="RUN: path, prefix, last, @2.")] = "last",
    out: Out = Path("runs"),
    to: Annotated[str, typer.Option(help="html or latex.")] = "html",
) -> None:
    """Draw a run's report: one HTML file that opens offline, or figures and tables for LaTeX."""
    from handgrad.report import write_latex, write_report
    from handgrad.runs import load_run

    if to not in ("html", "latex"):
        raise typer.BadParameter(f"expected html or latex, received {to}", param_hint="--to")
    found = load_run(run, out)
    print(write_latex(found, found.folder / "latex") if to == "latex" else write_report(found))
