"""Points that are searched for instead of listed: at random, or proposed from earlier results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad.config import ChoicesConfig, RandomSearchConfig, RangeConfig

Space = Mapping[str, RangeConfig | ChoicesConfig]


def split_keys(key: str) -> list[str]:
    """ "a,b" names two keys that move together."""
    return [part.strip() for part in key.split(",")]


def draw_points(search: RandomSearchConfig) -> list[dict[str, Any]]:
    """The points of a random search: point k depends on the seed and k alone, so more points keep the first ones.

    >>> space = {"optimizer.learning_rate": RangeConfig(low=1e-4, high=1.0, log=True)}
    >>> search = RandomSearchConfig(type="random", points=3, space=space)
    >>> [f"{p['optimizer.learning_rate']:.3g}" for p in draw_points(search)] == [
    ...     f"{p['optimizer.learning_rate']:.3g}" for p in draw_points(search.model_copy(update={"points": 9}))[:3]
    ... ]
    True
    """
    return [draw_point(search.space, search.seed, number) for number in range(search.points)]


def draw_point(space: Space, seed: int, number: int) -> dict[str, Any]:
    """One point: a value for each key, in the space's order."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    return {key: linked(key, _draw(values, rng), values) for key, values in space.items()}


def linked(key: str, value: Any, values: RangeConfig | ChoicesConfig) -> Any:
    """Keys that move together in a range get the same value each; choices list theirs themselves."""
    keys = split_keys(key)
    return [value] * len(keys) if len(keys) > 1 and isinstance(values, RangeConfig) else value


def _draw(values: RangeConfig | ChoicesConfig, rng: np.random.Generator) -> Any:
    if isinstance(values, ChoicesConfig):
        return values.choices[int(rng.integers(len(values.choices)))]
    low, high = values.low, values.high
    whole = is_whole(values)
    if whole and not values.log:
        return int(rng.integers(int(low), int(high) + 1))
    if not values.log:
        return rounded(float(rng.uniform(low, high)), values)
    margin = 0.5 if whole else 0.0  # so that each whole number at the ends gets its share
    drawn = math.exp(rng.uniform(math.log(low - margin), math.log(high + margin)))
    return min(int(high), max(int(low), round(drawn))) if whole else rounded(drawn, values)


def is_whole(values: RangeConfig) -> bool:
    """Whether a range is of whole numbers."""
    return isinstance(values.low, int) and isinstance(values.high, int)


def rounded(value: float, values: RangeConfig) -> float:
    """Four significant digits are enough for a setting that people read, within the range."""
    return min(float(values.high), max(float(values.low), float(f"{value:.4g}")))
