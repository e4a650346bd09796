"""The corpus's own truth: each right program compared with difference quotients, each wrong one seen to differ."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from . import (
    nets,
    pieces,
    stepping,
    unseen_first,
    unseen_layers,
    unseen_nets,
    unseen_second,
    unseen_third,
    unseen_tools,
    written,
)
from .harness import load, source_of
from .manifest import Wrong


def judge_of(name: str) -> Callable[[ModuleType], None]:
    """The function that compares this program."""
    for module in (
        nets,
        stepping,
        pieces,
        written,
        unseen_first,
        unseen_second,
        unseen_third,
        unseen_layers,
        unseen_nets,
        unseen_tools,
    ):
        if hasattr(module, name):
            return getattr(module, name)
    raise LookupError(f"no verification for {name}")


def trouble_with(path: Path, text: str, judge: str = "") -> str:
    """What is wrong with a program's numbers; "" where nothing is."""
    function = judge_of(judge or path.stem)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            np.errstate(all="ignore"),
        ):
            function(load(source_of(path, text)))
    except Exception as error:  # whatever a wrong program does, a shape that does not fit included
        return f"{type(error).__name__}: {error}"
    return ""


def objection(entry: Wrong) -> str:
    """What keeps an entry from being a good one: an edit that changes nothing, or one that only breaks the program."""
    before = trouble_with(entry.path, entry.fixed, entry.judge)
    after = trouble_with(entry.path, entry.text, entry.judge)
    if before:
        return f"is wrong without its mistake: {before}"
    if entry.unseen:
        return "" if not after else f"is said to be unseen, and shows: {after}"
    if not after:
        return "its mistake changes nothing"
    return "" if not after.startswith(("NameError", "SyntaxError", "AttributeError", "TypeError")) else after
