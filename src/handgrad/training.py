"""The training loop: order, gradient, evaluation, stopping.

One iteration, in report A's order: show the next batch, measure (where an evaluation is due), decide whether to stop,
and only then go backward and update. So the record of iteration k describes the net after k updates.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from handgrad.data import Data, Examples
from handgrad.data.augmentation import augment
from handgrad.data.batches import epoch_order
from handgrad.errors import DataError, DivergedError, ShapeError
from handgrad.kernels.types import Array, Indices
from handgrad.late import late_gradients
from handgrad.losses import Loss, Penalty, fill_targets
from handgrad.metrics import Evaluator, Measurement, measure, predicted_classes
from handgrad.network import Network
from handgrad.optimizers import Optimizer
from handgrad.schedules import Constant, Schedule
from handgrad.stopping import EarlyStopping, reached
from handgrad.streams import stream

if TYPE_CHECKING:
    from handgrad.config import AugmentConfig, TrainingConfig

SLICE = 2000  # samples that go through the network at once, at most


class Listener(Protocol):
    """Who is told what happens: the run folder, the progress bar. Called from the training loop."""

    def on_record(self, record: dict[str, Any]) -> None:
        """An evaluation was made."""

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        """An update was made; `loss` is the batch's mean loss before it. True asks to stop here."""


class _Cut(NamedTuple):
    """A batch's arrays, cut to the samples at hand."""

    x: Array
    t: Array
    factors: Array
    dy: Array


