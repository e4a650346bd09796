"""`evaluate`, `predict`: what a trained net does with images."""

import json
from pathlib import Path
from typing import Annotated

import typer

from handgrad.cli.app import AsJson, Out, app, say


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
