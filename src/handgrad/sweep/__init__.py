"""Sweeps: every point of a grid or a search, once a seed, each trial a run folder of its own."""

from handgrad.sweep.belonging import sweeps_of
from handgrad.sweep.result import SweepResult, load_sweep
from handgrad.sweep.run import Where, run_sweep
from handgrad.sweep.session import StopRequest
from handgrad.sweep.trials import Trial, make_trials

__all__ = [
    "StopRequest",
    "SweepResult",
    "Trial",
    "Where",
    "load_sweep",
    "make_trials",
    "run_sweep",
    "sweeps_of",
]
