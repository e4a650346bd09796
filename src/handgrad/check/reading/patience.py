"""A limit on the seconds that one try of somebody's function may take."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlowError(Exception):
    """A call did not come back in time."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the block after this many seconds; no limit outside the main thread or on Windows.

    A block inside another one keeps the other's limit: where that is over, its error comes as soon as the inner block
    has ended, however that ended.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError(f"took more than {seconds:g} s")

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, stop)
    around, _ = signal.setitimer(signal.ITIMER_REAL, seconds)  # what is left of the block around this one
    if 0.0 < around < seconds:
        signal.setitimer(signal.ITIMER_REAL, around)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if around > 0.0:
            signal.setitimer(signal.ITIMER_REAL, max(around - (time.monotonic() - began), 1e-3))
