"""A training loop at a program's top level as a function: where the backward pass stands in no function at all.

The innermost loop that changes the weights becomes `training_loop(images, targets)`: one round of it, with the data's
names as arguments and the loop's counters at 0.
"""

from __future__ import annotations

import ast
import copy

from handgrad.check.reading.roles import role_of

NAME = "training_loop_step"
_LOOPS = (ast.For, ast.While)


def loop_as_function(tree: ast.Module, known: set[str]) -> ast.FunctionDef | None:
    """The function made of a training loop, None where there is none; `known`: names with a value at the top level."""
    blocks = [node for node in tree.body if isinstance(node, _LOOPS)]
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            blocks += [inner for inner in node.body if isinstance(inner, _LOOPS)]
    for block in blocks:
        found = _innermost(block, known)
        if found is not None:
            return _function(found, block, known)
    return None


def _innermost(loop: ast.stmt, known: set[str]) -> ast.For | ast.While | None:
    for inner in ast.walk(loop):
        if isinstance(inner, _LOOPS) and inner is not loop:
            found = _innermost(inner, known)
            if found is not None:
                return found
    changes = [n for n in getattr(loop, "body", []) for n in _changed(n) if n in known]
    return loop if isinstance(loop, _LOOPS) and changes else None


def _changed(node: ast.stmt) -> list[str]:
    """Names that a statement updates from their own value: W -= …, W = W - …."""
    if isinstance(node, ast.AugAssign):
        return [n.id for n in [node.target] if isinstance(n, ast.Name)]
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        return [name] if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.value)) else []
    return []


def _function(loop: ast.For | ast.While, outer: ast.stmt, known: set[str]) -> ast.FunctionDef:
    body = [copy.deepcopy(node) for node in loop.body if not _is_batch(node)]
    assigned = _stored(body)
    loaded = list(dict.fromkeys(n.id for part in body for n in ast.walk(part) if isinstance(n, ast.Name)))
    counters = [n.id for inner in ast.walk(outer) if isinstance(inner, ast.For) for n in ast.walk(inner.target)
                if isinstance(n, ast.Name)]  # fmt: skip
    batch = _stored([node for node in loop.body if _is_batch(node)])
    free = [
        n for n in loaded if (n in batch or (n not in known and n not in assigned)) and n not in counters and role_of(n)
    ]
    data = [
        n
        for n in loaded
        if n in known and n not in assigned and n in ("X", "x", "y", "Y", "t", "T", "inputs", "targets")
    ]
    arguments = list(dict.fromkeys([*free, *data]))
    written = sorted(assigned & known - set(arguments))
    start = ast.parse(
        "\n".join([f"global {', '.join(written)}" if written else "pass", *(f"{c} = 0" for c in counters)])
    )
    made = ast.parse(f"def {NAME}({', '.join(arguments)}): pass").body[0]
    if not isinstance(made, ast.FunctionDef):
        raise TypeError("a definition is a function")
    made.body = [*start.body, *body]
    ast.copy_location(made, loop)
    return ast.fix_missing_locations(made)


def _is_batch(node: ast.stmt) -> bool:
    """X = X_train[i:i + 50]: the batch is handed over instead."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript):
        return False
    names = [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    base = node.value.value
    return (
        all(role_of(n) in ("x", "t") for n in names) and isinstance(base, ast.Name) and role_of(base.id) in ("x", "t")
    )


def _stored(nodes: list[ast.stmt]) -> set[str]:
    return {n.id for part in nodes for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
