"""Someone's own log of training, a CSV with whatever columns: read, its columns guessed, and every guess told."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError, UsageError

MAX_BYTES = 100_000_000
AXES = ("iteration", "epoch")
MEASURES = tuple(f"{name}_{what}" for name in ("test", "valid", "train") for what in ("error", "loss"))
_AXIS_WORDS = {
    "iteration": {"iteration", "iterations", "iter", "it", "step", "steps", "update", "updates", "k"},
    "epoch": {"epoch", "epochs", "ep"},
}
_SET_WORDS = {
    "test": {"test", "testing", "te", "eval", "evaluation"},
    "valid": {"val", "valid", "validation", "dev"},
    "train": {"train", "training", "tr", "batch"},
}
_QUANTITY_WORDS = {
    "loss": {"loss", "cost", "nll", "xent", "crossentropy", "entropy", "objective"},
    "error": {"error", "err", "errors", "inaccuracy", "misclassification", "wrong"},
    "accuracy": {"accuracy", "acc", "correct", "right"},
}


@dataclass
class Log:
    """A log as understood: places along `axis`, errors as fractions, losses per image.

    A missing value is NaN; a value that was written as nan or inf is inf. `assumed` says in words what was guessed.
    """

    path: Path
    axis: str
    x: NDArray[np.float64]
    curves: dict[str, NDArray[np.float64]]
    assumed: list[str] = field(default_factory=list)


def read_log(path: Path, columns: Sequence[str] = ()) -> Log:
    """Read a CSV log.

    Args:
        path: comma, semicolon or tab between columns, a first line with their names; a torn last line is left out.
        columns: "measure=column" where the guess is not wanted; a measure is iteration, epoch, or one of test, valid,
            train with _error, _accuracy or _loss.

    Raises:
        DataError: if it cannot be read as a table of numbers.
        UsageError: if a column named is not there, or no column can be understood.

    >>> file = tmp_path / "log.csv"
    >>> _ = file.write_text("step,loss,acc\\n100,0.52,88.1\\n200,0.31,91.4\\n")
    >>> log = read_log(file)
    >>> log.x.tolist(), sorted(log.curves), log.curves["test_error"].round(3).tolist()
    ([100.0, 200.0], ['test_error', 'train_loss'], [0.119, 0.086])
    """
    head, table, assumed = _read_table(path)
    meaning = _named(columns, head, path) or {}
    for name in head:
        if name not in meaning.values():
            guess = _guess(name)
            if guess and guess not in meaning and _measure_of(guess) not in map(_measure_of, meaning):
                meaning[guess] = name
    axis, x = _axis(meaning, head, table, path, assumed)
    curves: dict[str, NDArray[np.float64]] = {}
    for guess, name in meaning.items():
        if guess in AXES:
            continue
        curves[_measure_of(guess)] = _as_measure(guess, name, table[:, head.index(name)], assumed)
    if not curves:
        raise UsageError(
            f"{path}: no column of a loss, an error or an accuracy among {', '.join(head)}; "
            "name one: --column test_accuracy=NAME, or test_error, train_loss, …"
        )
    return Log(path, axis, x, curves, assumed)


def _measure_of(guess: str) -> str:
    return guess.replace("_accuracy", "_error")


def _named(columns: Sequence[str], head: Sequence[str], path: Path) -> dict[str, str]:
    """What the person says the columns are."""
    known = (*AXES, *MEASURES, *(m.replace("_error", "_accuracy") for m in MEASURES if m.endswith("_error")))
    named = {}
    for text in columns:
        measure, equals, name = text.partition("=")
        if not equals or measure not in known:
            raise UsageError(f"--column {text}: expected MEASURE=COLUMN, MEASURE one of {', '.join(known)}")
        if name not in head:
            raise UsageError(f"--column {text}: {path} has no column {name!r}; it has {', '.join(head)}")
        named[measure] = name
    return named


def _guess(name: str) -> str | None:
    """What a column seems to be; None if nothing we know.

    >>> _guess("Val Accuracy"), _guess("train/loss"), _guess("loss"), _guess("acc"), _guess("lr"), _guess("Epoch")
    ('valid_accuracy', 'train_loss', 'train_loss', 'test_accuracy', None, 'epoch')
    """
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    quantity = next((what for what, known in _QUANTITY_WORDS.items() if words & known), None)
    if quantity is None:
        return next((axis for axis, known in _AXIS_WORDS.items() if words & known and len(words) <= 2), None)
    which = next((which for which, known in _SET_WORDS.items() if words & known), None)
    return f"{which or ('train' if quantity == 'loss' else 'test')}_{quantity}"


def _axis(
    meaning: Mapping[str, str], head: Sequence[str], table: NDArray[np.float64], path: Path, assumed: list[str]
) -> tuple[str, NDArray[np.float64]]:
    """Iterations if there are any that rise, else epochs."""
    for axis in AXES:
        if axis in meaning:
            x = table[:, head.index(meaning[axis])]
            steps = np.diff(x)
            if np.isfinite(x).all() and ((steps > 0).all() if axis == "iteration" else (steps >= 0).all()):
                assumed.append(f"The column {meaning[axis]!r} counts {axis}s.")
                return axis, x
    if any(axis in meaning for axis in AXES):
        named = " and ".join(repr(meaning[axis]) for axis in AXES if axis in meaning)
        raise UsageError(
            f"{path}: {named} does not rise from line to line (it may begin anew in every epoch); "
            "write the number of updates since the start into one column and name it: --column iteration=NAME"
        )
    raise UsageError(
        f"{path}: no column of iterations or epochs among {', '.join(head)}; "
        "name it: --column iteration=NAME or epoch=NAME"
    )


def _as_measure(guess: str, name: str, values: NDArray[np.float64], assumed: list[str]) -> NDArray[np.float64]:
    """A column in handgrad's units."""
    which, quantity = guess.split("_")
    sets = {"test": "test", "valid": "validation", "train": "training"}
    if quantity == "loss":
        assumed.append(f"The column {name!r} is the {sets[which]} loss, a mean per image.")
        return values
    known = values[np.isfinite(values)]
    percent = bool(len(known)) and float(np.abs(known).max()) > 1
    scaled = values / 100 if percent else values
    unit = "percent" if percent else "fractions"
    if len(known) and not 0 <= float(known.min()) <= float(known.max()) <= (100 if percent else 1):
        raise DataError(f"column {name!r}: expected {quantity} in {unit}, found {known.min():g} to {known.max():g}")
    assumed.append(f"The column {name!r} is the {sets[which]} {quantity}, in {unit}.")
    return np.where(np.isposinf(scaled), np.inf, 1 - scaled) if quantity == "accuracy" else scaled


