"""The forward functions that may come before a loss function."""

from __future__ import annotations

from dataclasses import replace

from handgrad.check.reading.plan import Plan
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import FORWARD


def forwards_of(program: Program, plan: Plan) -> list[Function]:
    """Those of the plan first, then others by name."""
    own = [step.function for step in plan.steps if FORWARD.search(step.function.name)]
    owner = plan.world.owner
    methods = [replace(f, owner=owner) for f in program.methods.get(owner, {}).values()] if owner else []
    others = [f for f in [*methods, *program.functions.values()] if FORWARD.search(f.name)]
    return list({f.shown: f for f in [*own, *others]}.values())[:4]
