"""A program compiled once with many edits in it, of which a run takes the ones that it is told."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from typing import Any

from handgrad.check.reading.rounds.instrument import WATCHER
from handgrad.check.reading.rounds.sites import Edit

Choices = Mapping[int, int]  # the number of a statement: the number of the edit that stands there


def switched(body: Sequence[ast.stmt], chosen: Sequence[Edit]) -> tuple[list[ast.stmt], list[Choices]]:
    """A copy of the statements in which each edited one stands beside its edits; and how each edit is chosen."""
    numbers: dict[int, int] = {}
    versions: dict[int, list[ast.stmt]] = {}
    choices: list[Choices] = []
    for edit in chosen:
        key = id(edit.statement)
        number = numbers.setdefault(key, len(numbers))
        with edit.made():
            made = ast.fix_missing_locations(copy.deepcopy(edit.statement))
        versions.setdefault(key, []).append(made)
        choices.append({number: len(versions[key]) - 1})
    memo: dict[int, Any] = {}
    copied = copy.deepcopy(list(body), memo)
    replaced = {
        id(memo[key]): _beside(memo[key], numbers[key], others) for key, others in versions.items() if key in memo
    }
    nodes = [_Switches(replaced).visit(node) for node in copied]
    return [node if isinstance(node, ast.stmt) else _block(node) for node in nodes], choices


def _beside(statement: ast.stmt, number: int, versions: Sequence[ast.stmt]) -> list[ast.stmt]:
    lines: list[ast.stmt] = []
    for place, version in enumerate(versions):
        test = ast.parse(f"{WATCHER}.choices.get({number}) == {place}", mode="eval").body
        lines.append(ast.If(test, [version], []))
    test = ast.parse(f"{number} not in {WATCHER}.choices", mode="eval").body
    lines.append(ast.If(test, [statement], []))
    for line in lines:
        ast.copy_location(line, statement)
        ast.fix_missing_locations(line)
    return lines


def _block(nodes: Sequence[ast.stmt]) -> ast.stmt:
    """Several statements as one of the top level."""
    made = ast.If(ast.Constant(True), list(nodes), [])
    return ast.fix_missing_locations(ast.copy_location(made, nodes[0]))


class _Switches(ast.NodeTransformer):
    def __init__(self, replaced: Mapping[int, list[ast.stmt]]) -> None:
        self.replaced = dict(replaced)

    def visit(self, node: ast.AST) -> Any:
        found = self.replaced.pop(id(node), None)
        super().generic_visit(node)
        return node if found is None else found
