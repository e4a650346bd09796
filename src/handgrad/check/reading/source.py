"""A program's text: from a file or a notebook, with every line's place as its author sees it."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

from handgrad.errors import HandgradError


class NotReadError(HandgradError):
    """The program could not be read or run; exit code 3 of `check`."""

    exit_code = 3


@dataclass(frozen=True)
class Source:
    """A program's text and, for a notebook, cell and line of each of its lines (1-based)."""

    path: Path
    text: str
    cells: tuple[tuple[int, int], ...] = ()

    def place(self, line: int) -> str:
        """A line as its author sees it.

        >>> Source(Path("net.py"), "x = 1").place(1)
        'line 1'
        """
        if not self.cells:
            return f"line {line}"
        cell, inside = self.cells[min(line, len(self.cells)) - 1]
        return f"cell {cell}, line {inside}"

    def tree(self) -> ast.Module:
        """The text parsed.

        Raises:
            NotReadError: with the line and, for Python 2, what to do.
        """
        try:
            return ast.parse(self.text)
        except SyntaxError as error:
            raise NotReadError(self._explain(error)) from error

    def _explain(self, error: SyntaxError) -> str:
        line = error.lineno or 1
        lines = self.text.splitlines() or [""]
        shown = lines[min(line, len(lines)) - 1].strip()
        what = f"{self.path.name}, {self.place(line)}: Python cannot read this line: {error.msg}\n    {shown}"
        if re.match(r"(print|exec)\s+[^(=]", shown) or "xrange" in shown:
            what += "\nThis looks like Python 2: print needs brackets in Python 3; `2to3 -w FILE` changes them all."
        return what


def read_source(path: Path) -> Source:
    """A .py file as it is; a notebook's code cells joined, without magics.

    Raises:
        NotReadError: no such file, not text, or no notebook.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadError(f"{path}: cannot be read: {error}") from error
    return read_notebook(path, text) if path.suffix == ".ipynb" else Source(path, text)


def read_notebook(path: Path, text: str) -> Source:
    """The code cells of a notebook's JSON."""
    try:
        cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
        texts = ["".join(c["source"]) if isinstance(c["source"], list) else c["source"] for c in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise NotReadError(f"{path}: this is no notebook (format 4): {error}") from error
    return join_cells(path, texts)


def join_cells(path: Path, texts: list[str]) -> Source:
    """Cells one after the other; a cell that Python cannot read is left out."""
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, cell in enumerate(texts, start=1):
        cleaned = [_without_magic(line) for line in cell.splitlines()]
        if cell.lstrip().startswith("%%") and not cell.lstrip().startswith(("%%time", "%%capture", "%%handgrad")):
            cleaned = [""] * len(cleaned)
        try:
            ast.parse("\n".join(cleaned))
        except SyntaxError:
            cleaned = [""] * len(cleaned) if len(texts) > 1 else cleaned
        lines += cleaned
        places += [(number, inside) for inside in range(1, len(cleaned) + 1)]
    return Source(path, "\n".join(lines), tuple(places))


def _without_magic(line: str) -> str:
    bare = line.lstrip()
    if bare.startswith(("%", "!", "?")) or bare.endswith("?"):
        return line[: len(line) - len(bare)] + "pass" if line[:1].isspace() else ""
    return line