# ------------------------------------------------------------------------------------------------ the file


def _read_table(path: Path) -> tuple[list[str], NDArray[np.float64], list[str]]:
    """Names of the columns, the numbers (lines, columns) of those that hold any, and remarks."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path}: {size:,} bytes; a log of at most {MAX_BYTES:,} is read: thin it out first")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected text in UTF-8, found the byte {error.object[error.start]:#04x}") from None
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and line.strip()[0] != "#"]
    if len(lines) < 2:
        raise DataError(f"{path}: expected a line of column names and lines of numbers, found {len(lines)} lines")
    first = lines[0][1]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader((line for _, line in lines), delimiter=delimiter, skipinitialspace=True, strict=False))
    except csv.Error as error:
        raise DataError(f"{path}: not a table: {error}") from error
    head, body = [name.strip() for name in rows[0]], rows[1:]
    if all(_is_number(name) for name in head):
        raise DataError(
            f"{path}: the first line holds numbers; expected the columns' names, such as iteration,loss,acc"
        )
    remarks = []
    if len(body[-1]) < len(head) and len(body) > 1:
        body.pop()
        remarks.append(f"The last line ({lines[-1][0]}) is torn and left out.")
    elif not text.endswith(("\n", "\r")):
        remarks.append("The last line has no end; if the log was cut there, its last number may be cut too.")
    return head, _numbers(path, head, body, [n for n, _ in lines[1:]], delimiter), remarks


def _numbers(
    path: Path, head: Sequence[str], body: Sequence[Sequence[str]], places: Sequence[int], delimiter: str
) -> NDArray[np.float64]:
    """The cells as numbers; a column without any number (names, times) is NaN throughout."""
    table = np.full((len(body), len(head)), np.nan)
    texts = [c for c in range(len(head)) if not any(c < len(row) and _is_number(row[c], delimiter) for row in body)]
    for r, (row, place) in enumerate(zip(body, places, strict=False)):
        if len(row) != len(head):
            raise DataError(f"{path}: line {place}: expected {len(head)} cells, found {len(row)}")
        for c, cell in enumerate(row):
            if c in texts or not cell.strip():
                continue
            if not _is_number(cell, delimiter):
                raise DataError(f"{path}: line {place}, column {head[c]!r}: expected a number, found {cell!r}")
            table[r, c] = _number(cell, delimiter)
    return table


def _is_number(cell: str, delimiter: str = ",") -> bool:
    try:
        _number(cell, delimiter)
    except ValueError:
        return False
    return True


def _number(cell: str, delimiter: str) -> float:
    """A cell's number; what was written as nan or inf is inf, for it is a value that stopped being finite."""
    text = cell.strip().rstrip("%").strip()
    if delimiter == ";":
        text = text.replace(",", ".")
    value = float(text)
    return value if math.isfinite(value) else math.inf
