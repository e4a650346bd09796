"""`explain`: the one number that a gradient check printed, in words."""

import json
from typing import Annotated

import typer

from handgrad.cli.app import AsJson, app


@app.command(epilog="Example: handgrad explain 0.961 --batch 50")
def explain(
    value: Annotated[float, typer.Argument(help="Relative difference of two gradients, ‖a−b‖/(‖a‖+‖b‖).")],
    batch: Annotated[int, typer.Option(help="N: images in the batch it was measured on.")] = 50,
    classes: Annotated[int, typer.Option(help="P: classes.")] = 10,
    as_json: AsJson = False,
) -> None:
    """What a relative difference between two gradients can mean, and what to try next."""
    from handgrad.check.explain import explain as explain_number

    found = explain_number(value, batch=batch, classes=classes)
    print(json.dumps(found.as_dict(), ensure_ascii=False) if as_json else found.words)
