"""Arguments that are no arrays: a function handed in as an argument, images and targets as one pair."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from types import FunctionType
from typing import Any

from handgrad.check.reading.batches import Batch
from handgrad.check.reading.program import Function
from handgrad.check.reading.roles import FORWARD, LOSS, role_of


def handed_over(function: Function, env: Mapping[str, Any], batch: Batch) -> dict[str, Any]:
    """Values of the arguments that the function calls, and of those that it unpacks into images and targets."""
    found: dict[str, Any] = {}
    for name in _called(function):
        value = _function_for(name, function, env["globals"])
        if value is not None:
            found[name] = value
    for name, swapped in _pairs(function).items():
        found[name] = (batch.t, batch.x) if swapped else (batch.x, batch.t)
    return found


@cache
def _called(function: Function) -> tuple[str, ...]:
    """Arguments that are called: `forward_prop_func(data, labels, params)`."""
    calls = [node for node in ast.walk(function.node) if isinstance(node, ast.Call)]
    names = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    return tuple(name for name in function.required if name in names)


def _function_for(name: str, function: Function, namespace: Mapping[str, Any]) -> Any:
    """The program's function whose name the argument's holds, else the forward pass where it is called with as many."""
    own = {k: v for k, v in namespace.items() if isinstance(v, FunctionType) and k != function.name}
    bare = re.sub(r"_?(func(tion)?|fn|callback)$", "", name, flags=re.IGNORECASE)
    alike = [k for k in own if k == bare or (len(k) > 2 and (k in bare or bare in k))]
    if alike:
        return own[min(alike, key=lambda k: abs(len(k) - len(bare)))]
    if (loss := _loss_for(bare, own)) is not None:
        return loss
    counts = {len(node.args) + len(node.keywords) for node in ast.walk(function.node)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name}  # fmt: skip
    return next((v for k, v in own.items() if FORWARD.search(k) and v.__code__.co_argcount in counts), None)


_MARKS = ("_prime", "_derivative", "_grad", "_gradient", "_deriv", "_backward", "_d")


def _loss_for(name: str, own: Mapping[str, Any]) -> Any:
    """A loss for an argument `loss`, its derivative for `loss_prime`: the first of the program's that has both."""
    mark = next((m for m in _MARKS if name.endswith(m)), "")
    if not LOSS.search(name.removesuffix(mark) if mark else name):
        return None
    for plain in own:
        partner = next((f"{plain}{m}" for m in _MARKS if f"{plain}{m}" in own), "")
        if partner and LOSS.search(plain):
            return own[partner if mark else plain]
    return None


@cache
def _pairs(function: Function) -> Mapping[str, bool]:
    """Arguments taken apart as `inputs, targets = batch`, and whether the targets come first."""
    found: dict[str, bool] = {}
    for node in ast.walk(function.node):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Name):
            continue
        target, name = node.targets[0], node.value.id
        if isinstance(target, ast.Tuple) and len(target.elts) == 2 and name in function.required:
            roles = [role_of(part.id) if isinstance(part, ast.Name) else "" for part in target.elts]
            if roles in (["x", "t"], ["t", "x"]):
                found[name] = roles[0] == "t"
    return found
