"""`list`, `show`, `train`, `reproduce`, `demo`: from an experiment to a trained net."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from handgrad.cli.app import AsJson, Out, Overrides, app, say


@app.command("list", epilog="Example: handgrad list")
def list_experiments(as_json: AsJson = False) -> None:
    """List the experiments that come with handgrad."""
    from handgrad.config_file import experiment_names, load_config

    rows = []
    for name in experiment_names():
        config = load_config(name)[1]
        rows.append({"name": name, "title": config.title, "sweep": config.sweep is not None})
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['name']:<30} {row['title']}{' (sweep)' if row['sweep'] else ''}")


@app.command(epilog="Example: handgrad show digits-mlp-constant > mine.toml")
def show(name: Annotated[str, typer.Argument(help="An experiment that `handgrad list` shows.")]) -> None:
    """Print an experiment's TOML, to read or to start your own from."""
    from handgrad.config_file import read_text

    print(read_text(name)[2], end="")


@app.command(epilog="Example: handgrad train digits-mlp-constant seed=3 training.iterations=2000")
def train(
    experiment: Annotated[
        str | None, typer.Argument(help="An experiment's name or a TOML file; not with --resume.")
    ] = None,
    overrides: Overrides = None,
    out: Out = Path("runs"),
    resume: Annotated[
        str | None, typer.Option(help="Go on with this RUN: path, prefix, last, @2.", metavar="RUN")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say where time and memory went, layer by layer; not with --resume.")
    ] = False,
) -> None:
    """Train a net; writes a run folder with its records and weights."""
    from handgrad.experiment import Interruption
    from handgrad.experiment import resume as resume_run
    from handgrad.experiment import train as train_run

    interruption = Interruption()
    if resume is not None:
        _refuse_with_resume(experiment, overrides or profile)
        run = resume_run(resume, out=out, interruption=interruption)
    elif experiment is None:
        raise typer.BadParameter("name an experiment (`handgrad list` shows them) or give --resume RUN")
    else:
        clocks = None
        if profile:
            from handgrad.profile import Profile

            clocks = Profile()
        on_start = clocks.attach if clocks else None
        run = train_run(experiment, overrides or [], out=out, interruption=interruption, on_start=on_start)
        if clocks:
            say(clocks.report())
    _say_result(run)
    print(run.folder)
    if interruption.signal is not None:
        say(f"interrupted; `handgrad train --resume {run.folder}` goes on")
        raise typer.Exit(128 + interruption.signal)


def _refuse_with_resume(experiment: str | None, overrides: Any) -> None:
    if experiment or overrides:
        raise typer.BadParameter(
            "--resume goes on with a run as it was started, without overrides; for other settings start a new run"
        )


def _say_result(run: Any) -> None:
    summary = run.summary
    if not summary:
        return
    if run.status.get("data", {}).get("notice"):
        say(run.status["data"]["notice"])
    for name in ("train", "valid", "test"):
        if summary.get(f"{name}_loss") is not None:
            say(
                f"{name:<5} loss {summary[f'{name}_loss']:.4f}   error {100 * summary[f'{name}_error']:.2f} %   "
                f"average over classes {100 * summary[f'{name}_mean_class_error']:.2f} %"
            )
    say(f"{summary['iterations']:,} iterations in {summary['seconds']:.1f} s, ended by {summary['stopped_by']}")


@app.command(epilog="Example: handgrad reproduce digits-mlp-inverse-sqrt")
def reproduce(
    experiment: Annotated[str, typer.Argument(help="An experiment that `handgrad list` shows.")],
    overrides: Overrides = None,
    out: Out = Path("runs"),
    sweeps: Annotated[bool, typer.Option("--sweeps", help="Also run the sweeps that belong to it.")] = False,
) -> None:
    """Train, then draw the report with the published numbers beside ours."""
    from handgrad.experiment import Interruption
    from handgrad.experiment import train as train_run
    from handgrad.report import write_report

    interruption = Interruption()
    run = train_run(experiment, overrides or [], out=out, interruption=interruption)
    _say_result(run)
    say(f"report: {write_report(run)}")
    number, failed = interruption.signal, 0
    if sweeps and number is None:
        number, failed = _run_sweeps(experiment, out)
    print(run.folder)
    if number is not None:
        raise typer.Exit(128 + number)
    if failed:
        raise typer.Exit(1)


def _run_sweeps(experiment: str, out: Path) -> tuple[int | None, int]:
    """Run the sweeps that belong to an experiment: the signal that stopped them, if one did, and how many failed."""
    from handgrad.cli.sweep import say_report, say_stopped
    from handgrad.sweep import StopRequest, run_sweep, sweeps_of

    stop, failed = StopRequest(), 0
    for name in sweeps_of(experiment):
        say(f"sweep {name}")
        result = run_sweep(name, out=out, stop=stop)
        failed += result.failed
        say(result.table())
        if stop.requested:
            say_stopped(result)
            break
        say_report(result)
    return stop.signal, failed


@app.command(epilog="Example: handgrad demo")
def demo(out: Out = Path("runs")) -> None:
    """Train report E's net on the digits there are, and draw its report: a minute from nothing to something to see."""
    from handgrad.experiment import train as train_run
    from handgrad.report import write_report

    say("training 784-100-100-10 on handwritten digits, with gradients written by hand …")
    run = train_run("digits-mlp-constant", out=out)
    _say_result(run)
    say(f"open the report in a browser: {write_report(run).resolve()}")
    print(run.folder)
