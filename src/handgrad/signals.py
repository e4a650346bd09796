"""Ctrl-C and SIGTERM, handled while something runs that wants to save before it stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals(ask: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call `ask` with the signal's number inside the block; outside the main thread Python allows no handlers.

    >>> asked = []
    >>> with stop_signals(lambda number, frame: asked.append(number)):
    ...     signal.raise_signal(signal.SIGTERM)
    >>> asked == [signal.SIGTERM]
    True
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
