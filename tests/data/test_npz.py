"""Archives of arrays: the layouts people use are read; bombs, pickles and odd names are refused, nothing unpickled."""

import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crafted import npy_bytes, peak_bytes, pixels, write_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handgrad.data import load_source
from handgrad.errors import DataError

IMAGES, LABELS = pixels(12), np.arange(12) % 3
PAIR = {"images.npy": npy_bytes(IMAGES), "labels.npy": npy_bytes(LABELS)}
TEST_PAIR = pixels(6, seed=1), np.arange(6) % 3


def save(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("keys", [("images", "labels"), ("X", "y"), ("x", "y"), ("data", "labels"), ("data", "target")])
def test_a_pair_is_a_pool(tmp_path: Path, keys: tuple[str, str]) -> None:
    found = load_source(save(tmp_path / "mine.npz", **{keys[0]: IMAGES, keys[1]: LABELS}))
    assert found.pool is not None
    np.testing.assert_array_equal(found.pool.images[:, 0], IMAGES)
    assert found.pool.labels.tolist() == LABELS.tolist()
    assert found.pool.labels.dtype == np.int64


@pytest.mark.parametrize(
    "keys",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_two_pairs_are_training_and_test(tmp_path: Path, keys: tuple[str, ...]) -> None:
    arrays = dict(zip(keys, (IMAGES, LABELS, *TEST_PAIR), strict=True))
    found = load_source(save(tmp_path / "mine.npz", **arrays))
    assert found.train is not None
    assert found.test is not None
    assert (len(found.train), len(found.test)) == (12, 6)
    np.testing.assert_array_equal(found.test.images[:, 0], TEST_PAIR[0])


def test_arrays_that_are_not_asked_for_are_left_alone(tmp_path: Path) -> None:
    found = load_source(save(tmp_path / "mine.npz", images=IMAGES, labels=LABELS, weights=np.ones(3)))
    assert found.pool is not None
    assert len(found.pool) == 12


def test_floats_stay_float32_and_fortran_order_is_undone(tmp_path: Path) -> None:
    images = np.asfortranarray(IMAGES / 255.0)
    found = load_source(save(tmp_path / "mine.npz", images=images, labels=LABELS))
    assert found.pool is not None
    assert found.pool.images.dtype == np.float32
    assert found.pool.images.flags.c_contiguous
    np.testing.assert_array_equal(found.pool.images[:, 0], images.astype(np.float32))


def test_one_hot_labels_get_a_notice(tmp_path: Path) -> None:
    found = load_source(save(tmp_path / "mine.npz", images=IMAGES, labels=np.eye(3)[LABELS]))
    assert found.pool is not None
    assert found.pool.labels.tolist() == LABELS.tolist()
    assert "one-hot" in found.notice


def npy_with_header(text: str) -> bytes:
    """The start of a file in NumPy's format that says this of itself."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text.encode() + b"\n"


class Attack:
    """What a hostile pickle looks like: loading it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    objects = np.array([Attack(trap)] * 12, dtype=object)
    path = write_zip(tmp_path / "mine.npz", {**PAIR, "labels.npy": npy_bytes(objects)})
    with pytest.raises(DataError, match=r"labels\.npy.*expected an array of numbers, found objects"):
        load_source(path)
    assert not trap.exists()


def test_a_pickle_in_place_of_an_array_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    hostile = pickle.dumps(Attack(trap))
    path = write_zip(tmp_path / "mine.npz", {**PAIR, "labels.npy": hostile})
    with pytest.raises(DataError, match="expected an array in NumPy's format, found something else"):
        load_source(path)
    for name in ("mine.npz", "mine.npy", "mine.pkl", "mine.pt"):
        (tmp_path / name).write_bytes(hostile)
        with pytest.raises(DataError) as refusal:
            load_source(tmp_path / name)
        assert str(tmp_path / name) in str(refusal.value)
    assert not trap.exists()


@pytest.mark.parametrize("name", ["../images.npy", "/images.npy", "a/images.npy", "a\\images.npy", "images", "é.npy"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"expected members named like images\.npy, found"):
        load_source(write_zip(tmp_path / "mine.npz", {**PAIR, name: npy_bytes(LABELS)}))


def test_a_member_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "mine.npz", PAIR)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("labels.npy", PAIR["labels.npy"])
    with pytest.raises(DataError, match=r"'labels\.npy' twice"):
        load_source(path)


def test_a_bomb_is_refused_before_memory_is_spent(tmp_path: Path) -> None:
    bomb = npy_bytes(np.zeros((1000, 1, 447, 447), np.uint8))
    path = write_zip(tmp_path / "mine.npz", {**PAIR, "images.npy": bomb})
    del bomb
    assert path.stat().st_size < 250_000

    def refused() -> None:
        with pytest.raises(DataError, match="expands at most 200-fold"):
            load_source(path)

    assert peak_bytes(refused) < 8e6


def test_sizes_that_do_not_match_are_refused(tmp_path: Path) -> None:
    huge = npy_with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 9999), }")
    negative = npy_with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, -1), }") + b"x"
    for content in (PAIR["images.npy"][:-1], PAIR["images.npy"] + b"x", huge, negative):
        path = write_zip(tmp_path / "mine.npz", {**PAIR, "images.npy": content})
        with pytest.raises(DataError, match=r"images\.npy"):
            load_source(path)


def test_a_header_that_is_code_is_not_run(tmp_path: Path) -> None:
    content = npy_with_header("{'descr': '|u1', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }")
    with pytest.raises(DataError, match="expected an array in NumPy's format"):
        load_source(write_zip(tmp_path / "mine.npz", {**PAIR, "images.npy": content}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_noticed_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    whole = write_zip(tmp_path / "whole.npz", PAIR).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    flips = data.draw(st.lists(st.integers(0, 8 * len(whole) - 1), max_size=3))
    damaged = bytearray(whole)
    for bit in flips:
        damaged[bit // 8] ^= 1 << bit % 8
    path = tmp_path / "damaged.npz"
    path.write_bytes(damaged[:cut])
    try:
        found = load_source(path)
    except DataError as refusal:
        found, message = None, str(refusal)
    if found is None:
        assert "damaged.npz" in message
    else:
        assert found.pool is not None
        np.testing.assert_array_equal(found.pool.images[:, 0], IMAGES)
        assert found.pool.labels.tolist() == LABELS.tolist()


def test_no_pair_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected arrays images and labels .* found pictures, words"):
        load_source(save(tmp_path / "mine.npz", pictures=IMAGES, words=LABELS))


def test_a_folder_with_one_archive_and_with_two(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    pool = load_source(tmp_path).pool
    assert pool is not None
    assert len(pool) == 12
    save(tmp_path / "b.npz", images=IMAGES, labels=LABELS)
    with pytest.raises(DataError, match=r"expected one \.npz archive, found 2"):
        load_source(tmp_path)
