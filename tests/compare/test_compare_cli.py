"""`handgrad compare` as people and programs meet it: formats, streams, exit codes, wrong input."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from made_runs import write_run
from typer.testing import CliRunner, Result

from handgrad.cli import app
from handgrad.cli.app import say
from handgrad.errors import HandgradError


def sgd(rate: float) -> dict[str, object]:
    return {"type": "sgd", "learning_rate": rate}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rates, three seeds each, one more that was interrupted; a title that is no HTML."""
    out = tmp_path_factory.mktemp("runs")
    for rate, error, step in ((0.1, 0.10, 0.003), (0.2, 0.12, 0.0032)):
        for seed in range(3):
            name = f"mine-20260101-00000{seed}-{int(10 * rate):06x}"
            write_run(out / name, error + step * seed, seed=seed, title="a | <b>_*", optimizer=sgd(rate))
    write_run(out / "other-20260101-000009-00000f", None, state="interrupted", optimizer=sgd(0.3))
    return out


def compare(*words: str | Path) -> Result:
    """Run the command; an error becomes its exit code and message as in `main`."""
    result = CliRunner().invoke(app, ["compare", *map(str, words)])
    if isinstance(result.exception, HandgradError):
        result.exit_code = result.exception.exit_code
        say(str(result.exception))
    return result


def names(runs: Path) -> list[Path]:
    return sorted(path for path in runs.iterdir() if path.name.startswith("mine"))


def test_a_page_is_written_and_its_path_is_the_last_line(runs: Path) -> None:
    result = compare(*names(runs), "--out", runs)
    assert result.exit_code == 0, result.output
    path = Path(result.stdout.splitlines()[-1])
    page = path.read_text("utf-8")
    assert "learning rate 0.2" in page
    assert "<b>_" not in page
    assert 'id="settings"' in page
    assert "learning rate 0.1  10.30 % ± 0.30" in result.stderr
    assert "beware: The best point is chosen on the test images" in result.stderr


def test_json_holds_everything_and_writes_nothing(runs: Path) -> None:
    before = sorted(runs.iterdir())
    document = json.loads(compare(*names(runs), "--json", "--out", runs).stdout)
    assert document["best"] == "learning rate 0.1"
    assert [point["finished"] for point in document["points"]] == [3, 3]
    assert document["points"][1]["difference"] == pytest.approx(0.0202)
    assert document["points"][1]["optimizer.learning_rate"] == 0.2
    assert sorted(runs.iterdir()) == before


def test_csv_holds_fractions_in_full(runs: Path) -> None:
    path = Path(compare(*names(runs), "--to", "csv", "--out", runs).stdout.splitlines()[-1])
    rows = list(csv.DictReader(path.open()))
    assert float(rows[0]["mean"]) == pytest.approx(0.103)
    assert rows[1]["verdict"] == "worse"


def test_markdown_is_a_table(runs: Path) -> None:
    text = Path(compare(*names(runs), "--to", "markdown", "--out", runs).stdout.splitlines()[-1]).read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "**10.30 %**" in text


def test_latex_can_be_read_in(runs: Path, tmp_path: Path) -> None:
    path = Path(compare(*names(runs), "--to", "latex", "--out", runs).stdout.splitlines()[-1])
    text = path.read_text("utf-8")
    assert text.count("\\begin{tabular}") == 1
    assert (path.parent / "key-0-test-error.pdf").stat().st_size > 1000
    if shutil.which("pdflatex"):
        source = tmp_path / "t.tex"
        source.write_text(rf"\documentclass{{article}}\begin{{document}}\input{{{path}}}\end{{document}}")
        done = subprocess.run(["pdflatex", "-interaction=nonstopmode", source], cwd=tmp_path, capture_output=True)
        assert done.returncode == 0, done.stdout


def test_prefixes_and_unfinished_runs(runs: Path) -> None:
    result = compare("mine-20260101-000000-000001", "other", "--out", runs)
    assert result.exit_code == 0
    assert "1 of 2 trials is interrupted" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["last"], "nothing to compare one run with"),
        (["mine-20260101"], "begin so"),
        (["nothing"], "no run of this name"),
        (["last", "@2", "--to", "word"], "expected html, csv, markdown, latex"),
        (["log.csv"], "add --with EXPERIMENT"),
        (["last", "@2", "--column", "a=b"], "--column belongs to a CSV log"),
        (["log.csv", "more.csv", "--with", "digits-mlp-constant"], "received 2 files"),
        (["log.csv", "--with", "digits-mlp-constnt"], "did you mean"),
        ([], "Missing argument"),
    ],
)
def test_wrong_use_is_2_and_one_message(
    runs: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs)
    for name in ("log.csv", "more.csv"):
        (runs / name).write_text("it,acc\n200,90\n400,91\n")
    result = compare(*words, "--out", runs)
    assert result.exit_code == 2
    assert message in re.sub(r"\s+", " ", result.output + capsys.readouterr().err)


def test_an_own_log_is_set_against_an_experiment(runs: Path, tmp_path: Path) -> None:
    log = tmp_path / "mine.csv"
    log.write_text("iteration,acc\n200,50\n400,55\n600,60\n")
    result = compare(log, "--with", "digits-mlp-constant", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("Too slow from the start: at iteration 600 your test error is 40.00 %")
    assert "The column 'acc' is the test accuracy, in percent." in result.stderr
    assert Path(result.stdout.splitlines()[-1]).is_file()
    document = json.loads(compare(log, "--with", "digits-mlp-constant", "--json", "--out", tmp_path).stdout)
    assert document["verdict"] == "too slow"


def test_a_broken_log_is_1(tmp_path: Path) -> None:
    log = tmp_path / "mine.csv"
    log.write_text("iteration,acc\n200,50\n400,x\n")
    assert compare(log, "--with", "digits-mlp-constant").exit_code == 1
