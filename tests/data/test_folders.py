"""Folders of images: order, classes and labels as documented; empty, mixed and damaged ones refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from crafted import pixels, write_class_folders, write_picture

from handgrad.data import Source, content, load_data, load_source
from handgrad.errors import DataError


def refusal(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_source(folder)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def marks(found: Source) -> list[int]:
    assert found.pool is not None
    return [int(picture[0, 0, 0]) for picture in found.pool.images]


def test_classes_come_in_turn(tmp_path: Path) -> None:
    found = load_source(write_class_folders(tmp_path, {"A": 3, "B": 1, "C": 2}))
    assert found.class_names == ("A", "B", "C")
    assert marks(found) == [0, 10, 20, 1, 21, 2]
    assert found.pool is not None
    assert found.pool.labels.tolist() == [0, 1, 2, 0, 2, 0]


def test_numbers_are_sorted_by_value(tmp_path: Path) -> None:
    found = load_source(write_class_folders(tmp_path, {"10": 11, "9": 1}))
    assert found.class_names == ("9", "10")
    assert marks(found) == [10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]  # 10.png of class "10" comes last


def test_train_and_test_folders(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "train", {"cat": 3, "dog": 3})
    write_class_folders(tmp_path / "test", {"cat": 1, "dog": 2})
    found = load_source(tmp_path)
    assert found.train is not None
    assert found.test is not None
    assert (len(found.train), len(found.test), found.class_names) == (6, 3, ("cat", "dog"))
    write_class_folders(tmp_path / "test", {"cow": 1})
    assert "expected the classes cat, dog, found cat, cow, dog" in refusal(tmp_path)


def test_names_with_spaces_accents_and_marks(tmp_path: Path) -> None:
    names = {"a b": 2, "<script>": 2, "été 雪": 2, "-rf": 2, "'\"": 2}
    found = load_source(write_class_folders(tmp_path / "my data, 100 %", names))
    assert sorted(found.class_names) == sorted(names)
    assert found.pool is not None
    assert len(found.pool) == 10


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 2, "B": 2})
    for name in (".DS_Store", "A/.DS_Store", "A/Thumbs.db"):
        (folder / name).write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    assert load_source(folder).notice == ""
    (folder / "A" / "notes.md").write_text("hello")
    assert "files that are no images are left out: notes.md" in load_source(folder).notice


def test_a_class_without_images_is_refused(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 2, "B": 0})
    assert str(folder / "B") in refusal(folder)
    assert "expected images (PNG, JPEG, …) of this class, found none" in refusal(folder)


def test_folders_within_a_class_are_refused(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 2, "B": 2})
    (folder / "A" / "more").mkdir()
    assert "expected image files, found the folder more among them" in refusal(folder)


def test_images_of_different_sizes_are_refused(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 2, "B": 2})
    odd = write_picture(folder / "B" / "7.png", pixels(1, side=9)[0])
    text = refusal(folder)
    assert str(odd) in text
    assert "expected 8×8 pixels as in 0.png, found 9×9" in text


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "found an empty folder" in refusal(tmp_path)
    (tmp_path / "readme.md").write_text("nothing here")
    assert "found readme.md" in refusal(tmp_path)


def test_a_few_unreadable_images_are_left_out_and_listed(tmp_path: Path) -> None:
    """As in the public notMNIST_small: 2 of 18,726 of its files are no images."""
    folder = write_class_folders(tmp_path, {"A": 100, "B": 100})
    (folder / "A" / "3.png").write_bytes(b"")
    (folder / "B" / "5.png").write_bytes(b"not a picture")
    found = load_source(folder)
    assert found.pool is not None
    assert (len(found.pool), np.bincount(found.pool.labels).tolist()) == (198, [99, 99])
    assert {line.split(":")[0] for line in found.unreadable} == {os.path.join("A", "3.png"), os.path.join("B", "5.png")}
    assert "2 of 200 images cannot be read and are left out" in found.notice
    assert "an empty file" in found.notice
    kept = dict(zip(marks(found), found.pool.labels.tolist(), strict=True))
    assert 3 not in kept or kept[3] == 1


def test_more_than_one_percent_is_refused(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 100, "B": 100})
    for k in range(30):
        (folder / "A" / f"{k}.png").write_bytes(b"")
    text = refusal(folder)
    assert "found 30 of 200 that cannot (more than 1%)" in text
    assert text.count("an empty file") == 20
    assert "and 10 more" in text


def test_nothing_readable_is_refused(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 1, "B": 1})
    for name in "AB":
        (folder / name / "0.png").write_bytes(b"")
    assert "found 2 of 2 that cannot" in refusal(folder)


def test_links_are_followed_to_files_and_loops_are_unreadable(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "data", {"A": 150, "B": 150})
    outside = write_picture(tmp_path / "elsewhere.png", np.full((8, 8), 77, np.uint8))
    (folder / "A" / "linked.png").symlink_to(outside)
    (folder / "A" / "loop.png").symlink_to(folder / "A" / "loop.png")
    found = load_source(folder)
    assert found.pool is not None
    assert len(found.pool) == 301
    assert [line.split(":")[0] for line in found.unreadable] == [os.path.join("A", "loop.png")]


# ---------------------------------------------------------------------------------------- flat, with a text file


def write_flat(folder: Path, lines: str, images: int = 12) -> Path:
    for k, picture in enumerate(pixels(images)):
        picture[0, 0] = k
        write_picture(folder / f"{k}.png", picture)
    (folder / "labels.txt").write_text(lines, "utf-8")
    return folder


@pytest.mark.parametrize("first", [0, 1])
def test_labels_from_0_and_from_1(tmp_path: Path, first: int) -> None:
    labels = [k % 3 for k in range(12)]
    found = load_source(write_flat(tmp_path, "\n".join(str(k + first) for k in labels)))
    assert marks(found) == list(range(12))  # 2.png before 10.png
    assert found.pool is not None
    assert found.pool.labels.tolist() == labels
    assert found.class_names == tuple(str(k + first) for k in range(3))
    assert ("count from 1" in found.notice) == bool(first)


def test_where_labels_start_can_be_stated(tmp_path: Path) -> None:
    found = load_source(write_flat(tmp_path, "# first = 0\n" + "1\n2\n" * 6))
    assert found.class_names == ("0", "1", "2")
    assert found.pool is not None
    assert found.pool.labels.tolist() == [1, 2] * 6


def test_carriage_returns_marks_and_blank_lines(tmp_path: Path) -> None:
    found = load_source(write_flat(tmp_path, "\ufeff" + "0\r\n1\r\n\r\n" * 6))
    assert found.pool is not None
    assert found.pool.labels.tolist() == [0, 1] * 6


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("0\n1\n" * 5, "expected one label for each of the 12 images, found 10 labels"),
        ("0\n1\n" * 5 + "0\nx\n", "line 12: expected a label 0, 1, 2, …, found 'x'"),
        ("0\n-1\n" * 6, "line 2: expected a label 0, 1, 2, …, found '-1'"),
        ("0\n1.5\n" * 6, "line 2: expected a label 0, 1, 2, …, found '1.5'"),
        ("0\n²\n" * 6, "line 2: expected a label"),
        ("0\n999999\n" * 6, "expected at most 1,000 classes, found the label 999999 in row 1"),
    ],
)
def test_wrong_labels_are_refused(tmp_path: Path, lines: str, message: str) -> None:
    text = refusal(write_flat(tmp_path, lines))
    assert message in text
    assert "labels.txt" in text


def test_no_text_file_and_two(tmp_path: Path) -> None:
    folder = write_flat(tmp_path, "0\n1\n" * 6)
    (folder / "more.txt").write_text("0")
    assert "expected one text file of labels beside the images, found labels.txt, more.txt" in refusal(folder)
    (folder / "more.txt").unlink()
    (folder / "labels.txt").unlink()
    assert "found none" in refusal(folder)


def test_an_unreadable_image_takes_its_label_along(tmp_path: Path) -> None:
    folder = write_flat(tmp_path, "".join(f"{k % 2}\n" for k in range(101)), images=101)
    (folder / "0.png").write_bytes(b"")
    found = load_source(folder)
    assert found.pool is not None
    assert found.pool.labels.tolist() == [k % 2 for k in range(1, 101)]
    assert marks(found) == list(range(1, 101))


def test_the_first_images_of_class_folders_have_all_classes(tmp_path: Path) -> None:
    data = load_data(write_class_folders(tmp_path, {"A": 20, "B": 20, "C": 20}), train_images=30, test_images=9)
    assert data.train is not None
    assert data.test is not None
    assert np.bincount(data.train.labels).tolist() == [10, 10, 10]
    assert np.bincount(data.test.labels).tolist() == [3, 3, 3]


def test_a_folder_beyond_the_cap_is_refused_before_its_array_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_class_folders(tmp_path, {"A": 5, "B": 5})
    monkeypatch.setattr(content, "MAX_BYTES", 639)
    assert "expected at most 639 bytes, found 640" in refusal(folder)
