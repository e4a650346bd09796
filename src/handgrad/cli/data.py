"""`data`: what data is here."""

import json
from pathlib import Path
from typing import Annotated

import typer

from handgrad.cli.app import AsJson, app


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
