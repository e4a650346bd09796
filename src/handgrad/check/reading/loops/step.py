"""A round of a training loop as a function of images and targets."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.check.reading.loops.data import data_role, looks_like_index
from handgrad.check.reading.loops.find import NAME, Loop, LoopNode, base_name, changed_names
from handgrad.check.reading.loops.script_counts import COUNT, counting_names
from handgrad.check.reading.loops.script_steps import RATE, adaptive_gradients, with_named_outputs, with_named_rate

ONE_SAMPLE = "one sample a round"
_X, _T = "x_batch", "t_batch"
ENCODES = re.compile(r"one_?hot\w*\(|to_categorical\(|encode\w*\(|np\.eye\([^()]*\)\[", re.IGNORECASE)
_INDICES = ("range", "arange", "permutation", "tqdm", "trange", "count", "choice", "randint", "shuffle")


def step_function(loop: Loop, namespace: Mapping[str, Any], single: bool) -> ast.FunctionDef | None:
    """`training_loop_step(x_batch, t_batch)`; None where the loop reads no data.

    Args:
        loop: the loop.
        namespace: what the names have for values before it.
        single: whether `X[i]` picks one sample; else every index into the data is taken for the whole batch.
    """
    counters, given = _targets(loop.loops)
    body = [copy.deepcopy(node) for node in loop.inner.body]
    prefix = _prefix(loop)
    data = _data_names([*prefix, *body], counters, given, namespace)
    encoding = _encoding(loop, data)
    data = [name for name in data if name not in {n for node in encoding for n in _stored_bases(node)}]
    data += [n for n in _loaded(_arguments_of(encoding)) if data_role(n) and n not in data]
    prefix = [*encoding, *_counts(loop, data), *prefix]
    if not data:
        return None
    roles = _roles(data, _paired(loop.loops))
    chosen = _Batch({*data, *_derived(prefix, data)}, single)
    body = [chosen.visit(_NoBreak().visit(node)) for node in body]
    prefix = [chosen.visit(node) for node in prefix]
    rate = None if loop.owner else with_named_rate(body, {n for part in body for n in changed_names(part)})
    body = with_named_outputs(body, {name for name in data if roles[name] == "t"})
    shown = adaptive_gradients(body)
    if shown is not None and not shown:
        return None  # neither the gradients nor a multiple of them can be had
    counts = [] if loop.owner or len(set(roles.values())) < 2 else counting_names(loop, data, namespace)
    head = _head(body, roles, counters, counts, bool(given) or single)
    everything = [*head, *(_tolerant(node) for node in prefix), *(_quieter(node) for node in body)]
    written = [] if loop.owner else sorted(_globals(everything, namespace, {*data, *counts}, counters))
    written += [] if loop.owner else [name for name in roles if name not in (_X, _T)]  # functions may read them
    if shown:
        everything += ast.parse(f"return {{{', '.join(f'{name!r}: {name}' for name in shown)}}}").body
    made = _definition([*_arguments(loop, roles), *([] if rate is None else [f"{RATE}={rate!r}"])])
    made.body = [*(ast.parse(f"global {', '.join(written)}").body if written else []), *everything]
    ast.copy_location(made, loop.inner)
    return ast.fix_missing_locations(made)


def _definition(arguments: Sequence[str]) -> ast.FunctionDef:
    made = ast.parse(f"def {NAME}({', '.join(arguments)}): pass").body[0]
    if not isinstance(made, ast.FunctionDef):
        raise TypeError("a definition is a function")
    return made


def _head(
    body: Sequence[ast.stmt], roles: Mapping[str, str], counters: Mapping[str, int], counts: Sequence[str], alone: bool
) -> list[ast.stmt]:
    """What the round's names are: data, counters, numbers of samples. An image whose shape is set becomes a view."""
    reshaped = {base_name(n) for part in body for n in ast.walk(part) if isinstance(n, ast.Attribute)
                and isinstance(n.ctx, ast.Store) and n.attr == "shape"}  # fmt: skip
    lines = [
        f"{name} = {_X if role == 'x' else _T}{'.view()' if f'{name}.shape' in reshaped else ''}"
        for name, role in roles.items()
    ]
    lines += [f"{name} = {start}" for name, start in counters.items() if name not in roles]
    lines += [f"{name} = {COUNT}({_X}, {_T})" for name in counts]
    return ast.parse("\n".join([repr(ONE_SAMPLE), *lines] if alone else lines)).body


def _arguments(loop: Loop, roles: Mapping[str, str]) -> list[str]:
    names = [name for name, role in ((_X, "x"), (_T, "t")) if role in roles.values()]
    return ["self", *names] if loop.owner else names


