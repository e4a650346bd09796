"""`handgrad runs`: a list that is filtered, sorted, and deleted from without losing what was not asked for."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handgrad.errors import RunLockedError, UsageError
from handgrad.listing import Row, SweepRow, read_rows
from handgrad.listing_table import Query, table
from handgrad.run_deletion import clear_leftovers, delete_row, why_kept
from handgrad.run_folder import RunLock
from handgrad.runs import find_run, list_runs

CONFIG = """format = 1
seed = {seed}

[[network.layers]]
type = "Dense"
units = {units}

[optimizer]
type = "sgd"
learning_rate = {rate}

[optimizer.schedule]
type = "constant"

[training]
evaluate = [
    "train",
]
"""


def make_run(folder: Path, state: str = "done", error: float | None = 0.1, rate: float = 0.1, units: int = 10) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG.format(seed=3, units=units, rate=rate))
    name = folder.name.rsplit("-", 3)[0]
    (folder / "status.json").write_text(json.dumps({"state": state, "experiment": name, "kernels": "native"}))
    (folder / "lock").write_text("process 1 on here")
    if error is not None:
        (folder / "summary.json").write_text(json.dumps({"state": state, "test_error": error, "seconds": 9.5}))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Four runs, newest last, and a sweep between them."""
    out = tmp_path / "runs"
    make_run(out / "digits-20261001-100000-aaa", error=0.04, rate=0.1)
    make_run(out / "digits-20261101-100000-bbb", error=0.03, rate=0.01, units=20)
    make_run(out / "letters-20261102-100000-ccc", state="running", error=None)
    make_run(out / "letters-20261103-100000-ddd", state="failed", error=None, rate=0.1)
    sweep = out / "rates-20261102-090000-eee"
    for rate, state in ((0.1, "done"), (0.2, "diverged"), (0.3, "failed")):
        make_run(sweep / "trials" / f"{rate}", state=state, error=rate if state == "done" else None, rate=rate)
    grid = '[sweep.grid]\n"optimizer.learning_rate" = [0.1, 0.2, 0.3, 0.4]\n'
    (sweep / "sweep.toml").write_text(f"[sweep]\ntrials = 2\n\n{grid}")
    return out


def names(out: Path, *words: str, **options) -> list[str]:
    return [row.folder.name[-3:] for row in Query(out, words, **options).rows()]


def test_newest_first_with_places_of_runs_only(out: Path) -> None:
    rows = read_rows(out)
    assert [(row.folder.name[-3:], row.place, row.kind) for row in rows] == [
        ("ddd", 1, "run"),
        ("ccc", 2, "run"),
        ("eee", None, "sweep"),
        ("bbb", 3, "run"),
        ("aaa", 4, "run"),
    ]
    for row in rows:
        if row.place:
            assert find_run(f"@{row.place}", out) == row.folder
    assert find_run("last", out) == rows[0].folder
    assert [run.folder for run in list_runs(out)] == [row.folder for row in rows if row.kind == "run"]
    assert [row.state for row in rows] == ["failed", "killed", "failed", "done", "done"]
    assert "2 of 8 done" in table(rows)[2]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["state=done"], ["bbb", "aaa"]),
        (["state!=done", "kind=run"], ["ddd", "ccc"]),
        (["test_error<0.035"], ["bbb"]),
        (["test_error<=4%", "test_error>3%"], ["aaa"]),
        (["experiment=digits*", "optimizer.learning_rate=0.1"], ["aaa"]),
        (["network.layers.0.units=20"], ["bbb"]),
        (["optimizer.schedule.type=const*"], ["ddd", "ccc", "bbb", "aaa"]),
        (["since=2026-11-01"], ["ddd", "ccc", "eee", "bbb"]),
        (["since=2026-11-01", "before=2026-11-02"], ["bbb"]),
        (["seed=3", "kernels=native", "state=killed"], ["ccc"]),
        (["@2", "digits-20261101"], ["ccc", "bbb"]),
        (["@4", "state=failed"], []),
    ],
)
def test_filters(out: Path, words: list[str], found: list[str]) -> None:
    assert names(out, *words) == found


