"""The application object, and what every command shares: options of one meaning, and the voice for people."""

import sys
from pathlib import Path
from typing import Annotated

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