def _targets(loops: Sequence[LoopNode]) -> tuple[dict[str, int], list[str]]:
    """Counters of the loops with their first value, and names that are data of each round."""
    counters: dict[str, int] = {}
    given: list[str] = []
    for loop in loops:
        if not isinstance(loop, ast.For):
            continue
        names = [n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
        text = ast.unparse(loop.iter)
        if text.startswith("enumerate(") and isinstance(loop.target, ast.Tuple):
            first = loop.target.elts[0]
            counters |= {first.id: 0} if isinstance(first, ast.Name) else {}
            names = names[1:]
        counts = any(f"{word}(" in text for word in _INDICES) and "zip(" not in text
        over_index = isinstance(loop.iter, ast.Name) and looks_like_index(loop.iter.id)
        if counts or over_index or not any(data_role(n) for n in [*names, *_loaded([loop.iter])]):
            counters |= dict.fromkeys(names, _start(loop.iter))
        else:
            given += names
    return counters, given


def _paired(loops: Sequence[LoopNode]) -> dict[str, str]:
    """The roles of a and b in `for a, b in zip(images, labels)`, whatever they are called."""
    found: dict[str, str] = {}
    for loop in loops:
        if not isinstance(loop, ast.For):
            continue
        source, target = loop.iter, loop.target
        while isinstance(source, ast.Call) and ast.unparse(source.func) in ("enumerate", "tqdm", "list"):
            if ast.unparse(source.func) == "enumerate" and isinstance(target, ast.Tuple):
                target = target.elts[1]
            source = source.args[0]
        if isinstance(source, ast.Call) and ast.unparse(source.func) == "zip" and isinstance(target, ast.Tuple):
            for name, value in zip(target.elts, source.args, strict=False):
                roles = [data_role(n) for n in _loaded([value]) if data_role(n)]
                if isinstance(name, ast.Name) and roles:
                    found[name.id] = roles[0]
    return found


def _start(node: ast.expr) -> int:
    """The first value of a range."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("range", "np.arange", "trange"):
            first = call.args[0] if len(call.args) > 1 else None
            if isinstance(first, ast.Constant) and isinstance(first.value, int):
                return first.value
    return 0


def _prefix(loop: Loop) -> list[ast.stmt]:
    """What the loops around the step, or its method, do before it."""
    found: list[ast.stmt] = []
    if loop.owner:
        weights = {n for part in loop.inner.body for n in changed_names(part)}
        found += [copy.deepcopy(n) for n in loop.before if not weights & set(_stored_bases(n))]
    for outer, inner in zip(loop.loops, loop.loops[1:], strict=False):
        for node in outer.body:
            if node is inner:
                break
            if not isinstance(node, ast.For | ast.While | ast.Return):
                found.append(_NoBreak().visit(copy.deepcopy(node)))
    return found


def _counts(loop: Loop, data: Sequence[str]) -> list[ast.stmt]:
    """`n, d = X.shape` ahead of a loop over the whole data: counted anew for each batch."""
    if loop.owner or any(isinstance(n, ast.Subscript) and base_name(n) in data for n in ast.walk(loop.loops[0])):
        return []
    found: list[ast.stmt] = []
    for node in loop.before:
        loaded = _loaded([node.value]) if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self" and set(loaded) & set(data):
            found.append(copy.deepcopy(node))  # an object that counts the samples it is given
        short = re.search(r"\.shape|len\(|\.size", ast.unparse(node)) is not None
        if short and set(loaded) & set(data) and set(loaded) <= {*data, "len", "float", "int"}:
            found.append(copy.deepcopy(node))
    return found


def _encoding(loop: Loop, data: Sequence[str]) -> list[ast.Assign]:
    """`t = one_hot(y, classes)` ahead of a script's loop, for a t that a round reads: the round encodes for itself."""
    if loop.owner:
        return []
    return [
        copy.deepcopy(node)
        for node in loop.before
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ENCODES.search(ast.unparse(node.value))
        and set(_stored_bases(node)) <= set(data)
        and [n for n in _loaded(_arguments_of([node])) if data_role(n)]
        and not set(_stored_bases(node)) & set(_loaded([node.value]))
    ]


def _arguments_of(nodes: Sequence[ast.Assign]) -> list[ast.expr]:
    return [part for node in nodes if isinstance(node.value, ast.Call) for part in node.value.args]


def _stored_bases(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    parts = [e for t in targets if t is not None for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return [base_name(part) for part in parts]


def _loaded(nodes: Iterable[ast.AST]) -> list[str]:
    """Names in the order of their first appearance."""
    found = [n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)]
    found.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.id for n in found))


