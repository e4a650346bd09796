"""One round of a program measured: what its updates claim, and the slopes of every loss that might be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.rounds.launch import Launch
from handgrad.check.reading.rounds.watch import Place, Route, Step, Watcher
from handgrad.kernels.types import Array

_ENTRIES = 8  # a tensor
_SMALL_TENSOR = 2000  # entries among which those that move are looked for
_STEP = 1e-5
Entry = tuple[Route, tuple[int, ...]]


@dataclass
class Tensor:
    """A parameter, or all the numbers that one line of the program updates.

    Attributes:
        name: as the program writes it: "self.w1", "neuron.weights".
        line: of its update.
        entries: the numbers of it that are tried.
        claims: the program's gradient there, and once more with all updates standing still.
    """

    name: str
    line: int
    entries: list[Entry]
    claims: Array
    frozen: Array
    rated: bool


@dataclass
class Measured:
    """A round: tensors, and for each loss that may be meant its value and its slopes, tensor by tensor."""

    loop: Place
    entry: int
    tensors: list[Tensor]
    theta: dict[Route, Any]
    real: Watcher
    losses: dict[str, float] = field(default_factory=dict)
    slopes: dict[str, list[Array]] = field(default_factory=dict)
    repeated: bool = False  # a number is updated more than once a round
    rated: bool = True  # the rate of every step is known
    counts: list[float] = field(default_factory=list)  # what may be the number of samples


def measure(launch: Launch, loop: Place, entry: int) -> Measured | None:
    """What a round of this loop claims and the slopes; None where it moves nothing that could be found."""
    first = launch.run(Watcher(loop, entry))
    routes = {step.route for step in first.steps}
    if not routes or (not first.differences and not first.losses):
        return None
    theta = {route: _shaken(first.start[route], place) for place, route in enumerate(sorted(routes, key=str))}
    real = launch.run(Watcher(loop, entry, theta))
    still = launch.run(Watcher(loop, entry, theta, frozen=True))
    tensors = list(_tensors(real, still, theta))
    if not tensors:
        return None
    found = Measured(loop, entry, tensors, theta, real)
    found.repeated = _repeats(real.steps)
    found.rated = all(tensor.rated for tensor in tensors)
    found.counts = _counts(still)
    _measure_slopes(launch, found, still)
    return found


def claims_of(launch: Launch, measured: Measured, name: str, choices: Mapping[int, int]) -> list[Array] | None:
    """The same tensors' claims by another text of the program; None where it changes the loss too, or breaks."""
    run = launch.run(Watcher(measured.loop, measured.entry, measured.theta, choices=choices))
    claimed = _by_leaf(run.steps, measured.theta)
    if not _keeps_loss(run, measured, name):
        return None
    made = []
    for tensor in measured.tensors:
        values = [_entry(claimed.get(route), index) for route, index in tensor.entries]
        if any(v is None for v in values):
            return None
        made.append(np.array(values, float))
    return made


def claims_before(launch: Launch, measured: Measured) -> list[Array]:
    """The same tensors' claims in the round before."""
    claimed = _by_leaf(launch.run(Watcher(measured.loop, measured.entry - 1)).steps, measured.theta)
    return [np.array([_entry(claimed.get(r), i) or 0.0 for r, i in t.entries]) for t in measured.tensors]


def _keeps_loss(run: Watcher, measured: Measured, name: str) -> bool:
    """Own losses by their value, others by the size of the error."""
    kind, _, rest = name.partition(" ")
    if kind == "own":
        value, wanted = sum(run.losses.get(rest, (0.0, np.nan))), measured.real.losses.get(rest, (0.0, np.nan))
        return bool(abs(value - sum(wanted)) <= 1e-9 * max(1.0, abs(value)))
    line, _, column = rest.partition(":")
    place = (int(line), int(column))
    sizes = [_squared(w.differences.get(place, []), 0) or 0.0 for w in (run, measured.real)]
    return bool(abs(sizes[0] - sizes[1]) <= 1e-9 * max(1.0, sizes[1]))


def _shaken(value: Any, place: int) -> Any:
    """A parameter as the program has it, but for zeros and constants, which hide mistakes."""
    rng = np.random.default_rng(100 + place)
    if not isinstance(value, np.ndarray):
        return 0.5 * float(value) if value else float(rng.uniform(0.1, 0.5))
    if value.size and np.ptp(value) == 0.0:
        made: Array = rng.uniform(0.1, 0.5, value.shape) * rng.choice([-1.0, 1.0], value.shape)
        return made
    return value.copy()


