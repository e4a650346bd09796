"""The check that always works: a program's gradients against difference quotients of its own loss.

It has no names for mistakes. For nets that are no chain of dense layers, and for an `example()` in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.check.reading.calls import Batch, Setting, call
from handgrad.check.reading.loops.script_sequences import find_sequence
from handgrad.check.reading.places import Path, get, name_of, walk
from handgrad.check.reading.program import Function, Program
from handgrad.check.reading.roles import looks_like_buffer, looks_like_gradient
from handgrad.check.subject import Diagnosis, Finding, TensorVerdict
from handgrad.kernels.types import Array

_ENTRIES = 60
_TOLERANCE = 1e-5


@dataclass
class General:
    """A loss to be moved, its parameters in place, and the gradients claimed."""

    name: str
    loss: Callable[[], float]
    parameters: Mapping[str, Array]
    gradients: Mapping[str, Array]
    said: list[str]


def find_general(program: Program, thing: str = "") -> General | None:
    """An `example()`, else a method or function that returns loss and gradients for arrays that can be moved."""
    if "example" in program.functions:
        return _from_example(program)
    for owner in program.methods:
        with suppress(Exception):
            found = next(_from_class(program, owner, thing), None)
            if found is not None:
                return found
    return None if thing else _from_sequence(program)


def _from_sequence(program: Program) -> General | None:
    """A recurrent net's loss function over global arrays."""
    found = find_sequence(program)
    if found is None:
        return None
    function, parameters, gradients, loss = found
    said = [f"{function.name}() gives loss and gradients of {', '.join(parameters)}; sequence tried: 4 steps",
            "no chain of dense layers: gradients are compared with difference quotients of its own loss"]  # fmt: skip
    return General(function.name, loss, parameters, gradients, said)


def _from_example(program: Program) -> General:
    """`example()` returns loss() → number, a dict of parameters (moved in place), and a dict of gradients."""
    loss, parameters, gradients = program.fresh()["example"]()
    arrays = {str(k): np.asarray(v) for k, v in parameters.items()}
    claimed = {str(k): np.asarray(v) for k, v in gradients.items()}
    said = ["example(): its gradients against difference quotients of its loss"]
    return General("example", lambda: float(np.squeeze(loss())), arrays, claimed, said)


_SHAPES = (
    (3, 1, 8, 8),
    (3, 3, 8, 8),
    (3, 1, 12, 12),
    (3, 1, 28, 28),
    (3, 8, 8, 1),
    (3, 8, 8),
    (3, 28, 28),
    (3, 3, 32, 32),
)


def _from_class(program: Program, owner: str, thing: str) -> Iterator[General]:
    """An object made with its defaults, given images of several shapes."""
    functions = [
        f
        for f in program.methods[owner].values()
        if f.name in ("loss", "loss_and_grads", "backward", "gradients", thing)
    ]
    for function in functions:
        for shape in _SHAPES:
            for labels in (np.array([1, 0, 2]), np.eye(10)[[1, 0, 2]], np.eye(5)[[1, 0, 2]]):
                with suppress(Exception):
                    found = _try_object(program, owner, function, shape, labels)
                    if found is not None:
                        yield found


