"""What a gradient check found: one line a tensor, for people and for programs."""

import math
from dataclasses import asdict, dataclass
from typing import Any

#: the verdicts a line can carry, with what each one means to a person
VERDICTS = {
    "right": "right",
    "wrong": "WRONG",
    "zero": "zero on both sides",
    "frozen": "frozen: no gradient wanted",
    "unchecked": "NOTHING CHECKED",
}
_PASSING = ("right", "zero", "frozen")


@dataclass(frozen=True)
class TensorLine:
    """One tensor's gradient, by hand (`analytic`) and by differences (`numeric`), where they differ most.

    `index` is that place in the tensor, None where the worst was a direction. `redrawn` counts the places and
    directions left out because the step flipped a ReLU's sign or a maximum's place.
    """

    name: str
    shape: tuple[int, ...]
    coordinates: int
    directions: int
    redrawn: int
    error: float
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    verdict: str

    @property
    def passed(self) -> bool:
        """Right, or rightly zero, or frozen and left alone."""
        return self.verdict in _PASSING

    @property
    def compared(self) -> int:
        """How many derivatives were compared, along coordinates and directions."""
        return self.coordinates + self.directions

    def cells(self) -> list[str]:
        """For a table: name, shape, what was checked, worst error, where, both numbers, verdict."""
        size = "×".join(map(str, self.shape)) or "scalar"
        checked = f"{self.coordinates:,}"
        checked += f" + {self.directions} directions" if self.directions else ""
        checked += f" ({self.redrawn} redrawn)" if self.redrawn else ""
        where = "a direction" if self.index is None else str(list(self.index))
        if not self.compared:
            where = "–"
        numbers = [f"{self.error:.1e}", where, f"{self.analytic:.8g}", f"{self.numeric:.8g}"]
        return [self.name, size, checked, *numbers, VERDICTS[self.verdict]]


@dataclass(frozen=True)
class GradientReport:
    """A whole check.

    It passes when every line does and something was compared: a check that checked nothing fails.
    """

    subject: str
    tolerance: float
    lines: tuple[TensorLine, ...]

    @property
    def passed(self) -> bool:
        """Every tensor passed, and something was compared."""
        return all(line.passed for line in self.lines) and any(line.compared for line in self.lines)

    @property
    def worst(self) -> TensorLine:
        """The line that failed, or came closest to it."""
        return max(self.lines, key=lambda line: (not line.passed, line.error))

    def line(self, name: str) -> TensorLine:
        """The line of one tensor.

        Raises:
            KeyError: if the check has no such tensor.
        """
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(f"{name}: checked were {', '.join(line.name for line in self.lines)}")

    def format(self) -> str:
        """For people: a table, and above it the verdict."""
        head = ["tensor", "shape", "checked", "worst error", "at", "by hand", "by differences", ""]
        rows = [head, *(line.cells() for line in self.lines)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        table = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        verdict = "right" if self.passed else "NOT RIGHT"
        return "\n".join([f"{self.subject}: {verdict} (tolerance {self.tolerance:g})", *table])

    def to_json(self) -> dict[str, Any]:
        """For programs: plain dicts, lists, numbers and strings; numbers that are not finite become None."""
        lines = [asdict(line) | {"passed": line.passed} for line in self.lines]
        for line in lines:
            for key in ("error", "analytic", "numeric"):
                line[key] = line[key] if math.isfinite(line[key]) else None
            line["shape"] = list(line["shape"])
            line["index"] = None if line["index"] is None else list(line["index"])
        return {
            "subject": self.subject,
            "passed": self.passed,
            "tolerance": self.tolerance,
            "worst": self.worst.name if self.lines else None,
            "lines": lines,
        }
