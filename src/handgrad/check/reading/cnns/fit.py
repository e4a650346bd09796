"""Which CNN a program's forward pass is: stages are tried against the values that it computed itself."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice

import numpy as np

from handgrad.check.diagnosis.cnns.model import Stage, forward_stage
from handgrad.check.diagnosis.model import sigmoid
from handgrad.check.reading.arrange import from_program, to_program
from handgrad.kernels.types import Array

_CLOSE = 1e-5
_SECONDS = 2.5
_CONV_PATTERNS = ("F,C,K,L", "K,L,C,F", "F,K,L,C", "F,K,L", "C,F,K,L", "K,L,F", "F,CKL", "CKL,F", "K,L")
_CONV_OPTIONS = ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (1, 3), (2, 2), (3, 0), (4, 0))
_POOLS = ((2, 2), (3, 2), (2, 1), (3, 3), (3, 1), (4, 4))
_EPSILONS = (1e-5, 1e-8, 1e-7, 1e-3, 1e-6, 1e-4, 1e-2, 0.0)
_ACTIVATIONS = ("relu", "tanh", "sigmoid", "leaky_relu")


@dataclass(frozen=True)
class Tensor:
    """One parameter of the program: where it lies among the candidates, and how it is laid out."""

    index: int
    pattern: str
    shape: tuple[int, ...]  # the program's
    letters: str

    def to(self, values: Array) -> Array:
        """handgrad's tensor as the program has it."""
        if self.letters != "B":
            return to_program(values, self.letters, self.pattern)
        if values.size == int(np.prod(self.shape)):
            return values.reshape(self.shape).copy()
        places = [-1 if n == values.size else 1 for n in self.shape]
        return np.array(np.broadcast_to(values.reshape(places), self.shape))

    def back(self, values: Array, shape: tuple[int, ...]) -> Array:
        """The program's array in handgrad's layout; a bias of its own at each place is summed."""
        if self.letters != "B":
            return from_program(values, self.letters, self.pattern, dict(zip(self.letters, shape, strict=True)))
        if values.size == shape[0]:
            return values.reshape(shape)
        axis = self.shape.index(shape[0])
        if values.shape == self.shape:
            return np.asarray(values.sum(axis=tuple(i for i in range(values.ndim) if i != axis)))
        return values


@dataclass(frozen=True)
class _State:
    value: Array = field(compare=False)
    stages: tuple[Stage, ...]
    tensors: dict[str, Tensor]
    numbers: dict[str, Array] = field(compare=False)


class Values:
    """All that a program computed, to be looked up by what is in it."""

    def __init__(self, arrays: Iterable[Array]) -> None:
        self.by_size: dict[int, list[Array]] = {}
        for array in arrays:
            if array.size > 1 and array.dtype.kind == "f":
                self.by_size.setdefault(array.size, []).append(np.asarray(array, float))
        self.prints = {
            size: np.array([[a.sum(), (a**2).sum(), np.abs(a).sum()] for a in found])
            for size, found in self.by_size.items()
        }

    def holds(self, values: Array) -> bool:
        """Whether the program computed these numbers, in whatever order."""
        return self.distance(values) < _CLOSE

    def distance(self, values: Array) -> float:
        """How far the nearest of the program's arrays is, in sums, squares and sizes."""
        prints = self.prints.get(values.size)
        if prints is None:
            return float("inf")
        own = np.array([values.sum(), (values**2).sum(), np.abs(values).sum()])
        size = max(float(own[2]), 1e-9)
        squares = max(float(own[1]), 1e-9)
        scaled = np.abs(prints - own) / np.array([size, squares, size])
        far = scaled.max(axis=1)
        return float(np.min(far[np.isfinite(far)], initial=np.inf))

    def equals(self, values: Array) -> bool:
        """Whether the program computed these rows (N, P), perhaps as columns."""
        for found in self.by_size.get(values.size, []):
            for turned in (values, values.T):
                if np.allclose(found.reshape(-1), turned.reshape(-1), rtol=_CLOSE * 10, atol=1e-7):
                    return True
        return False


