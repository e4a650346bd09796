"""`train --profile`: what is measured, and that it changes nothing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handgrad import train
from handgrad.profile import Profile, Speeds

SHORT = {"training.iterations": 30, "training.evaluate_every": 10, "data.train_images": 400, "data.test_images": 100}


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Profile, str]:
    profile, folder = Profile(), tmp_path_factory.mktemp("profile")
    train("digits-mlp-constant", SHORT, out=folder, quiet=True, on_start=profile.attach)
    return profile, profile.report(Speeds(flops=1e11, bytes=1e10))


def test_every_layer_and_part_is_listed(profiled: tuple[Profile, str]) -> None:
    profile, text = profiled
    for name in ("1 Dense", "2 ReLU", "5 Dense", "data", "loss", "update", "evaluation", "everything else"):
        assert f"\n{name} " in text, text
    assert "profile of 30 steps; products at 100 GFLOP/s" in text
    assert {way for _, way in profile.layers} == {"forward", "backward"}


def test_times_add_up(profiled: tuple[Profile, str]) -> None:
    profile, _ = profiled
    assert sum(profile.seconds.values()) <= profile.ended - profile.started
    for way in ("forward", "backward"):
        by_layer = sum(s for (_, w), s in profile.layers.items() if w == way)
        assert by_layer == pytest.approx(profile.seconds[way])


def test_memory_of_the_first_dense_layer(profiled: tuple[Profile, str]) -> None:
    """784·100 + 100 parameters with gradients, 50 outputs of 100 with gradients, 4 bytes each: 0.668 MB."""
    line = next(line for line in profiled[1].splitlines() if line.startswith("1 Dense"))
    assert line.endswith("0.67 MB")


def test_the_floor_is_arithmetic_at_the_speed_given(profiled: tuple[Profile, str]) -> None:
    """Forward and dW of 50 × 784 × 100, 2 · 2 · 3.92 M operations at 100 GFLOP/s: 156.8 µs."""
    line = next(line for line in profiled[1].splitlines() if line.startswith("1 Dense"))
    assert "156.8 µs" in line


def test_profiled_training_is_the_same(tmp_path: Path) -> None:
    plain = train("digits-mlp-constant", SHORT, out=tmp_path / "a", quiet=True)
    measured = train("digits-mlp-constant", SHORT, out=tmp_path / "b", quiet=True, on_start=Profile().attach)
    np.testing.assert_array_equal(
        (plain.folder / "weights.safetensors").read_bytes(), (measured.folder / "weights.safetensors").read_bytes()
    )


def test_command(tmp_path: Path) -> None:
    options = ["training.iterations=3", "data.train_images=100", "data.test_images=50", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "handgrad", "train"]
    done = subprocess.run(
        [*command, "digits-mlp-constant", *options, "--profile"], capture_output=True, text=True, check=True
    )
    assert "\n1 Dense" in done.stderr
    assert done.stdout.count("\n") == 1  # the folder alone
    refused = subprocess.run([*command, "--resume", "last", "--profile", "--out", str(tmp_path)], check=False)
    assert refused.returncode == 2
