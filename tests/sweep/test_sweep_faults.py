"""A sweep with trials that raise, hang, crash and diverge: each told apart with its cause, the others complete."""

import csv
from pathlib import Path

import psutil
import pytest
from sweeping import (
    dask,
    family,
    read,
    running_process,
    start_sweep,
    statuses,
    summaries,
    sweep_folder,
    until,
    write_tiny,
)

pytest.importorskip("distributed", reason="the extra sweep is not installed")
pytestmark = pytest.mark.slow

FAULTS = Path(__file__).with_name("faults.py")
STATES = ["done", "failed", "timeout", "killed", "done", "done"]


def test_causes_are_told_apart_and_the_rest_completes(tmp_path: Path) -> None:
    experiment = write_tiny(tmp_path, 'trials = 6\ntimeout = "4 s"\nretries = 1')
    process = start_sweep(experiment, "--out", str(tmp_path), preload=FAULTS)
    printed, said = process.communicate(timeout=300)
    folder = sweep_folder(tmp_path)
    assert (process.returncode, printed.splitlines()[-1]) == (1, str(folder)), said
    with open(folder / "trials.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == STATES, said
    causes = [row["cause"] for row in rows]
    assert causes[1] == "RuntimeError: planted: this trial raises"
    assert "no progress for 4 s" in causes[2]
    assert "Segmentation fault" in causes[3]
    assert [int(row["attempts"]) for row in rows] == [1, 1, 1, 2, 1, 1]
    log = (folder / rows[2]["folder"] / "log.txt").read_text("utf-8")
    assert "faulty_step" in log, "the log says where the trial hung"
    assert causes[1] in said
    until(lambda: not family(process), 20)


def test_resuming_tries_failed_trials_again(tmp_path: Path) -> None:
    experiment = write_tiny(tmp_path, "trials = 2\nretries = 0")
    first = start_sweep(experiment, "--out", str(tmp_path), preload=FAULTS)
    first.communicate(timeout=300)
    folder = sweep_folder(tmp_path)
    assert first.returncode == 1
    assert sorted(s["state"] for s in statuses(folder).values()) == ["done", "failed"]
    second = start_sweep("--resume", str(folder))
    _, said = second.communicate(timeout=300)
    assert second.returncode == 0, said
    assert [s["state"] for s in statuses(folder).values()] == ["done", "done"]


def test_all_listens_on_the_loopback_interface_only(tmp_path: Path) -> None:
    process = start_sweep(write_tiny(tmp_path, "trials = 2"), "training.epochs=100000", "--out", str(tmp_path))
    until(lambda: list(tmp_path.glob("*/trials/*/status.json")))
    until(lambda: running_process(sweep_folder(tmp_path)))
    listening = [c.laddr.ip for p in family(process) for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
    process.terminate()
    process.communicate(timeout=60)
    assert set(listening) == {"127.0.0.1"}


def test_a_scheduler_and_two_workers_started_by_hand(tmp_path: Path) -> None:
    grid = 'grid = { "optimizer.learning_rate" = [0.001, 0.01] }\ntrials = 10'
    experiment = write_tiny(tmp_path, grid)
    alone = start_sweep(experiment, "training.epochs=60", "--out", str(tmp_path / "alone"), "--workers", "1")
    cluster = tmp_path / "cluster.json"
    with dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(cluster)):
        address = until(lambda: read(cluster).get("address"))
        worker = ("worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny")
        with dask(*worker) as first, dask(*worker):
            process = start_sweep(experiment, "training.epochs=60", "--out", str(tmp_path), "--scheduler", address)
            until(lambda: len(list(tmp_path.glob("tiny-*/trials/*/summary.json"))) >= 3)
            first.kill()
            _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    _, said = alone.communicate(timeout=300)
    assert alone.returncode == 0, said
    found = summaries(sweep_folder(tmp_path))
    assert len(found) == 20
    assert found == summaries(sweep_folder(tmp_path / "alone"))
