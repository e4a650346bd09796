"""`make bench`: every workload, ours and the rivals in turn, in one table; writes benchmarks/results.md.

    python benchmarks/run.py [WORKLOAD …] [--pairs 5] [--quick]

Each contestant lives in a process of its own. First all must reach the same test loss from the same weights and
batches. Then every one runs shortly, which finds each rival's best settings (of PyTorch and of ours two, for one short
run may mislead); these then run in turn, A B A B, and the table shows medians and their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import figure
import start
import trials
from floor import floor
from problem import Problem
from workloads import WORKLOADS, Workload

from handgrad.errors import UsageError

HERE = Path(__file__).parent
SECONDS = 1.0  # a screening run lasts about so long
SHORT = 10.0  # seconds: where all take less, each in turn, they run three times as often


@dataclass
class Worker:
    """A contestant's process."""

    workload: str
    name: str
    threads: int
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        environment = os.environ | {f"{n}_NUM_THREADS": str(self.threads) for n in ("OMP", "OPENBLAS", "MKL")}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), self.workload, self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def wait(self) -> None:
        """Until it has read its data."""
        assert self.process.stdout
        self.process.stdout.readline()

    def run(self, iterations: int) -> dict[str, float]:
        """Seconds and loss after so many iterations from the initial weights."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{iterations}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.workload}: {self.name} ended with {self.process.wait()}")
        return json.loads(answer)

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def gain_of_two(rounds: int = 5, iterations: int = 10_000) -> float:
    """What two processes do together over what one does alone: report E's steps, without any sweep around them."""
    pair = [Worker("e", "ours, 1 threads", 1) for _ in range(2)]
    for worker in pair:
        worker.wait()
    gains = []
    with ThreadPoolExecutor(2) as together:
        for _ in range(rounds):
            alone = pair[0].run(iterations)["seconds"]
            gains.append(2 * alone / max(r["seconds"] for r in together.map(lambda w: w.run(iterations), pair)))
    for worker in pair:
        worker.stop()
    return statistics.median(gains)


def family(name: str) -> str:
    """torch, jax, scikit-learn, ours or hand-written: whose best is looked for."""
    return name.replace(",", "").split()[0]


@dataclass
class Result:
    """A workload's figures: seconds by contestant, from pairs or (screened) from one short run."""

    key: str
    workload: Workload
    losses: dict[str, float] = field(default_factory=dict)
    screened: dict[str, float] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def median(self, name: str) -> float:
        return statistics.median(self.times[name])

    def best(self, kind: str) -> str:
        return min((name for name in self.times if family(name) == kind), key=self.median)

    def fastest(self, kind: str) -> list[str]:
        """Who of a family takes part in the pairs, by the short runs."""
        names = sorted((name for name in self.screened if family(name) == kind), key=self.screened.__getitem__)
        return names[: 2 if kind in ("ours", "torch") else 1]


