"""Preloaded into the worker processes of a test's sweep: trials with these seeds raise, hang, or crash."""

import os
import signal
import time
from typing import Any

from handgrad.sweep import worker
from handgrad.trial import make_trainer

RAISES, HANGS, CRASHES = 1, 2, 3


def make_faulty_trainer(config: Any, data: Any) -> Any:
    """A trainer that goes wrong after a few iterations where the seed says so."""
    trainer = make_trainer(config, data)
    step, seed = trainer.step, config.seeds.init

    def faulty_step() -> bool:
        if trainer.iteration == 5 and seed == RAISES:
            raise RuntimeError("planted: this trial raises")
        while trainer.iteration == 5 and seed == HANGS:
            time.sleep(0.01)
        if trainer.iteration == 5 and seed == CRASHES:
            os.kill(os.getpid(), signal.SIGSEGV)
        return bool(step())

    trainer.step = faulty_step
    return trainer


worker.make_trainer = make_faulty_trainer