def _tensors(real: Watcher, still: Watcher, theta: Mapping[Route, Any]) -> Iterator[Tensor]:
    claimed, standing = _by_leaf(real.steps, theta), _by_leaf(still.steps, theta)
    places: dict[Place, list[Step]] = {}
    for step in real.steps:
        places.setdefault(step.place, []).append(step)
    told: set[Route] = set()
    groups: dict[tuple[Any, ...], tuple[Step, list[Route]]] = {}
    for place, steps in places.items():
        for step in steps:
            if step.route not in told:
                told.add(step.route)
                array = isinstance(theta[step.route], np.ndarray) and theta[step.route].size > 1
                groups.setdefault((place, step.route if array else _layer_of(step.route)), (step, []))[1].append(
                    step.route
                )
    rng = np.random.default_rng(3)
    for step, routes in groups.values():
        every = [e for r in routes for e in _places(r, np.shape(theta[r]), rng)]
        moved = [e for e in every if _entry(claimed.get(e[0]), e[1]) or _entry(standing.get(e[0]), e[1])]
        chosen = _some(rng, moved, _ENTRIES - 2)
        chosen += _some(rng, [e for e in every if e not in chosen], _ENTRIES - len(chosen))
        values = [_entry(claimed.get(r), i) for r, i in chosen]
        frozen = [_entry(standing.get(r), i) for r, i in chosen]
        if None not in values and None not in frozen:
            name = _name(step, routes)
            yield Tensor(name, step.place[0], chosen, np.array(values, float), np.array(frozen, float), step.rated)


def _places(route: Route, shape: tuple[int, ...], rng: np.random.Generator) -> list[Entry]:
    """A tensor's entries; a choice of a large one's."""
    size = int(np.prod(shape))
    chosen = range(size) if size <= _SMALL_TENSOR else sorted(rng.permutation(size)[:_SMALL_TENSOR])
    return [(route, tuple(int(i) for i in np.unravel_index(int(place), shape))) for place in chosen]


def _some(rng: np.random.Generator, entries: Sequence[Entry], count: int) -> list[Entry]:
    return [entries[i] for i in sorted(rng.permutation(len(entries))[:count])]


def _layer_of(route: Route) -> Route:
    """Numbers of one layer belong together: the route up to its first place in a list."""
    end = next((i for i, key in enumerate(route) if isinstance(key, int)), 1)
    return route[: end + 1]


def _name(step: Step, routes: Sequence[Route]) -> str:
    """As the program writes it where that says which; else by where it lies."""
    if len(routes) == 1 and len(routes[0]) <= 3:
        last = routes[0][-1]
        return str(last) if isinstance(last, str) else f"{routes[0][-2]}[{last}]"
    return step.text.removeprefix("self.")


def _by_leaf(steps: Sequence[Step], theta: Mapping[Route, Any]) -> dict[Route, Array]:
    """The sum of a round's claims for each leaf."""
    made: dict[Route, Array] = {}
    for step in steps:
        if step.route not in theta:
            continue
        shape = np.shape(theta[step.route])
        total = made.setdefault(step.route, np.zeros(shape))
        try:
            if step.key is None or step.key is Ellipsis:
                total += step.gradient if shape else np.squeeze(step.gradient)
            else:
                total[step.key] += step.gradient
        except (ValueError, IndexError, TypeError):
            made[step.route] = np.full(shape, np.nan)
    return made


def _counts(still: Watcher) -> list[float]:
    """Lengths and sizes of the differences that the round takes, and how many it takes."""
    pairs = [pair for found in still.differences.values() for pair in found]
    lengths = {n for left, _ in pairs for n in (*left.shape, left.size)}
    lengths |= {len(found) for found in still.differences.values()}
    return sorted(float(n) for n in lengths if n > 1 and n != 2)


def _repeats(steps: Sequence[Step]) -> bool:
    seen = [(step.route, str(step.key)) for step in steps]
    return len(set(seen)) < len(seen)


def _entry(values: Array | None, index: tuple[int, ...]) -> float | None:
    return None if values is None else float(values[index])


