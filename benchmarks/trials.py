"""64 trials of report E's net, 5,000 iterations each: handgrad's sweep on one and two workers, PyTorch with joblib."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRIALS, ITERATIONS = 64, 5_000
COMMAND = Path(sys.executable).with_name("handgrad")
OVERRIDES = [f"training.iterations={ITERATIONS}", "training.evaluate=['test']", f"training.evaluate_every={ITERATIONS}"]


def ours(workers: int, trials: int = TRIALS) -> float:
    """Seconds of a whole `handgrad sweep`, its start included."""
    from handgrad.config_file import read_text

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trials.toml"
        path.write_text(read_text("digits-mlp-constant")[2] + f"\n[sweep]\ntrials = {trials}\n", "utf-8")
        command = [str(COMMAND), "sweep", str(path), *OVERRIDES, "--workers", str(workers)]
        start = time.perf_counter()
        subprocess.run(
            command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
        return time.perf_counter() - start


def environment() -> dict[str, str]:
    return os.environ | {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def torch_trial(seed: int) -> float:
    """One trial in PyTorch, eager on one thread, which is its best at this size; its test loss."""
    from problem import Problem
    from rivals.torch_rival import Torch

    trial = Torch(Problem.load("digits-mlp-constant", [f"seed={seed}"]), threads=1)
    trial.reset(ITERATIONS)
    trial.train()
    return trial.loss()


def with_joblib(trials: int = TRIALS) -> float:
    """Seconds of all trials on two processes."""
    command = [sys.executable, __file__, str(trials)]
    start = time.perf_counter()
    subprocess.run(command, cwd=Path(__file__).parent, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.perf_counter() - start


def rows(ceiling: float) -> list[str]:
    """The table's lines, of one run each: they last minutes.

    Args:
        ceiling: what two processes reach together over one alone, where nothing has to be shared out to them.
    """
    one, two, torch = ours(1), ours(2), with_joblib()
    gain, ratio = one / two, two / torch
    faster = "holds" if gain >= 1.8 else f"**missed by {1.8 / gain:.2f}×**"
    faster += f" (two processes without a sweep: {ceiling:.2f})"
    verdict = "≤ 0.3 holds" if ratio <= 0.3 else f"≤ 0.3 **missed by {ratio / 0.3:.2f}×**"
    verdict += ", aim 0.2 reached" if ratio <= 0.2 else ", aim 0.2 not reached"
    return [
        f"| **{TRIALS} trials of E, {ITERATIONS:,} iterations each (one run)** | | | | |",
        f"| ours, 2 workers | {two:.1f} s | | | |",
        f"| ours, 1 worker | {one:.1f} s | {1 / gain:.3f} | 2 workers ≥ 1.8 × 1 worker: {gain:.2f}, {faster} | |",
        f"| torch eager, 1 thread, joblib, 2 processes | {torch:.1f} s | {ratio:.3f} | {verdict} | |",
    ]


if __name__ == "__main__":
    from joblib import Parallel, delayed

    Parallel(n_jobs=2)(delayed(torch_trial)(seed) for seed in range(int(sys.argv[1])))
