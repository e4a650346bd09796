"""A net's own first weights: what its constructor or init function makes, judged as a function that initialises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.diagnosis import diagnose_tool
from handgrad.check.reading.loops.find import find_loops
from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.patience import patience
from handgrad.check.reading.places import get
from handgrad.check.reading.program import Program
from handgrad.check.reading.tools.evidence import zeros_are_a_choice
from handgrad.check.reading.worlds import World
from handgrad.check.subject import Diagnosis
from handgrad.kernels.types import Array

_SURE = ("init_zero", "init_constant", "variance_as_sigma", "init_positive")
_MANY = 50  # inputs from which on weights that are all positive do harm; an XOR net learns with them
_PICTURES = re.compile(r"mnist|784|28 ?\* ?28|cifar|3072|fashion", re.IGNORECASE)


@dataclass
class _Initial:
    """Implements `ToolSubject`: the net is made anew with these sizes, and its weights are handed out."""

    program: Program
    world: World
    kind: str = "initialize"

    def call(self, *arguments: Array) -> object:
        """W of every layer, (D, M); layers of zeros or of one value only where all are."""
        D, M = (int(np.asarray(a).reshape(-1)[0]) for a in arguments[:2])
        inner = len(self.world.sizes) - 2
        sizes = [D, *(M + 2 * l for l in range(inner)), max(M // 2, 2)] if self.world.scalable else self.world.sizes
        made = self.world.make(self.program.fresh(), sizes)
        env: dict[str, Any] = made if self.world.root == "" else {self.world.root: made}
        found = [np.asarray(slot.shape_in(get(env, slot.path))) for n, slot in self.world.slots.items() if n[0] == "W"]
        varied = [W for W in found if W.size > 1 and float(W.std()) > 0]
        return varied or found


def initial_parts(program: Program, net: ProgramNet) -> Iterator[tuple[str, str, list[str], Diagnosis]]:
    """Name, kind, what was looked at, and the diagnosis, where the first weights keep a net from learning."""
    world = net.plan.world
    if world.kind == "arguments" or len(world.sizes) < 3:
        return  # a single layer may start at 0
    with suppress(Exception), patience(5.0), np.errstate(all="ignore"):
        diagnosis = diagnose_tool(_Initial(net.program, world))
        keys = [f.explanation for f in diagnosis.findings]
        if diagnosis.verdict != "mistake" or not keys or keys[0] not in _SURE:
            return
        in_layers = any(len(slot.path) > 2 for slot in world.slots.values())
        if keys[0] == "init_zero" and in_layers and not _trains(program):
            return
        large = _PICTURES.search(program.source.text) or (not world.scalable and world.sizes[0] >= _MANY)
        if keys[0] == "init_positive" and not large:
            return
        maker = program.functions.get(world.said.removeprefix("parameters from ").removesuffix("()"))
        if maker is not None and zeros_are_a_choice(maker.node):
            return
        name = f"{world.owner}.__init__" if world.owner else world.said.removeprefix("parameters from ") or "weights"
        yield name, "initialize", [f"the weights that {name} makes, before any training"], diagnosis


_TRAINING = re.compile(r"^_?(fit|train|learn|optimi[sz]e|run|main)", re.IGNORECASE)


def _trains(program: Program) -> bool:
    """Whether the program itself goes on from its first weights; else whoever uses its layers may set them."""
    names = [*program.functions, *(name for own in program.methods.values() for name in own)]
    return any(_TRAINING.search(name) for name in names) or any(
        loop.function is None for loop in find_loops(program.tree)
    )
