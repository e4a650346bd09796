"""The command line as a person or a program meets it: exit codes, streams, start-up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NAME = "digits-mlp-constant"
SMALL = [
    "data.train_images=500",
    "data.test_images=200",
    "training.iterations=40",
    "training.evaluate_every=20",
]


def handgrad(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "handgrad", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=120)


def test_train_prints_its_folder_last(tmp_path: Path) -> None:
    result = handgrad("train", NAME, *SMALL, "--out", str(tmp_path / "runs"))
    assert result.returncode == 0, result.stderr
    folder = Path(result.stdout.splitlines()[-1])
    assert json.loads((folder / "summary.json").read_text())["iterations"] == 40
    assert "error" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", NAME, "training.epoch=3"], "did you mean 'epochs'"),
        (["train", NAME, "network.layers.2.type=Relu"], "did you mean 'ReLU'"),
        (["train", NAME, "network.layers.0.type=ReLU"], "layer 1 (Dense): expects a vector"),
        (["train", NAME, "network.layers.5.units=7"], "expected (10,)"),
        (["train", "nothing.toml"], "there is no such file"),
        (["train", NAME, "data.source=nowhere"], "nowhere"),
        (["train", "digits-mlp"], "no experiment of this name"),
        (["train"], "name an experiment"),
        (["train", NAME, "--resume", "last"], "without overrides"),
        (["train", "--resume", "nothing"], "no run of this name"),
        (["report", "nothing"], "no run of this name"),
        (["frobnicate"], "No such command"),
    ],
)
def test_wrong_use_exits_2_and_leaves_nothing(tmp_path: Path, words: list[str], said: str) -> None:
    out = ["--out", "runs"] if words[0] in ("train", "report") else []
    result = handgrad(*words, *out, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_broken_and_empty_data_exit_1(tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (broken / name).write_bytes(b"\x00\x00\x08\x03 not an image")
    for folder in (empty, broken):
        result = handgrad("train", NAME, f"data.source={folder}", "--out", str(tmp_path / "runs"))
        assert result.returncode == 1, result.stderr
        assert str(folder) in result.stderr
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_divergence_exits_1(tmp_path: Path) -> None:
    result = handgrad("train", NAME, *SMALL, "optimizer.learning_rate=1e30", "--out", str(tmp_path))
    assert result.returncode == 1
    assert "first tensor that is not finite" in result.stderr


def test_show_can_be_saved_and_trained(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(handgrad("show", NAME).stdout)
    result = handgrad("train", "mine.toml", *SMALL, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("runs/mine-")


def test_list_and_runs_speak_json(tmp_path: Path) -> None:
    names = [row["name"] for row in json.loads(handgrad("list", "--json").stdout)]
    assert NAME in names
    assert json.loads(handgrad("runs", "--json", "--out", str(tmp_path)).stdout) == []


def test_evaluate(tmp_path: Path) -> None:
    run = handgrad("train", NAME, *SMALL, "--out", str(tmp_path)).stdout.strip()
    result = handgrad("evaluate", run, "--json")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["images"] == 200
    assert answer["data_error"] == json.loads(Path(run, "summary.json").read_text())["test_error"]
    assert "200 images" in handgrad("evaluate", run).stdout


def test_version_and_help() -> None:
    from handgrad import __version__

    assert handgrad("--version").stdout.strip() == f"handgrad {__version__}"
    for command in (
        "train",
        "reproduce",
        "sweep",
        "evaluate",
        "report",
        "runs",
        "data",
        "demo",
        "list",
        "show",
    ):
        result = handgrad(command, "--help")
        assert result.returncode == 0
        assert "Example: handgrad" in " ".join(result.stdout.split())


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"]])
def test_help_and_import_load_nothing_heavy(words: list[str]) -> None:
    """Start-up time is measured in benchmarks; what would cost it is held here."""
    code = (
        f"import io, sys, handgrad, handgrad.cli\nsys.argv = ['handgrad', *{words}]\n"
        "real, sys.stdout = sys.stdout, io.StringIO()\nhandgrad.cli.main()\n"
        "shown, sys.stdout = sys.stdout.getvalue(), real\nassert 'Usage: handgrad' in shown\n"
        "heavy = {'numpy', 'pydantic', 'matplotlib', 'PIL', 'safetensors', 'dask', 'sklearn', 'pooch'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_public_names_resolve() -> None:
    import handgrad

    assert set(handgrad.__all__) == {*handgrad._HOME, *handgrad._MODULES}
    for name in handgrad.__all__:
        assert getattr(handgrad, name) is not None


@pytest.mark.slow
def test_reproduce_and_latex(tmp_path: Path) -> None:
    result = handgrad("reproduce", NAME, *SMALL, "--out", str(tmp_path))
    assert result.returncode == 0, result.stderr
    folder = Path(result.stdout.splitlines()[-1])
    assert "Published beside ours" in (folder / "report.html").read_text("utf-8")
    latex = handgrad("report", str(folder), "--to", "latex")
    assert latex.returncode == 0, latex.stderr
    assert {"table.tex", "settings.tex", "loss.pdf"} <= {p.name for p in Path(latex.stdout.strip()).iterdir()}


def test_sweep_prints_its_folder_last(tmp_path: Path) -> None:
    grid = ['sweep.grid={"optimizer.learning_rate" = [0.01, 0.1]}', "sweep.trials=1"]
    small = ["data.train_images=300", "data.test_images=100", "training.epochs=1", "training.batches_per_epoch=5"]
    result = handgrad("sweep", "digits-mlp-rates", *small, *grid, "--out", str(tmp_path))
    assert result.returncode == 0, result.stderr
    folder = Path(result.stdout.splitlines()[-1])
    assert (folder / "report.html").is_file()
    assert len(list((folder / "trials").iterdir())) == 2


def test_predict_prints_class_and_probability(tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    run = handgrad("train", NAME, *SMALL, "--out", str(tmp_path)).stdout.strip()
    picture = Image.new("L", (90, 120), 255)
    ImageDraw.Draw(picture).line([(45, 10), (45, 110)], fill=0, width=9)
    picture.save(tmp_path / "one.png")
    result = handgrad("predict", run, str(tmp_path / "one.png"), "--json")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)[0]
    assert answer["done"][0] == "inverted"
    assert sum(answer["classes"].values()) == pytest.approx(1, abs=1e-4)
    gallery = handgrad("predict", run)
    assert Path(gallery.stdout.strip()).is_file()
    assert handgrad("predict", run, str(tmp_path / "none.png")).returncode == 2


@pytest.mark.slow
def test_demo_without_any_data_folder(tmp_path: Path) -> None:
    """On the sample: the notice is given, the report is there, and says that it is not comparable."""
    environment = {key: value for key, value in os.environ.items() if key != "HANDGRAD_DATA"}
    environment |= {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "handgrad", "demo"]
    result = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert "5,000 of its images" in result.stderr
    folder = tmp_path / result.stdout.splitlines()[-1]
    assert str(folder / "report.html") in result.stderr
    page = (folder / "report.html").read_text("utf-8")
    assert "small sample of the data" in page
    assert "Not comparable" in page
    assert json.loads((folder / "summary.json").read_text())["test_error"] < 0.15
