"""What a report needs of a run, gathered once: what is missing is named here and never an error further on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.errors import DataError, HandgradError
from handgrad.plots import Series
from handgrad.report.published import Published

if TYPE_CHECKING:
    from handgrad.config import Config
    from handgrad.data import Data
    from handgrad.kernels.types import Array
    from handgrad.network import Network
    from handgrad.runs import Run

SETS = ("train", "valid", "test")

# A run is the published protocol whatever its seed, its name for people and where it saves.
_FREE_SETTINGS = ("seed", "seeds", "title", "display", "training.threads", "training.checkpoint_every")


@dataclass(frozen=True)
class Facts:
    """A run as the report sees it; `problems` maps what could not be had ("data", "network"…) to the reason."""

    run: Run
    config: Config | None
    metrics: Sequence[Mapping[str, Any]]
    class_names: tuple[str, ...]
    data: Data | None = None
    network: Network | None = None
    probabilities: Array | None = None  # of the test set, (N, P)
    published: Published | None = None
    changed: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The run's state as its status file says."""
        return str(self.run.status.get("state", "unknown"))

    @property
    def sampled(self) -> bool:
        """Whether the run saw the small stand-in for its data, so that no published number can be compared."""
        return bool((self.run.status.get("data") or {}).get("sampled"))

    @property
    def title(self) -> str:
        """Title of the experiment, or its name."""
        return (self.config.title if self.config else "") or self.run.name

    @cached_property
    def results(self) -> Mapping[str, Any]:
        """Final values by metric name: the summary's, and where it has none the last that were recorded."""
        found: dict[str, Any] = {}
        for line in (*self.metrics, self.run.summary):
            found.update((key, value) for key, value in line.items() if value is not None)
        return found

    @property
    def classifies(self) -> bool:
        """Whether any error was measured; a net without classes has losses alone."""
        return any(key.endswith("_error") for key in self.results)

    @property
    def iterations(self) -> int:
        """Updates done, as far as was recorded."""
        return int(self.results.get("iterations") or self.results.get("iteration") or 0)

    def images_in(self, name: str) -> int | None:
        """Number of images in the set train, valid or test; None where unknown or absent."""
        examples = getattr(self.data, name, None)
        recorded = (self.run.summary.get("data") or {}).get(name)
        asked = getattr(self.config.data, f"{name}_images") if self.config and not self.sampled else None
        known = len(examples) if examples is not None else recorded or asked
        return known if isinstance(known, int) and known else None


def gather(run: Run, published: Published | None) -> Facts:
    """Collect config, records, data, network and test probabilities of a run, noting what cannot be had and why."""
    problems: dict[str, str] = {}
    config = _attempt(problems, "config", lambda: run.config)
    metrics = _attempt(problems, "metrics", lambda: [line for line in run.metrics if "iteration" in line]) or []
    data = _attempt(problems, "data", lambda: _same_data(run)) if config else None
    network = _attempt(problems, "network", lambda: run.network) if config else None
    probabilities = None
    if data is not None and data.test is not None and network is not None and _class_count(run, metrics):
        probabilities = _attempt(problems, "probabilities", lambda: _two_columns(run.probabilities("test")))
    return Facts(
        run=run,
        config=config,
        metrics=metrics,
        class_names=_class_names(run, metrics, data),
        data=data,
        network=network,
        probabilities=probabilities,
        published=published,
        changed=_changed_settings(run.name, config) if published and config else (),
        problems=problems,
    )


def curves(facts: Facts, quantity: str, factor: float = 1.0) -> list[Series]:
    """Batch, train, valid and test curves of `loss`, `error` or `mean_class_error`, times `factor` (100: percent)."""
    return _series(facts, lambda name, line: line.get(f"{name}_{quantity}"), factor)


def class_curves(facts: Facts, index: int) -> list[Series]:
    """The same curves of one class's error, in percent."""

    def value(name: str, line: Mapping[str, Any]) -> float | None:
        errors = line.get(f"{name}_class_errors") or ()
        return errors[index] if index < len(errors) else None

    return _series(facts, value, 100.0)


def _series(facts: Facts, value: Callable[[str, Mapping[str, Any]], float | None], factor: float) -> list[Series]:
    found = []
    for name in ("batch", *SETS):
        pairs = [(line["iteration"], number) for line in facts.metrics if (number := value(name, line)) is not None]
        if pairs:
            x, y = np.array(pairs, dtype=np.float64).T
            found.append(Series(name, x, y * factor))
    return found


def _attempt(problems: dict[str, str], name: str, get: Callable[[], Any]) -> Any:
    try:
        return get()
    except (HandgradError, OSError, ValueError) as error:
        problems[name] = str(error)
        return None


def _same_data(run: Run) -> Data:
    """The data, if it is what the run was trained on: pictures of other images would be a lie."""
    data, then = run.data, run.status.get("data") or {}
    if then and bool(then.get("sampled")) != data.sampled:
        raise DataError(
            f"Trained on {then.get('origin')}, but what is found now is {data.origin}: "
            "confusions and pictures are left out."
        )
    return data


def _two_columns(probabilities: Array) -> Array:
    """A single sigmoid output p as the two classes' probabilities (1 − p, p)."""
    if probabilities.shape[1] > 1:
        return probabilities
    return np.hstack([1 - probabilities, probabilities])


def _class_count(run: Run, metrics: Sequence[Mapping[str, Any]]) -> int:
    for line in (run.summary, *reversed(metrics)):
        for key, value in line.items():
            if key.endswith("_class_errors") and value:
                return len(value)
    return 0


def _class_names(run: Run, metrics: Sequence[Mapping[str, Any]], data: Data | None) -> tuple[str, ...]:
    classes = _class_count(run, metrics)
    names = tuple(str(name) for name in data.class_names) if data is not None else ()
    return names if len(names) == classes else tuple(str(index) for index in range(classes))


def _changed_settings(experiment: str, config: Config) -> tuple[str, ...]:
    """Where a run's settings differ from those of the experiment whose name it bears: "key = value (was value)"."""
    from handgrad.config_file import experiment_names, load_config

    if experiment not in experiment_names():
        return ()
    original = _flat(load_config(experiment)[1].model_dump())
    ours = _flat(config.model_dump())
    keys = [key for key in {**original, **ours} if not key.startswith(_FREE_SETTINGS)]
    return tuple(
        f"{key} = {ours.get(key)} (was {original.get(key)})" for key in keys if ours.get(key) != original.get(key)
    )


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        items = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        items = [(str(index), inner) for index, inner in enumerate(value)]
    else:
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in items:
        found |= _flat(inner, f"{path}.{key}" if path else key)
    return found