class Trainer:
    """Trains a built network on data; everything it needs to go on is in `state_dict`.

    Args:
        network: built for the data's input shape.
        data: with `train`, and `valid` or `test` where they are to be evaluated.
        loss, optimizer, schedule: of this module's families; schedule defaults to constant.
        learning_rate: η, before schedule and layers' multipliers.
        options: a `TrainingConfig`.
        penalty: default none.
        augment: variation of the training images; default none.
        seed: of order and augmentation.
        listeners: told of records and steps.

    Raises:
        DataError: if there are no training images.
    """

    def __init__(
        self,
        network: Network,
        data: Data,
        loss: Loss,
        optimizer: Optimizer,
        learning_rate: float,
        options: TrainingConfig,
        *,
        schedule: Schedule | None = None,
        penalty: Penalty | None = None,
        augment: AugmentConfig | None = None,
        seed: int = 0,
        listeners: tuple[Listener, ...] = (),
    ) -> None:
        if data.train is None or len(data.train) == 0:
            raise DataError(f"{data.name}: there are no training images")
        self.network, self.data, self.train, self.loss = network, data, data.train, loss
        self.optimizer, self.learning_rate, self.options = optimizer, learning_rate, options
        self.schedule = schedule or Constant()
        self.penalty = penalty or Penalty(network)
        self.augment, self.seed, self.listeners = augment, seed, listeners
        self.iteration = 0
        self.seconds = 0.0
        self._started = time.monotonic()
        self.stopped_by: str | None = None
        self.early = EarlyStopping(options.early_stopping) if options.early_stopping else None
        self._plan()

    # ------------------------------------------------------------------------------------------ planning

    def _plan(self) -> None:
        """Sizes and buffers, once: afterwards a step allocates nothing of weight."""
        N, options, net = len(self.train), self.options, self.network
        self.batch_size = N if options.batch_size == "all" else options.batch_size
        self.batches_per_epoch = options.batches_per_epoch or math.ceil(N / self.batch_size)
        by_epochs = math.inf if options.epochs is None else options.epochs * self.batches_per_epoch
        self.total = int(min(by_epochs, options.iterations or math.inf))
        every = options.evaluate_every
        self.evaluate_every = self.batches_per_epoch if every == "epoch" else every
        self.capacity = min(self.batch_size, SLICE)
        P = net.output_shape[-1]
        self._check_batches(N)
        self.workspace = net.workspace(self.capacity)
        self._x = np.empty((self.capacity, *net.input_shape), net.dtype)
        self._t = np.empty((self.capacity, P), net.dtype)
        self._cuts: dict[tuple[int, int], _Cut] = {}
        self._losses = np.empty(self.batch_size, net.dtype)
        self._predicted = np.zeros(self.batch_size, np.int64)
        self._sum = np.empty_like(net.grad) if self.batch_size > self.capacity else None
        self.late = [] if self._sum is not None else late_gradients(net, self.workspace, self.penalty)
        self._late_names = {gradient.entry.name for gradient in self.late}
        self.optimizer.bind(net, self.late)
        self.evaluator = Evaluator(net, self.loss, self.data.scale, self.data.offset)
        self._measured: dict[str, Measurement] = {}  # by the last evaluation, until the weights move
        self._order: Indices | None = None
        self._order_epoch = -1

    def _check_batches(self, N: int) -> None:
        """Refuse, before the first step, batches that a layer cannot be trained with."""
        rest = N % self.batch_size if self.options.batches_per_epoch is None else 0
        smallest = rest or self.batch_size
        for i, layer in enumerate(self.network.layers):
            where = f"layer {i} ({type(layer).__name__})"
            least = layer.min_training_batch(self.network.shapes[i])
            if smallest < least:
                raise ShapeError(
                    f"{where}: expects at least {least} samples in every training batch, received {smallest} "
                    f"({N} images in batches of {self.batch_size}); change training.batch_size or data.train_images"
                )
            if layer.mixes_samples and self.batch_size > self.capacity:
                raise ShapeError(
                    f"{where}: expects the whole batch at once, at most {SLICE} samples; received {self.batch_size}, "
                    "which go through in slices; lower training.batch_size"
                )

    @property
    def epoch(self) -> int:
        """The epoch that the next update belongs to, from 0."""
        return self.iteration // self.batches_per_epoch

    def rate(self) -> float:
        """The learning rate of the next update."""
        t = self.epoch if self.schedule.per == "epoch" else self.iteration
        return self.learning_rate * self.schedule.factor(t)

    def batch_indices(self) -> Indices:
        """The next batch: it depends on (seed, epoch, place in the epoch) alone."""
        if self._order_epoch != self.epoch or self._order is None:
            length = self.options.batches_per_epoch and self.batches_per_epoch * self.batch_size
            self._order = epoch_order(self.train.labels, self.options.order, self.seed, self.epoch, length)
            self._order_epoch = self.epoch
        start = (self.iteration % self.batches_per_epoch) * self.batch_size
        return self._order[start : start + self.batch_size]

    # ------------------------------------------------------------------------------------------ one iteration

    def _cut(self, n: int, total: int) -> _Cut:
        """The batch's buffers cut to n samples of a batch of `total`, kept for the next time."""
        if (n, total) not in self._cuts:
            factors = np.empty(n, self.network.dtype)
            self.loss.fill_factors(factors, total=total)
            self._cuts[n, total] = _Cut(self._x[:n], self._t[:n], factors, self.workspace.output_gradient(n))
        return self._cuts[n, total]

    def _show(self, indices: Indices, start: int, total: int, classes: bool) -> float:
        """Forward and loss of one slice; fills its part of the batch's losses. Returns its share of the loss."""
        n, k = len(indices), self.network.k
        cut = self._cut(n, total)
        self._load(cut.x, indices, start)
        fill_targets(k, cut.t, self.train.labels[indices])
        y = self.workspace.forward(cut.x, train=True)
        losses = self._losses[start : start + n]
        loss = self.loss.evaluate(k, losses, cut.dy, y, cut.t, cut.factors)
        if classes:
            self._predicted[start : start + n] = predicted_classes(y)
        self._dy = cut.dy
        return loss

    def _load(self, x: Array, indices: Indices, start: int) -> None:
        images = self.train.images
        if self.augment:
            a, rng = self.augment, stream(self.seed, "augment", self.iteration, start)
            varied = np.empty((len(indices), *images.shape[1:]), images.dtype)
            augment(varied, images[indices], rng, a.shift, a.rotate, a.thickness)
            images, indices = varied, np.arange(len(indices))
        self.network.k.gather_images(x, images, indices, self.data.scale, self.data.offset)

    def _gradient(self, indices: Indices, due: bool) -> float:
        """Fill the network's gradient for the whole batch, in slices of fixed order where it is large; its loss."""
        net, total = self.network, len(indices)
        if self._sum is None:
            loss = self._show(indices, 0, total, due)
            self.workspace.backward(self._dy)
            return loss
        self._sum.fill(0.0)
        loss = 0.0
        for start in range(0, total, self.capacity):
            loss += self._show(indices[start : start + self.capacity], start, total, due)
            self.workspace.backward(self._dy)
            net.k.sgd_update(self._sum, net.grad, -1.0)  # the sum of both, on all threads
        net.grad[:] = self._sum
        return loss

    def step(self) -> bool:
        """One iteration; True when training ends here: by a stopping rule, before the update, or by a listener.

        Raises:
            DivergedError: if the batch's loss is not finite.
        """
        indices = self.batch_indices()
        due = self.iteration % self.evaluate_every == 0
        loss = self._gradient(indices, due)
        if not math.isfinite(loss):
            raise DivergedError(self._diagnose(loss))
        if due and self._evaluate(indices):
            return True
        self.penalty.add_gradient(self._late_names)
        self.optimizer.step(self.rate())
        self._measured.clear()
        self.iteration += 1
        mean = loss if self.loss.reduction == "mean" else loss / len(indices)
        for listener in self.listeners:
            if listener.on_step(self, mean):
                self.stopped_by = "interrupted"
        return self.stopped_by is not None

    def _diagnose(self, loss: float) -> str:
        """Which tensor went bad first, in the order of the data."""
        net = self.network
        where = "the loss itself: every tensor before it is finite"
        if not np.isfinite(self.workspace.activations[0]).all():
            where = "the input images"
        else:
            for i, layer in enumerate(net.layers):
                name = type(layer).__name__
                bad = [e.name for e in net.table if e.layer == i and not np.isfinite(net.parameters[e.name]).all()]
                if bad:
                    where = f"parameter {bad[0]} of layer {i} ({name})"
                elif not np.isfinite(self.workspace.activations[i + 1]).all():
                    where = f"output of layer {i} ({name})"
                else:
                    continue
                break
        return (
            f"iteration {self.iteration}: the loss is {loss}; first tensor that is not finite: {where}. "
            f"The learning rate is {self.rate():g}: try a tenth of it"
        )

    # ------------------------------------------------------------------------------------------ evaluation

    def _set(self, name: str) -> Examples | None:
        examples: Examples | None = getattr(self.data, name)
        return examples if examples is not None and len(examples) else None

    def measure_set(self, name: str) -> Measurement | None:
        """Measure one of train, valid, test in inference mode; None where there is no such set."""
        examples = self._set(name)
        return None if examples is None else self.evaluator(examples)

    def measure_at_end(self, name: str) -> Measurement | None:
        """As `measure_set`, after `run`: what its last evaluation found, where the weights are still those."""
        return self._measured.get(name) or self.measure_set(name)

    def _evaluate(self, indices: Indices | None) -> bool:
        """Record an evaluation; True when a stopping rule applies. `indices` is the batch, None after the last."""
        record: dict[str, Any] = {
            "iteration": self.iteration,
            "epoch": self.epoch,
            "learning_rate": self.rate(),
            "seconds": self.seconds + time.monotonic() - self._started,
        }
        if indices is not None:
            n = len(indices)
            batch = measure(
                self._losses[:n],
                self._predicted[:n],
                self.train.labels[indices],
                max(self.network.output_shape[-1], 2),
            )
            record |= batch.as_record("batch")
        self._measured.clear()
        for name in self.options.evaluate:
            measured = self.measure_set(name)
            if measured is not None:
                self._measured[name] = measured
                record |= measured.as_record(name)
        record["penalty"] = self.penalty.value()
        for listener in self.listeners:
            listener.on_record(record)
        return self._stops(record)

    def _stops(self, record: dict[str, Any]) -> bool:
        if self.options.stop and reached(self.options.stop, record):
            self.stopped_by = "stop"
        elif self.early and self.early.update(record, self.network):
            self.stopped_by = "early_stopping"
        return self.stopped_by is not None

    # ------------------------------------------------------------------------------------------ the whole

    def run(self) -> str:
        """Train to the end; return what ended it: epochs, iterations, stop, early_stopping or interrupted.

        Raises:
            DivergedError: at the first batch whose loss is not finite, naming iteration and first bad tensor.
        """
        self._started = time.monotonic()
        # An overflow shows as a loss that is not finite, which stops the run with a message of its own.
        with np.errstate(all="ignore"):
            self._loop()
        if self.early and self.stopped_by != "interrupted":
            self.early.restore(self.network)
            self._measured.clear()
        self.seconds += time.monotonic() - self._started
        return self.stopped_by or "epochs"

    def _loop(self) -> None:
        while self.iteration < self.total:
            if self.step():
                return
        self._evaluate(None)
        self.stopped_by = "iterations" if self.options.iterations == self.total else "epochs"

    def state_dict(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything needed to go on bit for bit: arrays, and values that fit in JSON."""
        net = self.network
        arrays = {"theta": net.theta}
        arrays |= {f"state.{name}": a for name, a in net.state.items()}
        arrays |= {f"optimizer.{name}": a for name, a in self.optimizer.state().items()}
        values: dict[str, Any] = {
            "iteration": self.iteration,
            "seconds": self.seconds + time.monotonic() - self._started,
            "draws": {str(i): layer.rng.bit_generator.state for i, layer in enumerate(net.layers) if layer.draws},
        }
        if self.early:
            early_arrays, values["early_stopping"] = self.early.state_dict()
            arrays |= {f"early.{name}": a for name, a in early_arrays.items()}
        return arrays, values

    def load_state(self, arrays: dict[str, Array], values: dict[str, Any]) -> None:
        """Take up where `state_dict` was written; arrays must have the same names and shapes."""
        own, _ = self.state_dict()
        for name, array in own.items():
            array[...] = arrays[name]
        self.iteration, self.seconds = values["iteration"], values["seconds"]
        for i, state in values["draws"].items():
            self.network.layers[int(i)].rng.bit_generator.state = state
        if self.early:
            kept = {name.removeprefix("early."): a for name, a in arrays.items() if name.startswith("early.")}
            self.early.load_state(kept, values["early_stopping"])
