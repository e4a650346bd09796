"""Everything that is found in one program, diagnosed: what the child process answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
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
from handgrad.check.reading.layers.beside import biases_as_penalised, softmax_as_used, with_layers
from handgrad.check.reading.layers.find import find_layers, only_layers
from handgrad.check.reading.loops.find import find_loops
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.optimizers.find import holds_more, only_updates
from handgrad.check.reading.optimizers.names import KINDS as OPTIMIZERS
from handgrad.check.reading.optimizers.parts import optimizer_parts
from handgrad.check.reading.optimizers.within import divides_by_samples, within_net
from handgrad.check.reading.patience import TooSlowError, patience
from handgrad.check.reading.places import name_of
from handgrad.check.reading.program import Program, load_program
from handgrad.check.reading.roles import looks_like_gradient
from handgrad.check.reading.rounds.parts import doubtful, outweighs, round_part
from handgrad.check.reading.slopes import check_slopes
from handgrad.check.reading.source import NotReadError, Source
from handgrad.check.reading.tools.around import only_tools, promised, unread_in_words
from handgrad.check.reading.tools.find import KINDS as TOOLS
from handgrad.check.reading.tools.net import net_measures
from handgrad.check.reading.tools.parts import source_parts, tool_parts, unnamed_part
from handgrad.check.reading.unread import unread_gradients
from handgrad.check.reading.wishes import Wishes
from handgrad.check.reading.words import own_name, said_of_net, said_of_program
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
    judged_names: set[str] = field(default_factory=set)  # of helpers and update rules, right ones too

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
        examined.said += [] if wishes.thing else unread_in_words(_not_judged(program, examined))
        return examined
    tried = _read_main(program, examined, wishes, kind)
    _ask_beside_net(program, examined)
    unread = kind == "" and not wishes.thing
    if kind == "":
        _add_updates(program, examined, wishes.thing)
        _add_helpers(program, examined, wishes.thing)
    if not examined.parts or (unread and _unread_backward(program, examined)):
        raise NotReadError(_nothing(program, tried, examined))
    if kind == "" and not wishes.thing:
        examined.said += unread_in_words(_not_judged(program, examined))
    if _clears(source.text):
        for part in examined.parts:
            part.diagnosis = _cleared_elsewhere(part.diagnosis)
    return examined


def _not_judged(program: Program, examined: Examined) -> list[str]:
    """Helpers and update rules by their names of which nothing is known after all."""
    beside_net = any(part.kind == "net" for part in examined.parts)
    known = {*examined.judged_names, *(part.name for part in examined.parts)}
    known |= {name.split(".")[0] for name in known}
    return [name for name in promised(program, beside_net=beside_net) if name not in known]


def _read_before_nets(program: Program, examined: Examined, thing: str) -> bool:
    """What is asked for by name may be a helper or an update rule; a file may hold nothing but update rules."""
    if thing:
        _add_tools(program, examined, thing, "")
    elif not only_updates(program) or any(loop.function is None for loop in find_loops(program.tree)):
        return False
    if not examined.parts:
        pieces = optimizer_parts(program, thing, judged_names=examined.judged_names)
        examined.parts += [Part(*piece) for piece in pieces]
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
    elif examined.net is not None and not asked and not wishes.thing:
        net = examined.parts.pop()
        examined.parts += [Part(*p) for p in with_layers(program, (net.name, net.kind, net.said, net.diagnosis))]
    if not asked and not wishes.thing:
        _ask_rounds(program, examined)
    return tried


def _ask_rounds(program: Program, examined: Examined) -> None:
    """The program run as it is: where no net was read, and where one is accused that may be right."""
    net = next((part for part in examined.parts if part.kind == "net"), None)
    if (examined.parts and net is None) or (net is not None and not doubtful(net.diagnosis)):
        return
    piece = round_part(program)
    if piece is None or (net is not None and not outweighs(piece[3], net.diagnosis)):
        return
    if piece[3].verdict != "undecided" or not only_layers(program):
        examined.parts = [part for part in examined.parts if part is not net] + [Part(*piece)]
        examined.net = None


def _ask_beside_net(program: Program, examined: Examined) -> None:
    """The net's own update, who calls a net that is right, its first weights, its dropout."""
    if examined.net is None:
        return
    for part in (p for p in examined.parts if p.kind == "net"):
        keys = {found.explanation for found in part.diagnosis.findings}
        if keys == {"one_over_n_missing"} and divides_by_samples(program, examined.net):
            lines = tuple(replace(line, right=True) for line in part.diagnosis.lines)
            part.diagnosis = replace(part.diagnosis, lines=lines, findings=())
    examined.parts += [Part(*piece) for piece in within_net(program, examined.net, examined.descends)]
    if all(part.diagnosis.verdict == "right" for part in examined.parts):
        examined.parts += [Part(*piece) for piece in caller_parts(program, examined.net)]
    examined.parts += [Part(*piece) for piece in initial_parts(program, examined.net)]
    examined.parts += [Part(*piece) for piece in dropout_parts(program, examined.net)]


