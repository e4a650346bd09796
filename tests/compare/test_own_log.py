"""Reading someone's own log: columns guessed and told, torn and wrong files."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.compare.own_log import Log, read_log
from handgrad.errors import DataError, UsageError


def read(folder: Path, text: str | bytes, *columns: str) -> Log:
    path = folder / "log.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_log(path, columns)


def test_names_of_many_habits_are_understood(tmp_path: Path) -> None:
    log = read(
        tmp_path, "Epoch,trainLoss,val_loss,Val Accuracy,lr,time\n1,0.5,0.6,80,0.1,12:01\n2,0.4,0.5,85,0.1,12:02\n"
    )
    assert log.axis == "epoch"
    assert sorted(log.curves) == ["train_loss", "valid_error", "valid_loss"]
    assert log.curves["valid_error"].tolist() == pytest.approx([0.2, 0.15])
    assert any("'Val Accuracy' is the validation accuracy, in percent" in text for text in log.assumed)


def test_iterations_go_before_epochs_unless_they_begin_anew(tmp_path: Path) -> None:
    assert read(tmp_path, "epoch,step,loss\n0,10,1\n0,20,1\n").axis == "iteration"
    assert read(tmp_path, "epoch,step,loss\n0,10,1\n1,10,1\n").axis == "epoch"


def test_fractions_percent_signs_and_decimal_commas(tmp_path: Path) -> None:
    assert read(tmp_path, "it,err\n1,0.5\n2,0.25\n").curves["test_error"].tolist() == [0.5, 0.25]
    assert read(tmp_path, "it,err\n1,50 %\n2,25 %\n").curves["test_error"].tolist() == [0.5, 0.25]
    assert read(tmp_path, "it;err\n1;0,5\n2;0,25\n").curves["test_error"].tolist() == [0.5, 0.25]


def test_what_is_said_wins_over_the_guess(tmp_path: Path) -> None:
    log = read(tmp_path, "n,a,loss\n1,0.9,2\n2,0.8,1\n", "iteration=n", "test_error=a", "test_loss=loss")
    assert sorted(log.curves) == ["test_error", "test_loss"]
    with pytest.raises(UsageError, match="has no column 'b'; it has n, a"):
        read(tmp_path, "n,a\n1,2\n", "test_error=b")
    with pytest.raises(UsageError, match="expected MEASURE=COLUMN"):
        read(tmp_path, "n,a\n1,2\n", "error=a")


def test_a_missing_value_is_missing_and_a_nan_is_no_longer_finite(tmp_path: Path) -> None:
    values = read(tmp_path, "it,loss\n1,0.5\n2,\n3,nan\n").curves["train_loss"]
    assert np.isnan(values).tolist() == [False, True, False]
    assert np.isinf(values[2])


def test_a_torn_last_line_is_left_out_and_told(tmp_path: Path) -> None:
    log = read(tmp_path, "it,loss,acc\n1,0.5,80\n2,0.4,81\n3,0.")
    assert log.x.tolist() == [1, 2]
    assert log.assumed[0] == "The last line (4) is torn and left out."
    assert "no end" in read(tmp_path, "it,loss\n1,0.5\n2,0.4").assumed[0]


def test_marks_comments_and_other_line_ends_do_not_matter(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf# made by me\r\nit\tloss\r\n1\t0.5\r\n\r\n2\t0.4\r\n").x.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found 0 lines"),
        ("it,loss\n", "found 1 lines"),
        ("1,0.5\n2,0.4\n", "first line holds numbers"),
        ("it,loss\n1,0.5\n2,oops\n", r"line 3, column 'loss': expected a number, found 'oops'"),
        ("it,loss\n1,0.5,7\n2,0.4\n", "line 2: expected 2 cells, found 3"),
        ("it,acc\n1,50\n2,400\n", "expected accuracy in percent, found 50 to 400"),
        (b"it,loss\n1,\xff\xfe\n", "expected text in UTF-8"),
    ],
)
def test_broken_files_are_named_with_the_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column of iterations or epochs among a, b"),
        ("it,b\n1,2\n", "no column of a loss, an error or an accuracy among it, b"),
        ("it,loss\n5,1\n1,1\n", "'it' does not rise"),
    ],
)
def test_what_cannot_be_understood_says_how_to_name_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read(tmp_path, text)
    assert "--column" in str(caught.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_log(tmp_path / "none.csv")
