"""`sweep`: an experiment over a grid of settings and seeds, or a search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgrad.cli.app import Out, Overrides, app, say

if TYPE_CHECKING:
    from handgrad.sweep import SweepResult


@app.command(epilog="Example: handgrad sweep digits-mlp-rates sweep.trials=2")
def sweep(
    name: Annotated[str | None, typer.Argument(help="An experiment with a [sweep] section.")] = None,
    overrides: Overrides = None,
    out: Out = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this sweep folder; overrides may add values.", metavar="DIR")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default one a core.", min=1)] = None,
    scheduler: Annotated[str | None, typer.Option(help="A running Dask cluster instead.", metavar="ADDRESS")] = None,
    shard: Annotated[str | None, typer.Option(help="Only the i-th of n parts, for array jobs.", metavar="I/N")] = None,
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Open Dask's page, on this machine only.")] = False,
) -> None:
    """Run every point of an experiment's grid or search, once a seed, on all cores.

    Writes a sweep folder with one run folder a trial, the table trials.csv and a report.
    """
    from handgrad.sweep import StopRequest, Where, run_sweep

    stop = StopRequest()
    words = [*([name] if name else []), *(overrides or [])]
    named = bool(words) and not (resume is not None and "=" in words[0])
    result = run_sweep(
        words[0] if named else None,
        words[1:] if named else words,
        out=out,
        folder=resume,
        where=Where(workers, scheduler, _parse_shard(shard), dashboard),
        stop=stop,
    )
    say(result.table())
    if shard is None and not stop.requested:
        say_report(result)
    print(result.folder)
    if stop.signal is not None:
        say_stopped(result)
        raise typer.Exit(128 + stop.signal)
    if result.failed:
        raise typer.Exit(1)


def say_report(result: "SweepResult") -> None:
    """Draw a sweep's page, and say where it is."""
    from handgrad.report import write_sweep_report

    say(f"report: {write_sweep_report(result)}")


def say_stopped(result: "SweepResult") -> None:
    """Say how to go on."""
    say(f"stopped; `handgrad sweep --resume {result.folder}` goes on with what is missing")


def _parse_shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, slash, second = text.partition("/")
    if not (slash and first.isdigit() and second.isdigit()):
        raise typer.BadParameter(f"expected I/N such as 3/10, received {text}", param_hint="--shard")
    return int(first), int(second)
