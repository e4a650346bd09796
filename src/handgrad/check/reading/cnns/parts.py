"""A whole CNN and, beside it, the mistakes of its layers that the whole does not show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from handgrad.check.diagnosis import diagnose_layer
from handgrad.check.diagnosis.cnns.diagnose import diagnose_cnn
from handgrad.check.reading.cnns.find import find_cnn
from handgrad.check.reading.layers.find import find_layers
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Program
from handgrad.check.reading.wishes import Wishes
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
}


def cnn_parts(program: Program, wishes: Wishes) -> Iterator[Piece]:
    """The CNN's diagnosis, then those of its layers that have a mistake of their own; nothing where none was read."""
    with patience(2 * _SECONDS):
        net = find_cnn(program, wishes)
    if net is None:
        return
    with patience(_SECONDS):
        diagnosis = diagnose_cnn(net)
    whole = (net.world.owner or net.steps[-1].function.name, "net", net.said, diagnosis)
    beside = list(_layers(program, diagnosis))
    unnamed = [f for f in diagnosis.findings if f.verdict == "mistake" and not f.explanation]
    if beside and unnamed:  # the layer's own name for the mistake goes first, and the nameless finding is the same one
        kept = tuple(f for f in diagnosis.findings if f.explanation or f.verdict != "mistake")
        yield from beside
        whole = (*whole[:3], replace(diagnosis, findings=kept))
        beside = []
    if any(f.explanation == "bias_total" for piece in beside for f in piece[3].findings):
        # the sum of all of δ is 0 at the logits: the same mistake
        kept = tuple(f for f in whole[3].findings if f.explanation not in ("bias_skipped", "bias_zero"))
        yield from beside
        beside, whole = [], (*whole[:3], replace(whole[3], findings=kept))
    yield whole
    yield from beside


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
