"""Progress of training for people: a bar on a terminal, plain lines elsewhere. All of it goes to standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from handgrad.training import Trainer


def describe_record(record: dict[str, Any]) -> str:
    """One evaluation in a few words, errors in percent."""
    words = [f"iteration {record['iteration']:,}"]
    for name in ("train", "valid", "test"):
        if f"{name}_loss" in record:
            words.append(f"{name} loss {record[f'{name}_loss']:.4f} error {100 * record[f'{name}_error']:.2f} %")
    if len(words) == 1 and "batch_loss" in record:
        words.append(f"batch loss {record['batch_loss']:.4f} error {100 * record['batch_error']:.0f} %")
    return " · ".join(words)


class PlainProgress:
    """A line now and then, for logs and pipes: never more often than `pause` seconds."""

    def __init__(self, stream: TextIO | None = None, pause: float = 5.0) -> None:
        self.stream = stream or sys.stderr
        self.pause = pause
        self._last = time.monotonic()
        self._record: dict[str, Any] | None = None

    def on_record(self, record: dict[str, Any]) -> None:
        self._record = record
        if time.monotonic() - self._last >= self.pause:
            self._say()

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        return False

    def _say(self) -> None:
        if self._record is not None:
            print(describe_record(self._record), file=self.stream, flush=True)
            self._last, self._record = time.monotonic(), None

    def close(self) -> None:
        """Say the last evaluation, if it was not said."""
        self._say()


class BarProgress:
    """A bar with loss, error, images a second and time left, redrawn a few times a second."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.completed:>7,.0f} of {task.total:,.0f}"),
            BarColumn(),
            TextColumn("{task.fields[words]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
        )
        self._task = self._bar.add_task("training", total=1, words="")
        self._next = 0.0
        self._error = ""
        self._before = (time.monotonic(), 0)
        self._bar.start()

    def on_record(self, record: dict[str, Any]) -> None:
        for name in ("valid", "test", "train", "batch"):
            if f"{name}_error" in record:
                self._error = f"{name} error {100 * record[f'{name}_error']:.2f} %"
                return

    def on_step(self, trainer: Trainer, loss: float) -> bool:
        now = time.monotonic()
        if now >= self._next:
            then, done = self._before
            speed = (trainer.iteration - done) * trainer.batch_size / max(now - then, 1e-9)
            words = f"loss {loss:.4f}  {self._error}  {speed:,.0f} images/s"
            self._bar.update(self._task, total=trainer.total, completed=trainer.iteration, words=words)
            self._bar.refresh()
            self._next, self._before = now + 0.2, (now, trainer.iteration)
        return False

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()


def make_progress() -> PlainProgress | BarProgress:
    """A bar where standard error is a terminal, else plain lines."""
    return BarProgress() if sys.stderr.isatty() else PlainProgress()
