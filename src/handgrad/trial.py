"""One trial: a config and a folder in, a trained net with its records out. Commands, sweeps and Python all end here."""

from __future__ import annotations

import difflib
import hashlib
import shutil
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.build import make_loss, make_network, make_optimizer, make_schedule, read_data
from handgrad.checkpoint import Checkpoint, load_newest, remove_leftovers, save_checkpoint
from handgrad.config import Config
from handgrad.config_file import to_toml
from handgrad.data import Data
from handgrad.errors import DivergedError, UsageError
from handgrad.filters import filter_recorders
from handgrad.kernels.threads import use_threads
from handgrad.losses import Penalty
from handgrad.network import Network
from handgrad.run_folder import (
    MetricsFile,
    RunLock,
    available_cores,
    create_folder,
    describe_machine,
    describe_versions,
    read_status,
    write_status,
)
from handgrad.storage import arrays_to_bytes, save_bytes, save_json
from handgrad.training import Listener, Trainer
from handgrad.weights import weights_of


def make_trainer(config: Config, data: Data, listeners: tuple[Listener, ...] = ()) -> Trainer:
    """Build the network for the data and make its trainer.

    Raises:
        ShapeError: if the network does not fit the data's shape.
    """
    if data.train is None:
        raise UsageError(f"{config.data.source}: there are no training images in it")
    network = make_network(config)
    network.build(data.train.images.shape[1:], seed=config.seed_for("init"))
    network.seed_draws(config.seed_for("order"))
    _check_outputs(network, data)
    return Trainer(
        network,
        data,
        make_loss(config),
        make_optimizer(config.optimizer),
        config.optimizer.learning_rate,
        config.training,
        schedule=make_schedule(config.optimizer.schedule),
        penalty=Penalty(network, config.loss.l1, config.loss.l2),
        augment=config.data.augment,
        seed=config.seed_for("order"),
        listeners=listeners,
    )


def _check_outputs(network: Network, data: Data) -> None:
    P, shape = len(data.class_names), network.output_shape
    if shape != (P,) and not (P == 2 and shape == (1,)):
        last = len(network.layers) - 1
        raise UsageError(
            f"layer {last} ({type(network.layers[-1]).__name__}): the network's output has the shape {shape}, "
            f"but {data.name} has {P} classes; expected ({P},): give the last Dense layer units = {P}"
        )


class RunContext:
    """What a checkpoint must match on resume: the config as text, and the data, hashed when it is first asked for."""

    def __init__(self, config: str, data: Data) -> None:
        self.config, self._data = config, data

    @cached_property
    def data_hash(self) -> str:
        """Fingerprint of the data."""
        return fingerprint(self._data)


class RunWriter:
    """The listener that keeps the run folder: metrics at every evaluation, checkpoints now and then.

    Args:
        folder: of the run.
        every: "30 s", "2 min", "500 iterations" or "1 epochs".
        context: what a checkpoint must match on resume.
    """

    def __init__(self, folder: Path, every: str, context: RunContext) -> None:
        self.folder, self.context = folder, context
        number, self._unit = every.split()
        self._every = float(number) * (60 if self._unit == "min" else 1)
        self._last_time = time.monotonic()
        self.metrics = MetricsFile(folder / "metrics.jsonl")
        self.stop_requested = False
        self.ended_by: str | None = None  # why a listener ends the training as finished, not interrupted
        self.last_record: dict[str, Any] = {}

    def on_record(self, record: dict[str, Any]) -> None:
        self.last_record = record
        self.metrics.append(record)

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        if self._due(trainer):
            self.save(trainer)
        return self.stop_requested

    def _due(self, trainer: Trainer) -> bool:
        if self._unit in ("s", "min"):
            return time.monotonic() - self._last_time >= self._every
        unit = trainer.batches_per_epoch if self._unit == "epochs" else 1
        return trainer.iteration % max(1, round(self._every * unit)) == 0

    def save(self, trainer: Trainer) -> None:
        """Write a checkpoint now."""
        arrays, values = trainer.state_dict()
        values |= {"metrics_bytes": self.metrics.size(), "config": self.context.config, "data": self.context.data_hash}
        save_checkpoint(self.folder / "checkpoints", arrays, values)
        self._last_time = time.monotonic()


