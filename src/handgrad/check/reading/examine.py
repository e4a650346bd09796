"""Everything that is found in one program, diagnosed: what the child process answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from handgrad.check.diagnosis import diagnose_layer, diagnose_net
from handgrad.check.reading.callers import adds_when_used, caller_parts
from handgrad.check.reading.chance import is_random, may_draw
from handgrad.check.reading.cnns.parts import cnn_parts
from handgrad.check.reading.dropout import dropout_parts
from handgrad.check.reading.find_net import draw, find_net
from handgrad.check.reading.general import check_general, find_general
from handgrad.check.reading.initial_weights import initial_parts
from handgrad.check.reading.layers.find import find_layers, only_layers
from handgrad.check.reading.loops.find import find_loops
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.optimizers.find import holds_more, only_updates
from handgrad.check.reading.optimizers.names import KINDS as OPTIMIZERS
from handgrad.check.reading.optimizers.parts import optimizer_parts
from handgrad.check.reading.patience import patience
from handgrad.check.reading.places import name_of
from handgrad.check.reading.program import Program, load_program
from handgrad.check.reading.roles import looks_like_gradient
from handgrad.check.reading.slopes import check_slopes
from handgrad.check.reading.source import NotReadError, Source
from handgrad.check.reading.tools.find import KINDS as TOOLS
from handgrad.check.reading.tools.find import only_tools
from handgrad.check.reading.tools.net import net_measures
from handgrad.check.reading.tools.parts import source_parts, tool_parts, unnamed_part
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
    descends: bool = False  # the net's gradients are descent directions, which its update adds
    net: ProgramNet | None = None  # the net itself, for what measures it

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
    if kind == "" and _read_before_nets(program, examined, wishes.thing):
        return examined
    tried = _read_main(program, examined, wishes, kind)
    _ask_beside_net(program, examined)
    unread = kind == "" and not wishes.thing and not examined.parts
    if kind == "":
        _add_updates(program, examined, wishes.thing)
        _add_helpers(program, examined, wishes.thing)
    if not examined.parts or (unread and _unread_backward(program, examined)):
        raise NotReadError(_nothing(program, tried, examined))
    if _clears(source.text):
        for part in examined.parts:
            part.diagnosis = _cleared_elsewhere(part.diagnosis)
    return examined


def _read_before_nets(program: Program, examined: Examined, thing: str) -> bool:
    """What is asked for by name may be a helper or an update rule; a file may hold nothing but update rules."""
    if thing:
        _add_tools(program, examined, thing, "")
    elif not only_updates(program) or any(loop.function is None for loop in find_loops(program.tree)):
        return False
    if not examined.parts:
        examined.parts += [Part(*piece) for piece in optimizer_parts(program, thing)]
    return bool(examined.parts)


def _read_main(program: Program, examined: Examined, wishes: Wishes, kind: str) -> list[str]:
    """The net, the layers, or what `kind` says; returns what was tried for a net."""
    tried: list[str] = []
    if kind in OPTIMIZERS:
        examined.parts += [Part(*piece) for piece in optimizer_parts(program, wishes.thing, kind)]
    elif kind in TOOLS:
        _add_tools(program, examined, wishes.thing, kind)
    elif "example" in program.functions and not wishes.thing:
        _add_general(program, examined, "example")
    elif kind == "net" or (kind == "" and (not only_tools(program) or next(find_loops(program.tree), None))):
        tried = _read_net(program, examined, wishes, kind)
    if kind not in ("net", *OPTIMIZERS, *TOOLS) and not examined.parts:
        _add_layers(program, examined, wishes.thing, kind)
    return tried


def _read_net(program: Program, examined: Examined, wishes: Wishes, kind: str) -> list[str]:
    """A whole CNN, else a net of dense layers, else gradients of any function; not where there are only layers."""
    examined.parts += [Part(*piece) for piece in cnn_parts(program, wishes)]
    asked = kind == "net" or wishes.forward or wishes.backward
    if not asked and only_layers(program) and not any(_NET_NAME.search(name) for name in program.methods):
        return []
    tried = [] if examined.parts else _add_net(program, examined, wishes)
    if not examined.parts:
        _add_general(program, examined, wishes.thing)
    return tried


def _ask_beside_net(program: Program, examined: Examined) -> None:
    """Who calls a net that is right, its first weights, its dropout."""
    if examined.net is None:
        return
    if all(part.diagnosis.verdict == "right" for part in examined.parts):
        examined.parts += [Part(*piece) for piece in caller_parts(program, examined.net)]
    examined.parts += [Part(*piece) for piece in initial_parts(program, examined.net)]
    examined.parts += [Part(*piece) for piece in dropout_parts(program, examined.net)]


def _add_updates(program: Program, examined: Examined, thing: str) -> None:
    """Update rules, but for mistakes that were told already."""
    beside = any(part.kind == "net" for part in examined.parts) or (not examined.parts and holds_more(program))
    told = {found.explanation for part in examined.parts for found in part.diagnosis.findings}
    for piece in optimizer_parts(program, thing, beside_net=beside, descends=examined.descends):
        if not {found.explanation for found in piece[3].findings} & told:
            examined.parts.append(Part(*piece))


_BACKWARD = re.compile(r"back_?(ward|prop)|retro_?propag|(compute|get|calc\w*)_?grad", re.IGNORECASE)


def _unread_backward(program: Program, examined: Examined) -> bool:
    """Whether only helpers were read, all right, though something like a backward pass stands there."""
    read = {part.name.split(".")[0] for part in examined.parts}
    names = [*program.functions, *(f"{c}.{m}" for c, own in program.methods.items() for m in own)]
    unread = [name for name in names if _BACKWARD.search(name) and name.split(".")[0] not in read]
    return bool(unread) and all(part.diagnosis.verdict == "right" for part in examined.parts)


_NET_NAME = re.compile(r"net(work)?($|[A-Z_0-9])|mlp|model|perceptron|classif|regress", re.IGNORECASE)
_CLEARS = r"(zero|clear|reset)_?(the_)?(d?grad\w*|gradients?)\("


def _clears(text: str) -> bool:
    """Whether the training empties the gradients, or is left to somebody who can."""
    if re.search(r"\." + _CLEARS, text, re.IGNORECASE):
        return True
    return bool(re.search("def " + _CLEARS, text, re.IGNORECASE)) and not re.search(r"\.back\w*\(", text)


def _cleared_elsewhere(diagnosis: Diagnosis) -> Diagnosis:
    """Gradients that add up are meant so where the program has a zero_grad()."""
    kept = tuple(f for f in diagnosis.findings if f.explanation != "never_cleared")
    if kept == diagnosis.findings:
        return diagnosis
    lines = diagnosis.lines if kept else tuple(replace(line, right=True) for line in diagnosis.lines)
    return replace(diagnosis, findings=kept, lines=lines)


def _add_net(program: Program, examined: Examined, wishes: Wishes) -> list[str]:
    net, tried = find_net(program, wishes)
    if net is None:
        return tried
    with patience(_SECONDS):
        diagnosis = _without_memory(net, diagnose_net(net)) if net.understood else check_slopes(net)
        if any(f.explanation == "sign" for f in diagnosis.findings) and not net.plan.updates:
            net.update_adds = net.update_adds or adds_when_used(program, net)
            diagnosis = diagnose_net(net) if net.update_adds else diagnosis
    examined.descends = net.update_adds
    examined.net = net
    examined.parts.append(
        Part(net.plan.world.owner or net.plan.steps[-1].function.name, "net", said_of_net(program, net), diagnosis)
    )
    return tried


def _without_memory(net: ProgramNet, diagnosis: Diagnosis) -> Diagnosis:
    """Arrays of the object that no name calls gradients: if only their second value is odd, they may be a momentum.

    And what gives the same numbers twice is not random, whatever fits so badly that it looks like it.
    """
    random = any(f.explanation == "random_gradient" for f in diagnosis.findings)
    if random and not (may_draw(net) and is_random(net, draw(net.plan.world.sizes, 5))):
        return replace(diagnosis, findings=tuple(replace(f, verdict="undecided") for f in diagnosis.findings))
    places = [where for where in net.plan.gradients.values() if where.step < 0]
    if not places or any(looks_like_gradient(name_of(where.path)) for where in places):
        return diagnosis
    kept = tuple(f for f in diagnosis.findings if f.explanation != "second_call_differs")
    return replace(diagnosis, findings=kept)


def _add_general(program: Program, examined: Examined, thing: str) -> None:
    with patience(_SECONDS):
        found = find_general(program, thing)
        if found is not None:
            examined.parts.append(Part(found.name, "net", found.said, check_general(found)))


def _add_layers(program: Program, examined: Examined, thing: str, kind: str) -> None:
    """Each diagnosed by itself: one that fails does not stop the others."""
    for subject, said in find_layers(program, thing, kind):
        try:
            with patience(_SECONDS):
                examined.parts.append(Part(subject.name, subject.kind, said, diagnose_layer(subject)))
        except Exception as error:
            examined.trouble.append(f"{subject.name} (as {subject.kind}): {type(error).__name__}: {error}")


def _add_helpers(program: Program, examined: Examined, thing: str) -> None:
    """After all else: helpers, what measures the net, what the text shows; or the thing asked for, whatever it is."""
    if thing:
        found = unnamed_part(program, thing) if not examined.parts else ()
        examined.parts += [Part(j.tool.name, j.kind, j.said, j.diagnosis) for j in found]
        return
    _add_tools(program, examined, "", "")
    measures = net_measures(program, examined.net) if examined.net is not None else ()
    examined.parts += [Part(j.tool.name, j.kind, j.said, j.diagnosis) for j in measures]
    told = {finding.explanation for part in examined.parts for finding in part.diagnosis.findings}
    signs = (Part(*piece) for piece in source_parts(program))
    examined.parts += [part for part in signs if part.diagnosis.findings[0].explanation not in told]


def _add_tools(program: Program, examined: Examined, thing: str, kind: str) -> None:
    """Helpers; beside a net only their mistakes are worth a word."""
    net = next((part for part in examined.parts if part.kind == "net"), None)
    columns = net is not None and any("samples are columns" in line for line in net.said)
    samples = "" if net is None else "columns" if columns else "rows"
    for found in tool_parts(program, thing, kind, samples, not examined.parts):
        examined.parts.append(Part(found.tool.name, found.kind, found.said, found.diagnosis))


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
