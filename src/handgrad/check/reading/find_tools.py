"""Helpers of a program: measuring, one-hot targets, initial weights, scaling, shuffling, its own gradient checker."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.diagnosis import diagnose_tool
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import role_of
from handgrad.kernels.types import Array

KINDS = (
    "accuracy",
    "softmax",
    "one_hot",
    "initialize",
    "normalize",
    "shuffle",
    "gradient_checker",
    "batch",
    "keep",
    "evaluate",
)
_NAMES = {
    "accuracy": r"accuracy|^acc$|_acc$|^acc_",
    "softmax": r"^_?(stable_)?softmax$",
    "one_hot": r"one_?hot|to_categorical",
    "initialize": r"^(he|xavier|glorot|init\w*|normal|random)_?(init\w*|weights?|w|matrix)$"
    r"|^init(ialize)?(_weights?)?$",
    "normalize": r"^(normali[sz]e|scale|rescale|preprocess)(_\w+)?$",
    "shuffle": r"shuffle",
    "gradient_checker": r"numeric\w*_?grad\w*|grad\w*_numeric\w*|approx\w*_grad\w*",
}
_COLUMNS = re.compile(r"column|\b[mnN]\w*\s*=\s*\w+\.shape\[1\]", re.IGNORECASE)
Arrange = Callable[..., tuple[Any, ...]]


@dataclass
class ProgramTool:
    """Implements `ToolSubject`: a function, and how handgrad's arguments are put for it."""

    program: Program
    name: str
    kind: str
    arrange: Arrange
    namespace: dict[str, Any] = field(default_factory=dict)
    turned: bool = False  # samples are columns: what comes back is turned to rows

    def call(self, *arguments: Array) -> object:
        """See `ToolSubject.call`."""
        value = self.namespace[self.name](*self.arrange(*arguments))
        return np.asarray(value).T if self.turned else value


def find_tools(
    program: Program, thing: str = "", kind: str = "", columns: bool | None = None
) -> Iterator[tuple[ProgramTool, list[str]]]:
    """Functions with a helper's name, each in the arrangement of arguments that suits it best.

    `columns`: whether samples are columns, None where that is not known from a net.
    """
    columns = _COLUMNS.search(program.source.text) is not None if columns is None else columns
    for function in program.functions.values():
        wanted = kind or next(
            (k for k, pattern in _NAMES.items() if re.search(pattern, function.name, re.IGNORECASE)), ""
        )
        if (
            (thing and function.name != thing)
            or not wanted
            or (not thing and wanted == "initialize" and len(function.required) != 2)
        ):
            continue
        best: tuple[int, ProgramTool] | None = None
        for arrange in _arrangements(wanted, function, columns):
            subject = ProgramTool(program, function.name, wanted, arrange, program.fresh())
            if wanted == "softmax" and columns:
                subject = ProgramTool(program, function.name, wanted, lambda z: (z.T,), program.fresh(), turned=True)
            with suppress(Exception):
                found = diagnose_tool(subject)
                verdicts = [f.verdict for f in found.findings]
                rank = 0 if not verdicts else {"convention": 1, "mistake": 2, "undecided": 3}[verdicts[0]]
                if best is None or rank < best[0]:
                    best = rank, subject
        if best is not None:
            yield best[1], [f"{function.name}() read as {wanted.replace('_', ' ')}"]


def _arrangements(kind: str, function: Function, columns: bool) -> list[Arrange]:
    required = len(function.required) or len(function.parameters)
    if kind == "accuracy":
        return _accuracy_arrangements(function, columns)
    if kind == "softmax":
        return [lambda z: (z,)]
    if kind == "one_hot":
        return [lambda labels, P: (labels,), lambda labels, P: (labels, int(P))][required - 1 : required] or [
            lambda l, P: (l,)
        ]
    if kind == "initialize":
        return [lambda D, M: (int(D), int(M)), lambda D, M: ([int(D), int(M)],)]
    if kind == "gradient_checker":
        cubes = lambda theta: float((np.asarray(theta) ** 3).sum())  # noqa: E731
        first = role_of(function.parameters[0]) if function.parameters else ""
        return (
            [lambda theta: (theta, cubes)]
            if first == "x"
            else [lambda theta: (cubes, theta), lambda theta: (theta, cubes)]
        )
    return [lambda *given: given[:required]]


def _accuracy_arrangements(function: Function, columns: bool) -> list[Arrange]:
    """Outputs or predictions first or second, with class numbers or one-hot rows; columns only where asked for."""
    roles = [role_of(name) for name in function.required[:2]]
    swapped = (roles[:1] == ["t"] and "true" not in function.required[0]) or (len(roles) == 2 and roles[1] == "output")

    def order(a: Any, b: Any) -> tuple[Any, Any]:
        return (b, a) if swapped else (a, b)

    ways: list[Arrange] = [lambda p, t, labels: order(p, labels), lambda p, t, labels: order(p, t)]
    if any("pred" in name for name in function.required):
        ways.append(lambda p, t, labels: order(p.argmax(axis=1), labels))
    return ways if not columns else [*ways, lambda p, t, labels: order(p.T, labels)]
