"""A program run from its first line on, with stand-ins for what it would load, until its watched round is over."""

from __future__ import annotations

import ast
import builtins
import copy
import io
import random
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from handgrad.check.reading.loops.data import data_role, stand_in
from handgrad.check.reading.loops.find import opened
from handgrad.check.reading.loops.script_sequences import TEXT
from handgrad.check.reading.patience import TooSlowError
from handgrad.check.reading.program import MODULE, Program, no_input
from handgrad.check.reading.rounds.instrument import WATCHER, instrumented
from handgrad.check.reading.rounds.pretend import make_import
from handgrad.check.reading.rounds.watch import Finished, Watcher

_MISSING = 6  # names that one statement may lack
_TEXT_NAMES = ("data", "text", "raw_text", "corpus", "txt", "raw", "content")


class Launch:
    """A program's instrumented statements, to be run as often as one likes: each run draws the same numbers."""

    def __init__(self, program: Program, body: Sequence[ast.stmt] | None = None, variant: str = "onehot") -> None:
        self.program, self.variant, self.replaced = program, variant, False
        self.nodes = opened(program.tree.body if body is None else body)
        self.code = [compile(ast.Module([node], []), MODULE, "exec") for node in instrumented(self.nodes)]

    def with_nodes(self, nodes: Sequence[ast.stmt]) -> Launch:
        """The same program with other statements at its top level, as many."""
        made = copy.copy(self)
        made.nodes = list(nodes)
        made.code = [compile(ast.Module([node], []), MODULE, "exec") for node in instrumented(nodes)]
        return made

    def run(self, watcher: Watcher) -> Watcher:
        """Run until the watcher has seen its round; statements that fail get stand-ins for what they would make."""
        module = types.ModuleType(MODULE)
        names = module.__dict__
        names["__builtins__"] = {
            **vars(builtins), "__import__": make_import(self.program._beside), "open": _open, "input": no_input,
            "exit": no_input, "quit": no_input,
        }  # fmt: skip
        names["__file__"], names[WATCHER] = self.program.source.path.name, watcher
        names.update({f"handgrad_{role}": stand_in(role, self.variant) for role in "xt"})
        sys.modules[MODULE] = module
        with _same_numbers(), np.errstate(all="ignore"), suppress(Finished):
            for node, code in zip(self.nodes, self.code, strict=True):
                try:
                    self._execute(code, names)
                except TooSlowError:
                    raise
                except Exception:
                    self._replace(node, names)
                except SystemExit:
                    break
        return watcher

    def _execute(self, code: types.CodeType, names: dict[str, Any]) -> None:
        """One statement; images and targets that nothing has made are stand-ins."""
        for _ in range(_MISSING):
            try:
                return exec(code, names)
            except NameError as error:
                missing = getattr(error, "name", None) or ""
                if missing in names or not data_role(missing) or isinstance(error, UnboundLocalError):
                    raise
                names[missing] = stand_in(data_role(missing), self.variant)
                self.replaced = True
        return exec(code, names)

    def _replace(self, node: ast.stmt, names: dict[str, Any]) -> None:
        """Images, targets or a text in place of what a failed statement would have assigned."""
        if not isinstance(node, ast.Assign):
            return
        for name in [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]:
            if name in names:
                continue
            if name in _TEXT_NAMES and "open(" in ast.unparse(node.value):
                names[name] = TEXT
            elif data_role(name):
                names[name] = stand_in(data_role(name), self.variant)
                self.replaced = True


def _open(file: Any, mode: str = "r", *_: Any, **__: Any) -> io.StringIO | io.BytesIO:
    """Some text to read; what is written goes nowhere."""
    if "r" not in mode:
        return io.BytesIO() if "b" in mode else io.StringIO()
    if "b" in mode:
        raise OSError("handgrad check opens no files")
    return io.StringIO((TEXT + "\n") * 3)


def _not_saved(*_: Any, **__: Any) -> None:
    """In place of np.save and its like: the author's own weights may lie there."""


_SAVING = ("save", "savez", "savez_compressed", "savetxt")


@contextmanager
def _same_numbers() -> Iterator[None]:
    """Every run draws the same random numbers, whatever generator the program makes, and saves nothing."""
    made, old = np.random.default_rng, np.random.RandomState
    saving = {name: getattr(np, name) for name in _SAVING}
    argv = sys.argv
    np.random.seed(20240117)
    random.seed(20240117)
    np.random.default_rng = lambda seed=None: made(7 if seed is None else seed)
    sys.argv = ["program"]
    for name in _SAVING:
        setattr(np, name, _not_saved)
    try:
        yield
    finally:
        for name, value in saving.items():
            setattr(np, name, value)
        np.random.default_rng, np.random.RandomState = made, old  # type: ignore[misc]
        sys.argv = argv