def test_order_and_limit(out: Path) -> None:
    assert names(out, sort="test_error")[:2] == ["bbb", "aaa"]
    assert names(out, sort="test_error", descending=True)[:2] == ["aaa", "bbb"]
    assert names(out, "state=done", sort="optimizer.learning_rate", limit=1) == ["bbb"]
    with pytest.raises(UsageError, match="--sort"):
        names(out, descending=True)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("learning_rate=0.1", "did you mean 'optimizer.learning_rate'"),
        ("test_eror<0.1", "did you mean 'test_error'"),
        ("optimiser.type=sgd", "did you mean 'optimizer.type'"),
        ("test_error<small", "expected a number"),
        ("since=yesterday", "expected a time"),
        ("nothing", "no run of this name"),
    ],
)
def test_mistyped_questions_are_explained(out: Path, word: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        names(out, word)


def test_a_sweep_by_its_name_is_its_trials(out: Path) -> None:
    assert names(out, "rates") == ["0.1", "0.2", "0.3"]
    assert names(out, "rates", "state=failed") == ["0.3"]
    lines = table(Query(out, ["rates"]).rows())
    assert "optimizer.learning_rate" in lines[0]
    assert "10.00 %" in lines[1]
    with pytest.raises(UsageError, match="this is a sweep"):
        find_run("rates", out)


def test_links_and_leftovers_are_not_listed(out: Path, tmp_path: Path) -> None:
    elsewhere = make_run(tmp_path / "elsewhere" / "digits-20261201-100000-fff")
    (out / "digits-20261201-100000-fff").symlink_to(elsewhere)
    (out / ".deleted-digits-20261001-100000-aaa-0123abcd").mkdir()
    (out / ".deleted-digits-20261001-100000-aaa-0123abcd" / "config.toml").touch()
    assert "fff" not in names(out)
    assert len(names(out)) == 5


# ------------------------------------------------------------------------------------------ deleting


def test_deleting_leaves_the_rest(out: Path) -> None:
    before = {row.folder for row in read_rows(out)}
    (row,) = Query(out, ["@4"], whole_sweeps=True).rows()
    delete_row(row)
    assert {row.folder for row in read_rows(out)} == before - {row.folder}
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


def test_a_run_at_work_stays(out: Path) -> None:
    folder = out / "digits-20261001-100000-aaa"
    lock = RunLock(folder)
    assert why_kept(Row(folder)) == "a process is working in it"
    with pytest.raises(RunLockedError):
        delete_row(Row(folder))
    lock.release()
    delete_row(Row(folder))
    assert not folder.exists()


def test_a_sweep_with_a_trial_at_work_stays(out: Path) -> None:
    sweep = SweepRow(out / "rates-20261102-090000-eee")
    lock = RunLock(sweep.folder / "trials" / "0.2")
    with pytest.raises(RunLockedError):
        delete_row(sweep)
    lock.release()
    assert sweep.folder.is_dir()


def test_what_is_no_run_stays(out: Path, tmp_path: Path) -> None:
    project = out / "my-project"
    project.mkdir()
    (project / "config.toml").write_text("[my]\nown = 1\n")
    (project / "thesis.txt").write_text("years of work")
    assert "no run folder" in str(why_kept(Row(project)))
    with pytest.raises(UsageError, match="no run folder"):
        delete_row(Row(project))
    real = make_run(tmp_path / "elsewhere" / "digits-20261201-100000-fff")
    link = out / "link"
    link.symlink_to(real)
    with pytest.raises(UsageError, match="symbolic link"):
        delete_row(Row(link))
    assert (project / "thesis.txt").is_file()
    assert (real / "config.toml").is_file()


def test_links_inside_a_run_are_not_followed(out: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data.npz").write_text("")
    folder = out / "digits-20261001-100000-aaa"
    (folder / "data").symlink_to(precious)
    delete_row(Row(folder))
    assert (precious / "data.npz").is_file()


def test_conditions_never_choose_a_sweep(out: Path) -> None:
    assert names(out, "state=failed", whole_sweeps=True) == ["ddd"]
    assert names(out, "rates", "state=failed", whole_sweeps=True) == ["0.3"]
    assert names(out, "rates-20261102-090000-eee", whole_sweeps=True) == ["eee"]
    with pytest.raises(UsageError, match="whole name"):
        names(out, "rates", whole_sweeps=True)


def test_an_interrupted_deletion_lists_nothing_half(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = out / "digits-20261001-100000-aaa"

    def cut_off(path: Path) -> None:
        (path / "summary.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", cut_off)
        with pytest.raises(KeyboardInterrupt):
            delete_row(Row(folder))
    assert "aaa" not in names(out)
    assert [p.name[:-9] for p in clear_leftovers(out)] == [".deleted-digits-20261001-100000-aaa"]
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


# ------------------------------------------------------------------------------------------ as a command


def handgrad(*words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "handgrad", *words]
    return subprocess.run(command, input=answer, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_asks_before_it_deletes(out: Path) -> None:
    where = ("--out", str(out))
    said_no = handgrad("runs", "state=failed", "--delete", *where, answer="n\n")
    assert said_no.returncode == 1
    assert "ddd" in said_no.stderr
    assert len(read_rows(out)) == 5
    assert handgrad("runs", "--delete", "--yes", *where).returncode == 2
    said_yes = handgrad("runs", "state=failed", "--delete", *where, answer="y\n")
    assert said_yes.returncode == 0, said_yes.stderr
    assert names(out) == ["ccc", "eee", "bbb", "aaa"]
    quiet = handgrad("runs", "rates-20261102-090000-eee", "--delete", "--yes", "--json", *where)
    assert json.loads(quiet.stdout) == [str(out / "rates-20261102-090000-eee")]
    assert names(out) == ["ccc", "bbb", "aaa"]


def test_the_command_speaks_json(out: Path) -> None:
    result = handgrad("runs", "test_error<5%", "--sort", "test_error", "--json", "--out", str(out))
    rows = json.loads(result.stdout)
    assert [(row["test_error"], row["place"], row["state"]) for row in rows] == [(0.03, 3, "done"), (0.04, 4, "done")]
    wrong = handgrad("runs", "test_err<5%", "--out", str(out))
    assert wrong.returncode == 2
    assert "did you mean 'test_error'" in wrong.stderr


def test_the_list_loads_nothing_heavy(out: Path) -> None:
    code = (
        f"import sys, handgrad.cli\nsys.argv = ['handgrad', 'runs', 'seed=3', '--out', {str(out)!r}]\n"
        "try:\n    handgrad.cli.main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'handgrad.config', 'matplotlib', 'dask'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
    assert "ddd" in result.stdout
