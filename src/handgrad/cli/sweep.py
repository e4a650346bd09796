"""`sweep`: an experiment over a grid of settings and seeds."""

from pathlib import Path
from typing import Annotated

import typer

from handgrad.cli.app import Out, Overrides, app, say


@app.command(epilog="Example: handgrad sweep digits-mlp-rates sweep.trials=2")
def sweep(
    name: Annotated[str, typer.Argument(help="An experiment with a [sweep] section.")],
    overrides: Overrides = None,
    out: Out = Path("runs"),
    resume: Annotated[Path | None, typer.Option(help="Go on with this sweep folder.", metavar="DIR")] = None,
) -> None:
    """Run every point of an experiment's grid, once a seed; writes a sweep folder with one run folder a trial."""
    from handgrad.report import write_sweep_report
    from handgrad.sweep import run_sweep

    result = run_sweep(name, overrides or [], out=out, folder=resume)
    say(result.table())
    say(f"report: {write_sweep_report(result)}")
    print(result.folder)
    if result.failed:
        raise typer.Exit(1)
