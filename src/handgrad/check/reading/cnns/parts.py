"""A whole CNN and, beside it, the mistakes of its layers that the whole does not show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from handgrad.check.diagnosis.cnns.diagnose import diagnose_cnn
from handgrad.check.reading.cnns.find import find_cnn
from handgrad.check.reading.layers.beside import Piece, with_layers
from handgrad.check.reading.patience import TooSlowError, patience
from handgrad.check.reading.program import Program
from handgrad.check.reading.wishes import Wishes

_SECONDS = 25.0


def cnn_parts(program: Program, wishes: Wishes) -> Iterator[Piece]:
    """The CNN's diagnosis, then those of its layers that have a mistake of their own; nothing where none was read."""
    net = None
    with suppress(TooSlowError), patience(2 * _SECONDS):
        net = find_cnn(program, wishes)
    if net is None:
        return
    with patience(_SECONDS):
        diagnosis = diagnose_cnn(net)
    yield from with_layers(program, (net.world.owner or net.steps[-1].function.name, "net", net.said, diagnosis))
