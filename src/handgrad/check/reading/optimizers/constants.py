"""The constants of an update rule: defaults, numbers in its source, and switches that make another rule of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

from handgrad.check.reading.optimizers.arguments import arguments_of, parameters_of, settings
from handgrad.check.reading.optimizers.names import DEFAULT, kind_of, option_of
from handgrad.check.reading.program import Program

_CHOICE = re.compile(r"(optimi[sz]er|method|algorithm|rule|kind|mode|name|type|opt|update_rule)(_type|_name)?")


def literals_of(program: Program, node: ast.AST) -> tuple[float, ...]:
    """Numbers in a rule's source, and those that the program gives names to."""
    found: list[float] = []
    named = [n for n in program.tree.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]
    for inner in (*ast.walk(node), *(part for n in named for part in ast.walk(n))):
        if (
            isinstance(inner, ast.Constant)
            and isinstance(inner.value, int | float)
            and not isinstance(inner.value, bool)
        ):
            found.append(float(inner.value))
        elif isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow):
            found += _power(inner)
    return tuple(dict.fromkeys(found))


def _power(node: ast.BinOp) -> list[float]:
    """10**-8."""
    try:
        value = ast.literal_eval(node.left) ** ast.literal_eval(node.right)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        return []
    return [float(value)] if isinstance(value, int | float) else []


def constants_of(
    program: Program, node: ast.AST, kind: str, target: Callable[..., Any], made: Any, extra: dict[str, Any]
) -> dict[str, float]:
    """What is known of the constants by name: of the constructor, the method, `self.lr = 0.01`, `setdefault`."""
    found: dict[str, float] = {}
    if made is not target:  # a class, or a function that makes the update
        found |= settings(arguments_of(made, kind), parameters_of(made))
    for option, value in settings(arguments_of(target, kind), parameters_of(target)).items():
        found.setdefault(option, value)
    for name, value in (*_written(node), *_global(program, node)):
        option = option_of(name, kind)
        if option:
            found.setdefault(option, value)
    for inner in ast.walk(node):  # config["lr"]: the reader puts its own value there
        if (
            isinstance(inner, ast.Subscript)
            and isinstance(inner.slice, ast.Constant)
            and arguments_of(target, kind).configs
        ):
            option = option_of(str(inner.slice.value), kind)
            if option:
                found.setdefault(option, DEFAULT[option])
    for name, value in extra.items():
        option = option_of(name, kind)
        if option and isinstance(value, float):
            found[option] = value
    return found


def _written(node: ast.AST) -> Iterator[tuple[str, float]]:
    """self.beta1 = 0.9, config.setdefault("beta1", 0.9), config.get("beta1", 0.9)."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign) and len(inner.targets) == 1:
            target, value = inner.targets[0], inner.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            for part, number in pairs:
                name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
                yield from ((name, v) for v in _number(number) if name)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and len(inner.args) == 2:
            key = inner.args[0]
            if inner.func.attr in ("setdefault", "get", "pop") and isinstance(key, ast.Constant):
                yield from ((str(key.value), v) for v in _number(inner.args[1]))


def _global(program: Program, node: ast.AST) -> Iterator[tuple[str, float]]:
    """Constants at the program's top level that the rule reads."""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for statement in program.tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            yield from ((name, v) for v in _number(statement.value) if name in used)


def _number(node: ast.expr) -> list[float]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return _power(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return [float(node.value)]
    return []


def switches_of(made: Any, target: Callable[..., Any], kind: str, node: ast.AST) -> list[tuple[dict[str, Any], str]]:
    """Keyword arguments to try: none, then one for each switch that is off by default; each with what it makes."""
    parameters = {p.name: p for source in (made, target) for p in parameters_of(source) if p.default is not p.empty}
    found: list[tuple[dict[str, Any], str]] = [({}, kind)]
    momentum = next((n for n in parameters if option_of(n, kind) == "momentum"), "")
    off = momentum and parameters[momentum].default in (0, 0.0, None)
    if off and kind in ("", "sgd"):
        found.append(({momentum: DEFAULT["momentum"]}, kind))
    for name, parameter in parameters.items():
        switch = parameter.default
        if (
            switch is False
            and re.fullmatch(r"(use_?)?nesterov", name, re.IGNORECASE)
            and kind in ("", "sgd", "momentum")
        ):
            found.append(({name: True, **({momentum: DEFAULT["momentum"]} if off else {})}, "nesterov"))
        elif switch is False and re.fullmatch(r"(use_?)?ams_?grad", name, re.IGNORECASE):
            found.append(({name: True}, "amsgrad"))
        elif option_of(name, kind) == "weight_decay" and switch in (0, 0.0, None):
            found.append(({name: DEFAULT["weight_decay"]}, kind))
        elif _CHOICE.fullmatch(name) and isinstance(switch, str) and not kind:
            words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
            found += [({name: word}, kind_of(word)) for word in sorted(words) if len(word) < 12 and kind_of(word)]
    return found
