"""Running a sweep: all trials that are not done yet, wherever they run."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handgrad.config import Config, TPESearchConfig
from handgrad.config_file import apply_override, load_config, make_config, to_toml
from handgrad.errors import UsageError
from handgrad.run_folder import RunLock, create_folder, new_run_name, write_status
from handgrad.storage import save_bytes
from handgrad.sweep.board import write_whole_table
from handgrad.sweep.engines import INSTALL, DaskEngine, Engine, HereEngine, has_dask
from handgrad.sweep.result import SweepResult, load_sweep, read_sweep_config, sweep_name
from handgrad.sweep.session import Session, StopRequest
from handgrad.sweep.trials import Trial, make_trials, sweep_section, trials_of_points
from handgrad.sweep.worker import STOP


@dataclass(frozen=True)
class Where:
    """Where trials run.

    Attributes:
        workers: processes on this machine, default one a core; 1 without Dask: this process.
        scheduler: address of a running Dask cluster instead.
        shard: (i, n): only each n-th trial beginning with the i-th, counted from 1, in this process.
        dashboard: open Dask's web page on the loopback interface.
    """

    workers: int | None = None
    scheduler: str | None = None
    shard: tuple[int, int] | None = None
    dashboard: bool = False


def run_sweep(
    experiment: str | None = None,
    overrides: Sequence[str] = (),
    *,
    out: str | Path = "runs",
    folder: str | Path | None = None,
    where: Where | None = None,
    stop: StopRequest | None = None,
) -> SweepResult:
    """Run all trials that are not done yet; one that fails does not stop the rest.

    Called from a script, trials on several processes need the line `if __name__ == "__main__":` before the call, as
    everything that starts processes in Python.

    Args:
        experiment: a name or TOML file with a [sweep] section; not needed where `folder` is a sweep's.
        overrides: "key=value" strings; with `folder` they change that sweep, such as its grid.
        out: where the sweep folder goes.
        folder: go on in this sweep folder: what is done stays, what is missing is run.
        where: default this machine's cores.
        stop: holds the signal that ended the sweep, if one did.

    Returns:
        all trials of the sweep, with what their folders say.

    Raises:
        UsageError: if there is no such sweep, or it makes no sense.
        ConfigError: if a point is no valid config; nothing is run.
        RunLockedError: if another process runs this sweep.
    """
    where, stop = where or Where(), stop or StopRequest()
    name, config = _resolve(experiment, overrides, folder)
    trials = [] if _is_tpe(config) else make_trials(config)
    _check(config, where)
    place = Path(folder) if folder else Path(out) / _new_name(name, config, where)
    create_folder(place, checkpoints=False)
    with contextlib.nullcontext() if where.shard else RunLock(place), stop.listening():
        save_bytes(place / "sweep.toml", to_toml(config).encode())
        write_status(place, experiment=name)
        if not where.shard:
            (place / STOP).unlink(missing_ok=True)
        _run(place, name, config, _share(trials, where), where, stop)
    result = load_sweep(place)
    write_whole_table(place, [trial for trial, _ in result.trials])
    return result


def _resolve(experiment: str | None, overrides: Sequence[str], folder: str | Path | None) -> tuple[str, Config]:
    """The sweep's name and config: the experiment's, or those in the folder, with overrides."""
    if experiment is not None:
        return load_config(experiment, overrides)
    if folder is None:
        raise UsageError("name an experiment with a [sweep] section, or give the folder of a sweep to go on with")
    table = read_sweep_config(Path(folder)).model_dump(exclude_none=True)
    for override in overrides:
        apply_override(table, override)
    return sweep_name(Path(folder)), make_config(table, f"{folder}/sweep.toml")


def _is_tpe(config: Config) -> bool:
    return isinstance(sweep_section(config).search, TPESearchConfig)


def _check(config: Config, where: Where) -> None:
    """Refuse, before a folder is made, what cannot be run so."""
    if where.shard and _is_tpe(config):
        raise UsageError("a TPE search proposes points from earlier results: it cannot be cut into shards")
    if where.shard and not 1 <= where.shard[0] <= where.shard[1]:
        raise UsageError(f"--shard: expected 1/n to n/n, received {where.shard[0]}/{where.shard[1]}")
    if where.scheduler and (where.shard or where.workers):
        raise UsageError("--scheduler brings its own workers: give neither --workers nor --shard")


def _new_name(name: str, config: Config, where: Where) -> str:
    """All shards of a sweep find the same folder by its config's hash; a sweep in one piece gets a new one."""
    if where.shard:
        return f"{name}-{hashlib.sha256(to_toml(config).encode()).hexdigest()[:12]}"
    return new_run_name(name)


def _share(trials: list[Trial], where: Where) -> list[Trial]:
    return trials[where.shard[0] - 1 :: where.shard[1]] if where.shard else trials


def _run(place: Path, name: str, config: Config, trials: list[Trial], where: Where, stop: StopRequest) -> None:
    session = Session(place, name, config, secrets.token_hex(4), stop)
    search = sweep_section(config).search
    engine = _make_engine(config, where, stop)
    try:
        say_where(engine)
        if not isinstance(search, TPESearchConfig):
            session.run(trials, engine)
            return
        from handgrad.sweep.tpe import TPE

        tpe = TPE(search, place)
        while not stop.requested and (points := tpe.next_points()):
            generation = trials_of_points(config, points)
            session.run(generation, engine, tpe.limits(config))
            if not stop.requested:
                tpe.tell(generation)
    finally:
        engine.close(now=stop.requested or sys.exc_info()[0] is not None)
        session.note_stopped()


def say_where(engine: Engine) -> None:
    """Tell people where the trials run."""
    print(f"trials run {engine.where}", file=sys.stderr)


def _make_engine(config: Config, where: Where, stop: StopRequest) -> Engine:
    if where.shard or where.workers == 1:
        return HereEngine(stop.on_start)
    if not where.scheduler and where.workers is None and not has_dask():
        print(f"Dask is not installed: one trial after another. For all cores: {INSTALL}", file=sys.stderr)
        return HereEngine(stop.on_start)
    return DaskEngine(where.workers, where.scheduler, where.dashboard, sweep_section(config).retries)
