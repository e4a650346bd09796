"""From a notebook: `handgrad.check(backward, forward=forward)` and the cell magic `%%handgrad check`."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handgrad.check.command import Result, check_program, make_wishes
from handgrad.errors import UsageError


class Shown(Result):
    """A result that a notebook prints as text."""

    def __repr__(self) -> str:
        return self.text


def check(
    thing: Callable[..., Any] | type | str | Path | None = None,
    *,
    forward: Callable[..., Any] | str | None = None,
    loss: Callable[..., Any] | str | None = None,
    samples: str = "",
    labels: str = "",
    sizes: tuple[int, ...] = (),
    kind: str = "",
    level: int | None = None,
    more: bool = False,
    log: bool = False,
) -> Result:
    """Which mistake is in a backward pass: yours, from a notebook, a session, or a file.

    The source is read again and run in a process of its own: in a notebook that of all cells executed so far,
    else the file in which `thing` is defined.

    Args:
        thing: the backward function, or the net's class, or a file's path; default: find out.
        forward, loss: the functions that belong to it; default: find out.
        samples: "rows" or "columns"; default: find out.
        labels: "onehot" or "numbers"; default: find out.
        sizes: inputs, hidden units, outputs to try; default: find out.
        kind: what `thing` is where it is no net: "adam", "conv", "accuracy", ….
        level: of help, 0 to 4; default 2.
        more: one level further than last time.
        log: append to check-log.jsonl beside the file.

    Returns:
        verdict ("right", "mistake", "undecided"), text, data.

    Raises:
        UsageError: there is no source to read.
        NotReadError: it could not be run.
    """
    given = {"forward": _name(forward), "loss": _name(loss), "samples": samples, "labels": labels}
    given["sizes"] = ",".join(map(str, sizes))
    if isinstance(thing, str | Path):
        name, _, inner = str(thing).partition(":")
        path, cells = Path(name), None
    else:
        inner = _name(thing)
        path, cells = _source_of(thing)
    if thing is not None and not isinstance(thing, type | str | Path):
        given["backward"], inner = _name(thing), inner if kind else ""
    result = check_program(path, make_wishes(path, inner, given), kind, level=level, more=more, log=log, cells=cells)
    return Shown(result.verdict, result.text, result.data, result.note)


def _name(thing: object) -> str:
    if thing is None or isinstance(thing, str):
        return thing or ""
    return str(getattr(thing, "__qualname__", getattr(thing, "__name__", ""))).split(".<locals>.")[-1]


def _source_of(thing: object) -> tuple[Path, list[str] | None]:
    """The cells of the notebook in which this runs, or the file in which something is defined."""
    shell = _shell()
    if shell is not None:
        return Path("notebook.ipynb"), list(shell.user_ns.get("In", []))
    try:
        file = inspect.getsourcefile(thing) if thing is not None else None  # type: ignore[arg-type]
    except TypeError:
        file = None
    if file is None or not Path(file).is_file():
        raise UsageError("handgrad.check: no source to read; give a file's path, or call it in a notebook")
    return Path(file), None


def _shell() -> Any:
    """IPython's shell, if this runs in one; IPython is never imported for it."""
    import sys

    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext handgrad` defines `%%handgrad check`: run the cell, then check all cells so far."""

    def handgrad(line: str, cell: str = "") -> None:
        words = shlex.split(line)
        if words[:1] != ["check"]:
            raise UsageError("%%handgrad: expected `%%handgrad check`, then --level N or --more if wanted")
        shell.run_cell(cell)
        level = int(words[words.index("--level") + 1]) if "--level" in words[:-1] else None
        texts = [*list(shell.user_ns.get("In", []))[:-1], cell]
        path = Path("notebook.ipynb")
        result = check_program(
            path, make_wishes(path, "", {}), level=level, more="--more" in words, log=False, cells=texts
        )
        print(result.text)

    shell.register_magic_function(handgrad, "line_cell", "handgrad")
