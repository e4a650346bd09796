"""What the user says about his program himself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wishes:
    """What the user said himself: names of functions, and the form; "" or None where he said nothing."""

    thing: str = ""
    forward: str = ""
    backward: str = ""
    update: str = ""
    loss: str = ""
    samples: str = ""
    labels: str = ""
    sizes: tuple[int, ...] = ()
    reg: float | None = None
