"""Everything that is found in one program, diagnosed: what the child process answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from handgrad.check.diagnosis import diagnose_layer, diagnose_net, diagnose_optimizer, diagnose_tool
from handgrad.check.reading.find_layers import find_layers
from handgrad.check.reading.find_net import find_net
from handgrad.check.reading.find_optimizers import KINDS as OPTIMIZERS
from handgrad.check.reading.find_optimizers import find_optimizers
from handgrad.check.reading.find_tools import KINDS as TOOLS
from handgrad.check.reading.find_tools import find_tools
from handgrad.check.reading.general import check_general, find_general
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Program, load_program
from handgrad.check.reading.source import NotReadError, Source
from handgrad.check.reading.wishes import Wishes
from handgrad.check.reading.words import said_of_net, said_of_program
from handgrad.check.subject import Diagnosis

_SECONDS = 25.0


@dataclass
class Part:
    """One thing in the program with its diagnosis."""

    name: str
    kind: str
    said: list[str]
    diagnosis: Diagnosis


@dataclass
class Examined:
    """What was read and found; `trouble`: things that could not be run, in words."""

    said: list[str]
    parts: list[Part] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def to_json(self, place: Callable[[int], str]) -> dict[str, Any]:
        """Plain data; lines of findings get their place in words."""
        parts = []
        for part in self.parts:
            made = asdict(part) | {"verdict": part.diagnosis.verdict}
            made |= made.pop("diagnosis")
            for found in made["findings"]:
                found["place"] = place(found["line"]) if found["line"] else ""
            parts.append(made)
        return {"said": self.said, "parts": parts, "trouble": self.trouble}


def examine(source: Source, wishes: Wishes, kind: str = "") -> Examined:
    """Find the net, layers, update rules and helpers in a program, and diagnose each.

    Args:
        source: the program.
        wishes: what the user said about it.
        kind: "net", or the kind of layer, optimiser or helper that `wishes.thing` is; "" finds out.

    Raises:
        NotReadError: nothing in it can be checked.
    """
    program = load_program(source)
    program.fresh()
    examined = Examined(said_of_program(program))
    tried: list[str] = []
    if kind in OPTIMIZERS:
        _add_pieces(examined, find_optimizers(program, wishes.thing, kind), diagnose_optimizer)
    elif kind in TOOLS:
        _add_tools(program, examined, wishes.thing, kind)
    elif "example" in program.functions and not wishes.thing:
        _add_general(program, examined, "example")
    elif kind in ("", "net"):
        tried = _add_net(program, examined, wishes)
        if not examined.parts:
            _add_general(program, examined, wishes.thing)
    if kind not in ("net", *OPTIMIZERS, *TOOLS) and not examined.parts:
        _add_pieces(examined, find_layers(program, wishes.thing, kind), diagnose_layer)
    if kind == "" and not any(part.kind == "net" for part in examined.parts):
        _add_pieces(examined, find_optimizers(program, wishes.thing, ""), diagnose_optimizer)
    if kind == "":
        _add_tools(program, examined, wishes.thing, "")
    if not examined.parts:
        raise NotReadError(_nothing(program, tried, examined))
    return examined


def _add_net(program: Program, examined: Examined, wishes: Wishes) -> list[str]:
    net, tried = find_net(program, wishes)
    if net is None:
        return tried
    with patience(_SECONDS):
        diagnosis = diagnose_net(net)
    examined.parts.append(
        Part(net.plan.world.owner or net.plan.steps[-1].function.name, "net", said_of_net(program, net), diagnosis)
    )
    return tried


def _add_general(program: Program, examined: Examined, thing: str) -> None:
    with patience(_SECONDS):
        found = find_general(program, thing)
        if found is not None:
            examined.parts.append(Part(found.name, "net", found.said, check_general(found)))


def _add_pieces(
    examined: Examined, found: Iterable[tuple[Any, list[str]]], diagnose: Callable[[Any], Diagnosis]
) -> None:
    """Layers or optimizers, each diagnosed by itself: one that fails does not stop the others."""
    for subject, said in found:
        try:
            with patience(_SECONDS):
                examined.parts.append(Part(subject.name, subject.kind, said, diagnose(subject)))
        except Exception as error:
            examined.trouble.append(f"{subject.name} (as {subject.kind}): {type(error).__name__}: {error}")


def _add_tools(program: Program, examined: Examined, thing: str, kind: str) -> None:
    """Helpers; beside a net only their mistakes are worth a word."""
    alone = not examined.parts
    net = any(part.kind == "net" for part in examined.parts)
    columns = any("samples are columns" in line for part in examined.parts for line in part.said) if net else None
    for subject, said in find_tools(program, thing, kind, columns):
        if net and subject.kind == "softmax":
            continue  # judged in the net, with the arrays that the net hands it
        try:
            with patience(5.0):
                diagnosis = diagnose_tool(subject)
        except Exception as error:
            if thing:
                examined.trouble.append(f"{subject.name} (as {subject.kind}): {type(error).__name__}: {error}")
            continue
        if diagnosis.verdict == "mistake" or thing or (alone and diagnosis.verdict == "right"):
            examined.parts.append(Part(subject.name, subject.kind, said, diagnosis))


def _nothing(program: Program, tried: list[str], examined: Examined) -> str:
    names = [*program.functions, *program.methods]
    text = (
        f"{program.source.path.name}: no backward pass was found that could be run. "
        f"There are {', '.join(names[:12])}{' …' if len(names) > 12 else ''}."
    )
    notes = [*examined.trouble, *(f"{program.source.place(line)}: {what}" for line, what in program.failed), *tried[:4]]
    if notes:
        text += "\nTried:\n" + "\n".join(f"  {note}" for note in notes[:6])
    return text + (
        "\nSay which function it is: `--backward NAME`, `--forward NAME`, `--samples rows|columns`, or add a function "
        "example() that returns what its gradients are (`handgrad check --template example`)."
    )


__all__ = ["Examined", "Part", "ProgramNet", "examine"]
