"""Run folders: the same seed gives the same files, resume equals no interruption, faults leave nothing half-done."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from handgrad.config_file import load_config
from handgrad.errors import DivergedError, LoadError, RunLockedError, SaveError, UsageError
from handgrad.experiment import resolve, resume, train
from handgrad.run_folder import MetricsFile, RunLock, new_run_name
from handgrad.runs import Run, find_run, list_runs, load_run
from handgrad.trial import run_trial
from handgrad.weights import load_weights

NAME = "digits-mlp-constant"
SMALL = {
    "data.train_images": 500,
    "data.test_images": 200,
    "network.layers.1.units": 12,
    "network.layers.3.units": 11,
    "training.iterations": 60,
    "training.evaluate_every": 7,
}


def small(out: Path, **more) -> Run:
    return train(NAME, {**SMALL, **more}, out=out, quiet=True)


def without_times(summary: dict) -> dict:
    return {key: value for key, value in summary.items() if key != "seconds"}


def test_same_seed_same_bits_other_seed_other_bits(tmp_path: Path) -> None:
    first, second, third = small(tmp_path), small(tmp_path), small(tmp_path, seed=1)
    weights = [(r.folder / "weights.safetensors").read_bytes() for r in (first, second, third)]
    assert weights[0] == weights[1] != weights[2]
    assert without_times(first.summary) == without_times(second.summary)
    records = [[{k: v for k, v in m.items() if k != "seconds"} for m in r.metrics] for r in (first, second)]
    assert records[0] == records[1]


def test_a_run_can_be_loaded_and_measured_again(tmp_path: Path) -> None:
    run = load_run(small(tmp_path).folder)
    assert run.state == "done"
    assert run.evaluate().error == run.summary["test_error"]
    assert run.evaluate().loss == pytest.approx(run.summary["test_loss"])
    p = run.probabilities("test")
    assert p.shape == (200, 10)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert run.metrics[-1]["iteration"] == run.summary["iterations"] == 60
    assert run.metrics[-1]["test_error"] == run.summary["test_error"]
    assert [m["iteration"] for m in run.metrics] == [*range(0, 60, 7), 60]


class StopAt:
    """A listener that asks to stop after some updates."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def on_record(self, record: dict) -> None:
        """Nothing."""

    def on_step(self, trainer, loss: float) -> bool:
        return trainer.iteration == self.iteration


CNN = [
    {"type": "Conv2D", "filters": 3, "kernel": 5, "stride": 2},
    {"type": "BatchNorm"},
    {"type": "ReLU"},
    {"type": "MaxPool2D", "kernel": 2},
    {"type": "Flatten"},
    {"type": "Dropout", "keep_probability": 0.7},
    {"type": "Dense", "units": 10},
]


@pytest.mark.parametrize("at", [1, 7, 10, 33, 59, 60])
def test_resume_equals_the_uninterrupted_run(tmp_path: Path, at: int) -> None:
    falling = {"optimizer.schedule": {"type": "inverse_sqrt", "per": "epoch"}, "data.augment": {"shift": 1.0}}
    resume_and_compare(tmp_path, {**SMALL, **falling}, at)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_resume_keeps_what_optimisers_and_layers_remember(tmp_path: Path, optimizer: str) -> None:
    """Mid-epoch, with batch normalisation's running statistics, dropout's stream and early stopping's best weights."""
    overrides = {
        **{key: value for key, value in SMALL.items() if not key.startswith("network")},
        "data.train_images": 200,
        "data.valid_images": 50,
        "network.layers": CNN,
        "optimizer": {"type": optimizer, "learning_rate": 0.003},
        "training.iterations": 30,
        "training.batch_size": 20,
        "training.evaluate": ["valid", "test"],
        "training.early_stopping": {"patience": 50},
    }
    resume_and_compare(tmp_path, overrides, 17)