def _data_names(
    body: Sequence[ast.stmt], counters: Mapping[str, int], given: Sequence[str], namespace: Mapping[str, Any]
) -> list[str]:
    """Names that a round reads before it sets them, and that are images or targets."""
    changed = {n for part in body for n in changed_names(part)}
    stored: set[str] = set()
    found = [name for name in given if name in _loaded(body)]
    for part in body:
        for name in _loaded([part]):
            made_here = name in changed and name not in namespace  # out = x @ W; out += b
            if name in stored or name in counters or name in found or made_here:
                continue
            value = namespace.get(name)
            array = isinstance(value, np.ndarray | list | tuple) and np.size(_first(value)) * len(value) > 1
            if data_role(name) and (array or name not in namespace) and _is_read(part, name):
                found.append(name)
        stored |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return found


def _derived(prefix: Sequence[ast.stmt], data: Sequence[str]) -> set[str]:
    """Data made of data ahead of the round, `T = np.eye(k)[y]`: the round's indices choose from it as from y."""
    found: set[str] = set()
    for node in prefix:
        if isinstance(node, ast.Assign) and {*data, *found} & set(_loaded([node.value])):
            found |= {t.id for t in node.targets if isinstance(t, ast.Name) and data_role(t.id)}
    return found


def _first(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else value[0] if value else 0


def _is_read(part: ast.stmt, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in ast.walk(part))


def _roles(data: Sequence[str], paired: Mapping[str, str]) -> dict[str, str]:
    """Images or targets; where only one kind is met among several, the first one is the images."""
    roles = {name: paired.get(name) or data_role(name) or "x" for name in data}
    if len(data) > 1 and "x" not in roles.values():
        roles[data[0]] = "x"
    return roles


def _globals(
    body: Sequence[ast.stmt], namespace: Mapping[str, Any], data: set[str], counters: Mapping[str, int]
) -> set[str]:
    """Names of before the loop that a round changes; a number that it only sets anew, as a loss, is its own."""
    names = [n for part in body for n in ast.walk(part) if isinstance(n, ast.Name)]
    names.sort(key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store), n.col_offset))
    first = {n.id: n for n in reversed(names)}
    changed = {n for part in body for n in changed_names(part)}
    changed |= {base_name(n.target) for part in body for n in ast.walk(part) if isinstance(n, ast.AugAssign)}
    own = {
        n for n, node in first.items() if isinstance(node.ctx, ast.Store) and isinstance(namespace.get(n), int | float)
    } - changed
    stored = {n.id for n in names if isinstance(n.ctx, ast.Store)} - own
    return {n for n in stored if n in namespace and n not in data and n not in counters}


class _NoBreak(ast.NodeTransformer):
    """A round has no loop around it that could be left."""

    def visit_For(self, node: ast.For) -> ast.For:
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        return node

    def visit_Break(self, node: ast.Break) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node)

    def visit_Continue(self, node: ast.Continue) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node)


class _Batch(ast.NodeTransformer):
    """X[i:i + 50], X[idx], X[:, perm] as the whole batch; X[i] as its first sample where `single`."""

    def __init__(self, data: set[str], single: bool) -> None:
        self.data, self.single = data, single

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Name) or node.value.id not in self.data or isinstance(node.ctx, ast.Store):
            return node
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(isinstance(part, ast.Constant) and not isinstance(part.value, bool) for part in parts):
            return node
        picked = [part for part in parts if not isinstance(part, ast.Slice)]
        if not picked:
            return node.value
        if not self._is_index(picked):
            return node
        if not self.single:
            return node.value
        zero = ast.copy_location(ast.Constant(0), node)
        chosen = [zero if part in picked else part for part in parts]
        node.slice = chosen[0] if len(chosen) == 1 else ast.copy_location(ast.Tuple(chosen, ast.Load()), node)
        return node

    def _is_index(self, parts: Sequence[ast.expr]) -> bool:
        """A variable in it: a place, a permutation, a random choice."""
        return any(_loaded([part]) for part in parts)


def _tolerant(node: ast.stmt) -> ast.stmt:
    """A statement whose failure does not matter: a shuffle, a count."""
    handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])
    made = ast.Try([node], [handler], [], [])
    return ast.fix_missing_locations(ast.copy_location(made, node))


def _quieter(node: ast.stmt) -> ast.stmt:
    """Printing, logging and plotting may fail; what changes weights may not."""
    if isinstance(node, ast.Expr) and not _calls(node):
        return _tolerant(node)
    if isinstance(node, ast.If) and not changed_names(node):
        return _tolerant(node)
    return node


def _calls(node: ast.Expr) -> bool:
    """Whether an expression's call may be the backward pass or the update."""
    text = ast.unparse(node)
    return not any(word in text for word in ("print", "append", "plt.", "plot", ".set_", "write", "logg"))
