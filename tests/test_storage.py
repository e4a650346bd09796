"""Saving: old or new, never neither; damage is noticed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handgrad.checkpoint import load_newest, save_checkpoint
from handgrad.errors import LoadError, SaveError
from handgrad.storage import (
    arrays_from_bytes,
    arrays_to_bytes,
    load_folder,
    save_bytes,
    save_folder,
    without_nan,
)


def values(iteration: int) -> dict:
    return {"iteration": iteration, "seconds": 1.0}


def test_a_failed_save_keeps_the_old_file_and_no_stump(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save_bytes(path, b"old")
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from handgrad.storage import save_bytes\n"
        "from handgrad.errors import SaveError\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    save_bytes(Path(sys.argv[1]), bytes(5000))\n"
        "except SaveError as error:\n    print(error); sys.exit(7)\n"
    )
    result = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 7, result.stderr
    assert str(path) in result.stdout
    assert "bytes free" in result.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]


def test_a_missing_folder_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="gone"):
        save_bytes(tmp_path / "gone" / "file", b"x")
    assert not (tmp_path / "gone").exists()


def test_arrays_of_any_layout_come_back_equal() -> None:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    arrays = {"f": np.asfortranarray(base), "t": base.T, "s": base[::2, ::3], "d": base.astype(np.float64)}
    back = arrays_from_bytes(arrays_to_bytes(arrays), "memory")
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype


def test_the_same_arrays_give_the_same_bytes() -> None:
    a, b = np.ones(3), np.zeros(2)
    assert arrays_to_bytes({"a": a, "b": b}) == arrays_to_bytes({"b": b, "a": a})


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", bytes(100), b"\xff" * 50, b"\x08" + bytes(7) + b"{]"])
def test_what_is_no_safetensors_is_refused(content: bytes) -> None:
    with pytest.raises(LoadError, match="expected safetensors"):
        arrays_from_bytes(content, "file")


def test_every_truncation_and_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, {"theta": np.arange(3, dtype=np.float32)}, values(5))
    whole = {p.name: p.read_bytes() for p in path.iterdir()}
    content = whole["arrays.safetensors"]
    for length in range(len(content)):
        (path / "arrays.safetensors").write_bytes(content[:length])
        with pytest.raises(LoadError):
            load_folder(path)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        (path / "arrays.safetensors").write_bytes(flipped)
        with pytest.raises(LoadError, match="SHA-256"):
            load_folder(path)
    (path / "arrays.safetensors").write_bytes(content)
    assert load_folder(path)["arrays.safetensors"] == content


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"theta": np.zeros(3)}, values(1))
    newest = save_checkpoint(tmp_path, {"theta": np.ones(3)}, values(2))
    (newest / "arrays.safetensors").write_bytes(b"torn")
    found, skipped = load_newest(tmp_path)
    assert found is not None
    assert found.values["iteration"] == 1
    assert len(skipped) == 1
    assert newest.name in skipped[0]


def test_the_newest_two_checkpoints_are_kept(tmp_path: Path) -> None:
    for iteration in (1, 2, 10):
        save_checkpoint(tmp_path, {"theta": np.zeros(1)}, values(iteration))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000002", "step-000000010"]


def test_manifest_names_stay_in_their_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    save_folder(tmp_path / "c", {"a": b"1"})
    manifest = {"../secret": {"size": 1, "sha256": "0"}}
    (tmp_path / "c" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LoadError):
        load_folder(tmp_path / "c")


def test_numbers_that_are_not_finite_become_null() -> None:
    assert without_nan({"a": [float("nan"), 1.0], "b": float("inf")}) == {"a": [None, 1.0], "b": None}