def _add_updates(program: Program, examined: Examined, thing: str) -> None:
    """Update rules, but for mistakes that were told already."""
    beside = any(part.kind == "net" for part in examined.parts) or (not examined.parts and holds_more(program))
    told = {found.explanation for part in examined.parts for found in part.diagnosis.findings}
    pieces = optimizer_parts(
        program, thing, beside_net=beside, descends=examined.descends, judged_names=examined.judged_names
    )
    for piece in pieces:
        if not {found.explanation for found in piece[3].findings} & told:
            examined.parts.append(Part(*piece))


def _unread_backward(program: Program, examined: Examined) -> bool:
    """Whether only pieces were read, all right, though something that makes gradients stands there unread."""
    if any(part.kind == "net" or part.diagnosis.verdict != "right" for part in examined.parts):
        return False
    return any(unread_gradients(program, (part.name for part in examined.parts)))


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
        diagnosis = _diagnosed(program, net)
        if diagnosis.verdict == "undecided" and not wishes.sizes and net.spec.sizes[-1] > 1:
            net, diagnosis = _with_one_output(program, wishes, net, diagnosis)
    diagnosis = biases_as_penalised(program, diagnosis)
    diagnosis = _as_sure_as_names(net, diagnosis)
    examined.descends = net.update_adds
    examined.net = net
    examined.parts.append(Part(net.plan.world.owner or own_name(net), "net", said_of_net(program, net), diagnosis))
    return tried


def _diagnosed(program: Program, net: ProgramNet) -> Diagnosis:
    diagnosis = _without_memory(net, diagnose_net(net)) if net.understood else check_slopes(net)
    if any(f.explanation == "sign" for f in diagnosis.findings) and not net.plan.updates:
        net.update_adds = net.update_adds or adds_when_used(program, net)
        diagnosis = diagnose_net(net) if net.update_adds else diagnosis
    return diagnosis


def _with_one_output(
    program: Program, wishes: Wishes, net: ProgramNet, diagnosis: Diagnosis
) -> tuple[ProgramNet, Diagnosis]:
    """A program for one output runs with several too, when its targets spread over them; it is judged with one then."""
    for sizes in ((11, 7, 1), (11, 7, 6, 1)):
        other, _ = find_net(program, replace(wishes, sizes=sizes))
        judged = None if other is None else _diagnosed(program, other)
        if other is not None and judged is not None and judged.verdict != "undecided":
            return other, judged
    return net, diagnosis


def _as_sure_as_names(net: ProgramNet, diagnosis: Diagnosis) -> Diagnosis:
    """Under names that were guessed, what no explanation fits may as well be a call that was guessed wrongly."""
    if not net.program.own_names:
        return diagnosis
    found = tuple(f if f.explanation else replace(f, verdict="undecided") for f in diagnosis.findings)
    return replace(diagnosis, findings=found)


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
    with suppress(TooSlowError), patience(_SECONDS):
        found = find_general(program, thing)
        if found is not None:
            examined.parts.append(Part(found.name, "net", found.said, check_general(found)))


def _add_layers(program: Program, examined: Examined, thing: str, kind: str) -> None:
    """Each diagnosed by itself: one that fails does not stop the others."""
    for subject, said in find_layers(program, thing, kind):
        try:
            with patience(_SECONDS):
                diagnosis = softmax_as_used(program, diagnose_layer(subject))
                examined.parts.append(Part(subject.name, subject.kind, said, diagnosis))
        except Exception as error:
            examined.trouble.append(f"{subject.name} (as {subject.kind}): {type(error).__name__}: {error}")


def _add_helpers(program: Program, examined: Examined, thing: str) -> None:
    """After all else: helpers, what measures the net, what the text shows; or the thing asked for, whatever it is."""
    if thing:
        found = unnamed_part(program, thing) if not examined.parts else ()
        examined.parts += [Part(j.tool.name, j.kind, j.said, j.diagnosis) for j in found]
        return
    _add_tools(program, examined, "", "")
    measures = net_measures(program, examined.net, examined.judged_names) if examined.net is not None else ()
    examined.parts += [Part(j.tool.name, j.kind, j.said, j.diagnosis) for j in measures]
    told = {finding.explanation for part in examined.parts for finding in part.diagnosis.findings}
    signs = (Part(*piece) for piece in source_parts(program))
    examined.parts += [part for part in signs if part.diagnosis.findings[0].explanation not in told]


def _add_tools(program: Program, examined: Examined, thing: str, kind: str) -> None:
    """Helpers; beside a net only their mistakes are worth a word."""
    net = next((part for part in examined.parts if part.kind == "net"), None)
    columns = net is not None and any("samples are columns" in line for line in net.said)
    samples = "" if net is None else "columns" if columns else "rows"
    for found in tool_parts(program, thing, kind, samples, not examined.parts, examined.judged_names):
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
