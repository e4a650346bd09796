"""Nets that draw random numbers in every pass: dropout is turned off where the program has a switch for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from handgrad.check.reading.net import ProgramNet
from handgrad.check.reading.places import Path
from handgrad.check.reading.worlds import World

_KEEP = re.compile(r"keep\w*|p_?keep|\w*keep_?(prob\w*|rate)?", re.IGNORECASE)
_DROP = re.compile(r"drop\w*|\w*dropout\w*|p|p_?drop|rate|noise\w*", re.IGNORECASE)
_EITHER = re.compile(r"p|rate|prob(ability)?", re.IGNORECASE)  # the share kept or the share dropped
_TRAINING = re.compile(r"(is_?)?train(ing)?(_mode|_phase)?|mode|phase", re.IGNORECASE)
_DEPTH = 3


def calm(net: ProgramNet, made: Any) -> None:
    """Turn off what makes two equal calls differ, if the program has a switch for it; says so in `net.notes`."""
    if not may_draw(net) or not is_random(net, made):
        return
    world, setting = net.plan.world, net.plan.setting
    for switches in _ways(net, made):
        net.plan.world = replace(world, switches=switches)
        if not is_random(net, made):
            net.notes += ("dropout was turned off for this, or no two calls would agree",)
            return
    net.plan.world = world
    net.plan.setting = replace(setting, training=False)
    if is_random(net, made):
        net.plan.setting = setting
    else:
        net.notes += ("called in test mode, or no two calls would agree",)


def may_draw(net: ProgramNet) -> bool:
    """Whether random numbers are drawn anywhere but where weights are made and data shuffled."""
    program = net.program
    functions = [*program.functions.values(), *(f for own in program.methods.values() for f in own.values())]
    makers = ("__init__", "init", "shuffle", "make", "create", "build", "generate")
    return any("rand" in ast.unparse(f.node) or "binomial" in ast.unparse(f.node) for f in functions
               if not any(word in f.name.lower() for word in makers))  # fmt: skip


def is_random(net: ProgramNet, made: Any) -> bool:
    """Whether two calls from the same state give different gradients."""
    with suppress(Exception), np.errstate(all="ignore"):
        one, two = (
            net.answer(made.parameters, made.x.copy(), made.t.copy(), learning_rate=0.05)[0].gradients for _ in range(2)
        )
        return any(
            one[n].shape != two[n].shape
            or not np.isfinite(one[n]).all()  # x · mask / 0 is not random, and no way to ask
            or not np.allclose(one[n], two[n], rtol=1e-6, atol=1e-12, equal_nan=True)
            for n in one
        )
    return False


def _ways(net: ProgramNet, made: Any) -> Iterator[tuple[tuple[Path, Any], ...]]:
    """What may be set: probabilities first (the backward pass stays the one of training), then a flag."""
    world: World = net.plan.world
    env = world.build(net.program, made.parameters, 0.05, net.plan.resize)
    root = world.root if world.root in env else "globals"
    found = list(_numbers(env[root], (("item", root),), 0))
    keep = tuple((path, _full(value)) for path, value in found if _KEEP.fullmatch(str(path[-1][1])))
    drop = tuple((path, _empty(value)) for path, value in found if _DROP.fullmatch(str(path[-1][1])))
    flags = tuple((path, _off(value)) for path, value in found if _TRAINING.fullmatch(str(path[-1][1])))
    either = tuple((path, _full(value)) for path, value in found if _EITHER.fullmatch(str(path[-1][1])))
    yield from (way for way in (keep, drop, (*keep, *drop), either, flags) if way)


def _full(value: Any) -> Any:
    return [1.0] * len(value) if isinstance(value, list | tuple) else 1.0


def _empty(value: Any) -> Any:
    return [0.0] * len(value) if isinstance(value, list | tuple) else 0.0


def _off(value: Any) -> Any:
    return {"train": "test", "training": "test"}.get(value, "test") if isinstance(value, str) else False


def _numbers(value: Any, path: Path, depth: int) -> Iterator[tuple[Path, Any]]:
    """Single numbers, flags, words and lists of probabilities in an object and in the objects it holds."""
    if depth > _DEPTH:
        return
    if isinstance(value, dict):
        children: list[tuple[tuple[str, Any], Any]] = [
            (("item", k), v) for k, v in list(value.items())[:80] if isinstance(k, str) and k[:2] != "__"
        ]
    elif isinstance(value, list | tuple):
        children = [(("item", i), v) for i, v in enumerate(list(value)[:30])]
    elif (
        hasattr(value, "__dict__")
        and not isinstance(value, type)
        and type(value).__name__ not in ("module", "function")
    ):
        children = [(("attr", k), v) for k, v in list(vars(value).items())]
    else:
        return
    for step, inner in children:
        listed = isinstance(inner, list | tuple) and inner and all(isinstance(v, float) for v in inner)
        if isinstance(inner, float | bool | str) or listed:
            yield (*path, step), inner
        elif not isinstance(inner, np.ndarray | FunctionType | MethodType | type):  # a layer may be callable
            yield from _numbers(inner, (*path, step), depth + 1)
