"""Running experiments from Python: `train` a named or written experiment, `fit` a network of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from handgrad.config import Config, TrainingConfig
from handgrad.config_file import load_config, make_config, set_key
from handgrad.data import Data
from handgrad.errors import UsageError
from handgrad.losses import LOSSES, Penalty
from handgrad.network import Network
from handgrad.optimizers import SGD, Optimizer
from handgrad.progress import PlainProgress, make_progress
from handgrad.run_folder import new_run_name
from handgrad.runs import Run, find_run
from handgrad.schedules import Schedule
from handgrad.signals import stop_signals
from handgrad.training import Listener, Trainer
from handgrad.trial import RunWriter, run_trial


class Interruption:
    """The first Ctrl-C or SIGTERM asks the run to save and stop; the second stops at once."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.writer: RunWriter | None = None

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None or self.writer is None:
            raise KeyboardInterrupt
        self.signal, self.writer.stop_requested = number, True

    @contextmanager
    def listening(self) -> Iterator[Interruption]:
        """Handle both signals inside the block."""
        with stop_signals(self._ask):
            yield self


def train(
    experiment: str | Path | Config,
    overrides: Sequence[str] | Mapping[str, Any] = (),
    *,
    out: str | Path = "runs",
    data: Data | None = None,
    quiet: bool = False,
    interruption: Interruption | None = None,
    on_start: Callable[[Trainer], None] | None = None,
) -> Run:
    """Train an experiment in a new run folder.

    Args:
        experiment: a name that `handgrad list` shows, a TOML file, or a Config.
        overrides: {"optimizer.learning_rate": 0.01} or ["optimizer.learning_rate=0.01"].
        out: where the run folder goes; default `runs`.
        data: default reads what the config names.
        quiet: no progress on standard error.
        interruption: holds the signal that ended the run, if one did.
        on_start: is given the trainer before its first step.

    Returns:
        the run; its `state` is done, or interrupted after Ctrl-C.

    Raises:
        ConfigError, UsageError: in the config; nothing is written.
        DataError: in the data; nothing is written.
        DivergedError: when the loss is no longer finite; records so far are kept.

    >>> run = train("digits-mlp-constant", {"training.iterations": 20}, out=tmp_path, quiet=True)
    >>> run.state, run.summary["iterations"]
    ('done', 20)
    """
    name, config = resolve(experiment, overrides)
    folder = Path(out) / new_run_name(name)
    return _run(config, folder, name, data, quiet, interruption or Interruption(), on_start)


def resume(
    run: str | Path,
    *,
    out: str | Path = "runs",
    quiet: bool = False,
    interruption: Interruption | None = None,
) -> Run:
    """Go on with a run that was interrupted or killed; equal, bit for bit, to one that was not.

    Args:
        run: path, unique prefix, `last` or `@2`.

    Raises:
        UsageError: if there is no such run, or its config or data was changed.
    """
    found = Run(find_run(run, out))
    return _run(found.config, found.folder, found.name, None, quiet, interruption or Interruption())


def resolve(experiment: str | Path | Config, overrides: Sequence[str] | Mapping[str, Any] = ()) -> tuple[str, Config]:
    """The experiment's name and its config with overrides."""
    if not isinstance(experiment, Config):
        if not isinstance(overrides, Mapping):
            return load_config(str(experiment), overrides)
        name, config = load_config(str(experiment))
    else:
        name, config = "experiment", experiment
    if not isinstance(overrides, Mapping):
        raise UsageError("with a Config, overrides are a dict such as {'seed': 1}")
    table = config.model_dump(exclude_none=True)
    for key, value in overrides.items():
        set_key(table, key, value)
    return name, make_config(table, name)


def _run(
    config: Config,
    folder: Path,
    name: str,
    data: Data | None,
    quiet: bool,
    interruption: Interruption,
    started: Callable[[Trainer], None] | None = None,
) -> Run:
    progress = PlainProgress(pause=float("inf")) if quiet else make_progress()

    def on_start(trainer: Trainer, writer: RunWriter) -> None:
        interruption.writer = writer
        if started:
            started(trainer)

    try:
        with interruption.listening():
            run_trial(config, folder, experiment=name, data=data, listeners=(progress,), on_start=on_start)
    finally:
        if not quiet:
            progress.close()
    return Run(folder)


class _Records:
    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def on_record(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        return False


def fit(
    network: Network,
    data: Data,
    *,
    learning_rate: float,
    loss: str = "softmax_cross_entropy",
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    seed: int = 0,
    listeners: tuple[Listener, ...] = (),
    **options: Any,
) -> list[dict[str, Any]]:
    """Train a network of your own, in memory; returns the records of all evaluations.

    Args:
        network: built or not; if not, it is built for the data with this seed.
        data: from `load_data`.
        learning_rate: η.
        loss: one of the four losses' names.
        optimizer: default SGD.
        schedule: default constant.
        l1, l2: penalty on the weights.
        seed: of initial weights and order.
        options: the keys of a config's [training] section: epochs, batch_size, evaluate, …

    >>> from handgrad import Dense, Flatten, ReLU, load_data
    >>> digits = load_data("mnist", train_images=500, test_images=100)
    >>> net = Network([Flatten(), Dense(30), ReLU(), Dense(10)])
    >>> records = fit(net, digits, learning_rate=0.1, epochs=2)
    >>> [r["iteration"] for r in records]
    [0, 10, 20]
    """
    if not hasattr(network, "theta"):
        network.build(data.input_shape, seed=seed)
    kept = _Records()
    trainer = Trainer(
        network,
        data,
        LOSSES[loss](),
        optimizer or SGD(),
        learning_rate,
        TrainingConfig(**options),
        schedule=schedule,
        penalty=Penalty(network, l1, l2),
        seed=seed,
        listeners=(kept, *listeners),
    )
    trainer.run()
    return kept.records
