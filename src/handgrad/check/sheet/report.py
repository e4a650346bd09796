"""What a sheet's check says, for people at a chosen level of help and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from handgrad.check.subject import Finding

_MARKS = {"given": " ", "right": "✓", "renamed": "≈", "wrong": "✗", "error": "!"}


@dataclass(frozen=True)
class SheetLine:
    """A line, its shape in letters, and its verdict: given, right, renamed, wrong or error; "" for comments."""

    number: int
    text: str
    verdict: str
    shape: str = ""
    notes: tuple[str, ...] = ()
    finding: Finding | None = None


@dataclass(frozen=True)
class SheetReport:
    """The lines of a sheet, judged.

    Attributes:
        name: of the file.
        lines: in order, comments included.
        notes: how the sheet as a whole was read.
        sizes: letter → number that was drawn for it.
    """

    name: str
    lines: tuple[SheetLine, ...]
    notes: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, or worth saying, in the order of the lines."""
        return tuple(line.finding for line in self.lines if line.finding)

    @property
    def verdict(self) -> str:
        """right, mistake, error (a line cannot be read) or undecided (nothing to judge)."""
        verdicts = {line.verdict for line in self.lines}
        if "error" in verdicts:
            return "error"
        if "wrong" in verdicts:
            return "mistake"
        return "right" if verdicts & {"right", "renamed"} else "undecided"

    @property
    def exit_code(self) -> int:
        """0 right, 1 mistake found, 2 a line cannot be read, 4 undecided."""
        return {"right": 0, "mistake": 1, "error": 2, "undecided": 4}[self.verdict]

    @property
    def first_wrong(self) -> SheetLine | None:
        """The line to begin with."""
        return next((line for line in self.lines if line.verdict in ("wrong", "error")), None)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "first_wrong": self.first_wrong.number if self.first_wrong else None,
            "notes": list(self.notes),
            "sizes": self.sizes,
            "lines": [asdict(line) for line in self.lines if line.verdict],
        }

    def text(self, level: int = 2) -> str:
        """For people: 0 verdict · 1 the lines · 2 symptom and question · 3 the explanation · 4 the corrected line."""
        parts = [self._headline(level)]
        if level >= 1:
            parts = [*self._table(), "", *parts, *(f"({note})" for note in self.notes)]
        if level >= 2:
            for finding in self.findings:
                parts += ["", *_finding(finding, level)]
        return "\n".join(parts)

    def _headline(self, level: int) -> str:
        judged = sum(line.verdict in ("right", "renamed", "wrong") for line in self.lines)
        wrong = sum(line.verdict == "wrong" for line in self.lines)
        if self.verdict == "right":
            return f"All {judged} lines that can be judged are right."
        if self.verdict == "undecided":
            return "No line here is a gradient or an update of something on the sheet: nothing was judged."
        if self.verdict == "error":
            return "A line could not be read." if level == 0 else f"Line {self._first()} could not be read."
        where = "" if level == 0 else f" The first is line {self._first()}; later lines are judged on it as it stands."
        return f"{wrong} of {judged} lines are wrong.{where}"

    def _first(self) -> int:
        return self.first_wrong.number if self.first_wrong else 0

    def _table(self) -> list[str]:
        lines = list(self.lines)
        while lines and not lines[-1].text:
            lines.pop()
        width = max((len(line.text) for line in lines if line.verdict), default=0)
        shown = []
        for line in lines:
            beside = "   ".join(part for part in (line.shape, "; ".join(line.notes)) if part)
            shown.append(f"{_MARKS.get(line.verdict, ' ')} {line.number:>3}  {line.text:<{width}}  {beside}".rstrip())
        return shown


def _finding(finding: Finding, level: int) -> list[str]:
    head = f"Line {finding.line}: {finding.symptom}"
    parts = [head]
    if finding.expected is not None and finding.received is not None:
        place = ", ".join(map(str, finding.index))
        parts.append(
            f"At [{place}] it gives {finding.received:.6g}; the loss's own slope there is {finding.expected:.6g}."
        )
    if level == 2 and finding.question:
        parts.append(finding.question)
    if level >= 3 and finding.words:
        parts.append(finding.words)
    if level >= 3 and finding.mathematics:
        parts.append(f"On paper: {finding.mathematics}")
    if level >= 4 and finding.change:
        parts.append(f"This line would be right: {finding.change}")
    return parts
