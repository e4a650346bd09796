"""Derivatives that stand side by side and ask for different things: one for z, another one for a = f(z).

Each alone may be right, since nothing says what it is given. Where a file only offers them, under arguments of one
name, and some can only be meant for z, a caller that treats all alike goes wrong with the others.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.check.diagnosis.tools.diagnose import told_of
from handgrad.check.diagnosis.tools.found import near
from handgrad.check.reading.program import Program
from handgrad.check.reading.tools.find import Judged
from handgrad.check.reading.tools.names import Candidate, candidates

_KIND = "activation_derivative"
_H = 1e-6
_Z = np.array([[-1.7, -0.6, 0.4], [1.3, 0.2, -2.1]])


def mixed_derivatives(program: Program, judged: Sequence[Judged]) -> Iterator[Judged]:
    """Derivatives that are right for f(z) only, beside others that are right for z only."""
    known = {c.shown: c for c in candidates(program)}
    asked = [j for j in judged if j.tool.kind == _KIND and j.diagnosis.verdict == "right" and j.tool.name in known]
    of_z: list[Candidate] = []
    of_a: list[Judged] = []
    for one in asked:
        fits = _fits(one)
        of_z += [known[one.tool.name]] if fits == (True, False) else []
        of_a += [one] if fits == (False, True) else []
    for one in of_a:
        own = known[one.tool.name]
        alike = [
            c for c in of_z if _argument(c) == _argument(own) and bool(c.function.owner) == bool(own.function.owner)
        ]
        if alike and not _is_called(program, own) and not re.match(r"a|out|y|s|f", _argument(own), re.IGNORECASE):
            line = own.function.node.lineno
            diagnosis = told_of(_KIND, "derivatives_mixed", f"{alike[0].shown}() and {own.shown}()")
            placed = tuple(replace(found, line=line) for found in diagnosis.findings)
            yield replace(one, diagnosis=replace(diagnosis, findings=placed))


def _fits(judged: Judged) -> tuple[bool, bool]:
    """Whether it is the slope when it is given z, and when it is given f(z)."""
    with suppress(Exception), np.errstate(all="ignore"):
        answer: Any = judged.tool.call(_Z.copy())
        up, down = (judged.tool.call(_Z + h) for h in (_H, -_H))
        if answer[1] is None or not isinstance(up, tuple) or not isinstance(down, tuple):
            return False, False
        slope = (np.asarray(up[1], float) - np.asarray(down[1], float)) / (2 * _H)
        of_z, of_a = (d is not None and near(d, slope, 1e-4) for d in (answer[2], answer[3]))
        return of_z, of_a
    return False, False


def _argument(candidate: Candidate) -> str:
    return candidate.function.required[0] if candidate.function.required else ""


def _is_called(program: Program, candidate: Candidate) -> bool:
    """Whether the program itself calls it, and so says what it is given."""
    names = {n.func.attr if isinstance(n.func, ast.Attribute) else getattr(n.func, "id", "")
             for n in ast.walk(program.tree) if isinstance(n, ast.Call)}  # fmt: skip
    return candidate.name in names