def fingerprint(data: Data) -> str:
    """A hash of the training images and labels, to notice that a resumed run has other data."""
    digest = hashlib.blake2b(digest_size=16)
    if data.train is not None:
        digest.update(np.ascontiguousarray(data.train.images).data)
        digest.update(np.ascontiguousarray(data.train.labels).data)
    return digest.hexdigest()


def run_trial(
    config: Config,
    folder: Path,
    *,
    experiment: str,
    data: Data | None = None,
    listeners: tuple[Listener, ...] = (),
    on_start: Callable[[Trainer, RunWriter], None] | None = None,
) -> str:
    """Train a config in its folder, or go on where an earlier attempt stopped.

    Args:
        config: checked.
        folder: made if it is not there; its parent too.
        experiment: the name that status and reports carry.
        data: default reads what the config names.
        listeners: further ones, such as a progress bar.
        on_start: called with trainer and writer before the first step.

    Returns:
        the state: done, interrupted or diverged.

    Raises:
        RunLockedError: if another process works there.
        UsageError: on resume with another config or other data.
        SaveError: if a file cannot be written; training stops.
    """
    if read_status(folder).get("state") == "done":
        return "done"
    data = data or read_data(config.data, config.seed_for("split"))
    trainer = make_trainer(config, data)  # every mistake in the config shows before a folder is made
    create_folder(folder)
    with RunLock(folder):
        begin_attempt(config, folder, experiment)
        return train_here(config, folder, trainer, listeners=listeners, on_start=on_start)


def begin_attempt(config: Config, folder: Path, experiment: str, **facts: Any) -> None:
    """Say in the status of a run folder, whose lock we hold, that this process works there from now on.

    Args:
        facts: further entries of the status, and `durable`.
    """
    write_status(
        folder,
        state="running",
        experiment=experiment,
        started=_now(),
        finished=None,
        cause=None,
        machine=describe_machine(),
        versions=describe_versions(),
        attempts=read_status(folder).get("attempts", 0) + 1,
        seed=config.seed,
        **facts,
    )


def train_here(
    config: Config,
    folder: Path,
    trainer: Trainer,
    *,
    listeners: tuple[Listener, ...] = (),
    on_start: Callable[[Trainer, RunWriter], None] | None = None,
    threads: int | None = None,
    lean: bool = False,
) -> str:
    """Train in a folder whose lock we hold, after `begin_attempt`.

    Args:
        config, folder, listeners, on_start: as for `run_trial`.
        trainer: from `make_trainer`, not yet started.
        threads: of the matrix products, where the config says nothing; default all cores.
        lean: keep metrics and summary only; a checkpoint lasts no longer than the training, and of the files only the
            summary is certain to outlast a power cut: a trial whose status is lost is run again.

    Returns, raises:
        as `run_trial`.
    """
    threads = config.training.threads or threads or available_cores()
    writer = _open_run(config, folder, trainer, threads, lean)
    recorders = () if lean else filter_recorders(folder, trainer)
    trainer.listeners = (*recorders, writer, *listeners)
    if on_start:
        on_start(trainer, writer)
    return _train(config, folder, trainer, writer, threads, lean)


