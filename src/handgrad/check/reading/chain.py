"""Which of a program's arrays are the weights and biases: the ones whose sizes make a chain from input to output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.check.reading.places import Path, name_of, numbers_in
from handgrad.check.reading.roles import looks_like_buffer, weight_score
from handgrad.kernels.types import Array

_MOST = 12


@dataclass(frozen=True)
class Slot:
    """Where one tensor lies and how: W (D, M) or its transpose, b as (M,), (1, M), (M, 1) or a number.

    `inside`: a bias that is W's first or last row ("first", "last"), and the W that has one.
    """

    path: Path
    transposed: bool = False
    bias: str = ""  # flat, row, column, number; "" for weights
    inside: str = ""
    single: bool = False  # float32
    flat: bool = False  # weights (D,) of a single output
    matrix: bool = False  # np.matrix, whose * is a product of matrices

    def spreads(self, shape: tuple[int, ...]) -> bool:
        """Whether a bias less an array of this shape becomes a matrix: (M, 1) less (M,) is (M, M)."""
        if self.bias not in ("flat", "row", "column") or self.inside or len(shape) > 2 or int(np.prod(shape)) < 2:
            return False
        is_column = len(shape) == 2 and shape[1] == 1
        return is_column != (self.bias == "column")

    def shape_in(self, own: Array) -> Array:
        """An array of the program (values or gradient) as handgrad has it: (D, M) or (M,).

        Raises:
            ValueError: an array of another shape.
        """
        values = np.asarray(own)
        if self.bias and not self.inside:
            return values.astype(float).reshape(-1)
        if self.flat:
            return values.astype(float).reshape(-1, 1)
        values = (values.T if self.transposed else values).astype(float)
        if not self.inside:
            return values
        if self.bias:
            return np.asarray(values[0] if self.inside == "first" else values[-1])
        return np.asarray(values[1:] if self.inside == "first" else values[:-1])

    def shape_out(self, values: Array) -> Any:
        """handgrad's array as the program has it."""
        made: Array = np.array(
            values.T if self.transposed else values, np.float32 if self.single else np.float64, order="C"
        )
        if self.bias == "number":
            return float(made.reshape(-1)[0])
        if self.flat:
            return made.reshape(-1)
        if self.bias in ("row", "column"):
            made = made.reshape((1, -1) if self.bias == "row" else (-1, 1))
        return np.asmatrix(made) if self.matrix else made

    def fits(self, shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
        """Whether an array of this shape can be this tensor's gradient; `expected` as handgrad has the tensor."""
        if self.inside:
            rows = expected[0] + 1 if not self.bias else -1
            wanted = (rows, expected[-1])
            given = shape[::-1] if self.transposed else shape
            return len(given) == 2 and given[1] == wanted[1] and (rows < 0 or given[0] == rows)
        if self.bias:
            return int(np.prod(shape)) == expected[0] and sum(s != 1 for s in shape) <= 1
        if self.flat:
            return shape == expected[:1]
        return shape == (expected[::-1] if self.transposed else expected)


Slots = dict[str, Slot]


@dataclass(frozen=True)
class Chain:
    """Slots of W1, b1, …, and the sizes D, hidden, P."""

    slots: Slots
    sizes: tuple[int, ...]


def find_chains(arrays: Sequence[tuple[Path, Array]], ends: tuple[int, int] | None) -> list[Chain]:
    """Possible chains, the likeliest first; `ends`: D and P where they are known."""
    matrices = [(p, a) for p, a in arrays if a.ndim == 2 and a.size and a.dtype.kind == "f" and not _is_bias(p, a)]
    vectors = [(p, a) for p, a in arrays if a.dtype.kind in "fi" and (a.ndim < 2 or 1 in a.shape)]
    weights = sorted(matrices, key=lambda pair: -_liking(*pair))
    weights = [w for w in weights if not looks_like_buffer(name_of(w[0]))][:_MOST] or weights[:_MOST]
    weights = [w for w in matrices if any(w[0] == other[0] for other in weights)]
    found: list[tuple[float, Chain]] = []
    for extra in (0, 1):
        for transposed in (False, True):
            for order in _orders(weights, transposed, extra, ends):
                chain = _chain(order, vectors, transposed, extra)
                found += [(_rank(order, chain), c) for c in chain]
                if ends is None and not extra:
                    found += [(_rank(order, [c]) + 4.0, c) for c in _with_flat_end(order, vectors, transposed)]
        if found:
            break
    found.sort(key=lambda pair: -pair[0])
    return [chain for _, chain in found] or _flat_chains(vectors, ends)


_BIAS_NAME = re.compile(r"bias|biais|sesgo|schwelle|^b_?\d*$|_b_?\d*$|^b_[a-z]+\d?$|^b[a-z]{1,2}$", re.IGNORECASE)


def _is_bias(path: Path, values: Array) -> bool:
    """A bias (1, M) or (M, 1), which could be taken for a layer of one unit."""
    return 1 in values.shape and _BIAS_NAME.search(name_of(path).split(".")[-1]) is not None


def _with_flat_end(
    order: Sequence[tuple[Path, Array]], vectors: Sequence[tuple[Path, Array]], transposed: bool
) -> Iterator[Chain]:
    """A hidden layer before a single output whose weights are a vector (M,)."""
    for path, values in vectors:
        if not _is_flat_weight(path, values) or any(path == taken for taken, _ in order):
            continue
        number = len(order) + 1
        if _bias_score(name_of(order[-1][0]), name_of(path), number - 1, number) >= 3:
            continue  # V and v0
        chain = _chain(order, [v for v in vectors if v[0] != path], transposed, 0)[0]
        if chain.sizes[-1] == values.size:
            used = [path, *(slot.path for slot in chain.slots.values())]
            slots = chain.slots | {f"W{number}": Slot(path, flat=True, single=values.dtype == np.float32)}
            bias = _bias(path, number, 1, vectors, used, number)
            yield Chain(slots | ({f"b{number}": bias} if bias is not None else {}), (*chain.sizes, 1))


def _is_flat_weight(path: Path, values: Array) -> bool:
    likely = weight_score(name_of(path)) > 1 and not _BIAS_NAME.search(name_of(path).split(".")[-1])
    return values.ndim == 1 and values.size > 1 and likely and not looks_like_buffer(name_of(path))


def _flat_chains(vectors: Sequence[tuple[Path, Array]], ends: tuple[int, int] | None) -> list[Chain]:
    """One output whose weights are a vector (D,): w, theta, coefficients."""
    found = []
    for path, values in vectors:
        if _is_flat_weight(path, values) and (ends is None or ends == (values.size, 1)):
            slots = {"W1": Slot(path, flat=True, single=values.dtype == np.float32)}
            bias = _bias(path, 1, 1, vectors, [path], 1)
            found.append(Chain(slots | ({"b1": bias} if bias is not None else {}), (values.size, 1)))
    return found


def _liking(path: Path, values: Array) -> float:
    return weight_score(name_of(path)) + (1.0 if np.any(values) else 0.0)


def _orders(
    weights: Sequence[tuple[Path, Array]], transposed: bool, extra: int, ends: tuple[int, int] | None
) -> Iterator[list[tuple[Path, Array]]]:
    """Sequences of weights of which each takes what the one before gives; longest first."""
    sizes = [a.shape[::-1] if transposed else a.shape for _, a in weights]
    sizes = [(s[0] - extra, s[1]) for s in sizes]
    longest: list[list[int]] = []

    def grow(order: list[int]) -> None:
        end = sizes[order[-1]][1]
        if ends is None or end == ends[1]:
            longest.append(order)
        if len(order) > 8 or len(longest) > 300:
            return
        for place, (into, _) in enumerate(sizes):
            if place not in order and into == end:
                grow([*order, place])

    for place, (into, _) in enumerate(sizes):
        if (ends is None or into == ends[0]) and into > 0:
            grow([place])
    longest.sort(key=lambda order: -len(order))
    for order in longest[:60]:
        yield [weights[i] for i in order]


def _rank(order: Sequence[tuple[Path, Array]], chains: Sequence[Chain]) -> float:
    """Names that look like weights, in the order of their numbers or of their making, falling in size."""
    numbers = [numbers_in(name_of(path)) for path, _ in order]
    rank = 3.0 * len(order) + sum(_liking(*pair) for pair in order)
    rank += 2.0 if numbers == sorted(numbers) else 0.0
    first, last = order[0][1], order[-1][1]
    rank += 0.5 if max(first.shape) >= max(last.shape) else 0.0
    return rank + 0.3 * sum(1 for slot in (chains[0].slots if chains else {}) if slot[0] == "b")


def _chain(
    order: Sequence[tuple[Path, Array]], vectors: Sequence[tuple[Path, Array]], transposed: bool, extra: int
) -> list[Chain]:
    shapes = [a.shape[::-1] if transposed else a.shape for _, a in order]
    sizes = (shapes[0][0] - extra, *(s[1] for s in shapes))
    slots: Slots = {}
    taken = [path for path, _ in order]
    for l, (path, values) in enumerate(order, start=1):
        slots[f"W{l}"] = Slot(path, transposed, single=values.dtype == np.float32, matrix=isinstance(values, np.matrix))
        bias = None if extra else _bias(path, l, sizes[l], vectors, taken, len(order))
        if bias is not None:
            taken.append(bias.path)
            slots[f"b{l}"] = bias
    if not extra:
        return [Chain(slots, sizes)]
    return [Chain(_with_inside(slots, inside), sizes) for inside in ("first", "last")]


def _with_inside(slots: Slots, inside: str) -> Slots:
    made = {name: replace(slot, inside=inside) for name, slot in slots.items()}
    made |= {f"b{name[1:]}": replace(slot, bias="flat") for name, slot in made.items()}
    return made


def _bias(
    weight: Path, number: int, size: int, vectors: Sequence[tuple[Path, Array]], taken: list[Path], layers: int
) -> Slot | None:
    best: tuple[float, Slot] | None = None
    for path, values in vectors:
        kind = _vector_kind(values, size)
        if path in taken or not kind:
            continue
        score = _bias_score(name_of(weight), name_of(path), number, layers)
        if kind == "number" and score < 3:
            continue
        if best is None or score > best[0]:
            matrix = isinstance(values, np.matrix)
            best = score, Slot(path, bias=kind, single=values.dtype == np.float32, matrix=matrix)
    if best is None or best[0] > 1.5:
        return best[1] if best else None
    return _only_one(vectors, size, taken, layers - number + 1)


def _only_one(vectors: Sequence[tuple[Path, Array]], size: int, taken: list[Path], layers: int) -> Slot | None:
    """The one vector of this size, where as many are left as layers, whatever it is called."""
    left = [(path, values) for path, values in vectors if values.ndim and not looks_like_buffer(name_of(path))]
    left = [(path, values) for path, values in left if path not in taken]
    fitting = [(path, _vector_kind(values, size), values) for path, values in left]
    fitting = [one for one in fitting if one[1] in ("flat", "row", "column")]
    if len(fitting) != 1 or len(left) != layers:
        return None
    path, kind, values = fitting[0]
    return Slot(path, bias=kind, single=values.dtype == np.float32, matrix=isinstance(values, np.matrix))


def _vector_kind(values: Array, size: int) -> str:
    if values.ndim == 0:
        return "number" if size == 1 else ""
    if values.shape == (size,):
        return "flat"
    if values.shape == (1, size):
        return "row"
    return "column" if values.shape == (size, 1) else ""


def _stem(name: str) -> str:
    """A name without what makes it a weight's or a bias's."""
    bare = name.lower().replace("weights", "").replace("weight", "").replace("bias", "")
    return "".join(letter for letter in bare if letter not in "wb_")


def _bias_score(weight: str, bias: str, number: int, layers: int) -> float:
    if looks_like_buffer(bias):
        return -1.0
    score = 0.0
    last = bias.split(".")[-1].lower()
    whole = bias.lower()
    if "bias" in whole or "sesgo" in whole or last.startswith("b") or ".b" in whole:
        score += 3
    elif last[:1] in ("c", "w") or "theta" in last:
        score += 1
    if last.startswith(weight.split(".")[-1].lower()) and last != weight.split(".")[-1].lower():
        score += 2  # V and v0, W1 and W10
    if len(last) == 1 and weight.rpartition(".")[0] == bias.rpartition(".")[0]:
        score += 1  # theta["W"], theta["d"]
    if last.isdigit():
        score += 2  # an entry of a list: its place says which layer's it is
    mine, its = numbers_in(weight), numbers_in(bias)
    if mine and mine == its:
        score += 2
    if _stem(weight) == _stem(bias):
        score += 2
    if weight.rsplit(".", 1)[0] == bias.rsplit(".", 1)[0]:
        score += 1
    return score + 0.1
