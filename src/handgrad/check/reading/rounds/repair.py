"""The explanation that an edit proves: with it, and with nothing else changed, the gradients are the slopes."""

from __future__ import annotations

import ast
import copy
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from handgrad.check.reading.loops.find import base_name
from handgrad.check.reading.patience import TooSlowError, patience
from handgrad.check.reading.roles import looks_like_gradient
from handgrad.check.reading.rounds.edits import edits
from handgrad.check.reading.rounds.instrument import is_update
from handgrad.check.reading.rounds.sites import Edit, Known, statements_of
from handgrad.check.reading.rounds.switch import Choices, switched

_SECONDS = 4.0
_BATCH = 100  # edits that are compiled at once
_TARGETS = re.compile(r"^(y|t|target|label|batch|expected|true|soll|ziel)", re.IGNORECASE)
_PENALTY = re.compile(r"\b(reg\w*|lam\w*|lmbda|l2\w*|\w*decay|beta)\b")
_HARMLESS = 1.0009765625


@dataclass(frozen=True)
class Repair:
    """What to change: the explanation's key, the line, the text there and the text that would be right."""

    key: str
    line: int
    old: str
    new: str


@dataclass(frozen=True)
class Tried:
    """What an edited program claims: which tensors are right now, and whether each one's claims have changed."""

    right: frozenset[int]
    changed: frozenset[int]


Try = Callable[[Choices], Tried | None]
Make = Callable[[Sequence[ast.stmt]], Try]


def repaired(
    body: Sequence[ast.stmt], make: Make, before: frozenset[int], count: int, shapes: Mapping[str, tuple[int, ...]]
) -> Repair | None:
    """The first edit, or edits of one kind, with which all tensors are right.

    Args:
        body: the program's top-level statements.
        make: of statements with choices in them, a function that tells what a choice claims.
        before: the tensors that are right without an edit.
        count: of tensors.
        shapes: of the names that are known.
    """
    deadline = time.process_time() + _SECONDS
    chosen = edits(body, _that_matter(body, make, before), shapes)
    partly: list[tuple[Edit, frozenset[int]]] = []
    for start in range(0, len(chosen), _BATCH):
        nodes, choices = switched(body, chosen[start : start + _BATCH])
        attempt = make(nodes)
        for edit, choice in zip(chosen[start:], choices, strict=False):
            if time.process_time() > deadline:
                return _together(body, make, partly, count)
            tried = _tried(attempt, choice)
            if tried is not None and len(tried.right) == count:
                return _repair(edit, body)
            if tried is not None and tried.right > before:
                partly.append((edit, tried.right))
    return _together(body, make, partly, count)


def _that_matter(body: Sequence[ast.stmt], make: Make, before: frozenset[int]) -> list[Known]:
    """Statements that the wrong gradients depend on and the loss does not: only they can be the mistake."""
    known = statements_of(body)
    plain = [
        k
        for k in known
        if not isinstance(k.statement, ast.For) and isinstance(getattr(k.statement, "value", None), ast.expr)
    ]
    probes = [Edit("", 0, k.top, k.statement, k.statement, "value", None, _larger(k.statement)) for k in plain]
    nodes, choices = switched(body, probes)
    attempt = make(nodes)
    tried = [(k, _tried(attempt, choice)) for k, choice in zip(plain, choices, strict=True)]
    moving = {id(k) for k, t in tried if t is not None and t.changed - before}
    return [k for k in known if id(k) in moving or isinstance(k.statement, ast.For) or _masks(k.statement)]


def _masks(statement: ast.stmt) -> bool:
    """`d[z < 0] = 0`."""
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    return isinstance(target, ast.Subscript) and any(isinstance(n, ast.Compare) for n in ast.walk(target))


def _larger(statement: ast.stmt) -> ast.expr:
    return ast.BinOp(copy.deepcopy(statement.value), ast.Mult(), ast.Constant(_HARMLESS))  # type: ignore[attr-defined]


def _tried(attempt: Try, choice: Choices) -> Tried | None:
    try:
        with suppress(Exception), patience(1.5), np.errstate(all="ignore"):
            return attempt(choice)
    except TooSlowError:
        return None
    return None


