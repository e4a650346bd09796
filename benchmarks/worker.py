"""One contestant in a process of its own, so that nobody's threads get in another's way.

Reads one number a line from standard input, trains so many iterations from the initial weights, and answers with one
line of JSON: the seconds it took, the processor seconds of all its threads, and the test loss it reached.
"""

from __future__ import annotations

import json
import sys
import time

from problem import Problem
from workloads import WORKLOADS


def contestant(workload: str, name: str) -> object:
    chosen = WORKLOADS[workload]
    kind, options = chosen.contestants[name]
    problem = Problem.load(chosen.experiment, chosen.overrides)
    if kind == "ours":
        from ours import Handgrad

        return Handgrad(problem, **options)
    if kind == "torch":
        from rivals.torch_rival import Torch

        return Torch(problem, **options)
    if kind == "hand":
        from rivals.hand_written import HandWritten

        return HandWritten(problem, **options)
    if kind == "jax":
        from rivals.jax_rival import Jax

        return Jax(problem, **options)
    from rivals.sklearn_rival import ScikitLearn

    return ScikitLearn(problem, **options)


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    made = contestant(*sys.argv[1:3])
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        made.reset(int(line))
        start, busy = time.perf_counter(), time.process_time()
        made.train()
        figures = {"seconds": time.perf_counter() - start, "processor_seconds": time.process_time() - busy}
        print(json.dumps(figures | {"loss": made.loss()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
