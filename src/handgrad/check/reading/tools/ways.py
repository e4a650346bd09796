"""The ways to call helpers for measuring, data, initialisation and training, a list a kind, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.check.reading.program import Program
from handgrad.check.reading.roles import role_of
from handgrad.check.reading.tools.calls import Call, Way, bind, chance, plays, target_first
from handgrad.check.reading.tools.evidence import (
    labels_as_column,
    one_output,
    orientation,
    rebinds_weights,
    takes_batches,
)
from handgrad.check.reading.tools.initial import initial_ways
from handgrad.check.reading.tools.models import model_ways
from handgrad.check.reading.tools.names import Candidate
from handgrad.check.reading.tools.schedules import schedule_ways
from handgrad.check.reading.tools.stops import stopping_way

Arrange = Callable[..., tuple[Any, ...]]


def ways_of(program: Program, candidate: Candidate, kind: str, samples: str) -> list[Way]:
    """Ways to call a function as a tool of this kind; `samples`: "rows" or "columns" where a net shows it."""
    along = samples or orientation(program, candidate.function)
    if kind in ("accuracy", "error_rate"):
        return _measuring(program, candidate, kind, along)
    if kind == "softmax":
        return _softmax(program, candidate, along)
    if kind in _BY_ROLES:
        return _data(candidate, kind, along)
    if kind in ("normalize", "normalize_pair"):
        return _scaling(candidate)
    special: dict[str, Callable[[Program, Candidate], list[Way]]] = {
        "one_hot": _one_hot,
        "initialize": lambda program, c: initial_ways(c),
        "keep": _keep,
        "early_stopping": lambda program, c: [Way("early_stopping", call) for call in stopping_way(program, c)],
        "gradient_checker": _checker,
    }
    return special[kind](program, candidate) if kind in special else _plain(candidate, kind)


_UPSTREAM = re.compile(r"d_?f|d_?out|d_?y|upstream\w*|grad_?out(put)?|dL_?\w*|delta", re.IGNORECASE)
_BY_ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "shuffle": (("x", "t"), ("x", "t")),
    "batch": (("x", "t", "size", "index"), ("x", "t", "size", "index")),
    "batches": (("x", "t", "size", "index"), ("x", "t", "size")),
    "split": (("x", "t"), ("x", "t", "ratio")),
}


def _data(candidate: Candidate, kind: str, along: str) -> list[Way]:
    names, order = _BY_ROLES[kind]
    kinds = ("batches", "batch") if kind == "batches" else ("batch", "batches") if kind == "batch" else (kind,)
    made = []
    for as_kind in kinds:
        for columns in {"rows": (False,), "columns": (True,)}.get(along, (False, True)):
            for labels in ("flat", "column", "none"):
                made.append(Way(as_kind, _samples(candidate, names, order, columns, labels)))
    if kind == "shuffle":
        made.append(Way(kind, lambda space, x, labels: _pairs(candidate, space, x, labels)))
    return made


def _samples(candidate: Candidate, names: tuple[str, ...], order: tuple[str, ...], columns: bool, labels: str) -> Call:
    def call(space: dict[str, Any], x: Any, t: Any, *rest: Any) -> Any:
        shaped = t if labels == "flat" else t[None] if columns else t[:, None]
        given = dict(zip(names, (x.T if columns else x, shaped, *(int(r) for r in rest)), strict=False))
        if labels == "none":
            del given["t"]
        if "index" in given:
            given |= {"start": given["index"] * given["size"], "end": (given["index"] + 1) * given["size"]}
        given |= {"ratio": 0.3} if "ratio" in order else {}
        if candidate.function.node.args.vararg is not None and not candidate.function.required:
            return candidate.get(space)(given["x"], given["t"])
        return candidate.get(space)(**bind(candidate.function, {**given, **chance()}, order))

    return call


def _pairs(candidate: Candidate, space: dict[str, Any], x: Any, labels: Any) -> Any:
    """One list of (image, label)."""
    data = list(zip(x.copy(), labels.tolist(), strict=True))
    value = candidate.get(space)(**bind(candidate.function, {"x": data, **chance()}, ("x",)))
    return data if value is None else value


def _measuring(program: Program, candidate: Candidate, kind: str, along: str) -> list[Way]:
    """Outputs or class numbers first or second, with class numbers, one-hot rows, or columns."""
    function = candidate.function
    if len(function.required) == 3:
        return list(model_ways(candidate, kind))
    first = target_first(function)
    orders = (False, True) if first is None else (first,)
    hard = any("pred" in name or "guess" in name for name in function.required)
    made = []
    for columns in {"rows": (False,), "columns": (True,)}.get(along, (False, True)):
        for swapped in orders:
            for arrange in _outputs_and_labels(columns, hard, labels_as_column(program, function)):
                made.append(Way(kind, _two(candidate, arrange, swapped)))
    if kind == "accuracy" and one_output(program):
        for swapped in orders:
            flat: Arrange = lambda p, t: (p, t)  # noqa: E731
            column: Arrange = lambda p, t: (p[:, None], t[:, None])  # noqa: E731
            row: Arrange = lambda p, t: (p[None], t[None])  # noqa: E731
            made += [Way("binary_accuracy", _two(candidate, arrange, swapped)) for arrange in (flat, column, row)]
    return made


def _outputs_and_labels(columns: bool, hard: bool, column_labels: bool) -> list[Arrange]:
    turn: Callable[[Any], Any] = (lambda a: a.T) if columns else (lambda a: a)
    made: list[Arrange] = [
        lambda p, t, n: (turn(p), n),
        lambda p, t, n: (turn(p), turn(t)),
        lambda p, t, n: (p.argmax(1), n),
    ]
    if column_labels:
        made.append(lambda p, t, n: (turn(p), n[:, None]))
        made.append(lambda p, t, n: (p.argmax(1)[:, None], n[:, None]))
    if columns:
        made.append(lambda p, t, n: (turn(p), n[None]))
    if hard:
        made = [made[2], *made[:2], *made[3:], lambda p, t, n: (turn(np.eye(p.shape[1])[p.argmax(1)]), turn(t))]
    return made


def _two(candidate: Candidate, arrange: Arrange, swapped: bool) -> Call:
    def call(space: dict[str, Any], *given: Any) -> Any:
        pair = arrange(*given)
        return candidate.get(space)(*(pair[::-1] if swapped else pair))

    return call


def _softmax(program: Program, candidate: Candidate, along: str) -> list[Way]:
    function = candidate.get
    rows = Way("softmax", lambda space, z: function(space)(z))
    columns = Way("softmax", lambda space, z: np.asarray(function(space)(np.ascontiguousarray(z.T))).T)
    vector = Way("softmax_vector", lambda space, z: function(space)(z))
    upright = Way("softmax_vector", lambda space, z: np.asarray(function(space)(z[:, None]))[:, 0])
    made = {"rows": [rows], "columns": [columns]}.get(along, [rows, columns])
    if "axis" in candidate.function.parameters:
        made.append(Way("softmax", lambda space, z: function(space)(z, axis=1)))
    return made if along and takes_batches(program, candidate.function) else [*made, vector, upright]


def _one_hot(program: Program, candidate: Candidate) -> list[Way]:
    def call(space: dict[str, Any], labels: Any, P: Any, shape: Callable[[Any], Any]) -> Any:
        given = {"classes": int(P)}
        parameters = candidate.function.parameters
        first = next((p for p in parameters if plays(p, "t") or plays(p, "x")), None) or parameters[0]
        rest = _rest(candidate, given, first)
        return candidate.get(space)(**{first: shape(labels)}, **rest)

    def one_by_one(space: dict[str, Any], labels: Any, P: Any) -> Any:
        together = call(space, labels, P, lambda n: n)
        if len(labels) in np.shape(together):
            raise TypeError("it takes all labels together")
        return np.array([np.ravel(call(space, int(label), P, lambda n: n)) for label in labels])

    return [
        Way("one_hot", lambda space, labels, P: call(space, labels, P, lambda n: n)),
        Way("one_hot", lambda space, labels, P: call(space, labels, P, lambda n: n[:, None])),
        Way("one_hot", lambda space, labels, P: call(space, labels, P, lambda n: n[None])),
        Way("one_hot", one_by_one),
    ]


def _rest(candidate: Candidate, given: dict[str, Any], first: str) -> dict[str, Any]:
    made = {}
    for name in candidate.function.parameters:
        if name == first:
            continue
        if (plays(name, "classes") and "classes" in given) or name in candidate.function.required:
            made[name] = given.pop("classes")
    return made


def _scaling(candidate: Candidate) -> list[Way]:
    required = candidate.function.required
    images = [name for name in required if role_of(name) in ("x", "") or "train" in name or "test" in name]
    if len(required) == 2 and len(images) == 2:
        swapped = "test" in required[0] or "val" in required[0]
        return [Way("normalize_pair", _two(candidate, lambda a, b: (a, b), swapped))]
    if len(required) == 1:
        return [Way("normalize", lambda space, pixels: candidate.get(space)(pixels))]
    if len(required) == 2:  # images and labels
        return [Way("normalize", lambda space, pixels: candidate.get(space)(pixels, np.arange(len(pixels))))]
    return []


def _keep(program: Program, candidate: Candidate) -> list[Way]:
    """Weights as an array, in a dict, in a list; a new container is enough where updates make new arrays."""
    if len(candidate.function.required) != 1:
        return []
    rebinds = rebinds_weights(program)

    def kept(space: dict[str, Any], container: Any, key: Any) -> Any:
        value = candidate.get(space)(container)
        part = value[key]
        return part.copy() if rebinds and value is not container else part

    return [
        Way("keep", lambda space, W: kept(space, {"W1": W, "b1": W[0] * 2}, "W1")),
        Way("keep", lambda space, W: kept(space, [W, W[0] * 2], 0)),
        Way("keep", lambda space, W: _array(candidate.get(space)(W))),
    ]


def _array(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        raise TypeError("it takes no single array")
    return value


def _checker(program: Program, candidate: Candidate) -> list[Way]:
    """Of Σθ³, asked with the moved array, or with nothing where the array given was moved in place."""

    def call(space: dict[str, Any], theta: Any) -> Any:
        def cubes(*moved: Any) -> float:
            return float((np.asarray(moved[0] if moved else theta) ** 3).sum())

        required = candidate.function.required
        given: dict[str, Any] = {"function": cubes, "x": theta}
        given |= {"step": 1e-5} if any(plays(n, "step") for n in required) else {}
        named = any(plays(n, "function") for n in required)
        first_is_x = bool(required) and plays(required[0], "x") and not plays(required[0], "function")
        order = ("x",) if named else ("x", "function") if first_is_x else ("function", "x")
        return candidate.get(space)(**bind(candidate.function, given, order))

    upstream = next((n for n in candidate.function.required[1:] if _UPSTREAM.fullmatch(n)), "")
    if not upstream:
        return [Way("gradient_checker", call)]

    def of_array(space: dict[str, Any], theta: Any, dy: Any) -> Any:
        names = [n for n in candidate.function.required if n != upstream]
        if len(names) != 2:
            raise TypeError("it takes other arguments")
        turned = plays(names[0], "x") and not plays(names[0], "function")
        arguments: dict[str, Any] = {names[turned]: lambda moved: np.asarray(moved) ** 3, names[not turned]: theta}
        return candidate.get(space)(**arguments, **{upstream: dy})

    return [Way("gradient_checker_of_array", of_array)]


def _plain(candidate: Candidate, kind: str) -> list[Way]:
    if kind == "confusion":

        def table(space: dict[str, Any], labels: Any, guessed: Any, P: Any) -> Any:
            optional = {n: int(P) for n in candidate.function.parameters[2:] if plays(n, "classes")}
            return candidate.get(space)(labels, guessed, **optional)

        return [Way(kind, table)]
    if kind == "top_k":
        return _top_k(candidate)
    if kind == "schedule":
        return schedule_ways(candidate)
    if kind == "decode":
        return [Way(kind, lambda space, Y: candidate.get(space)(Y))]
    if kind == "folds":
        all_of_them = [Way(kind, _folds(candidate, shape)) for shape in ("number", "rows", "both")]
        return [*all_of_them, *_data(candidate, "split", "rows")]
    if kind == "relative_error":
        return [Way(kind, lambda space, a, b: candidate.get(space)(a, b))]
    return [Way(kind, lambda space, *given: candidate.get(space)(*given[: len(candidate.function.required) or 1]))]


def _folds(candidate: Candidate, shape: str) -> Call:
    """Of N samples, given as their number, as rows, or as rows and labels; four folds where the number is asked for."""

    def call(space: dict[str, Any], N: Any) -> Any:
        rows = np.arange(float(N))[:, None]
        forms: dict[str, list[Any]] = {"number": [int(N)], "rows": [rows], "both": [rows, np.arange(int(N))]}
        given = forms[shape]
        names = [n for n in candidate.function.required if not plays(n, "rng") and not plays(n, "seed")]
        if len(names) not in (len(given), len(given) + 1):
            raise TypeError("it takes other arguments")
        values = dict(zip(names, [*given, 4], strict=False))
        return list(candidate.get(space)(**values, **_drawn(candidate)))

    return call


def _drawn(candidate: Candidate) -> dict[str, Any]:
    return {n: chance()[r] for n in candidate.function.required for r in ("rng", "seed") if plays(n, r)}


def _top_k(candidate: Candidate) -> list[Way]:
    parameters = candidate.function.parameters
    k_name = next((n for n in parameters[2:] if plays(n, "top")), "")
    if not k_name:
        return []
    swapped = target_first(candidate.function) or False

    def call(space: dict[str, Any], p: Any, t: Any, labels: Any, k: Any, hot: bool) -> Any:
        pair = (p, t if hot else labels)
        return candidate.get(space)(*(pair[::-1] if swapped else pair), **{k_name: int(k)})

    return [Way("top_k", lambda s, p, t, n, k, hot=hot: call(s, p, t, n, k, hot)) for hot in (False, True)]
