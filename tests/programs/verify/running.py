"""Asks `handgrad check` about programs of the corpus, several at a time, and says what it answered."""

import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from .manifest import DEFAULT, Corpus, Wrong, corpus

NOT_RUN = 3


@dataclass(frozen=True)
class Question:
    """One call of the checker; `wrong` is None for a right program."""

    name: str
    path: Path
    thing: str = ""
    kind: str = ""
    wrong: Wrong | None = None


@dataclass(frozen=True)
class Outcome:
    """What came back.

    Attributes:
        code: the exit code of `handgrad check`: 0 right, 1 a mistake, 3 not run, 4 undecided.
        keys: explanations of the mistakes, in the order they are told; "" where nothing fits.
        form: how the gradients were had, in the checker's words.
        trouble: why it could not be run.
    """

    question: Question
    code: int
    keys: tuple[str, ...]
    form: str
    seconds: float
    trouble: str = ""

    def named_first(self, c: Corpus) -> bool:
        """Whether the mistake was found and its explanation is the first."""
        wrong = self.question.wrong
        return bool(wrong and self.code == 1 and self.keys and c.accepts(wrong.expect, self.keys[0]))

    def __str__(self) -> str:
        wrong = self.question.wrong
        said = ", ".join(k or "(nothing fits)" for k in self.keys) or self.trouble.split("\n")[0] or "no mistake"
        return f"{self.question.name}: exit {self.code}, expected {wrong.expect if wrong else 'right'}, got {said}"


def questions(folder: Path, only: Iterable[str] = (), name: str = DEFAULT) -> list[Question]:
    """The whole corpus, or what holds one of these texts in its name; wrong programs are written into the folder."""
    c, wanted = corpus(name), tuple(only)
    found = [Question(p.name, p) for p in c.right]
    for number, wrong in enumerate(c.wrong):
        path = folder / str(number)
        if not wanted or any(w in wrong.name for w in wanted):
            found.append(Question(wrong.name, wrong.written(path), wrong.thing, wrong.kind, wrong))
    return [q for q in found if not wanted or any(w in q.name for w in wanted)]


def ask(question: Question) -> Outcome:
    """One check at the highest level of help, nothing logged."""
    from handgrad.check import command
    from handgrad.errors import HandgradError

    what = f"{question.path}:{question.thing}" if question.thing else str(question.path)
    start = time.perf_counter()
    try:
        result = command.check_anything(what, question.kind, {}, level=4, more=False, log=False)
    except HandgradError as error:
        return Outcome(question, NOT_RUN, (), "", time.perf_counter() - start, str(error))
    parts: list[dict[str, Any]] = result.data["parts"]
    keys = [f["explanation"] for p in parts for f in p["findings"] if f["verdict"] == "mistake"]
    form = parts[0]["said"][0].rsplit("; ", 1)[-1] if parts and parts[0]["kind"] == "net" else ""
    return Outcome(question, result.exit_code, tuple(keys), form, time.perf_counter() - start)


def ask_all(asked: list[Question], processes: int) -> list[Outcome]:
    """All of them, `processes` at a time."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return list(pool.map(ask, asked))


def run(only: Iterable[str] = (), processes: int = 2, name: str = DEFAULT) -> list[Outcome]:
    """A corpus, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return ask_all(questions(Path(folder), only, name), processes)