def _try_object(
    program: Program, owner: str, function: Function, shape: tuple[int, ...], labels: Any
) -> General | None:
    namespace = program.fresh()
    net = namespace[owner]()
    rng = np.random.default_rng(5)
    batch = Batch(rng.standard_normal(shape), labels)
    parameters = [(path, array) for path, array in walk(net) if array.ndim >= 1 and array.dtype.kind == "f" and not
                  looks_like_buffer(name_of(path))]  # fmt: skip
    for _, array in parameters:
        array[...] = rng.standard_normal(array.shape) * (0.3 if array.ndim > 1 else 0.2)
    env: dict[str, Any] = {"self": net, "globals": namespace}
    returned = call(function, env, batch, Setting())
    parts = returned if isinstance(returned, tuple) else (returned,)
    if not any(np.size(p) == 1 and isinstance(p, float | np.floating | np.ndarray) for p in parts):
        return None
    place = next(i for i, p in enumerate(parts) if not isinstance(p, dict | list) and np.size(p) == 1)
    gradients = _match(parameters, [(name_of(p), a) for p, a in walk(returned)], net)
    if not gradients:
        return None

    def loss() -> float:
        value = call(function, {"self": net, "globals": namespace}, batch, Setting())
        return float(np.squeeze(value[place] if isinstance(value, tuple) else value))

    named = {
        name_of(path).split(".")[-1]: array for path, array in parameters if name_of(path).split(".")[-1] in gradients
    }
    said = [f"class {owner}; {function.name}() gives loss and gradients; images tried {shape}",
            "no chain of dense layers: gradients are compared with difference quotients of its own loss"]  # fmt: skip
    return General(owner, loss, named, gradients, said)


def _match(parameters: list[tuple[Path, Array]], returned: list[tuple[str, Array]], net: Any) -> dict[str, Array]:
    kept = [(name_of(p), a.copy()) for p, a in walk(net) if looks_like_gradient(name_of(p))]
    made: dict[str, Array] = {}
    for path, array in parameters:
        own = name_of(path).split(".")[-1]
        for label, candidate in [*returned, *kept]:
            last = label.split(".")[-1]
            if candidate.shape == array.shape and last.lower() in (
                own.lower(),
                f"d{own.lower()}",
                f"grad_{own.lower()}",
            ):
                made[own] = np.array(candidate, float)
                break
    return made


def check_general(subject: General) -> Diagnosis:
    """Central differences at up to 60 entries a tensor; every wrong tensor is a mistake without a name."""
    rng = np.random.default_rng(9)
    lines, findings = [], []
    for name, claimed in subject.gradients.items():
        values = subject.parameters[name]
        places = rng.permutation(values.size)[:_ENTRIES]
        slopes = np.array([_slope(subject.loss, values, int(i)) for i in places])
        given = np.asarray(claimed, float).reshape(-1)[places]
        size = float(np.linalg.norm(slopes) + np.linalg.norm(given))
        relative = float(np.linalg.norm(slopes - given)) / size if size else 0.0
        right = relative < _TOLERANCE or float(np.abs(slopes - given).max()) < 1e-9
        lines.append(TensorVerdict(name, values.shape, relative, right))
        if not right:
            worst = int(np.abs(slopes - given).argmax())
            index = tuple(int(i) for i in np.unravel_index(int(places[worst]), values.shape))
            findings.append(_finding(name, index, float(slopes[worst]), float(given[worst]), relative))
    return Diagnosis(tuple(lines), tuple(findings))


def _slope(loss: Callable[[], float], values: Array, place: int) -> float:
    flat, h = values.reshape(-1), 1e-6 if values.dtype == np.float64 else 1e-3
    kept = float(flat[place])
    flat[place] = kept + h
    above = loss()
    flat[place] = kept - h
    below = loss()
    flat[place] = kept
    return (above - below) / (2 * h)


def _finding(name: str, index: tuple[int, ...], expected: float, received: float, relative: float) -> Finding:
    ratio = f" That is {received / expected:.4g} times the slope." if expected else ""
    return Finding(
        "", "mistake", name, None, index, expected, received, relative,
        symptom=f"We moved {name}{list(index)} by a millionth to either side: your loss changes with the slope "
        f"{expected:.6g}; your gradient says {received:.6g}.{ratio}",
        question=f"Which line makes the gradient of {name}, and is everything that depends on {name} in it?",
        words="The gradient is not the slope of your own loss. What kind of mistake it is we can name for dense nets "
        "and for single layers: check the layers one by one (`handgrad check FILE:Layer`).",
    )  # fmt: skip


__all__ = ["General", "check_general", "find_general", "get"]
