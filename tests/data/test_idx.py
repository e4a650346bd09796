"""IDX files: right ones are read back exactly, broken ones are refused with file, expected and found."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from crafted import idx_bytes, peak_bytes, pixels, write_idx_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from handgrad.data import Data, load_source
from handgrad.data.idx import find_idx, load_idx, read_idx
from handgrad.errors import DataError, UsageError

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ARRAYS = hnp.arrays(st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]), hnp.array_shapes(max_dims=4, max_side=6))


@quick
@given(array=ARRAYS, packed=st.booleans())
def test_any_array_is_read_back(tmp_path: Path, array: np.ndarray, packed: bool) -> None:
    path = tmp_path / "values"
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    found = read_idx(path)
    assert found.shape == array.shape
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_several_gzip_streams_in_one_file_are_one_content(tmp_path: Path) -> None:
    content = idx_bytes(pixels(5))
    path = tmp_path / "values"
    path.write_bytes(gzip.compress(content[:100]) + gzip.compress(content[100:]))
    np.testing.assert_array_equal(read_idx(path), pixels(5))


@pytest.mark.parametrize("packed", [False, True])
def test_every_truncation_is_refused(tmp_path: Path, packed: bool) -> None:
    content = idx_bytes(pixels(3, side=3))
    stored = gzip.compress(content, mtime=0) if packed else content
    path = tmp_path / "images"
    for length in range(len(stored)):
        path.write_bytes(stored[:length])
        with pytest.raises(DataError, match=r"expected .* found") as refusal:
            read_idx(path)
        assert str(path) in str(refusal.value)


@pytest.mark.parametrize("packed", [False, True])
def test_trailing_bytes_are_refused(tmp_path: Path, packed: bool) -> None:
    content = idx_bytes(pixels(3)) + b"x"
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=r"expected 208 bytes for 3×8×8, found (209|more after them)"):
        read_idx(path)


@pytest.mark.parametrize(("rest", "said"), [(b"rest", "other bytes follow the stream"), (b"rest" * 9, "is damaged")])
def test_bytes_after_the_gzip_stream_are_refused(tmp_path: Path, rest: bytes, said: str) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx_bytes(pixels(3))) + rest)
    with pytest.raises(DataError, match=said):
        read_idx(path)


def test_every_flipped_bit_of_a_gzip_file_is_noticed_or_harmless(tmp_path: Path) -> None:
    array = pixels(2, side=3)
    stored = bytearray(gzip.compress(idx_bytes(array), mtime=0))
    path = tmp_path / "images.gz"
    noticed = 0
    for bit in range(8 * len(stored)):
        stored[bit // 8] ^= 1 << bit % 8
        path.write_bytes(stored)
        try:
            np.testing.assert_array_equal(read_idx(path), array)  # a flag of the gzip header, nothing of the content
        except DataError:
            noticed += 1
        stored[bit // 8] ^= 1 << bit % 8
    assert noticed > 8 * (len(stored) - 10)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"PK\3\4", "magic number such as 00000803, found 504b0304"),
        (b"\0\0\x07\3", "found 00000703"),
        (b"\0\0\x08\5", "found 00000805"),
        (b"\0\0\x08\0", "found 00000800"),
        (b"", "found an empty file"),
        (b"\0\0\x08\3\0\0", "expected 3 sizes after the magic number, found 2 bytes"),
        (b"\0\0\x08\3" + struct.pack(">III", 0, 28, 28), "found the sizes 0×28×28"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, header: bytes, message: str) -> None:
    path = tmp_path / "images"
    path.write_bytes(header)
    with pytest.raises(DataError) as refusal:
        read_idx(path)
    assert message in str(refusal.value)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("packed", [False, True])
def test_huge_sizes_are_refused_before_memory_is_spent(tmp_path: Path, packed: bool) -> None:
    content = b"\0\0\x08\3" + struct.pack(">III", 2**31, 2**15, 2**15) + bytes(1000)
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(content) if packed else content)

    def refused() -> None:
        with pytest.raises(DataError, match=r"expected .* found"):
            read_idx(path)

    assert peak_bytes(refused) < 8e6


def test_a_gzip_bomb_is_refused_before_memory_is_spent(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"\0\0\x08\3" + struct.pack(">III", 200, 1000, 1000))
        for _ in range(200):
            file.write(bytes(1_000_000))
    assert path.stat().st_size < 250_000

    def refused() -> None:
        with pytest.raises(DataError, match=r"expands at most 200-fold, found .* that become 200,000,000"):
            read_idx(path)

    assert peak_bytes(refused) < 8e6


def test_a_stream_that_goes_on_beyond_its_sizes_is_left_at_once(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    with gzip.open(path, "wb") as file:
        file.write(idx_bytes(pixels(1)))
        for _ in range(100):
            file.write(bytes(1_000_000))

    def refused() -> None:
        with pytest.raises(DataError, match="found more after them"):
            read_idx(path)

    assert peak_bytes(refused) < 8e6


def test_another_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(pixels(1)))
    with pytest.raises(DataError, match=r"expected content with the SHA-256 0{64}, found [0-9a-f]{64}"):
        read_idx(path, sha256="0" * 64)


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_like_mnist(tmp_path: Path, packed: bool) -> None:
    found = load_source(write_idx_folder(tmp_path / "mine", packed=packed))
    assert found.name == "mine"
    assert found.class_names == ("0", "1", "2")
    assert found.pool is None
    assert found.train is not None
    assert found.test is not None
    np.testing.assert_array_equal(found.train.images[:, 0], pixels(30))
    assert found.test.labels.tolist() == [0, 1, 2] * 3 + [0]
    assert set(found.checksums.values()) == {"no published checksum"}


def test_one_file_and_its_partner(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path)
    found = load_source(folder / "t10k-images-idx3-ubyte")
    assert found.pool is not None
    assert len(found.pool) == 10
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="expected a file of labels beside t10k-images-idx3-ubyte, found none"):
        load_source(folder)


def test_names_with_a_dot_and_without_division(tmp_path: Path) -> None:
    (tmp_path / "images.idx3-ubyte").write_bytes(idx_bytes(pixels(4)))
    (tmp_path / "labels.idx1-ubyte").write_bytes(idx_bytes(np.array([0, 1, 0, 1], np.uint8)))
    assert list(find_idx(tmp_path)) == ["pool"]
    pool = load_source(tmp_path).pool
    assert pool is not None
    assert len(pool) == 4


def test_labels_of_another_count_are_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(9, np.uint8)))
    with pytest.raises(DataError, match="one label for each of the 10 images, found 9 labels") as refusal:
        load_source(folder)
    assert "t10k" in str(refusal.value)


def test_test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path)
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(pixels(10, side=9)))
    with pytest.raises(DataError, match=r"shape \(1, 8, 8\), found \(1, 9, 9\)"):
        load_source(folder)


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_idx(tmp_path / "nowhere")


def test_registered_names_verify_content(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path)
    with pytest.raises(DataError, match="SHA-256"):
        load_idx(folder, "mnist", find_idx(folder), sha256={"t10k-images-idx3-ubyte": "0" * 64})


def test_real_digits_cost_no_more_than_their_bytes(real: Data, whole: bool) -> None:
    """The bytes themselves, labels as int64, and pieces of a megabyte on the way."""
    assert real.train is not None
    assert real.test is not None
    assert real.train.images.dtype == np.uint8
    assert real.input_shape == (1, 28, 28)
    assert (len(real.train), len(real.test)) == ((60_000, 10_000) if whole else (4000, 1000))
    counts = np.bincount(np.concatenate([real.train.labels, real.test.labels]))
    assert counts.tolist() == ([6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958] if whole else [500] * 10)
    if whole:
        content = real.train.images.nbytes + real.test.images.nbytes + 8 * 70_000
        assert peak_bytes(lambda: load_source(Path(os.environ["HANDGRAD_DATA"]) / "mnist")) < content + 8e6
