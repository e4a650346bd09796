"""What stands in a program beside its helpers: a net that must be looked for, and helpers that could not be judged."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from handgrad.check.reading.optimizers.find import named_updates
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.tools.names import DERIVATIVES, VALUES, kind_of, stem_of

_IDLE = re.compile(
    r"load|save|plot|show|read|print|display|draw|download|write|visuali[sz]e|_init_?$|^init_?_", re.IGNORECASE
)
_NET = re.compile(r"back|train|fit|learn|update|step|grad|loop", re.IGNORECASE)
_OF_NET = re.compile(
    r"forward|back_?(ward|prop)|predict|train|(^|_)fit($|_)|neuron|perceptron|propag|learn($|_)|regress",
    re.IGNORECASE,
)
_CHECKS = re.compile(r"grad\w*_?check|check_?grad|numeric", re.IGNORECASE)
_PRODUCTS = {"dot", "matmul", "einsum", "tensordot", "inner", "outer", "vdot", "multi_dot", "convolve", "convolve2d",
             "correlate", "correlate2d"}  # fmt: skip


def only_tools(program: Program) -> bool:
    """Whether nothing but helpers (and loading, saving, plotting) is there, so that no net need be looked for."""
    functions = [name for name in program.functions if not _is_helper(name)]
    plain = not any(s.kind in ("training", "other code") for s in program.skipped)
    if plain and not any(program.methods.values()) and all(_IDLE.search(name) for name in functions):
        return True
    return not _multiplies(program) and not _speaks_of_nets(program) and bool(_helpers(program))


def _is_helper(name: str) -> bool:
    return bool(kind_of(name) or stem_of(name)[0])


def _helpers(program: Program) -> set[str]:
    """Functions and classes with the name of a helper or of an update rule."""
    return {name for name in (*program.functions, *program.methods) if _is_helper(name)} | named_updates(program)


def _multiplies(program: Program) -> bool:
    """Whether a product of matrices or a loop of products stands anywhere: no net without one."""
    for node in ast.walk(program.tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            return True
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in _PRODUCTS:
            return True
    return False


def _speaks_of_nets(program: Program) -> bool:
    names = [*program.functions, *program.methods]
    names += [f"{m}" for owner, own in program.methods.items() for m in own if not stem_of(owner)[0]]
    return any(_OF_NET.search(name) and not _is_helper(name) for name in names)


def looks_like_a_net(program: Program) -> bool:
    """Whether something besides helpers is there that handgrad could not read: a backward pass, an update, training."""
    functions = [name for name in program.functions if not _CHECKS.search(name)]
    methods = [name for owner, own in program.methods.items() for name in own if not _belongs(owner, name, own)]
    return any(
        _NET.search(name) and not kind_of(name) and (not stem_of(name)[0] or "back" in name.lower())
        for name in (*functions, *methods)
    )


def _belongs(owner: str, method: str, own: Collection[str]) -> bool:
    """Whether a method is what a helper's class has: the value and the gradient of a loss, the step of a schedule."""
    if stem_of(owner)[0] or (any(m in VALUES for m in own) and any(m in DERIVATIVES for m in own)):
        return method in (*VALUES, *DERIVATIVES) or bool(_is_helper(method))
    return kind_of(owner) in ("early_stopping", "schedule")


def promised(program: Program, *, beside_net: bool) -> list[str]:
    """Functions and classes whose names say that they are helpers or update rules, in the order of the text.

    `beside_net`: activations and losses are left out, as they are judged in the net.
    """
    wanted = [f for f in program.functions.values() if _promises(f, beside_net)]
    updates = named_updates(program)
    lines = {f.name: f.node.lineno for f in wanted}
    for node in ast.walk(program.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in updates:
            lines[node.name] = node.lineno
    return sorted(lines, key=lambda name: lines[name])


def _promises(function: Function, beside_net: bool) -> bool:
    if function.name.startswith("_") or not function.parameters:
        return False
    return bool(kind_of(function.name)) or (bool(stem_of(function.name)[0]) and not beside_net)


def unread_in_words(names: Collection[str]) -> list[str]:
    """A line for what could not be judged, none where all was."""
    if not names:
        return []
    shown = list(names)
    more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
    return [f"not judged: {', '.join(shown[:6])}{more} (no way was found to call what has such a name)"]


__all__ = ["looks_like_a_net", "only_tools", "promised", "unread_in_words"]
