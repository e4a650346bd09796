"""What `examine` takes over of a program's helpers: all that was asked for, mistakes beside a net, right ones alone."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.check.diagnosis.tools.diagnose import told_of
from handgrad.check.reading.program import Program
from handgrad.check.reading.tools.around import looks_like_a_net
from handgrad.check.reading.tools.consistent import mixed_derivatives
from handgrad.check.reading.tools.evidence import has_many_inputs
from handgrad.check.reading.tools.find import Judged, find_tools, find_unnamed
from handgrad.check.reading.tools.source import source_signs
from handgrad.check.subject import Diagnosis

_JUDGED_IN_NETS = (
    "softmax",
    "softmax_vector",
    "activation",
    "activation_derivative",
    "softmax_derivative",
    "loss",
    "loss_derivative",
)
_OF_MANY_INPUTS = {"init_positive", "variance_as_sigma", "init_root_missing"}


def tool_parts(
    program: Program, thing: str, kind: str, net: str, alone: bool, judged_names: set[str]
) -> Iterator[Judged]:
    """Helpers that are worth a word.

    Args:
        program: the program.
        thing: what was asked for, "" for the whole program.
        kind: what the thing is meant to be.
        net: "" without a net in the program, else "rows" or "columns", as its samples are.
        alone: nothing else was found, so that right helpers count.
        judged_names: gets the names of all that could be judged, whatever came out.
    """
    alone = alone and not looks_like_a_net(program)
    found = list(find_tools(program, thing, kind, net))
    mixed = {j.tool.name: j for j in mixed_derivatives(program, found)} if not net and not thing else {}
    for judged in [mixed.get(j.tool.name, j) for j in found]:
        if judged.diagnosis.verdict != "undecided":
            judged_names.add(judged.tool.name)
        if net and judged.tool.kind in _JUDGED_IN_NETS and not thing:
            continue  # judged in the net, with the arrays that the net hands them
        keys = {found.explanation for found in judged.diagnosis.findings}
        if net and not thing and keys & _OF_MANY_INPUTS and not has_many_inputs(program):
            continue  # a net of a few units learns with such weights too
        verdict = judged.diagnosis.verdict
        if verdict == "mistake" or thing or (alone and verdict == "right"):
            yield judged


def source_parts(program: Program) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """Name, kind, what is said, diagnosis of what the text alone shows."""
    for sign in source_signs(program):
        said = [f"{program.source.place(sign.line)}: read, not run"]
        yield sign.detail or sign.kind, sign.kind, said, told_of(sign.kind, sign.key, sign.detail, sign.line)


def unnamed_part(program: Program, thing: str) -> Iterator[Judged]:
    """A function that was asked for and is nothing else."""
    judged = find_unnamed(program, thing)
    if judged is not None:
        yield judged
