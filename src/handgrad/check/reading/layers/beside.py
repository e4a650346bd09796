"""Layers beside the net that they make up: mistakes that the whole net does not show, and names for those it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from handgrad.check.diagnosis import diagnose_layer
from handgrad.check.reading.layers.find import find_layers
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Program
from handgrad.check.subject import Diagnosis

Piece = tuple[str, str, list[str], Diagnosis]
_SECONDS = 25.0
#: what a layer does with the 1/N of a loss is a matter of the whole net, which was seen to be right
_OF_THE_WHOLE = {
    "argument_changed",
    "layer_averages",
    "layer_factor",
    "layer_sign",
    "conv_bias_averaged",
    "second_call_differs",
    "never_cleared",
    "jacobian_left_out",
}


def with_layers(program: Program, whole: Piece) -> Iterator[Piece]:
    """A net's piece and those of layers with a named mistake of their own; these first where the net's has no name."""
    diagnosis = whole[3]
    beside = list(_layers(program, diagnosis))
    unnamed = [f for f in diagnosis.findings if f.verdict != "convention" and not f.explanation]
    total = any(f.explanation == "bias_total" for piece in beside for f in piece[3].findings)
    if not beside or not (unnamed or total):
        yield whole
        yield from beside
        return
    # the layer's own name for the mistake goes first, and the nameless finding is the same one; and the sum of all
    # of δ is 0 at the logits: the same mistake as well
    same = ("", "bias_skipped", "bias_zero") if total else ("",)
    kept = tuple(f for f in diagnosis.findings if f.explanation not in same or f.verdict == "convention")
    yield from beside
    yield (*whole[:3], replace(diagnosis, findings=kept))


def _layers(program: Program, whole: Diagnosis) -> Iterator[Piece]:
    """Layers with a named mistake that the whole net has not shown already."""
    told = {f.explanation for f in whole.findings}
    for subject, said in find_layers(program):
        with suppress(Exception), patience(_SECONDS):
            diagnosis = diagnose_layer(subject)
            own = [f for f in diagnosis.findings if f.verdict == "mistake" and f.explanation not in told]
            own = [f for f in own if f.explanation and f.explanation not in _OF_THE_WHOLE]
            if own:
                yield subject.name, subject.kind, said, replace(diagnosis, findings=tuple(own))


_OF_PROBABILITIES = re.compile(
    r"-\s*\(?\s*(np\.divide\()?\(?\s*\w*(true|target|label|actual|hot|\by|\bt|\bY|\bT)\w*\s*[/,]\s*\(?\s*(self\.)?"
    r"\w*(pred|prob|out|hat|soft|activ|dvalues|\bp\b|\bq\b|\ba\b|\bA|\bx\b)"
)


def expects_jacobian(program: Program) -> bool:
    """Whether the file hands a softmax layer ∂L/∂p = −t/p; else it may be given p − t, which needs no more of it."""
    return _OF_PROBABILITIES.search(program.source.text) is not None


def softmax_as_used(program: Program, diagnosis: Diagnosis) -> Diagnosis:
    """A softmax layer that hands on what it is given is right where that is p − t already."""
    kept = tuple(f for f in diagnosis.findings if f.explanation != "jacobian_left_out")
    if len(kept) == len(diagnosis.findings) or expects_jacobian(program):
        return diagnosis
    note = "hands on what it is given: right for p − t, as cross-entropy gives it"
    return replace(diagnosis, findings=kept, lines=tuple(replace(li, right=True, note=note) for li in diagnosis.lines))


_BIASES_SQUARED = re.compile(
    r"\b\w*(bias\w*|b\d?)\b\)?\s*(\*\*\s*2|\*\s*(\w+\.)*\w*bias)|square\((\w+\.)*(bias\w*|b\d?)\b"
)


def biases_as_penalised(program: Program, diagnosis: Diagnosis) -> Diagnosis:
    """A penalty's gradient on biases is right where the program has their squares too, in a sum of its own."""
    kept = tuple(f for f in diagnosis.findings if f.explanation != "l2_on_biases")
    if len(kept) == len(diagnosis.findings) or not _BIASES_SQUARED.search(program.source.text):
        return diagnosis
    lines = (replace(li, right=True, note="penalised") if li.tensor[0] == "b" else li for li in diagnosis.lines)
    return replace(diagnosis, findings=kept, lines=tuple(lines))
