"""Where trials run: worker processes on this machine, a Dask cluster that someone started, or this process alone."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from handgrad.errors import HandgradError, UsageError
from handgrad.run_folder import available_cores
from handgrad.sweep.worker import Job, Started, run_job

GIVEN_UP = 5.0  # seconds without a process, after which a local worker is replaced
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# Dask looks at its own loops fifty times a second, in every process: two idle workers and their scheduler took 14 % of
# a core, and with these settings 2 %.
IDLE = {
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "30s",
    "distributed.worker.profile.enabled": False,
}
INSTALL = "pip install 'handgrad[sweep]'"


class Engine(Protocol):
    """Takes jobs, and says which came back, in whatever order."""

    where: str

    def submit(self, job: Job) -> None:
        """Take a job."""

    def wait(self, seconds: float) -> list[tuple[Job, str]]:
        """The jobs that came back since it was last asked, each with an error or ""; waits for one at most so long."""

    def end_process(self, process: dict[str, Any]) -> None:
        """End a worker on another machine, as `heartbeat.this_process` described it."""

    def close(self, now: bool) -> None:
        """Let the workers go; `now` without waiting for what they do."""


class HereEngine:
    """One trial after another in this process: without Dask, and for a shard of an array job."""

    where = "in this process, one after another"

    def __init__(self, on_start: Started) -> None:
        self._jobs: deque[Job] = deque()
        self._on_start = on_start

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def wait(self, seconds: float) -> list[tuple[Job, str]]:
        if not self._jobs:
            return []
        job = self._jobs.popleft()
        run_job(job, self._on_start)
        return [(job, "")]

    def end_process(self, process: dict[str, Any]) -> None:
        """No trial of this engine runs while anybody looks."""

    def close(self, now: bool) -> None:
        self._jobs.clear()


def has_dask() -> bool:
    """Whether the extra `sweep` is installed."""
    return find_spec("distributed") is not None


def _dask() -> tuple[Any, Any]:
    """The two modules; their types are half declared."""
    return import_module("dask"), import_module("distributed")


class DaskEngine:
    """Trials as tasks of a Dask cluster.

    Without an address the cluster is one worker process for each core of this machine, each with one thread, and BLAS
    told so before NumPy loads; all of it listens on the loopback interface only. Dask runs a killed worker's tasks
    again on another, and the workers end with this process, however it ends: their pipe to it closes.

    Args:
        workers: of the local cluster; default one a core.
        address: of a running scheduler, such as "tcp://127.0.0.1:8786".
        dashboard: open Dask's web page, on the loopback interface.
        retries: how often a trial may be tried again.

    Raises:
        UsageError: if Dask is not installed, or nobody answers at the address.
    """

    def __init__(self, workers: int | None, address: str | None, dashboard: bool, retries: int) -> None:
        if not has_dask():
            raise UsageError(f"a sweep on several processes needs Dask: {INSTALL}; --workers 1 does without")
        if not address:
            _start_fork_server()
        dask, distributed = _dask()
        dask.config.set({"distributed.scheduler.allowed-failures": retries + 3})
        self._cluster = None if address else _local_cluster(workers or available_cores(), dashboard)
        try:
            self._client = distributed.Client(address or self._cluster, timeout="10 s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"{address}: no Dask scheduler answers there: {error}") from None
        self.workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        self.where = f"on the cluster at {address}" if address else f"on {self.workers} processes"
        if self._cluster and dashboard:
            self.where += f"; dashboard at {self._cluster.dashboard_link}"
        self._back: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._jobs: dict[Any, Job] = {}
        self._count = 0
        self._alive: dict[Any, float] = {}

    def submit(self, job: Job) -> None:
        self._count += 1
        key = f"trial-{job.session}-{job.name}-{self._count}"
        future = self._client.submit(run_job, job, key=key, pure=False)
        self._jobs[future] = job
        future.add_done_callback(self._back.put)

    def wait(self, seconds: float) -> list[tuple[Job, str]]:
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._back.get(timeout=seconds))
            while True:
                found.append(self._back.get_nowait())
        if self._client.status not in ("running", "connecting"):
            raise HandgradError("the Dask scheduler went away; --resume goes on with what is missing")
        self._replace_lost_workers()
        return [(self._jobs.pop(future), _error_of(future)) for future in found]

    def _replace_lost_workers(self) -> None:
        """Dask restarts a worker that is killed, but gives up on one that is killed while it starts."""
        if self._cluster is None:
            return
        now = time.monotonic()
        for name, nanny in list(self._cluster.workers.items()):
            if nanny.process is not None and nanny.process.is_alive():
                self._alive[name] = now
            elif now - self._alive.setdefault(name, now) > GIVEN_UP:
                del self._cluster.workers[name], self._alive[name]
        if len(self._cluster.workers) < self.workers:
            self._cluster.scale(self.workers)

    def end_process(self, process: dict[str, Any]) -> None:
        self._client.run(_end_self, process)

    def close(self, now: bool) -> None:
        if self._cluster is None:
            self._client.cancel(list(self._jobs), force=True)
        elif now:
            _end_workers(self._cluster)
        self._client.close(timeout=5)
        if self._cluster:
            self._cluster.close(timeout=5)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the processes that are started inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start_fork_server() -> None:
    """Workers are forks of one process, which imports what they need while this one imports Dask."""
    if sys.platform == "linux":
        from multiprocessing import forkserver

        multiprocessing.get_context("forkserver").set_forkserver_preload(["distributed", "handgrad.sweep.worker"])
        with _environment(ALONE):
            forkserver.ensure_running()


def _local_cluster(workers: int, dashboard: bool) -> Any:
    dask, distributed = _dask()
    dask.config.set({f"distributed.nanny.pre-spawn-environ.{key}": value for key, value in ALONE.items()})
    if not dashboard:
        dask.config.set(IDLE)
    if sys.platform == "linux":
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": dashboard},
        worker_dashboard_address=None,
        memory_limit=None,
        silence_logs=50,
    )


def _end_workers(cluster: Any) -> None:
    """End the processes of a local cluster at once; their trials' folders tell where to go on."""
    for nanny in list(cluster.workers.values()):
        nanny.auto_restart = False
        if nanny.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


def _error_of(future: Any) -> str:
    """Why a task did not return; "" if it did."""
    if future.status == "finished":
        future.release()
        return ""
    error = future.exception() if future.status == "error" else "its task was cancelled"
    return f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)


def _end_self(process: dict[str, Any]) -> None:
    """On a worker: end it if it is the process that is meant."""
    from handgrad.sweep.heartbeat import this_process

    if this_process() == process:
        os.kill(os.getpid(), signal.SIGKILL)
