"""The corpus as data: its right programs, and its wrong ones made from a file and its entry in manifest.toml."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent.parent
DEFAULT = "programs"


@dataclass(frozen=True)
class Wrong:
    """One wrong program.

    Attributes:
        path: the file it is made from; a right one with `replace`, or one of wrong/ with `fix`.
        expect: key of the explanation that must come first.
        replace: pieces of text (each once in the file) and what makes them wrong.
        fix: the same the other way: what makes a program of wrong/ right.
        thing: the function or class to check, "" for the file.
        kind: what an optimiser is meant to be.
        judge: name of the verification, the file's stem where empty.
        unseen: why the verification cannot see the mistake.
        in_catalogue: False for mistakes that shared/mistakes.md does not list.
    """

    name: str
    path: Path
    expect: str
    replace: tuple[tuple[str, str], ...] = ()
    fix: tuple[tuple[str, str], ...] = ()
    thing: str = ""
    kind: str = ""
    judge: str = ""
    unseen: str = ""
    in_catalogue: bool = True

    @property
    def text(self) -> str:
        """The wrong program."""
        return edited(self.path, self.replace)

    @property
    def fixed(self) -> str:
        """The right program it stems from."""
        return edited(self.path, self.fix)

    def written(self, folder: Path) -> Path:
        """The wrong program as a file that says nothing about its mistake."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.path.name
        path.write_text(self.text, encoding="utf-8")
        return path


@dataclass(frozen=True)
class Corpus:
    """All of it; `explanations` are sentences by key, `aliases` the checker's keys that say the same."""

    right: tuple[Path, ...]
    wrong: tuple[Wrong, ...]
    explanations: dict[str, str] = field(repr=False)
    aliases: dict[str, list[str]] = field(repr=False)

    def accepts(self, expected: str, said: str) -> bool:
        """Whether the checker's key means the expected explanation."""
        return said == expected or said in self.aliases.get(expected, [])


def edited(path: Path, pieces: tuple[tuple[str, str], ...]) -> str:
    """A file's text with pieces replaced.

    Raises:
        ValueError: a piece does not occur exactly once.
    """
    text = path.read_text(encoding="utf-8")
    for old, new in pieces:
        if text.count(old) != 1:
            raise ValueError(f"{path.name}: {old!r} occurs {text.count(old)} times, expected once")
        text = text.replace(old, new)
    return text


def _entry(raw: dict[str, Any], folder: Path) -> Wrong:
    values = dict(raw)
    path = folder / (values.pop("base", "") or values.pop("file"))
    pieces = {key: tuple((old, new) for old, new in values.pop(key, [])) for key in ("replace", "fix")}
    return Wrong(path=path, **pieces, **values)


@cache
def corpus(name: str = DEFAULT) -> Corpus:
    """A manifest, read: tests/programs, or a folder of it; the keys of the first hold in all of them."""
    folder = PROGRAMS if name == DEFAULT else PROGRAMS / name
    shared = tomllib.loads((PROGRAMS / "manifest.toml").read_text(encoding="utf-8"))
    raw = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    right = sorted(p for p in (folder / "right").iterdir() if p.suffix in (".py", ".ipynb"))
    wrong = tuple(_entry(e, folder) for e in raw.get("wrong", []))
    explanations = shared["explanations"] | raw.get("explanations", {})
    aliases = {key: list(said) for key, said in shared["aliases"].items()}
    if folder != PROGRAMS:
        for key, said in raw.get("aliases", {}).items():
            aliases[key] = [*aliases.get(key, []), *said]
    return Corpus(tuple(right), wrong, explanations, aliases)
