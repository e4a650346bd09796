"""Nets whose target is their input: functions that are given images only, and layers that end as wide as they began."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from handgrad.check.reading.plan import Step
from handgrad.check.reading.program import Program
from handgrad.check.reading.roles import role_of

SIZES = ((11, 7, 11), (11, 7, 5, 7, 11))
_NAMES = re.compile(r"auto_?enc|\bdecode|reconstr", re.IGNORECASE)


def sizes_for(program: Program, usual: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """The sizes to try: an autoencoder's first where the text speaks of one, else last."""
    return (*SIZES, *usual) if _NAMES.search(program.source.text) else (*usual, *SIZES)


def wants_itself(sizes: Sequence[int], steps: Sequence[Step]) -> bool:
    """Whether the steps take no targets, and the outputs are as many as the inputs."""
    names = [name for step in steps for name in step.function.parameters]
    return len(sizes) > 2 and sizes[0] == sizes[-1] and bool(names) and not any(role_of(n) == "t" for n in names)


def with_itself(draw: Callable[..., Any]) -> Callable[..., Any]:
    """A draw whose targets are its inputs."""

    def drawn(*arguments: Any) -> Any:
        made = draw(*arguments)
        return replace(made, t=made.x.copy())

    return drawn