@dataclass(frozen=True)
class Fitted:
    """A CNN whose logits the program computed."""

    stages: tuple[Stage, ...]
    tensors: dict[str, Tensor]
    shapes: dict[str, tuple[int, ...]]
    unused: tuple[int, ...]


def fit_stages(x: Array, candidates: Sequence[tuple[str, Array]], values: Values) -> Fitted | None:
    """The stages from images x (N, C, H, W) to logits that the program computed; None where none fit.

    Args:
        x: the images as they enter the first stage.
        candidates: name and array of each parameter, as the program has them.
        values: all that the program computed on these images.
    """
    end, order = time.process_time() + _SECONDS, count()
    queue: list[tuple[float, int, _State]] = [(0.0, next(order), _State(x, (), {}, {}))]
    weights = [i for i, (_, a) in enumerate(candidates) if is_weight(*candidates[i])]
    while queue and time.process_time() < end:
        cost, _, state = heapq.heappop(queue)
        used = {t.index for t in state.tensors.values()}
        last = state.stages[-1].kind if state.stages else ""
        if last == "dense" and set(weights) <= used and _is_output(state.value, values):
            shapes = {name: a.shape for name, a in state.numbers.items()}
            unused = tuple(i for i in range(len(candidates)) if i not in used)
            return Fitted(state.stages, state.tensors, shapes, unused)
        for step, made in _next(state, candidates, weights, used, last, values):
            if not np.isfinite(made.value).all():
                continue
            price = cost + step + (0.0 if values.holds(made.value) else 3.0)
            if price < 9.0:
                heapq.heappush(queue, (price, next(order), made))
    return None


def is_weight(label: str, array: Array) -> bool:
    """Whether an array is a filter or a matrix, not a bias."""
    last = label.split(".")[-1].lower()
    if re.match(r"b(ias)?", last) and not re.search("w|kernel|filter", last):
        return False
    return sum(int(n > 1) for n in array.shape) >= 2


def _is_output(z: Array, values: Values) -> bool:
    if z.ndim != 2 or z.shape[1] < 2:
        return False
    shifted = z - z.max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return any(values.equals(seen) for seen in (z, np.exp(log), shifted, log, sigmoid(z)))


def _next(
    state: _State,
    candidates: Sequence[tuple[str, Array]],
    weights: list[int],
    used: set[int],
    last: str,
    values: Values,
) -> Iterator[tuple[float, _State]]:
    """Each possible next stage with its price."""
    left = [i for i in weights if i not in used]
    if state.value.ndim == 4 and state.value.shape[2] == 1 and not last:
        yield 0.0, _apply(state, Stage("flatten"), {})
    elif state.value.ndim == 4:
        for place, i in enumerate(left[:3]):
            yield from ((s + 0.3 * place, made) for s, made in _convolutions(state, i, candidates, used))
        if last not in ("maxpool", "avgpool"):
            yield from _pools(state)
        if last not in ("flatten", ""):
            for price, flat in enumerate(("CHW", "HWC", "CWH", "WHC")):
                yield 0.02 * price, _apply(state, Stage("flatten", order=flat), {})
        elif last == "" and left:
            return
    if state.value.ndim == 2:
        for place, i in enumerate(left[:3]):
            yield from ((s + 0.3 * place, made) for s, made in _denses(state, i, candidates, used))
    if last in ("conv", "dense", "batchnorm", "maxpool", "avgpool"):
        for price, kind in enumerate(_ACTIVATIONS):
            yield 0.05 * price, _apply(state, Stage(kind), {})
    if last in ("conv", "dense", *_ACTIVATIONS):
        yield from _norms(state, candidates, used, values)


