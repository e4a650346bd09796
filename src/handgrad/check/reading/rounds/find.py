"""Which of a program's loops trains, and what can be said of a round of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from handgrad.check.reading.loops.data import VARIANTS
from handgrad.check.reading.patience import TooSlowError, patience
from handgrad.check.reading.program import Program
from handgrad.check.reading.rounds.calls import training_calls
from handgrad.check.reading.rounds.judge import Verdict, adaptive, verdict
from handgrad.check.reading.rounds.launch import Launch
from handgrad.check.reading.rounds.measure import measure
from handgrad.check.reading.rounds.watch import Place, Watcher

_LOOPS = 4
_SECONDS = 6.0


def judged_round(program: Program) -> tuple[Launch, Verdict] | None:
    """The first loop of which something can be said for certain; else what was undecided; None where nothing moves."""
    undecided: tuple[Launch, Verdict] | None = None
    accused: tuple[Launch, Verdict] | None = None
    start = time.process_time()
    for launch, survey in _launches(program, start + _SECONDS):
        for loop in _training_loops(survey)[:_LOOPS]:
            with suppress(Exception), patience(_SECONDS), np.errstate(all="ignore"):
                memory = adaptive(launch.nodes)  # a velocity is empty only in the first round
                measured = measure(launch, loop, 1 if survey.entries[loop] > 1 and not memory else 0)
                if measured is None:
                    continue
                found = verdict(launch, measured)
                if found.kind == "right" or (found.kind == "wrong" and not launch.replaced):
                    return launch, found
                if found.kind == "wrong" and not found.key.startswith("one_over_n"):  # other data may show it right
                    accused = accused or (launch, found)
                undecided = undecided or (launch, found)
            if time.process_time() - start > _SECONDS:
                return accused or undecided
    return accused or undecided


def _launches(program: Program, deadline: float) -> Iterator[tuple[Launch, Watcher]]:
    """The program run once with each form of data, until something moves in it; else with a call of what trains."""
    moves = False
    for variant in VARIANTS:
        launch = Launch(program, variant=variant)
        survey = _survey(launch)
        if survey.stacks:
            moves = True
            yield launch, survey
        if not launch.replaced or time.process_time() > deadline:
            break
    for lines in training_calls(program) if not moves else ():
        for variant in VARIANTS:
            if time.process_time() > deadline:
                return
            launch = Launch(program, [*program.tree.body, *lines], variant)
            survey = _survey(launch)
            launch.replaced = True
            if survey.stacks:
                yield launch, survey


def _survey(launch: Launch) -> Watcher:
    survey = Watcher()
    with suppress(TooSlowError), patience(2.0):
        launch.run(survey)
    return survey


def _training_loops(survey: Watcher) -> list[Place]:
    """Loops in whose rounds something is updated: those that hold all updates first, the innermost of them first."""
    covered: dict[Place, int] = {}
    depth: dict[Place, int] = {}
    for stack in survey.stacks.values():
        for level, loop in enumerate(stack):
            covered[loop] = covered.get(loop, 0) + 1
            depth[loop] = max(depth.get(loop, 0), level)
    return sorted(covered, key=lambda loop: (-covered[loop], -depth[loop]))
