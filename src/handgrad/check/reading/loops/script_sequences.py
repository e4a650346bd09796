"""A script whose function reads a sequence and gives loss and gradients of global arrays: a recurrent net.

The text it would load is replaced by a short one; its gradients are compared with slopes of its own loss.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from handgrad.check.reading.keep import choose
from handgrad.check.reading.program import MODULE, Function, Program
from handgrad.check.reading.roles import LOSS, role_of
from handgrad.kernels.types import Array

TEXT = "the quick brown fox jumps over the lazy dog"
_INPUTS, _TARGETS = [1, 0, 2, 3], [0, 2, 3, 1]
_TEXT_NAMES = ("data", "text", "raw_text", "corpus", "txt", "raw", "content")


def sequence_programs(program: Program) -> Iterator[Program]:
    """The program, and the program with a short text where it loads one."""
    loaded = [n.id for n in ast.walk(program.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    names = [name for name in _TEXT_NAMES if name in loaded]
    yield program
    if names:
        given: dict[str, Any] = dict.fromkeys(names, TEXT)
        kept = choose(program.tree, program.source.text, set(given))
        code = [(compile(ast.Module([node], []), MODULE, "exec"), node.lineno) for node in kept.nodes]
        yield replace(program, code=code, given=given, failed=[])


def loss_with_gradients(function: Function) -> tuple[int, dict[int, str]]:
    """Which of a function's values is the loss, and which are gradients of which names; (−1, {}) if it has none.

    >>> from handgrad.check.reading.program import describe
    >>> node = ast.parse("def f(x): return loss, dWxh, dWhy, h").body[0]
    >>> loss_with_gradients(describe(node, "", {}))
    (0, {1: 'Wxh', 2: 'Why'})
    """
    loss = next((i for i, name in enumerate(function.returns) if LOSS.search(name)), -1)
    gradients = {i: name[1:].lstrip("_") for i, name in enumerate(function.returns) if name[:1] == "d" and name[1:]}
    return (loss, gradients) if loss >= 0 and len(gradients) >= 2 else (-1, {})


def is_recurrent(program: Program) -> bool:
    """Whether a function that gives loss and gradients asks for the state before the sequence."""
    return any(
        loss_with_gradients(f)[1] and any(re.search(r"prev|state|^[ha]_?0$", name) for name in f.required)
        for f in program.functions.values()
    )


def bindings(function: Function, parameters: dict[str, Array]) -> Iterator[dict[str, Any]]:
    """Arguments for it: class numbers for inputs and targets, small columns for the state before."""
    sizes = sorted({n for a in parameters.values() for n in a.shape if n > 1})
    states = [(n, 1) for n in sizes] + [(n,) for n in sizes]
    rng = np.random.default_rng(3)
    others = [n for n in function.required if role_of(n) not in ("x", "t")]
    for shapes in product(states, repeat=len(others)):
        made: dict[str, Any] = {n: list(_INPUTS if role_of(n) == "x" else _TARGETS) for n in function.required}
        made |= {n: 0.1 * rng.standard_normal(shape) for n, shape in zip(others, shapes, strict=True)}
        yield made


Sequence = tuple[Function, dict[str, Array], dict[str, Array], Callable[[], float]]


def find_sequence(program: Program) -> Sequence | None:
    """Function, parameters (to be moved in place), gradients, and the loss; None where there is none."""
    for function in program.functions.values():
        place, named = loss_with_gradients(function)
        for other in sequence_programs(program) if named else ():
            namespace = other.fresh()
            parameters = {n: namespace[n] for n in named.values() if isinstance(namespace.get(n), np.ndarray)}
            if len(parameters) == len(named):
                found = _called(function, namespace[function.name], parameters, named, place)
                if found is not None:
                    return found
    return None


def _called(
    function: Function, made: Callable[..., Any], parameters: dict[str, Array], named: dict[int, str], place: int
) -> Sequence | None:
    """The first arguments with which it gives a gradient of every parameter's shape."""
    rng = np.random.default_rng(5)
    for array in parameters.values():
        array[...] = 0.1 * rng.standard_normal(array.shape)  # small: programs clip gradients beyond 5
    for arguments in bindings(function, parameters):
        with suppress(Exception):
            values = made(**arguments)
            gradients = {name: np.array(values[i], float) for i, name in named.items()}
            if all(gradients[n].shape == parameters[n].shape for n in parameters):
                loss = partial(_loss_of, made, arguments, place)
                return function, parameters, gradients, loss
    return None


def _loss_of(made: Callable[..., Any], arguments: dict[str, Any], place: int) -> float:
    return float(np.squeeze(made(**arguments)[place]))