def _apply(state: _State, stage: Stage, numbers: dict[str, Array], tensors: dict[str, Tensor] | None = None) -> _State:
    known = {**state.numbers, **numbers}
    with np.errstate(all="ignore"):
        made = forward_stage(stage, state.value, known)
    return _State(made, (*state.stages, stage), {**state.tensors, **(tensors or {})}, known)


def _convolutions(
    state: _State, i: int, candidates: Sequence[tuple[str, Array]], used: set[int]
) -> Iterator[tuple[float, _State]]:
    label, array = candidates[i]
    C, H, W = state.value.shape[1:]
    number = _number(state)
    for pattern in _CONV_PATTERNS:
        for kernel in _kernels(pattern, array.shape, C, H):
            if max(kernel) > max(H, W) + 4 or kernel[0] != kernel[1]:
                continue
            F = array.size // (C * kernel[0] * kernel[1])
            turned = from_program(
                np.asarray(array, float), "FCKL", pattern, {"F": F, "C": C, "K": kernel[0], "L": kernel[1]}
            )
            for b, bias in _biases(label, F, candidates, used):
                for place, (stride, pad) in enumerate(_CONV_OPTIONS):
                    if min(H, W) + 2 * pad < kernel[0] or pad >= kernel[0]:
                        continue
                    options = {"kernel": kernel[0], "stride": stride, "padding": pad}
                    yield (
                        0.01 * place,
                        _with(state, Stage("conv", options, number), i, turned, pattern, array, "FCKL", b, bias),
                    )


def _kernels(pattern: str, shape: tuple[int, ...], C: int, height: int) -> list[tuple[int, int]]:
    """(K, L) under which a shape fits a pattern with C input channels."""
    axes = pattern.split(",")
    if len(axes) != len(shape):
        return []
    sizes = dict(zip(axes, shape, strict=True))
    if "CKL" in sizes:
        side = round((sizes["CKL"] / C) ** 0.5)
        whole = side == height  # as large as the image: a dense layer
        return [(side, side)] if side * side * C == sizes["CKL"] and 1 < side < 12 and not whole else []
    if sizes.get("C", 1) != C:
        return []
    return [(sizes["K"], sizes["L"])] if "K" in sizes else []


def _biases(
    label: str, size: int, candidates: Sequence[tuple[str, Array]], used: set[int]
) -> list[tuple[int, Array | None]]:
    """The bias that belongs to a weight: in the same object or with the same number first; or none."""
    owner, own = label.rpartition(".")[0], re.sub(r"\D", "", label.split(".")[-1])
    weight = next(i for i, c in enumerate(candidates) if c[0] == label)
    found: list[tuple[float, int, Array]] = []
    for i, (other, array) in enumerate(candidates):
        if i in used or i == weight or is_weight(other, array) or _of_norm(other):
            continue
        if array.size == size or (array.ndim == 3 and size in (array.shape[0], array.shape[-1])):
            score = 2.0 * (other.rpartition(".")[0] == owner) + 2.0 * (re.sub(r"\D", "", other.split(".")[-1]) == own)
            score -= 0.1 * abs(i - weight) + 2.0 * (i < weight)
            found.append((-score, i, array))
    found.sort(key=lambda entry: entry[:2])
    return [*((i, a) for _, i, a in found[:2]), (-1, None)]


def _with(
    state: _State, stage: Stage, i: int, turned: Array, pattern: str, array: Array, letters: str, b: int,
    bias: Array | None,
) -> _State:  # fmt: skip
    W, size = f"W{stage.number}", turned.shape[0] if letters == "FCKL" else turned.shape[1]
    numbers, tensors = {W: turned}, {W: Tensor(i, pattern, array.shape, letters)}
    if bias is not None:
        made = Tensor(b, "", bias.shape, "B")
        values = np.asarray(bias, float)
        if values.size != size:  # one at each place: they were filled alike
            axis = bias.shape.index(size)
            values = values.mean(axis=tuple(k for k in range(values.ndim) if k != axis))
        numbers[f"b{stage.number}"] = values.reshape(size)
        tensors[f"b{stage.number}"] = made
    return _apply(state, stage, numbers, tensors)