def _open_run(config: Config, folder: Path, trainer: Trainer, threads: int, lean: bool) -> RunWriter:
    remove_leftovers(folder)
    text, data = to_toml(config), trainer.data
    context = RunContext(text, data)
    checkpoint, skipped = load_newest(folder / "checkpoints")
    if checkpoint:
        _check_same(checkpoint, context, folder)
    save_bytes(folder / "config.toml", text.encode(), durable=not lean)
    write_status(
        folder,
        durable=not lean,
        threads=threads,
        kernels=trainer.network.k.__name__.rpartition(".")[2],  # type: ignore[attr-defined]
        data={"name": data.name, "origin": data.origin, "notice": data.notice, "sampled": data.sampled},
        skipped_checkpoints=skipped,
    )
    writer = RunWriter(folder, config.training.checkpoint_every, context)
    writer.metrics.truncate(checkpoint.values["metrics_bytes"] if checkpoint else 0)
    if checkpoint:
        trainer.load_state(checkpoint.arrays, checkpoint.values)
    return writer


def _check_same(checkpoint: Checkpoint, context: RunContext, folder: Path) -> None:
    """A resumed run must be the run it was: same config, same data."""
    before, now = checkpoint.values["config"], context.config
    if before != now:
        lines = difflib.unified_diff(before.splitlines(), now.splitlines(), "as started", "now", lineterm="", n=0)
        raise UsageError(
            f"{folder}: the config is not the one this run was started with:\n"
            + "\n".join(lines)
            + "\nstart a new run for a new config"
        )
    if checkpoint.values["data"] != context.data_hash:
        raise UsageError(f"{folder}: the training images are not the ones this run was started with")


def _train(config: Config, folder: Path, trainer: Trainer, writer: RunWriter, threads: int, lean: bool) -> str:
    try:
        with use_threads(trainer.network.k, threads):
            stopped_by = trainer.run()
            stopped_by = writer.ended_by or stopped_by
            if stopped_by == "interrupted":
                writer.save(trainer)
                state = "interrupted"
            else:
                _finish(config, folder, trainer, stopped_by, lean)
                state = "done"
    except DivergedError as error:
        write_status(folder, state="diverged", finished=_now(), cause=str(error))
        raise
    except BaseException as error:
        note_failure(folder, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
        raise
    finally:
        writer.metrics.close()
    write_status(folder, durable=not lean, state=state, finished=_now())
    return state


def note_failure(folder: Path, state: str, error: BaseException) -> None:
    """Say in the status what went wrong; where even that cannot be written, the first error is what counts."""
    try:
        write_status(folder, state=state, finished=_now(), cause=f"{type(error).__name__}: {error}")
    except Exception as second:
        error.add_note(f"(and the status could not be written: {second})")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _finish(config: Config, folder: Path, trainer: Trainer, stopped_by: str, lean: bool) -> None:
    """Weights and summary, after the last update or of the restored best."""
    weights = arrays_to_bytes(weights_of(trainer.network))
    if not lean:
        save_bytes(folder / "weights.safetensors", weights)
    started = time.monotonic()
    summary: dict[str, Any] = {
        "experiment": read_status(folder)["experiment"],
        "state": "done",
        "iterations": trainer.iteration,
        "epochs": trainer.iteration / trainer.batches_per_epoch,
    }
    for name in ("train", "valid", "test"):
        measured = trainer.measure_at_end(name)
        summary |= (
            measured.as_record(name)
            if measured
            else dict.fromkeys(f"{name}_{what}" for what in ("loss", "error", "mean_class_error", "class_errors"))
        )
    data = trainer.data
    summary |= {
        "seconds": trainer.seconds + time.monotonic() - started,
        "parameters": trainer.network.parameter_count,
        "input_shape": list(trainer.network.input_shape),
        "penalty": trainer.penalty.value(),
        "stopped_by": stopped_by,
        "best_iteration": trainer.early.best_iteration if trainer.early else None,
        "seed": config.seed,
        "data": {
            "name": data.name,
            "sampled": data.sampled,
            "scale": data.scale,
            "offset": data.offset,
            **{s: len(getattr(data, s) or ()) for s in ("train", "valid", "test")},
        },
        "kernels": read_status(folder)["kernels"],
        "threads": read_status(folder)["threads"],
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    save_json(folder / "summary.json", summary)
    if lean:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