def _together(
    body: Sequence[ast.stmt], make: Make, partly: Sequence[tuple[Edit, frozenset[int]]], count: int
) -> Repair | None:
    """Edits of one kind that mend different tensors, all at once: the same slip in several lines."""
    for key in dict.fromkeys(edit.key for edit, _ in partly):
        chosen: list[Edit] = []
        mended: frozenset[int] = frozenset()
        for edit, right in partly:
            if edit.key == key and right - mended and all(e.statement is not edit.statement for e in chosen):
                chosen.append(edit)
                mended |= right
        if len(mended) == count and len(chosen) > 1:
            nodes, choices = switched(body, chosen)
            tried = _tried(make(nodes), {k: v for choice in choices for k, v in choice.items()})
            if tried is not None and len(tried.right) == count:
                return _repair(chosen[0], body)
    return None


def _repair(edit: Edit, body: Sequence[ast.stmt]) -> Repair:
    old = ast.unparse(_shown(edit.statement))
    key = _key_of(edit, body)
    with edit.made():
        return Repair(
            key, edit.line, old, ast.unparse(_shown(ast.fix_missing_locations(copy.deepcopy(edit.statement))))
        )


def _shown(statement: ast.stmt) -> ast.AST:
    """A loop without all but the last line of its block."""
    if isinstance(statement, ast.For):
        return ast.For(
            statement.target, statement.iter, [ast.Expr(ast.Constant(Ellipsis)), statement.body[-1]], [], lineno=1
        )
    return statement


def _key_of(edit: Edit, body: Sequence[ast.stmt]) -> str:
    """Edits that stand for several mistakes are told apart by what they put in."""
    statement, new, old = edit.statement, edit.new, edit.old
    texts = " ".join(ast.unparse(n) for n in (old, new) if isinstance(n, ast.expr)) or ast.unparse(_shown(statement))
    if edit.key not in ("penalty_missing", "other_array", "sign", "slope_missing") and _PENALTY.search(texts):
        return "penalty_factor"
    if edit.key == "term_missing":
        return _missing_term(new)
    if edit.key == "other_array":
        return _other_array(statement, old, new, body)
    if edit.key == "other_place":
        return "input_of_other_layer" if _is_weight_gradient(statement) else "delta_of_other_layer"
    return {"added_too_much": "bias_added_to_gradient"}.get(edit.key, edit.key)


def _missing_term(new: ast.expr) -> str:
    name = ast.unparse(new.right) if isinstance(new, ast.BinOp) else ""
    later = re.search(r"next|future|later|prev|time|nach|_t\d?$", name, re.IGNORECASE)
    return "through_time_missing" if later else "term_missing"


def _other_array(statement: ast.stmt, old: ast.expr, new: ast.expr, body: Sequence[ast.stmt]) -> str:
    was, now = ast.unparse(old), ast.unparse(new)
    if _TARGETS.search(now) and not _is_weight_gradient(statement):
        return "targets_of_other_images"
    if _is_weight_gradient(statement):
        both = looks_like_gradient(was) and looks_like_gradient(now)
        if both:
            return "delta_of_other_layer"
        return (
            "input_before_activation"
            if any(_reads(n, was) for n in _assignments(body, now))
            else "input_of_other_layer"
        )
    return (
        "weights_of_other_layer"
        if re.search(r"^w|weight|synapse|theta", now, re.IGNORECASE)
        else "slope_of_other_array"
    )


def _assignments(body: Sequence[ast.stmt], name: str) -> Iterator[ast.Assign]:
    for part in body:
        for node in ast.walk(part):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                yield node


def _reads(node: ast.Assign, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.value))


def _is_weight_gradient(statement: ast.stmt) -> bool:
    if is_update(statement):
        return True
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    name = base_name(target).split(".")[-1] if isinstance(target, ast.expr) else ""
    return re.search(r"(^d|^g|grad|nabla|_d)_?[wWvVuU]|[wW](\d|_|$)|weight", name) is not None