def resume_and_compare(tmp_path: Path, overrides: dict, at: int) -> None:
    whole = train(NAME, overrides, out=tmp_path, quiet=True)
    config = resolve(NAME, overrides)[1]
    folder = tmp_path / new_run_name(NAME)
    assert run_trial(config, folder, experiment=NAME, listeners=(StopAt(at),)) == "interrupted"
    assert Run(folder).state == "interrupted"
    resumed = resume(folder, quiet=True)
    assert resumed.state == "done"
    assert resumed.status["attempts"] == 2
    assert (folder / "weights.safetensors").read_bytes() == (whole.folder / "weights.safetensors").read_bytes()
    assert without_times(resumed.summary) == without_times(whole.summary)
    assert [m["iteration"] for m in resumed.metrics] == [m["iteration"] for m in whole.metrics]


def test_resume_refuses_another_config(tmp_path: Path) -> None:
    config = resolve(NAME, SMALL)[1]
    folder = tmp_path / "run"
    run_trial(config, folder, experiment=NAME, listeners=(StopAt(10),))
    path = folder / "config.toml"
    path.write_text(path.read_text().replace("learning_rate = 0.1", "learning_rate = 0.2"))
    with pytest.raises(UsageError, match=r"(?s)-learning_rate = 0.1.*\+learning_rate = 0.2"):
        resume(folder, quiet=True)


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    run = small(tmp_path)
    before = {p.name: p.stat().st_mtime_ns for p in run.folder.iterdir()}
    resume(run.folder, quiet=True)
    assert {p.name: p.stat().st_mtime_ns for p in run.folder.iterdir()} == before


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    lock = RunLock(folder)
    with pytest.raises(RunLockedError, match=f"process {os.getpid()}"):
        run_trial(resolve(NAME, SMALL)[1], folder, experiment=NAME)
    lock.release()
    assert run_trial(resolve(NAME, SMALL)[1], folder, experiment=NAME) == "done"


def test_divergence_keeps_the_records(tmp_path: Path) -> None:
    with pytest.raises(DivergedError):
        small(tmp_path, **{"optimizer.learning_rate": 1e30, "training.evaluate_every": 1})
    run = load_run("last", tmp_path)
    assert run.state == "diverged"
    assert "first tensor" in run.status["cause"]
    assert len(run.metrics) >= 1
    with pytest.raises(LoadError, match="no weights"):
        _ = run.network


