"""Sweeps whose processes are killed: every trial done once, as in an undisturbed sweep, and no orphans."""

import csv
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sweeping import family, kill, running_process, start_sweep, statuses, summaries, sweep_folder, until, write_tiny

from handgrad.run_folder import available_cores

pytest.importorskip("distributed", reason="the extra sweep is not installed")
pytestmark = pytest.mark.slow

HUNDRED = """
grid = { "optimizer.learning_rate" = [0.001, 0.002, 0.005, 0.01, 0.02] }
trials = 20
retries = 10
"""
LONG = ["training.epochs=40"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sweep of 100 trials that nobody disturbs, in one process."""
    out = tmp_path_factory.mktemp("undisturbed")
    process = start_sweep(write_tiny(out, HUNDRED), *LONG, "--out", str(out), "--workers", "1")
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return sweep_folder(out)


def finish(process: "subprocess.Popen[str]") -> str:
    """Wait for a sweep to end well, and for all its processes to be gone."""
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    until(lambda: not family(process), 20)
    return said


def assert_all_done_once(folder: Path, expected: Path) -> None:
    with open(folder / "trials.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["trial"] for row in rows}) == len(list((folder / "trials").iterdir())) == 100
    assert {row["state"] for row in rows} == {"done"}
    assert summaries(folder) == summaries(expected)


def test_one_worker_in_ten_is_killed(tmp_path: Path, undisturbed: Path) -> None:
    process = start_sweep(write_tiny(tmp_path, HUNDRED), *LONG, "--out", str(tmp_path))
    killed: set[int] = set()
    until(lambda: list(tmp_path.glob("*/trials/*/status.json")))
    while len(killed) < 10:
        pid = until(lambda: running_process(sweep_folder(tmp_path)))
        if pid not in killed:
            kill(pid)
            killed.add(pid)
    finish(process)
    folder = sweep_folder(tmp_path)
    assert_all_done_once(folder, undisturbed)
    attempts = [status["attempts"] for status in statuses(folder).values()]
    assert sum(attempts) > 100, "no kill hit a running trial"


def test_the_parent_is_killed_and_the_sweep_resumed(tmp_path: Path, undisturbed: Path) -> None:
    process = start_sweep(write_tiny(tmp_path, HUNDRED), *LONG, "--out", str(tmp_path))
    until(lambda: len(list(tmp_path.glob("*/trials/*/summary.json"))) >= 30)
    process.kill()
    process.wait()
    until(lambda: not family(process), 20)
    folder = sweep_folder(tmp_path)
    # A trial that the kill hits between its summary and its status is run again: one a worker, at most.
    done = [folder / "trials" / name for name, status in statuses(folder).items() if status["state"] == "done"]
    before = {trial / "summary.json": (trial / "summary.json").stat().st_mtime_ns for trial in done}
    assert 30 - available_cores() <= len(before) < 100
    finish(start_sweep("--resume", str(folder)))
    assert_all_done_once(folder, undisturbed)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_sweep_and_says_how_to_go_on(tmp_path: Path, number: int, code: int) -> None:
    process = start_sweep(write_tiny(tmp_path, HUNDRED), "training.epochs=100000", "--out", str(tmp_path))
    until(lambda: running_process(sweep_folder(tmp_path)) if list(tmp_path.glob("*/sweep.toml")) else None)
    time.sleep(2)
    process.send_signal(number)
    printed, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    folder = sweep_folder(tmp_path)
    assert printed.splitlines()[-1] == str(folder)
    assert f"--resume {folder}" in said
    assert {status["state"] for status in statuses(folder).values()} == {"interrupted"}
    until(lambda: not family(process), 20)