def screen(result: Result, workers: dict[str, Worker], quick: bool) -> None:
    """The same loss everywhere, and a first time for each; a rival that fails is left out and named."""
    workload = result.workload

    def begin(name: str) -> float:
        workers[name].wait()
        workers[name].run(workload.check)
        return workers[name].run(workload.check)["loss"]  # the second time: it must begin anew each time

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as together:  # not timed, and compiling takes long
        starting = {name: together.submit(begin, name) for name in workers}
    for name in list(workers):
        try:
            result.losses[name] = starting[name].result()
            probe = workers[name].run(min(workload.iterations, max(workload.check // 5, 5)))["seconds"]
            count = min(workload.iterations, max(workload.check // 5, 5))
            count = max(count, min(workload.iterations, round((0.3 if quick else SECONDS) * count / probe)))
            result.screened[name] = workers[name].run(count)["seconds"] / count * workload.iterations
        except RuntimeError as error:
            result.faults.append(str(error))
            del workers[name]
    expected = result.losses[result.fastest("ours")[0]]
    for name, loss in result.losses.items():
        if abs(loss - expected) > workload.tolerance * abs(expected):
            result.faults.append(f"{name} reaches a loss of {loss:.6f} where ours reaches {expected:.6f}")


def run(key: str, pairs: int, quick: bool) -> Result:
    """Screen everybody, then the best of each family in turn."""
    result = Result(key, WORKLOADS[key])
    workload = result.workload
    workers = {
        name: Worker(key, name, options.get("threads", 2)) for name, (_, options) in workload.contestants.items()
    }
    try:
        screen(result, workers, quick)
        finalists = [name for kind in dict.fromkeys(family(name) for name in workers) for name in result.fastest(kind)]
        finalists += [name for name in workload.targets if name in workers and name not in finalists]
        iterations = max(1, workload.iterations // (10 if quick else 1))
        start = time.perf_counter()
        while len(result.times.get(finalists[0], [])) < pairs:
            for name in finalists:
                seconds = workers[name].run(iterations)["seconds"] * workload.iterations / iterations
                result.times.setdefault(name, []).append(seconds)
            if len(result.times[finalists[0]]) == 1 and time.perf_counter() - start < SHORT:
                pairs *= 3
    finally:
        for worker in workers.values():
            worker.stop()
    return result


def shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def ratio_to(result: Result, rival: str) -> tuple[float, str]:
    """Ratio of medians, ours by the rival's; a family stands for its best."""
    name = rival if rival in result.times else result.best(rival)
    return result.median(result.best("ours")) / result.median(name), name


def multiples(result: Result) -> dict[str, float]:
    """By rival family, its best's median over ours."""
    kinds = [kind for kind in figure.NAMES if any(family(name) == kind for name in result.times)]
    return {kind: 1 / ratio_to(result, kind)[0] for kind in kinds}


def rows(result: Result, speeds: dict[str, dict[str, float]]) -> list[str]:
    """The workload's lines of the table."""
    workload, ours = result.workload, result.best("ours")
    problem = Problem.load(workload.experiment, workload.overrides)
    tested = len(problem.data.test) if workload.contestants[ours][1].get("evaluate") else 0
    arithmetic, memory = floor(problem, workload.iterations, speeds["2"], tested)
    lines = [f"| **{workload.title}** | | | | |"]
    per_step = result.median(ours) / workload.iterations * 1e6
    lines.append(f"| {ours} | {shown(result.median(ours))} ({per_step:,.0f} µs a step) | | | |")
    for name in result.times:
        if name == ours:
            continue
        ratio = result.median(ours) / result.median(name)
        verdicts = [
            f"≤ {must} {'holds' if ratio <= must else f'**missed by {ratio / must:.2f}×**'}"
            + ("" if aim is None else f", aim {aim} {'reached' if ratio <= aim else 'not reached'}")
            for rival, (must, aim) in workload.targets.items()
            if ratio_to(result, rival)[1] == name
        ]
        lines.append(f"| {name} | {shown(result.median(name))} | {ratio:.3f} | {'; '.join(verdicts)} | |")
    lines.append(
        f"| floor: {shown(arithmetic)} of products, {shown(memory)} of memory | {shown(arithmetic + memory)} | "
        f"{(arithmetic + memory) / result.median(ours):.2f} of ours | | dense arithmetic, no zero skipped |"
    )
    rest = {name: s for name, s in result.screened.items() if name not in result.times}
    if rest:
        lines.append(f"| screened only | {'; '.join(f'{name} {shown(s)}' for name, s in rest.items())} | | | |")
    return lines


def table(results: list[Result], extra: list[str], speeds: dict[str, dict[str, float]], pairs: int) -> str:
    """The whole file."""
    cores = len(os.sched_getaffinity(0))
    two = speeds["2"]
    lines = [
        "# Benchmarks",
        "",
        f"`make bench`, {time.strftime('%Y-%m-%d')}, {cores} cores of {processor()}, Python "
        f"{platform.python_version()}. Matrix products {speeds['1']['flops'] / 1e9:.0f} GFLOP/s on one core, "
        f"{two['flops'] / 1e9:.0f} on two; copying {two['bytes'] / 1e9:.1f} GB/s (read and written).",
        "",
        f"Medians of {pairs} runs in turn ({3 * pairs} where one round takes less than {SHORT:g} s); ratio = ours / "
        "rival. Every contestant starts from the same weights, sees the same batches, and was first held to the same "
        "test loss.",
        "",
        "| contestant | time | ratio | target | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in results:
        lines += rows(result, speeds)
    lines += extra
    faults = [f"- {result.key}: {fault}" for result in results for fault in result.faults]
    lines += ["", "Left out or unequal:" if faults else "All contestants reached the same losses.", *faults, ""]
    return "\n".join(lines)


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def machine_speeds() -> dict[str, dict[str, float]]:
    done = subprocess.run([sys.executable, str(HERE / "machine.py")], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def check_data(workloads: list[str]) -> None:
    """Before anything is measured: a workload without its images would end in its first process, an hour from now."""
    for key in workloads:
        try:
            Problem.load(WORKLOADS[key].experiment, WORKLOADS[key].overrides)
        except UsageError as error:
            rest = " ".join(k for k in workloads if k not in ("b1", "b2"))
            sys.exit(f"workload {key}: {error}\nOr measure what there is data for: python benchmarks/run.py {rest}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the iterations: a look, no result")
    args = parser.parse_args()
    if unknown := sorted(set(args.workloads) - set(WORKLOADS)):
        parser.error(f"there is no workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    check_data(args.workloads)
    speeds = machine_speeds()
    results: list[Result] = []
    whole = not args.quick and set(args.workloads) == set(WORKLOADS)

    def write(extra: list[str]) -> None:
        """The page, after every workload: a run that is cut off leaves what it measured."""
        if whole:
            (HERE / "results.md").write_text(table(results, extra, speeds, args.pairs), "utf-8")

    for key in args.workloads:
        results.append(run(key, args.pairs, args.quick))
        print("\n".join([*rows(results[-1], speeds), *results[-1].faults]), flush=True)
        write([])
    if whole:
        extra = [*trials.rows(gain_of_two()), *start.rows()]
        print("\n".join(extra), flush=True)
        write(extra)
        figure.draw([(result.workload.title, multiples(result)) for result in results])


if __name__ == "__main__":
    main()
