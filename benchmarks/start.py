"""Start and memory: how long `import handgrad` and the shortest training take; what training on all of MNIST holds."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("handgrad")
TRAIN = [str(COMMAND), "train", "digits-mlp-constant", "training.iterations=1"]


def run(command: list[str]) -> tuple[float, float]:
    """Seconds, and the most memory held at once in MB."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return seconds, usage.ru_maxrss / 1024


def row(what: str, value: float, unit: str, must: float, aim: float) -> str:
    verdict = "holds" if value <= must else f"**missed by {value / must:.2f}×**"
    aimed = "reached" if value <= aim else "not reached"
    return f"| {what} | {value:.2f} {unit} | | ≤ {must:g} {unit} {verdict}, aim {aim:g} {aimed} | |"


def rows(repeats: int = 7) -> list[str]:
    """The table's lines: medians of so many runs, files in the cache."""
    importing = [run([sys.executable, "-c", "import handgrad"])[0] for _ in range(repeats)]
    training = [run(TRAIN)[0] for _ in range(repeats)]
    memory = run([*TRAIN[:-1], "training.iterations=2000"])[1]
    return [
        "| **start and memory** | | | | |",
        row("`import handgrad`, a whole process", statistics.median(importing), "s", 0.3, 0.2),
        row("`handgrad train digits-mlp-constant training.iterations=1`", statistics.median(training), "s", 1.0, 0.6),
        row("most memory held in training E on all of MNIST", memory, "MB", 250, 150),
    ]


if __name__ == "__main__":
    print("\n".join(rows()))