def _denses(
    state: _State, i: int, candidates: Sequence[tuple[str, Array]], used: set[int]
) -> Iterator[tuple[float, _State]]:
    label, array = candidates[i]
    D = state.value.shape[1]
    for price, pattern in enumerate(("D,M", "M,D")):
        if array.ndim == 2 and array.shape[price] == D:
            turned = np.asarray(array if not price else array.T, float)
            for b, bias in _biases(label, turned.shape[1], candidates, used):
                stage = Stage("dense", {}, _number(state))
                yield (
                    0.1 * price + 0.2 * (bias is None),
                    _with(state, stage, i, turned, pattern, array, "DM", b, bias),
                )


def _number(state: _State) -> int:
    return 1 + sum(stage.kind in ("conv", "dense") for stage in state.stages)


def _pools(state: _State) -> Iterator[tuple[float, _State]]:
    H, W = state.value.shape[2:]
    choices = [*_POOLS, *([(H, H)] if H == W and H > 4 else [])]
    for place, (kernel, stride) in enumerate(choices):
        if min(H, W) >= kernel:
            options = {"kernel": kernel, "stride": stride}
            yield 0.1 + 0.02 * place, _apply(state, Stage("maxpool", options), {})
            yield 0.15 + 0.02 * place, _apply(state, Stage("avgpool", options), {})


_GAMMA = re.compile(r"gamma|scale|^bn?_?w$|^g\d?$", re.IGNORECASE)
_BETA = re.compile(r"beta|shift|^bn?_?b$", re.IGNORECASE)


def _of_norm(label: str) -> bool:
    name = label.split(".")[-1]
    return _GAMMA.search(name) is not None or _BETA.search(name) is not None


def _norms(
    state: _State, candidates: Sequence[tuple[str, Array]], used: set[int], values: Values
) -> Iterator[tuple[float, _State]]:
    """Batch normalisation, where a γ and a β of this width are left, with the ε that fits best."""
    C, number = state.value.shape[1], _number(state) - 1
    named = [(i, c[0].split(".")[-1], c[1]) for i, c in enumerate(candidates) if i not in used and c[1].size == C]
    gammas = [(i, a) for i, name, a in named if _GAMMA.search(name)]
    betas = [(i, a) for i, name, a in named if _BETA.search(name)]
    for (i, gamma), (j, beta) in islice(zip(gammas, betas, strict=False), 1):
        numbers = {f"gamma{number}": gamma.reshape(-1).astype(float), f"beta{number}": beta.reshape(-1).astype(float)}
        tensors = {f"gamma{number}": Tensor(i, "", gamma.shape, "B"), f"beta{number}": Tensor(j, "", beta.shape, "B")}
        stages = [Stage("batchnorm", {"epsilon": epsilon}, number) for epsilon in _EPSILONS]
        made = [_apply(state, stage, numbers, tensors) for stage in stages]
        for place, one in enumerate(sorted(made, key=lambda m: values.distance(m.value))):
            yield 0.2 + 0.05 * place, one


def entrances(x: Array, arrays: Iterable[Array]) -> list[tuple[float, float]]:
    """(a, c) such that the program computes a·x + c of the images before it does anything else; (1, 0) first."""
    found = [(1.0, 0.0)]
    for values in arrays:
        if values.size == x.size and values.dtype.kind == "f" and len(found) < 4:
            flat, own = np.asarray(values, float).reshape(-1), x.reshape(-1)
            if float(own.std()) == 0.0 or np.allclose(flat, own):
                continue
            a, c = np.polyfit(own, flat, 1)
            if abs(a) > 1e-9 and np.allclose(a * own + c, flat, rtol=1e-9, atol=1e-10):
                pair = (float(a), float(c))
                if not any(np.allclose(pair, other) for other in found):
                    found.append(pair)
    return found


__all__ = ["Fitted", "Tensor", "Values", "entrances", "fit_stages"]