def test_a_mistake_leaves_no_folder(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    for override in ({"network.layers.5.units": 7}, {"data.source": "nowhere"}, {"data.train_images": 10**7}):
        with pytest.raises(Exception, match=r"expected|found|there"):
            small(out, **override)
    assert not out.exists()


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    run = small(tmp_path)
    path = run.folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    with pytest.raises(LoadError, match="damaged"):
        _ = load_run(run.folder).network


def test_weights_of_another_net_are_refused_whole(tmp_path: Path) -> None:
    net = small(tmp_path).network
    before = net.theta.copy()
    arrays = {"1.W": np.ones((784, 12)), "1.b": np.ones(5), "9.W": np.ones(2)}
    with pytest.raises(LoadError) as caught:
        load_weights(net, arrays, "file")
    message = str(caught.value)
    assert "missing: 3.W (12, 11)" in message
    assert "unexpected: 9.W (2,)" in message
    assert "1.b: expected (12,), found (5,)" in message
    np.testing.assert_array_equal(net.theta, before)


def test_torn_files_of_a_run(tmp_path: Path) -> None:
    run = small(tmp_path)
    (run.folder / "status.json").write_text('{"state": "do')
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"iteration": 99')
    again = load_run(run.folder)
    assert again.state == "killed"
    assert again.metrics[-1]["iteration"] == 60


def test_a_deleted_folder_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "run" / "metrics.jsonl"
    path.parent.mkdir()
    metrics = MetricsFile(path)
    metrics.append({"iteration": 0})
    shutil.rmtree(path.parent)
    with pytest.raises(SaveError, match="could not be written"):
        metrics.append({"iteration": 1})
    assert not path.parent.exists()


def test_runs_are_found_by_what_people_type(tmp_path: Path) -> None:
    folders = []
    for minute in (1, 2, 3):
        folder = tmp_path / f"{NAME}-20260101-00{minute:02}00-abc{minute}00"
        folder.mkdir()
        (folder / "config.toml").write_text("")
        folders.append(folder)
    assert [r.folder for r in list_runs(tmp_path)] == folders[::-1]
    assert find_run("last", tmp_path) == folders[2]
    assert find_run("@3", tmp_path) == folders[0]
    assert find_run(f"{NAME}-20260101-0002", tmp_path) == folders[1]
    assert find_run(folders[0]) == folders[0]
    for wrong in ("@4", "@0", "digits-mlp", "nothing"):
        with pytest.raises(UsageError):
            find_run(wrong, tmp_path)


def test_names_are_unique_within_a_second() -> None:
    assert len({new_run_name("x") for _ in range(50)}) == 50


# ------------------------------------------------------------------------------------------ as a process


def start(out: Path, *overrides: str) -> subprocess.Popen:
    words = [f"{key}={json.dumps(value)}" for key, value in SMALL.items()]
    command = [sys.executable, "-m", "handgrad", "train", NAME, *words, *overrides, "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(out: Path, pattern: str) -> Path:
    for _ in range(600):
        found = list(out.glob(pattern))
        if found:
            return found[0]
        time.sleep(0.05)
    raise TimeoutError(pattern)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_stops(tmp_path: Path, number: int, code: int) -> None:
    long = ["training.iterations=10000000", 'training.checkpoint_every="50 iterations"']
    process = start(tmp_path, *long)
    wait_for(tmp_path, "*/checkpoints/step-*")
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    folder = Path(output.splitlines()[-1])
    assert Run(folder).state == "interrupted"
    assert "--resume" in errors


def killed_and_resumed(tmp_path: Path, after: float) -> bytes:
    process = start(tmp_path, "training.iterations=600", 'training.checkpoint_every="20 iterations"')
    wait_for(tmp_path, "*/metrics.jsonl")
    time.sleep(after)
    process.kill()
    process.communicate()
    folder = find_run("last", tmp_path)
    return (resume(folder, quiet=True).folder / "weights.safetensors").read_bytes()


def whole_run(tmp_path: Path) -> bytes:
    run = small(tmp_path, **{"training.iterations": 600, "training.checkpoint_every": "20 iterations"})
    return (run.folder / "weights.safetensors").read_bytes()


def test_a_kill_costs_no_bit(tmp_path: Path) -> None:
    assert killed_and_resumed(tmp_path / "killed", 0.15) == whole_run(tmp_path / "whole")


@pytest.mark.slow
def test_twenty_kills_cost_no_bit(tmp_path: Path) -> None:
    expected = whole_run(tmp_path / "whole")
    delays = np.random.default_rng(0).uniform(0, 0.35, 20)
    for i, delay in enumerate(delays):
        assert killed_and_resumed(tmp_path / str(i), float(delay)) == expected


def test_a_read_only_folder_is_refused_before_training(tmp_path: Path) -> None:
    """Root may write anywhere, so the attempt is made with root's rights laid down."""
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0o555)
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from handgrad.run_folder import create_folder\n"
        "from handgrad.errors import SaveError\n"
        "if os.geteuid() == 0:\n    os.setuid(65534)\n"
        "try:\n    create_folder(Path(sys.argv[1]))\n"
        "except SaveError as error:\n    print(error)\n    sys.exit(7)\n"
    )
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    words = [sys.executable, "-c", script, str(shut / "run")]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 7, result.stderr
    assert "cannot write there" in result.stdout


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(SaveError, match="cannot write there"):
        small(tmp_path / "runs")


def test_config_of_a_run_is_resolved(tmp_path: Path) -> None:
    run = small(tmp_path)
    assert run.config == resolve(NAME, SMALL)[1]
    assert load_config(str(run.folder / "config.toml"))[1] == run.config


def test_a_run_keeps_its_scaling_and_needs_its_training_images_no_more(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "own.npz"
    images = rng.integers(40, 90, (120, 8, 8), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(120) % 10)
    own = {"data.source": str(path), "data.normalize": "standard", "data.train_images": 80, "data.test_images": 40}
    run = small(tmp_path / "runs", **own)
    before = run.evaluate(run.data.test)
    test = run.data.test
    path.unlink()
    again = load_run(run.folder)
    assert again.scaling == (run.data.scale, run.data.offset)
    assert again.scaling[0] != pytest.approx(1 / 255)
    assert again.evaluate(test).loss == before.loss