def _measure_slopes(launch: Launch, found: Measured, still: Watcher) -> None:
    """Central differences of every loss at the tensors' entries; an entry at a kink counts for nothing (NaN)."""
    runs: list[tuple[float, Watcher, Watcher]] = []
    for tensor in found.tensors:
        for route, index in tensor.entries:
            h = _STEP * max(1.0, abs(_entry(np.asarray(found.theta[route], float), index) or 0.0))
            above, below = (
                launch.run(Watcher(found.loop, found.entry, _nudged(found.theta, route, index, d), frozen=True))
                for d in (h, -h)
            )
            runs.append((h, above, below))
    for name, value, values in _candidates(still, runs):
        slopes = [_slope(value, above, below, h) for (h, _, _), (above, below) in zip(runs, values, strict=True)]
        if np.isfinite(value) and np.nanmax(np.abs(slopes), initial=0.0) > 1e-9:
            found.losses[name] = value
            ends = np.cumsum([len(t.entries) for t in found.tensors])[:-1]
            found.slopes[name] = [np.array(part) for part in np.split(np.array(slopes), ends)]


def _nudged(theta: Mapping[Route, Any], route: Route, index: tuple[int, ...], by: float) -> dict[Route, Any]:
    made = dict(theta)
    value = made[route]
    if isinstance(value, np.ndarray):
        value = value.copy()
        value[index] += by
        made[route] = value
    else:
        made[route] = value + by
    return made


def _slope(value: float, above: float, below: float, h: float) -> float:
    slope = (above - below) / (2 * h)
    bend = abs(above + below - 2 * value) / h
    return slope if bend <= 1e-2 * max(abs(slope), 1e-3) else float("nan")


Runs = Sequence[tuple[float, Watcher, Watcher]]


def _candidates(still: Watcher, runs: Runs) -> Iterator[tuple[str, float, list[tuple[float, float]]]]:
    """Name, value, and values at each pair of runs: the program's own losses, then what its differences imply."""
    for name in still.losses:
        total = [tuple(sum(run.losses.get(name, (0.0, np.nan))) for run in pair) for _, *pair in runs]
        yield f"own {name}", sum(still.losses[name]), [(a, b) for a, b in total]
    for place, pairs in still.differences.items():
        if sum(left.size for left, _ in pairs) > 20000:
            continue
        moving = _moving_side(pairs, place, runs)
        if moving < 0:
            continue
        for kind, formula in (("squared", _squared), ("binary", _binary), ("classes", _classes)):
            value = formula(pairs, moving)
            if value is not None:
                made = [tuple(_at(formula, run, place, pairs, moving) for run in pair) for _, *pair in runs]
                yield f"{kind} {place[0]}:{place[1]}", value, [(a, b) for a, b in made]


Pairs = Sequence[tuple[Array, Array]]


def _moving_side(pairs: Pairs, place: Place, runs: Runs) -> int:
    """Which side of a difference the parameters move; −1 where it is none or both."""
    moved = [False, False]
    for _, *both in runs:
        for run in both:
            other = run.differences.get(place, [])
            if len(other) != len(pairs):
                return -1
            for side in (0, 1):
                moved[side] |= any(
                    a[side].shape == b[side].shape and not np.array_equal(a[side], b[side])
                    for a, b in zip(pairs, other, strict=True)
                )
    return -1 if moved[0] == moved[1] else moved.index(True)


def _at(formula: Any, run: Watcher, place: Place, pairs: Pairs, moving: int) -> float:
    other = run.differences.get(place, [])
    value = formula(other, moving) if len(other) == len(pairs) else None
    return float("nan") if value is None else float(value)


def _squared(pairs: Pairs, _: int) -> float | None:
    return sum(0.5 * float(((a - b) ** 2).sum()) for a, b in pairs)


def _binary(pairs: Pairs, moving: int) -> float | None:
    total = 0.0
    for pair in pairs:
        p, t = pair[moving], pair[1 - moving]
        if not ((p > 0) & (p < 1)).all() or not ((t >= 0) & (t <= 1)).all():
            return None
        total -= float((t * np.log(p) + (1 - t) * np.log(1 - p)).sum())
    return total


def _classes(pairs: Pairs, moving: int) -> float | None:
    total = 0.0
    for pair in pairs:
        p, t = pair[moving], pair[1 - moving]
        axes = [axis for axis in range(p.ndim) if p.shape[axis] > 1 and np.allclose(p.sum(axis=axis), 1.0)]
        if not axes or not (p > 0).all():
            return None
        total -= float((t * np.log(p)).sum())
    return total
