"""What `handgrad data` says."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from crafted import pixels, write_class_folders, write_idx_folder
from PIL import Image

from handgrad.data import Source, load_source
from handgrad.data.describe import describe, source_facts
from handgrad.data.duplicates import count_duplicates
from handgrad.data.gallery import PLAIN_MARKS, choose_pictures, pictures_as_text, write_png
from handgrad.errors import DataError, SaveError, UsageError


def test_all_registered_sources(bare_machine: Path) -> None:
    text, facts = describe()
    assert [one["name"] for one in facts["sources"]] == ["mnist", "fashion-mnist", "notmnist"]
    assert [one["here"] for one in facts["sources"]] == [True, False, False]
    assert facts["sources"][0]["sampled"]
    assert "handgrad data --download fashion-mnist" in text
    json.dumps(facts)


def test_a_broken_one_does_not_hide_the_others(bare_machine: Path) -> None:
    write_idx_folder(bare_machine / "fashion-mnist")
    text, facts = describe()
    assert "SHA-256" in facts["sources"][1]["broken"]
    assert "broken" in text
    assert facts["sources"][0]["here"]
    with pytest.raises(DataError):
        describe("fashion-mnist")


def test_real_digits(whole: bool) -> None:
    text, facts = describe("mnist")
    (found,) = facts["sources"]
    assert found["sampled"] != whole
    assert set(found["checksums"].values()) == {"verified"}
    counts = [sum(part["classes"].values()) for part in found["sets"].values()]
    assert counts == ([60_000, 10_000] if whole else [4000, 1000])
    assert found["duplicates"] == {"train": 0, "test": 0, "between": 0}
    assert found["sets"]["train"]["shape"] == [1, 28, 28]
    assert f"{counts[0]:,} training images" in text
    assert max(len(line) for line in text.splitlines()) <= 110


def test_duplicates_within_and_between() -> None:
    images = pixels(10)
    train = np.concatenate([images, images[:2], images[:1]])  # three copies
    test = np.concatenate([pixels(4, seed=5), images[3:6]])  # three of them to train with as well
    found = load_source(((train, np.arange(13) % 2), (test, np.arange(7) % 2)))
    assert count_duplicates(found) == {"train": 3, "test": 0, "between": 3}
    assert source_facts(found)["duplicates"]["between"] == 3


def test_a_folder_with_unreadable_files(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path, {"A": 100, "B": 100})
    (folder / "A" / "0.png").write_bytes(b"")
    text, facts = describe(folder)
    assert facts["sources"][0]["unreadable"] == [str(Path("A") / "0.png") + ": an empty file"]
    assert "199 images, not divided" in text
    assert "1 of 200 images cannot be read" in " ".join(text.split())


# ---------------------------------------------------------------------------------------- pictures


def source_of(n: int, classes: int) -> Source:
    return load_source((pixels(n), np.arange(n) // (n // classes)))


@pytest.mark.parametrize(("n", "classes", "expected"), [(60, 12, 10), (60, 10, 10), (60, 3, 10), (4, 2, 4)])
def test_ten_pictures_classes_in_turn(n: int, classes: int, expected: int) -> None:
    source = source_of(n, classes)
    images, names = choose_pictures(source)
    assert len(images) == len(names) == expected
    assert names == [str(k % classes) for k in range(expected)]
    assert len({image.tobytes() for image in images}) == expected


def test_text_pictures_show_light_and_dark() -> None:
    picture = np.zeros((1, 1, 4, 4), np.uint8)
    picture[0, 0, 0, 0] = picture[0, 0, 1, 1] = picture[0, 0, 2:, 2] = 255
    assert pictures_as_text(picture, ["seven"]).splitlines() == ["▀▄", "  █", "seve"]
    assert pictures_as_text(picture, ["7"], PLAIN_MARKS).splitlines() == ["'.", "  #", " 7"]


def test_text_pictures_fit_a_terminal(bare_machine: Path) -> None:
    images, names = choose_pictures(load_source("mnist"))
    lines = pictures_as_text(images, names).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 2 * (7 + 1)
    assert lines[7].split() == list("01234")


def test_plain_marks_where_the_terminal_knows_no_others(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        encoding = "cp1252"

    monkeypatch.setattr(sys, "stdout", Terminal())
    text, _ = describe("mnist")
    pictures = text.splitlines()[-16:]
    assert all(line.isascii() for line in pictures)
    assert any("#" in line for line in pictures)


def test_png(tmp_path: Path, bare_machine: Path) -> None:
    path = tmp_path / "ten.png"
    describe("mnist", pictures=path)
    images, _ = choose_pictures(load_source("mnist"))
    with Image.open(path) as sheet:
        shown = np.asarray(sheet)
    enlarged = np.kron(images[0, 0], np.ones((4, 4), np.uint8))
    np.testing.assert_array_equal(shown[9 : 9 + 112, 9 : 9 + 112], enlarged)
    assert shown[9 + 112 :, 9:].max() == 255  # the labels


def test_pictures_of_rows_are_wrong_usage(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", X=np.zeros((4, 3)), y=[0, 1, 0, 1])
    text, _ = describe(tmp_path / "rows.npz")
    assert "4 images, not divided into training and test: 3, floats from 0 to 0" in text
    with pytest.raises(UsageError, match="its rows are no pictures"):
        describe(tmp_path / "rows.npz", pictures=tmp_path / "a.png")
    with pytest.raises(UsageError, match="name the source"):
        describe(pictures=tmp_path / "a.png")


def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="cannot be written"):
        write_png(tmp_path / "nowhere" / "a.png", *choose_pictures(source_of(10, 2)))


def test_names_that_no_font_has_are_drawn_somehow(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", pixels(2)[:, None], ["雪", "<é>"])
    assert (tmp_path / "a.png").stat().st_size > 100
