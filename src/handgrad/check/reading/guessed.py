"""Worlds of which only names are known: parameters as arguments, as keys of a dict, as a list that is unpacked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import role_of
from handgrad.check.reading.worlds import World, with_chains

_WEIGHT = re.compile(r"^(w|weights?|theta|v|k|syn|u|a|m)(_|\d|[a-z]{0,4}\d?$|$)", re.IGNORECASE)
_BIAS = re.compile(r"^(b|bias|c|beta)(_|\d|[a-z]{0,3}\d?$|$)", re.IGNORECASE)


def argument_worlds(program: Program, sizes: Sequence[int]) -> Iterator[World]:
    """Parameters that are only known as names of arguments, as keys, or as a list that is unpacked."""
    structures: list[tuple[str, list[str], str]] = []  # environment name, tensor names, kind
    for function in [*program.functions.values(), *(f for fs in program.methods.values() for f in fs.values())]:
        structures += [s for s in _structures(function) if s not in structures]
    structures.sort(key=lambda s: -len(s[1]))
    for root, names, kind in structures[:6]:
        for orientation in (False, True):
            for bias in (*(("column", "flat", "row") if orientation else ("flat", "row", "column")), "inside"):
                with suppress(Exception):
                    yield from _guessed_world(program, sizes, root, names, kind, orientation, bias)


def _structures(function: Function) -> list[tuple[str, list[str], str]]:
    found: list[tuple[str, list[str], str]] = []
    plain = [p for p in function.parameters if role_of(p) in ("", "params", "classes", "output", "samples", "x") and
             (_WEIGHT.match(p) or _BIAS.match(p))]  # fmt: skip
    plain = [p for p in plain if not re.fullmatch(r"[XxYyTtAaMmKk]|[AaZz]\d|[Kk]|m", p)]
    if any(_WEIGHT.match(p) and not _BIAS.match(p) for p in plain):
        found.append(("", plain, "names"))
    for name in function.parameters:
        found += _inside(function, name)
    return found


def _inside(function: Function, name: str) -> list[tuple[str, list[str], str]]:
    """What a function takes out of an argument: params["W1"], W1, b1 = params, for W, b in params."""
    found: list[tuple[str, list[str], str]] = []
    keys: list[str] = []
    is_params = role_of(name) == "params"
    for node in ast.walk(function.node):
        if isinstance(node, ast.Subscript) and _is_name(node.value, name) and isinstance(node.slice, ast.Constant):
            key = node.slice.value
            keys += [key] if isinstance(key, str) and key not in keys else []
        elif isinstance(node, ast.Assign) and _is_name(node.value, name) and isinstance(node.targets[0], ast.Tuple):
            names = [e.id for e in node.targets[0].elts if isinstance(e, ast.Name)]
            if len(names) >= 2 and len(names) == len(node.targets[0].elts):
                found.append((name, names, "list"))
        elif (
            isinstance(node, ast.For)
            and isinstance(node.target, ast.Tuple)
            and len(node.target.elts) == 2
            and is_params
            and any(_is_name(n, name) for n in ast.walk(node.iter))
        ):
            found.append((name, ["W1", "b1", "W2", "b2"], "pairs"))
    return [*found, (name, keys, "dict")] if len(keys) >= 2 and is_params else found


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _guessed_world(
    program: Program, sizes: Sequence[int], root: str, names: list[str], kind: str, transposed: bool, bias: str
) -> list[World]:
    weights = [n for n in names if not _BIAS.match(n) or (n[0].isupper() and n.lower() in names)]
    biases = [n for n in names if n not in weights]
    depth = len(weights)
    extra = int(bias == "inside")
    if not depth or (biases and len(biases) != depth) or (extra and biases):
        return []
    inner = list(sizes[1:-1])
    while len(inner) < depth - 1:
        inner.append(max(inner) + 2)
    start = [sizes[0], *inner[: depth - 1], sizes[-1]]

    def make(namespace: dict[str, Any], wanted: Sequence[int]) -> Any:
        chosen = list(wanted) if len(wanted) == depth + 1 else start
        arrays: dict[str, Any] = {}
        for l in range(depth):
            shape = (chosen[l] + extra, chosen[l + 1])
            arrays[weights[l]] = np.full(shape[::-1] if transposed else shape, 0.1)
            if biases:
                M = chosen[l + 1]
                arrays[biases[l]] = np.full({"flat": (M,), "row": (1, M), "column": (M, 1)}[bias], 0.1)
        if kind == "names":
            return arrays
        if kind == "dict":
            return {root: arrays}
        listed = [arrays[n] for n in names]
        if kind == "pairs":
            listed = [(arrays[w], arrays[b]) for w, b in zip(weights, biases, strict=True)]
        return {root: listed}

    worlds = with_chains(program, "arguments", "", make, start, start)
    for world in worlds:
        world.said = "parameters as arguments" if kind == "names" else f"parameters in {root}"
        straight = all(bool(s.inside) == bool(extra) for s in world.slots.values()) and all(
            s.transposed == transposed for n, s in world.slots.items() if n[0] == "W"
        )
        if straight and world.sizes == tuple(start):
            return [w for w in worlds if w.slots["W1"].transposed == transposed] if extra else [world]
    return worlds[:1]
