"""The band of a reference experiment: the curves of a few seeds, from runs that lie there or as bundled with handgrad.

A bundled file is `experiments/<name>.reference.json`, made by `write_reference` from runs; it names its command.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad.compare.own_log import MEASURES
from handgrad.compare.points import flatten, is_free
from handgrad.errors import LoadError, UsageError
from handgrad.listing import run_folders, sweep_folders

if TYPE_CHECKING:
    from handgrad.config import Config
    from handgrad.runs import Run

LEAST_RUNS = 3
MAX_PLACES = 250


@dataclass(frozen=True)
class Reference:
    """An experiment's curves over seeds: for each measure the iterations (n,) and the values (runs, n).

    `updates_per_epoch` turns epochs into iterations; `origin` says where the curves come from; `facts` the settings a
    reader compares his own with.
    """

    experiment: str
    title: str
    runs: int
    updates_per_epoch: float
    batch_size: int | None
    test_images: int
    origin: str
    facts: str
    curves: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def find_reference(experiment: str, out: str | Path = "runs") -> Reference:
    """The band of an experiment: of at least three finished seeds of it in `out`, else the bundled one.

    Raises:
        UsageError: if there is no such experiment, or neither runs nor a bundled band.

    >>> find_reference("digits-mlp-constant", tmp_path).runs
    5
    """
    from handgrad.config_file import load_config

    name, _ = load_config(experiment)
    runs = _finished(name, experiment, out)
    if len(runs) >= LEAST_RUNS:
        return reference_of(runs, f"{len(runs)} runs in {out}")
    bundled = resources.files("handgrad") / "experiments" / f"{name}.reference.json"
    if bundled.is_file():
        return _from_json(json.loads(bundled.read_text("utf-8")))
    known = ", ".join(bundled_references())
    raise UsageError(
        f"--with {experiment}: found {len(runs)} finished runs of it in {out}, a band needs {LEAST_RUNS} seeds. "
        f"Make them: handgrad sweep {experiment} sweep.trials={LEAST_RUNS}. With a band of their own: {known}"
    )


def bundled_references() -> list[str]:
    """The experiments whose band comes with handgrad."""
    folder = resources.files("handgrad") / "experiments"
    names = (Path(entry.name).name for entry in folder.iterdir())
    return sorted(name.removesuffix(".reference.json") for name in names if name.endswith(".reference.json"))


def _finished(name: str, experiment: str, out: str | Path) -> list[Run]:
    """Finished runs of exactly this experiment on its whole data, one a seed, as runs or trials of sweeps."""
    from handgrad.config_file import load_config
    from handgrad.runs import Run

    wanted = _fixed(load_config(experiment)[1])
    found: dict[tuple[int, ...], Run] = {}
    folders = [*run_folders(out), *(trial for sweep in sweep_folders(out) for trial in run_folders(sweep / "trials"))]
    for run in map(Run, folders):
        if (
            run.status.get("experiment") != name
            or run.state != "done"
            or (run.summary.get("data") or {}).get("sampled")
        ):
            continue
        try:
            if _fixed(run.config) == wanted:
                seeds = tuple(run.config.seed_for(purpose) for purpose in ("split", "init", "order"))
                found.setdefault(seeds, run)
        except LoadError:
            continue
    return list(found.values())


def _fixed(config: Config) -> dict[str, Any]:
    return {k: v for k, v in flatten(config.model_dump(exclude_none=True)).items() if not is_free(k)}


def fingerprint(config: Config) -> str:
    """SHA-256 of the settings that make an experiment what it is; a bundled band belongs to one of them."""
    return hashlib.sha256(json.dumps(_fixed(config), sort_keys=True).encode()).hexdigest()


def reference_of(runs: Sequence[Run], origin: str) -> Reference:
    """The band of runs of one experiment that differ in their seeds."""
    config, summary = runs[0].config, runs[0].summary
    size = config.training.batch_size
    batch = int((summary.get("data") or {}).get("train") or 0) if size == "all" else size
    optimizer = config.optimizer
    return Reference(
        experiment=runs[0].name,
        title=config.title or runs[0].name,
        runs=len(runs),
        updates_per_epoch=summary["iterations"] / summary["epochs"],
        batch_size=batch or None,
        test_images=int((summary.get("data") or {}).get("test") or 0),
        origin=origin,
        facts=f"{optimizer.type}, learning rate {optimizer.learning_rate:g}, batches of {batch:,}",
        curves={measure: curve for measure in MEASURES if (curve := _curve(runs, measure)) is not None},
    )


def _curve(runs: Sequence[Run], measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    tables = [{m["iteration"]: m[measure] for m in run.metrics if m.get(measure) is not None} for run in runs]
    shared = sorted(set.intersection(*map(set, tables)))
    if len(shared) < 2:
        return None
    chosen = np.unique(np.linspace(0, len(shared) - 1, min(len(shared), MAX_PLACES)).round().astype(int))
    places = [shared[index] for index in chosen]
    values = np.array([[table[place] for place in places] for table in tables], dtype=np.float64)
    return np.array(places, dtype=np.float64), values


def write_reference(experiment: str, out: str | Path, folder: str | Path) -> Path:
    """Write the band of the finished runs of an experiment in `out` as the file that handgrad bundles.

    Raises:
        UsageError: if there are fewer than three.
    """
    from handgrad import __version__
    from handgrad.storage import save_bytes

    runs = _finished(experiment, experiment, out)
    if len(runs) < LEAST_RUNS:
        raise UsageError(f"{out}: found {len(runs)} finished runs of {experiment}, a band needs {LEAST_RUNS}")
    split = len({run.config.seed_for("split") for run in runs}) > 1
    vary = ' \'sweep.vary=["init", "order", "split"]\'' if split else ""
    command = f"handgrad sweep {experiment} sweep.trials={len(runs)}{vary}"
    found = reference_of(runs, f"bundled with handgrad: {len(runs)} seeds, made by “{command}”, version {__version__}")
    value: dict[str, Any] = {key: getattr(found, key) for key in Reference.__dataclass_fields__ if key != "curves"}
    value["curves"] = {
        measure: {"iteration": x.tolist(), "values": [[float(f"{v:.5g}") for v in run] for run in values]}
        for measure, (x, values) in found.curves.items()
    }
    path = Path(folder) / f"{experiment}.reference.json"
    save_bytes(path, (json.dumps({"format": 1, "config_sha256": fingerprint(runs[0].config), **value}) + "\n").encode())
    return path


def _from_json(value: dict[str, Any]) -> Reference:
    curves = {
        measure: (np.array(curve["iteration"], dtype=np.float64), np.array(curve["values"], dtype=np.float64))
        for measure, curve in value["curves"].items()
    }
    fields = {key: item for key, item in value.items() if key not in ("format", "config_sha256", "curves")}
    return Reference(**fields, curves=curves)
