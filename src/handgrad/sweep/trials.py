"""The trials of a sweep: every point, once a seed.

A trial is known by its config: its folder's name is the hash of the resolved config with its seeds, so a sweep is all
configs less the folders that say done.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handgrad.config import Config, SweepConfig, TPESearchConfig
from handgrad.config_file import make_config, set_key, to_toml
from handgrad.errors import UsageError
from handgrad.sweep.search import draw_points, split_keys


@dataclass(frozen=True)
class Trial:
    """One point with one seed: what was set, and the config that results."""

    settings: dict[str, Any]
    seed: int
    config: Config

    @cached_property
    def text(self) -> str:
        """The resolved config as TOML."""
        return to_toml(self.config)

    @cached_property
    def name(self) -> str:
        """First 16 hex digits of the SHA-256 of the resolved config."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def sweep_section(config: Config) -> SweepConfig:
    """The [sweep] section.

    Raises:
        UsageError: if there is none.
    """
    if config.sweep is None:
        raise UsageError("this experiment has no [sweep] section: add one with grid and trials")
    return config.sweep


def make_trials(config: Config, proposed: Iterable[Mapping[str, Any]] = ()) -> list[Trial]:
    """All trials of a config with a [sweep] section, in the order of its points, seeds innermost.

    Args:
        config: with a grid or a search.
        proposed: the points of a TPE search, which no config tells.

    Raises:
        UsageError: if there is no such section, or linked keys and values don't match.
        ConfigError: if a point is no valid config.

    >>> from handgrad.config_file import load_config
    >>> len(make_trials(load_config("digits-mlp-rates")[1]))
    12
    """
    section = sweep_section(config)
    if isinstance(section.search, TPESearchConfig):
        return trials_of_points(config, proposed)
    if section.search:
        return trials_of_points(config, draw_points(section.search))
    grid = section.grid
    return trials_of_points(config, (dict(zip(grid, v, strict=True)) for v in itertools.product(*grid.values())))


def trials_of_points(config: Config, points: Iterable[Mapping[str, Any]]) -> list[Trial]:
    """The trials of these points, each `sweep.trials` times with other seeds."""
    section = sweep_section(config)
    base = config.model_dump(exclude_none=True, exclude={"sweep"})
    trials = []
    for settings in points:
        for number in range(section.trials):
            table = make_config(base).model_dump(exclude_none=True)
            for key, value in settings.items():
                _set_linked(table, key, value)
            for purpose in section.vary:
                table["seeds"][purpose] = config.seed_for(purpose) + number
            trials.append(Trial(dict(settings), number, make_config(table, f"sweep point {settings}")))
    return trials


def _set_linked(table: dict[str, Any], key: str, value: Any) -> None:
    """ "a,b" = [1, 2] sets both keys together."""
    keys = split_keys(key)
    if len(keys) == 1:
        set_key(table, key, value)
        return
    if not isinstance(value, list) or len(value) != len(keys):
        raise UsageError(
            f"sweep.grid: {key!r} links {len(keys)} keys; expected lists of {len(keys)}, received {value!r}"
        )
    for part, own in zip(keys, value, strict=True):
        set_key(table, part, own)
