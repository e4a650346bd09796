"""CSV with the label first."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from crafted import peak_bytes, pixels

from handgrad.data import load_source
from handgrad.data.table import ROWS
from handgrad.errors import DataError

LABELS = [k % 3 for k in range(6)]


def text_of(images: np.ndarray, labels: list[int], names: bool = False, end: str = "\n") -> str:
    rows = images.reshape(len(images), -1)
    lines = [",".join([str(t), *(str(v) for v in row)]) for t, row in zip(labels, rows.tolist(), strict=True)]
    head = ["label," + ",".join(f"pixel{k}" for k in range(rows.shape[1]))] if names else []
    return end.join([*head, *lines, ""])


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_source(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_bytes_are_read_back(tmp_path: Path, names: bool, end: str, packed: bool) -> None:
    path = tmp_path / ("digits.csv.gz" if packed else "digits.csv")
    content = text_of(pixels(6), LABELS, names, end).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    found = load_source(path)
    assert found.name == "digits"
    assert found.pool is not None
    assert found.pool.images.dtype == np.uint8
    np.testing.assert_array_equal(found.pool.images[:, 0], pixels(6))
    assert found.pool.labels.tolist() == LABELS


def test_more_rows_than_are_parsed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    n = 2 * ROWS + 7
    images = pixels(n)
    path.write_text(text_of(images, [k % 3 for k in range(n)]))
    pool = load_source(path).pool
    assert pool is not None
    np.testing.assert_array_equal(pool.images[:, 0], images)


def test_fractions_make_floats_even_if_they_come_late(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    images = np.zeros((ROWS + 5, 64))
    images[-1, -1] = 0.25
    path.write_text(text_of(images, [k % 2 for k in range(ROWS + 5)]))
    pool = load_source(path).pool
    assert pool is not None
    assert pool.images.dtype == np.float32
    assert pool.images[-1, 0, -1, -1] == 0.25


def test_a_training_and_a_test_table(tmp_path: Path) -> None:
    (tmp_path / "mnist_train.csv").write_text(text_of(pixels(6), LABELS))
    (tmp_path / "mnist_test.csv").write_text(text_of(pixels(3), LABELS[:3]))
    found = load_source(tmp_path)
    assert found.train is not None
    assert found.test is not None
    assert (len(found.train), len(found.test)) == (6, 3)
    (tmp_path / "other_test.csv").write_text("0,1\n")
    assert "expected one CSV file, or one train and one test" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("5", "x5"), "expected a number, found"),
        (("\n1,", "\n1,7,"), "line 2: expected 65 fields as before, found 66"),
        (("\n2,", "\n"), "line 3: expected 65 fields as before, found 64"),
        (("\n1,", "\n-1,"), "expected labels 0, 1, 2, …, found -1"),
        (("\n1,", "\n1.5,"), "expected labels 0, 1, 2, …, found 1.5"),
        (("\n1,", "\n,"), "line 2: expected a number, found ''"),
    ],
)
def test_wrong_lines_are_refused_by_number(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "digits.csv"
    path.write_text(text_of(pixels(6), LABELS).replace(*change, 1))
    assert message in refusal(path)


def test_pixels_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    path.write_text("0,0.5,nan\n1,0.5,0.5\n")
    assert "found 1 NaN or infinite, first at (0, 1)" in refusal(path)


@pytest.mark.parametrize("content", ["", "label,pixel0\n", "\n\n\n", "just text\n", "0\n1\n"])
def test_tables_without_images_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "digits.csv"
    path.write_text(content)
    assert "expected" in refusal(path)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(200):
            file.write(b"0" * 1_000_000)

    def refused() -> None:
        assert "expands at most 200-fold" in refusal(path)

    assert peak_bytes(refused) < 6e7
