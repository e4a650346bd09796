"""A program ready to be asked: its kept statements compiled once, and fresh worlds made of them."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import sys
import types
from dataclasses import dataclass, field
from typing import Any

import numpy

from handgrad.check.reading.containers import dataclass_init
from handgrad.check.reading.global_counts import as_value, counting_globals
from handgrad.check.reading.imports import make_import
from handgrad.check.reading.keep import Skipped, choose
from handgrad.check.reading.loops.find import find_loops
from handgrad.check.reading.source import NotReadError, Source, read_source

MODULE = "handgrad_checked"


@dataclass(frozen=True)
class Function:
    """A function or method as its definition says.

    Attributes:
        owner: its class's name, "" for a function.
        parameters: names in order, without self.
        required: those without a default.
        returns: the names in its last `return a, b`; "" for anything else.
        calls: how others call it: for each call the names its value is assigned to.
    """

    name: str
    owner: str
    node: ast.FunctionDef
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    returns: tuple[str, ...]
    calls: tuple[tuple[str, ...], ...] = ()

    @property
    def shown(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass
class Program:
    """A program's definitions, and what was left out."""

    source: Source
    tree: ast.Module
    skipped: list[Skipped]
    code: list[tuple[types.CodeType, int]]
    functions: dict[str, Function] = field(default_factory=dict)
    methods: dict[str, dict[str, Function]] = field(default_factory=dict)
    failed: list[tuple[int, str]] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)  # values that names have before the first statement
    own_names: dict[str, str] = field(default_factory=dict)  # the author's, where things were given telling ones
    counts: tuple[str, ...] = ()  # names of sample counts of data that are not loaded

    def fresh(self) -> dict[str, Any]:
        """A namespace in which the kept statements have been run; statements that fail are noted once."""
        module = types.ModuleType(MODULE)
        module.__dict__["__builtins__"] = {
            **vars(builtins),
            "__import__": make_import(self._beside),
            "input": no_input,
            "xrange": range,  # Python 2's, the only thing that keeps many an old program from running
        }
        module.__dict__["np"] = numpy  # a class pasted without its imports
        module.__dict__["__file__"] = str(self.source.path.name)
        sys.modules[MODULE] = module
        module.__dict__.update(copy.deepcopy(self.given) | as_value(self.counts))
        first = not self.failed
        for code, line in self.code:
            try:
                exec(code, module.__dict__)
            except Exception as error:
                if first:
                    self.failed.append((line, f"{type(error).__name__}: {error}"))
        return module.__dict__

    def _beside(self, name: str) -> Any:
        path = self.source.path.parent / f"{name}.py"
        if not path.is_file() or path.resolve() == self.source.path.resolve():
            return None
        inner = load_program(read_source(path))
        module = types.ModuleType(name)
        module.__dict__.update(inner.fresh())
        return module


def load_program(source: Source) -> Program:
    """Parse, choose and compile.

    Raises:
        NotReadError: a line that Python cannot read, or nothing that could be checked.
    """
    tree = source.tree()
    kept = choose(tree, source.text)
    program = Program(source, tree, kept.skipped, [], counts=counting_globals(tree, kept.names))
    for node in kept.nodes:
        program.code.append((compile(ast.Module([node], []), MODULE, "exec"), node.lineno))
    calls = _call_sites(tree)
    for node in kept.nodes:
        if isinstance(node, ast.FunctionDef):
            program.functions[node.name] = describe(node, "", calls)
        elif isinstance(node, ast.ClassDef):
            methods = {n.name: describe(n, node.name, calls) for n in node.body if isinstance(n, ast.FunctionDef)}
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in program.methods:
                    methods = {**program.methods[base.id], **methods}
            made = dataclass_init(node)
            methods |= {"__init__": describe(made, node.name, {})} if made is not None else {}
            program.methods[node.name] = methods
    lambdas = any(isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) for node in kept.nodes)
    if not (program.functions or program.methods or lambdas or next(find_loops(tree), None)):
        raise NotReadError(
            f"{source.path.name}: there is no function and no class in it to check; put the backward pass into a "
            "function that returns the gradients (`handgrad check --template functions` prints one)"
        )
    return program


def describe(node: ast.FunctionDef, owner: str, calls: dict[str, list[tuple[str, ...]]]) -> Function:
    """What can be known of a function without running it."""
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
    names = [a.arg for a in [*node.args.posonlyargs, *node.args.args]]
    if owner and not static and names:
        names = names[1:]
    defaults = len(node.args.defaults)
    required = names[: len(names) - defaults] if defaults else names
    required = [
        *required,
        *(a.arg for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is None),
    ]
    names += [a.arg for a in node.args.kwonlyargs]
    returns = [n for n in _own_nodes(node) if isinstance(n, ast.Return) and n.value is not None]
    last: tuple[str, ...] = ()
    if returns:
        last = _names(max(returns, key=lambda n: n.lineno).value)
    return Function(node.name, owner, node, tuple(names), tuple(required), last, tuple(calls.get(node.name, ())))


def _own_nodes(node: ast.AST) -> list[ast.AST]:
    """All nodes of a function without those of functions defined in it."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            found += [child, *_own_nodes(child)]
    return found


def _names(node: ast.expr | None) -> tuple[str, ...]:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return tuple(_name(part) for part in parts)


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ""


def _call_sites(tree: ast.Module) -> dict[str, list[tuple[str, ...]]]:
    """For each function the names that its values are assigned to, anywhere in the program."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = _name(node.value.func)
            if called:
                found.setdefault(called, []).append(_names(node.targets[0]))
    return found


def no_input(*_: object) -> str:
    """In place of input()."""
    raise EOFError("input() has nobody to ask here")


def source_line(program: Program, wanted: list[str]) -> int | None:
    """The last line that assigns to one of these names, as `dW1`, `self.dW1`, `grads["dW1"]` or `dW[…]`."""
    best: int | None = None
    for node in ast.walk(program.tree):
        if not isinstance(node, ast.Assign | ast.AugAssign):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            for part in parts:
                if any(label in wanted for label in _labels(part)) and (best is None or node.lineno > best):
                    best = node.lineno
    return best


def _labels(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Subscript):
        key = node.slice
        inner = [str(key.value)] if isinstance(key, ast.Constant) else []
        return [*inner, *_labels(node.value)]
    return [_name(node)]


def signature_of(value: Any) -> list[inspect.Parameter]:
    """A callable's parameters; empty where Python does not know."""
    try:
        return list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return []
