"""The command line. Each command is a thin door to a function that Python users call too.

Nothing heavy is imported here: NumPy, pydantic and matplotlib load when a command runs, so that `--help` is quick.
What programs read goes to standard output, the path of a new folder as its last line; what people read, and every
error, goes to standard error.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from handgrad import __version__

app = typer.Typer(
    name="handgrad",
    help="Small neural networks with gradients written by hand: see them, check them, run them fast.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the time to print a help text
    context_settings={"help_option_names": ["-h", "--help"]},
)

Overrides = Annotated[
    list[str] | None, typer.Argument(help="Overrides: optimizer.learning_rate=0.05", metavar="KEY=VALUE…")
]
Out = Annotated[Path, typer.Option(help="Where run folders lie.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")]


def say(text: str) -> None:
    """For people: standard error."""
    print(text, file=sys.stderr)


def _version(value: bool) -> None:
    if value:
        print(f"handgrad {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


# ------------------------------------------------------------------------------------------------ run


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
) -> None:
    """Train a net; writes a run folder with its records and weights."""
    from handgrad.experiment import Interruption
    from handgrad.experiment import resume as resume_run
    from handgrad.experiment import train as train_run

    interruption = Interruption()
    if resume is not None:
        _refuse_with_resume(experiment, overrides)
        run = resume_run(resume, out=out, interruption=interruption)
    elif experiment is None:
        raise typer.BadParameter("name an experiment (`handgrad list` shows them) or give --resume RUN")
    else:
        run = train_run(experiment, overrides or [], out=out, interruption=interruption)
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
    if sweeps and interruption.signal is None:
        _run_sweeps(experiment, out)
    print(run.folder)
    if interruption.signal is not None:
        raise typer.Exit(128 + interruption.signal)


def _run_sweeps(experiment: str, out: Path) -> None:
    from handgrad.report import write_sweep_report
    from handgrad.sweep import run_sweep, sweeps_of

    for name in sweeps_of(experiment):
        say(f"sweep {name}")
        result = run_sweep(name, out=out)
        say(result.table())
        say(f"report: {write_sweep_report(result)}")


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


@app.command(epilog="Example: handgrad evaluate last --data notmnist")
def evaluate(
    run: Annotated[str, typer.Argument(help="RUN: path, prefix, last, @2.")] = "last",
    data: Annotated[str | None, typer.Option(help="A source; default the run's own test images.")] = None,
    out: Out = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Measure a trained net: loss, error, error of each class."""
    from handgrad.runs import load_run

    found = load_run(run, out)
    examples, names = found.examples_of(data)
    measured = found.evaluate(examples)
    if as_json:
        print(json.dumps({"images": len(examples), **measured.as_record("data"), "classes": names}))
        return
    print(
        f"{len(examples):,} images   loss {measured.loss:.4f}   error {100 * measured.error:.2f} %   "
        f"average over classes {100 * measured.mean_class_error:.2f} %"
    )
    for name, error in zip(names, measured.class_errors, strict=False):
        print(f"  {name:<10} {100 * error:6.2f} %")


@app.command(epilog="Example: handgrad predict last seven.png letter.jpg")
def predict(
    run: Annotated[str, typer.Argument(help="RUN: path, prefix, last, @2.")] = "last",
    images: Annotated[
        list[Path] | None, typer.Argument(help="Image files; none draws a gallery of test images.")
    ] = None,
    out: Out = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Predict image files of any size; also draws what the net saw, or without files a gallery of test images."""
    from handgrad.predict import predict_files, write_gallery, write_seen
    from handgrad.runs import load_run

    found = load_run(run, out)
    if not images:
        path = found.folder / "gallery.png"
        write_gallery(found, path)
        print(path)
        return
    predictions = predict_files(found, images)
    if as_json:
        print(json.dumps([{"path": p.path, "classes": dict(p.classes), "done": p.done} for p in predictions]))
        return
    for prediction in predictions:
        print(prediction.sentence())
    say(f"what the net saw: {write_seen(predictions, found.folder / 'predictions.png')}")


# ------------------------------------------------------------------------------------------------ show


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


@app.command(epilog="Example: handgrad data mnist")
def data(
    source: Annotated[str | None, typer.Argument(help="One source or path; default all that are known.")] = None,
    download: Annotated[str | None, typer.Option(help="Fetch this source first.", metavar="NAME")] = None,
    pictures: Annotated[Path | None, typer.Option(help="Write the ten pictures here as PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what data is here, where from, how much, whether whole, with ten labelled pictures."""
    from handgrad.data.describe import describe

    text, facts = describe(source, download=download, pictures=pictures)
    print(json.dumps(facts, indent=1) if as_json else text)


def _help_text(words: list[str]) -> str | None:
    """The help that these words ask for, if they do. Parsing them would load pydantic, half of the time it takes."""
    if not words or words[-1] not in ("-h", "--help"):
        return None
    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name="handgrad", **command.context_settings)
    if len(words) == 1:
        return str(command.get_help(context))
    chosen = command.get_command(context, words[0])
    if chosen is None:
        return None
    return str(chosen.get_help(command.context_class(chosen, info_name=words[0], parent=context)))


def main() -> None:
    """Entry point: run a command, and turn errors into one message and an exit code."""
    from handgrad.errors import HandgradError

    try:
        if help_text := _help_text(sys.argv[1:]):
            print(help_text, flush=True)
        else:
            app()
    except HandgradError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away, as `| head` does; what Python still flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
