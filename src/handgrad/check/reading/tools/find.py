"""Helpers of a program, found by name and judged in the arrangement of arguments that suits each best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from handgrad.check.diagnosis import diagnose_tool
from handgrad.check.diagnosis.tools.diagnose import KINDS as KINDS
from handgrad.check.diagnosis.tools.diagnose import in_words
from handgrad.check.reading.patience import TooSlowError, patience
from handgrad.check.reading.program import Program
from handgrad.check.reading.tools.calls import Way
from handgrad.check.reading.tools.evidence import (
    has_hidden_layers,
    labels_as_column,
    labels_from_one,
    zeros_are_a_choice,
)
from handgrad.check.reading.tools.functions import function_ways
from handgrad.check.reading.tools.loaders import loader_ways
from handgrad.check.reading.tools.names import Candidate, candidates, kind_of, stem_of
from handgrad.check.reading.tools.ways import ways_of
from handgrad.check.subject import Diagnosis
from handgrad.kernels.types import Array

_RANKS = {"right": 0, "convention": 1, "mistake": 2, "undecided": 3}
_SECONDS = 3.0
_PLAIN = {
    "accuracy_all_pairs", "accuracy_axis_0", "accuracy_counts_entries", "accuracy_over_classes", "softmax_axis_0",
    "softmax_twice", "exp_overflow", "labels_off_by_one", "labels_shuffled_apart", "checker_half_step",
}  # fmt: skip
_UNNAMED = ("softmax", "accuracy", "one_hot", "gradient_checker", "shuffle", "split", "batch", "confusion")


@dataclass
class ProgramTool:
    """Implements `ToolSubject`: a function, and how handgrad's arguments are put for it."""

    name: str
    kind: str
    way: Way
    namespace: dict[str, Any] = field(default_factory=dict)

    def call(self, *arguments: Array) -> object:
        """See `ToolSubject.call`."""
        made: object = self.way.call(self.namespace, *arguments)
        return made


@dataclass(frozen=True)
class Judged:
    """A helper with its diagnosis and what is said of how it was read."""

    tool: ProgramTool
    said: list[str]
    diagnosis: Diagnosis

    @property
    def kind(self) -> str:
        """In words."""
        return in_words(self.tool.kind)


def find_tools(program: Program, thing: str = "", kind: str = "", samples: str = "") -> Iterator[Judged]:
    """Functions with a helper's name.

    Args:
        program: the program.
        thing: only this function, class or method; "" for all.
        kind: what it is meant to be, whatever its name says; only with a thing, or for functions with such a name.
        samples: "rows" or "columns" where a net in the program shows it.
    """
    known = list(candidates(program))
    for candidate in known:
        if thing and not _is_asked(thing, program, candidate):
            continue
        judged = _best(
            program, candidate, list(_ways(program, candidate, known, kind, bool(thing), samples)), bool(thing)
        )
        if judged is not None:
            yield judged


def _is_asked(thing: str, program: Program, candidate: Candidate) -> bool:
    """By its own name; by its class's only where the class is a helper itself, and no layer."""
    owner = candidate.function.owner
    if thing != owner:
        return thing in (candidate.shown, candidate.name)
    helper = kind_of(owner) == "early_stopping" or bool(stem_of(owner)[0]) or any(loader_ways(program, candidate))
    return helper and not any("backward" in method for method in program.methods[owner])


def find_unnamed(program: Program, thing: str) -> Judged | None:
    """A function that was asked for and whose name says nothing: what it turns out to be when it is run."""
    candidate = next((c for c in candidates(program) if thing in (c.shown, c.name)), None)
    if candidate is None or kind_of(candidate.name) or stem_of(candidate.name)[0]:
        return None
    found = [_best(program, candidate, ways_of(program, candidate, kind, ""), True) for kind in _UNNAMED]
    sure = [j for j in found if j is not None and _is_plain(j.diagnosis)]
    return min(sure, key=lambda j: _rank(j.diagnosis), default=None)


def _is_plain(diagnosis: Diagnosis) -> bool:
    """Whether the numbers say what a function without a name is for: right, or a slip that nothing else would give."""
    return all(found.verdict == "convention" or found.explanation in _PLAIN for found in diagnosis.findings)


def _ways(
    program: Program, candidate: Candidate, known: list[Candidate], kind: str, asked: bool, samples: str
) -> Iterator[Way]:
    promised = kind_of(candidate.name)
    owner = candidate.function.owner
    if not promised and owner and kind_of(owner) == "early_stopping":
        promised = "early_stopping"
    if (
        kind
        and not asked
        and promised != kind
        and not (kind in ("activation", "loss", "softmax") and stem_of(candidate.name)[0])
    ):
        return
    loaders = list(loader_ways(program, candidate))
    if loaders:
        yield from loaders
        return
    if (promised or kind) and stem_of(candidate.name)[0] == "":
        yield from ways_of(program, candidate, kind or promised, samples)
        return
    if stem_of(candidate.name) == ("activation", "softmax", False) or kind == "softmax":
        yield from ways_of(program, candidate, "softmax", samples)
    yield from function_ways(program, candidate, known)


def _best(program: Program, candidate: Candidate, ways: list[Way], asked: bool) -> Judged | None:
    """The way with the mildest verdict; a right one ends the search, and so does one that does not come back."""
    best: Judged | None = None
    if not ways:
        return None
    space = program.fresh()
    for way in ways:
        tool = ProgramTool(candidate.shown, way.kind, way, space)
        try:
            with patience(_SECONDS):
                diagnosis = _weighed(program, candidate, diagnose_tool(tool), asked)
        except TooSlowError:
            break
        except Exception:
            continue
        if best is None or _rank(diagnosis) < _rank(best.diagnosis):
            best = Judged(tool, [f"{candidate.shown}() read as {in_words(way.kind)}"], diagnosis)
        if _rank(diagnosis) == 0:
            break
    return best


def _rank(diagnosis: Diagnosis) -> int:
    if diagnosis.findings and diagnosis.findings[0].explanation == "exp_overflow":
        return _RANKS["convention"]  # in this arrangement its values are right, whatever it is called for that
    return _RANKS[diagnosis.findings[0].verdict if diagnosis.findings else "right"]


def _weighed(program: Program, candidate: Candidate, diagnosis: Diagnosis, asked: bool) -> Diagnosis:
    """A mistake that the rest of the program excuses is a convention; an overflow in what was asked about is none."""
    if not diagnosis.findings:
        return diagnosis
    place = tuple(replace(found, line=candidate.function.node.lineno) for found in diagnosis.findings)
    diagnosis = replace(diagnosis, findings=place)
    found, kind = diagnosis.findings[0], diagnosis.lines[0].tensor
    excuses = {
        "init_zero": lambda: (
            "zero" in candidate.name.lower()
            or not has_hidden_layers(program)
            or zeros_are_a_choice(candidate.function.node)
        ),
        "labels_off_by_one": lambda: labels_from_one(program),
        "accuracy_all_pairs": lambda: (
            kind in ("accuracy", "error rate") and labels_as_column(program, candidate.function)
        ),
    }
    if found.verdict == "mistake" and found.explanation in excuses and excuses[found.explanation]():
        return _with_verdict(diagnosis, "convention")
    if found.explanation == "exp_overflow" and asked:
        return _with_verdict(diagnosis, "mistake")
    return diagnosis


def _with_verdict(diagnosis: Diagnosis, verdict: str) -> Diagnosis:
    lines = tuple(replace(line, right=verdict == "convention") for line in diagnosis.lines)
    return replace(diagnosis, lines=lines, findings=tuple(replace(f, verdict=verdict) for f in diagnosis.findings))
