"""`check`: gradients of a configured net, or of somebody's own program."""

import json
from typing import Annotated

import typer

from handgrad.cli.app import AsJson, app, say


@app.command(
    epilog="Example: handgrad check net.py   ·   handgrad check opt.py:adam --as adam   ·   handgrad check last.toml"
)
def check(
    what: Annotated[
        str, typer.Argument(help="NAME or FILE.toml; net.py or net.ipynb, with :thing if wanted; sheet.txt.")
    ] = "",
    kind: Annotated[str, typer.Option("--as", help="net, adam, conv, accuracy, …: what :thing is.")] = "",
    forward: Annotated[str, typer.Option(help="The forward function's name.")] = "",
    backward: Annotated[str, typer.Option(help="The backward function's name.")] = "",
    loss: Annotated[str, typer.Option(help="The loss function's name.")] = "",
    samples: Annotated[str, typer.Option(help="rows, columns, vector, column, row.")] = "",
    labels: Annotated[str, typer.Option(help="onehot or numbers.")] = "",
    sizes: Annotated[str, typer.Option(help="Sizes to try, such as 20,8,5.")] = "",
    level: Annotated[
        int | None, typer.Option(help="Help: 0 verdict, 1 tensor, 2 symptom, 3 explanation, 4 change.")
    ] = None,
    more: Annotated[bool, typer.Option("--more", help="One level more than last time.")] = False,
    log: Annotated[bool, typer.Option(help="Append to check-log.jsonl beside the file.")] = True,
    seconds: Annotated[int, typer.Option(help="Give up after this time.")] = 60,
    template: Annotated[
        str, typer.Option(help="Print a template: functions, class, updates, layer, optimizer, example.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check gradients: every one of a configured net, or which mistake is in a program of your own.

    A program is read, not imported: only its definitions and constants are executed, in a process of its own with
    limits on time and memory and without a network. That guards against accidents, not against malice.
    Exit codes: 0 right, 1 a mistake, 2 wrong usage, 3 could not be run, 4 undecided.
    """
    from handgrad.check import command

    if template:
        print(command.template(template))
        return
    wishes = {
        "forward": forward,
        "backward": backward,
        "loss": loss,
        "samples": samples,
        "labels": labels,
        "sizes": sizes,
    }
    result = command.check_anything(what, kind, wishes, level=level, more=more, log=log, seconds=seconds)
    if as_json:
        print(json.dumps(result.data, ensure_ascii=False))
    else:
        print(result.text)
        if result.note:
            say(result.note)
    if result.exit_code:
        raise typer.Exit(result.exit_code)
