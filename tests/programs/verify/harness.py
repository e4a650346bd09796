"""Loads a program's definitions and compares its gradients with difference quotients of its own loss."""

import ast
import json
import sys
import types
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

rng = np.random.default_rng(11)
_START = rng.bit_generator.state
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)


class Wrong(Exception):
    """A number of the program is not what it must be."""


def r(*shape: int) -> np.ndarray:
    return rng.normal(0, 0.6, shape)


def hot(n: int, classes: int) -> np.ndarray:
    """One-hot rows; every class appears where n allows."""
    return np.eye(classes)[rng.permutation(np.arange(n) % classes)]


def bits(*shape: int) -> np.ndarray:
    return rng.integers(0, 2, shape).astype(float)


def source_of(path: Path, text: str) -> str:
    """A program's Python; of a notebook the code cells without magics."""
    if path.suffix != ".ipynb":
        return text
    cells = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    lines = [line.rstrip("\n") for cell in cells for line in [*cell, ""]]
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def load(source: str) -> types.ModuleType:
    """The definitions of a program; what else stands at its top level is not run, or may fail.

    Every program meets the same random numbers, whichever were judged before it.
    """
    rng.bit_generator.state = _START
    np.random.seed(11)
    program = types.ModuleType("program")
    program.__dict__["__source__"] = source
    sys.modules["program"] = program
    for node in ast.parse(source).body:
        if isinstance(node, DEFINITIONS):
            with suppress(Exception, SystemExit):  # parse_args() at the top level ends a program
                exec(compile(ast.Module([node], []), "program", "exec"), program.__dict__)
    return program


def same(got: Any, expected: Any, what: str, tolerance: float = 2e-5) -> None:
    """Raises Wrong where two arrays differ."""
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    if got.shape != expected.shape:
        raise Wrong(f"{what}: shape {got.shape}, expected {expected.shape}")
    scale = np.linalg.norm(got) + np.linalg.norm(expected) + 1e-9
    relative = np.linalg.norm(got - expected) / scale
    if not relative < tolerance:
        raise Wrong(f"{what}: relative difference {relative:.2g}")


def slopes(loss: Callable[[], float], array: np.ndarray, places: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Central difference quotients at some places of an array that the loss reads."""
    found = []
    for place in places:
        index = np.unravel_index(place, array.shape)
        kept = array[index]
        array[index] = kept + h
        above = float(np.squeeze(loss()))
        array[index] = kept - h
        below = float(np.squeeze(loss()))
        array[index] = kept
        found.append((above - below) / (2 * h))
    return np.array(found)


def net(
    loss: Callable[[], float],
    gradients: Callable[[], Iterable[Any]],
    parameters: Iterable[np.ndarray],
    data: Iterable[np.ndarray] = (),
    sign: int = 1,
) -> None:
    """Compares gradients with slopes, on a second call as on the first; raises Wrong. Data must stay as they are."""
    parameters, data = list(parameters), list(data)
    before = [a.copy() for a in [*parameters, *data]]
    for call in ("first", "second"):
        given = [sign * np.array(g, dtype=float) for g in gradients()]
        for i, (now, then) in enumerate(zip([*parameters, *data], before, strict=True)):
            same(now, then, f"argument {i} after the {call} call", 1e-15)
        if len(given) != len(parameters):
            raise Wrong(f"{len(given)} gradients for {len(parameters)} parameters")
        for i, (g, p) in enumerate(zip(given, parameters, strict=True)):
            if g.shape != np.shape(p):
                raise Wrong(f"gradient {i}: shape {g.shape}, expected {p.shape}")
            active = np.flatnonzero(p.ravel() == p.ravel())
            places = rng.choice(active, min(40, len(active)), replace=False)
            same(g.ravel()[places], slopes(loss, p, places), f"gradient {i}, {call} call")


def stepped(parameters: list[np.ndarray], step: Callable[[], Any], rate: float) -> list[np.ndarray]:
    """Gradients of a program that updates in place: (before − after) / rate; the parameters are put back."""
    before = [p.copy() for p in parameters]
    step()
    found = [(b - p) / rate for b, p in zip(before, parameters, strict=True)]
    for p, b in zip(parameters, before, strict=True):
        p[...] = b
    return found


def joined(lists: Iterable[list[Any]]) -> list[Any]:
    """One list of several."""
    return [entry for entries in lists for entry in entries]


def softmax_cross_entropy(scores: np.ndarray, t: np.ndarray) -> float:
    """Summed over the rows."""
    scores = scores - scores.max(axis=1, keepdims=True)
    return float(-(t * (scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))).sum())


def cross_entropy(p: np.ndarray, t: np.ndarray) -> float:
    """Summed, of probabilities."""
    return float(-(t * np.log(p)).sum())
