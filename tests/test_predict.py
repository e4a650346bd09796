"""Predicting image files: made to look like the training images, whatever their size and colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handgrad.data import load_data
from handgrad.errors import DataError, UsageError
from handgrad.experiment import train
from handgrad.predict import fit_to_style, predict_files, style_of, write_gallery
from handgrad.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    overrides = {"data.train_images": 3000, "data.test_images": 100, "training.iterations": 900}
    return train("digits-mlp-constant", overrides, out=tmp_path_factory.mktemp("runs"), quiet=True)


def test_digits_are_bright_ink_of_twenty_pixels() -> None:
    style = style_of(load_data("mnist", train_images=300).train)
    assert style.bright_ink
    assert (style.height, style.width, style.side) == (28, 28, 20)
    assert abs(style.row - 14) < 1
    assert abs(style.column - 14) < 1


def test_files_of_any_size_and_colour_get_the_class_of_the_original(run: Run, tmp_path: Path) -> None:
    test = run.data.test
    originals = run.probabilities("test").argmax(axis=1)
    chosen, right = range(20), 0
    for i in chosen:
        picture = Image.fromarray(test.images[i, 0])
        big = picture.resize((140, 140), Image.Resampling.BICUBIC)
        page = Image.new("L", (300, 220), 255)
        page.paste(Image.fromarray(255 - np.asarray(big)), (130, 40))
        page.convert("RGB").save(tmp_path / f"{i}.png")
        prediction = predict_files(run, [tmp_path / f"{i}.png"])[0]
        assert prediction.done[0] == "inverted"
        assert prediction.seen.shape == (28, 28)
        assert sum(p for _, p in prediction.classes) == pytest.approx(1, abs=1e-4)
        right += prediction.classes[0][0] == str(originals[i])
    assert right >= 19


def test_a_picture_of_the_right_size_and_ink_is_left_alone(run: Run, tmp_path: Path) -> None:
    picture = run.data.test.images[3, 0]
    fitted, done = fit_to_style(picture, style_of(run.data.train))
    np.testing.assert_array_equal(fitted, picture)
    assert done == []
    fitted, done = fit_to_style(255 - picture, style_of(run.data.train))
    np.testing.assert_array_equal(fitted, picture)
    assert done == ["inverted"]


def test_nothing_drawn_nothing_there_nothing_readable(run: Run, tmp_path: Path) -> None:
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError, match=r"blank\.png: nothing is drawn"):
        predict_files(run, [tmp_path / "blank.png"])
    with pytest.raises(DataError, match=r"torn\.png"):
        predict_files(run, [tmp_path / "torn.png"])
    with pytest.raises(UsageError, match="no such file"):
        predict_files(run, [tmp_path / "none.png"])


def test_a_single_dot_is_no_division_by_zero(run: Run, tmp_path: Path) -> None:
    dot = np.zeros((40, 60), np.uint8)
    dot[5, 50] = 255
    Image.fromarray(dot).save(tmp_path / "dot.png")
    prediction = predict_files(run, [tmp_path / "dot.png"])[0]
    assert np.isfinite([p for _, p in prediction.classes]).all()
    assert prediction.seen.max() > 0


def test_gallery(run: Run, tmp_path: Path) -> None:
    write_gallery(run, tmp_path / "gallery.png", images=12, columns=4)
    assert Image.open(tmp_path / "gallery.png").size[0] > 300
