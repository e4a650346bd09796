"""The update rules of a program with their diagnoses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from handgrad.check.diagnosis import diagnose_update
from handgrad.check.diagnosis.optimizers.clipping import diagnose_clipping
from handgrad.check.reading.optimizers.clipping import find_clippings
from handgrad.check.reading.optimizers.find import find_optimizers
from handgrad.check.reading.optimizers.layered import layer_updates
from handgrad.check.reading.optimizers.runs import ProgramOptimizer
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Program
from handgrad.check.subject import Diagnosis

_SECONDS = 25.0
_NO_MISTAKE_BESIDE_A_NET = ("optimizer_rate_factor", "update_rate_one_tensor", "decay_missing")
_MEANT: dict[str, Callable[[str], bool]] = {  # what leaves parameters out because there are none
    "biases_never_move": lambda text: not re.search(r"bias|\bb\d?\b|\bd?b\s*[\[\"']|[\"']d?b\d?[\"']", text),
    "tensor_never_moves": lambda text: bool(re.search(r"\[\s*(None|0|\[\]|\"\"|'')\s*\]|append\(None\)", text)),
}


def optimizer_parts(
    program: Program,
    thing: str = "",
    kind: str = "",
    *,
    beside_net: bool = False,
    descends: bool = False,
    judged_names: set[str] | None = None,
) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """Name, kind, what was found, and the diagnosis of each update rule.

    Args:
        program: what is searched.
        thing: only this function or class.
        kind: what it is, "" finds out.
        beside_net: only what is surely a mistake is worth a word.
        descends: the gradients of the program are descent directions, so an update has to add.
        judged_names: gets the names of all that could be judged, whatever came out.
    """
    for subject, said in find_optimizers(program, thing, kind):
        try:
            with patience(_SECONDS):
                diagnosis = diagnose_update(subject)
        except Exception as error:  # whatever a stranger's update does with odd numbers
            said.append(f"could not be followed: {type(error).__name__}: {error}")
            continue
        if judged_names is not None and diagnosis.verdict != "undecided":
            judged_names.add(subject.name)
        if not subject.named and not thing and diagnosis.verdict == "undecided":
            continue
        if _is_meant(program, subject, diagnosis, descends) or (beside_net and not _is_sure(diagnosis)):
            continue
        yield subject.name, subject.kind or "update", said, diagnosis
    if not kind and not thing:
        yield from _of_layers(program, descends)
    if not kind:
        yield from _clippings(program, thing, beside_net)


def _is_meant(program: Program, subject: ProgramOptimizer, diagnosis: Diagnosis, descends: bool) -> bool:
    """Whether what looks wrong is what the program wants: it adds descent directions, or has no biases."""
    keys = [f.explanation for f in diagnosis.findings]
    if "optimizer_climbs" in keys and (descends or (not subject.named and subject.gives_direction)):
        return True
    return bool(keys) and keys[0] in _MEANT and _MEANT[keys[0]](program.source.text)


def _is_sure(diagnosis: Diagnosis) -> bool:
    return diagnosis.verdict == "mistake" and diagnosis.findings[0].explanation not in _NO_MISTAKE_BESIDE_A_NET


def _clippings(program: Program, thing: str, beside_net: bool) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    for subject, said in find_clippings(program, thing):
        with suppress(Exception):
            diagnosis = diagnose_clipping(subject)
            if diagnosis.verdict == "mistake" or (diagnosis.verdict == "right" and not beside_net):
                yield subject.name, "clipping", said, diagnosis


def _of_layers(program: Program, descends: bool) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """What is surely wrong in the updates that layers have of their own."""
    unsure = (*_NO_MISTAKE_BESIDE_A_NET, "optimizer_climbs" if descends else "")
    for subject in layer_updates(program):
        with suppress(Exception), patience(_SECONDS):
            diagnosis = diagnose_update(subject)
            name, keys = subject.function.shown, [f.explanation for f in diagnosis.findings]
            if diagnosis.verdict == "mistake" and keys[0] not in unsure:
                yield name, subject.kind or "update", [f"{name}() handed gradients as backward leaves them"], diagnosis
