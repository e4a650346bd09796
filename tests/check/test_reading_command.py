"""`handgrad check` as a person and as a program meet it."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from handgrad.check import command, levels
from handgrad.check.reading.source import NotReadError
from handgrad.check.reading.wishes import Wishes
from handgrad.errors import UsageError

STYLE = Path(__file__).parent / "public_style"
WRONG = (STYLE / "stale_weights_step.py").read_text()
RIGHT = (STYLE / "list_of_lists.py").read_text()


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handgrad", "check", *words], cwd=folder, text=True, capture_output=True
    )


def write(folder: Path, text: str) -> Path:
    path = folder / "net.py"
    path.write_text(text)
    return path


def test_exit_codes_and_log(tmp_path: Path) -> None:
    write(tmp_path, RIGHT)
    assert run("net.py", folder=tmp_path).returncode == 0
    write(tmp_path, WRONG)
    told = run("net.py", folder=tmp_path)
    assert told.returncode == 1
    assert told.stdout.startswith("Read: net.py")
    assert "Mistake in W1" in told.stdout
    assert run("nothing.py", folder=tmp_path).returncode == 2
    write(tmp_path, "def f(x):\n    return x\n")
    assert run("net.py", folder=tmp_path).returncode == 3
    lines = [json.loads(line) for line in (tmp_path / "check-log.jsonl").read_text().splitlines()]
    assert [line["verdict"] for line in lines] == ["right", "mistake"]
    assert lines[1]["explanations"] == ["stale_weights"]
    assert "def " not in (tmp_path / "check-log.jsonl").read_text()


def test_levels_say_more_and_more(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG)
    texts = [command.check_program(path, Wishes(), level=n, log=False).text for n in range(5)]
    assert "W1" not in texts[0]
    assert "WRONG" in texts[1]
    assert all(len(a) < len(b) for a, b in pairwise(texts))
    data = command.check_program(path, Wishes(), level=2, log=False).data
    finding = data["parts"][0]["findings"][0]
    assert finding["symptom"]
    assert not {"change", "explanation"} & set(finding)


def test_more_goes_one_further_and_a_course_caps(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG)
    assert command.check_program(path, Wishes()).data["level"] == 2
    assert command.check_program(path, Wishes(), more=True).data["level"] == 3
    assert command.check_program(path, Wishes(), more=True).data["level"] == 4
    (tmp_path / "course.toml").write_text("level = 1\nuntil = 2999-01-01\n")
    capped = command.check_program(path, Wishes(), level=4)
    assert capped.data["level"] == 1
    assert "no more than level 1 until 2999-01-01" in capped.text
    (tmp_path / "course.toml").write_text("level = 1\nuntil = 2001-01-01\n")
    assert levels.find_cap(tmp_path) is None
    (tmp_path / "course.toml").write_text("level = 'one'\n")
    with pytest.raises(UsageError, match="expected `level = 0"):
        levels.find_cap(tmp_path)


def test_json(tmp_path: Path) -> None:
    write(tmp_path, RIGHT)
    told = json.loads(run("net.py", "--json", "--no-log", folder=tmp_path).stdout)
    assert told["verdict"] == "right"
    assert [line["tensor"] for line in told["parts"][0]["lines"]][:2] == ["W1", "b1"]
    assert not (tmp_path / "check-log.jsonl").exists()


def test_a_wrong_guess_is_corrected(tmp_path: Path) -> None:
    text = (STYLE / "loss_and_grads_missing_n.py").read_text()
    path = write(tmp_path, text.replace("def loss_and_grads", "def hmm"))
    with pytest.raises(NotReadError, match="--backward NAME"):
        command.check_program(path, command.make_wishes(path, "", {"backward": "loss_and_grads"}), log=False)
    assert (
        command.check_program(path, command.make_wishes(path, "", {"backward": "hmm"}), log=False).verdict == "mistake"
    )
    (tmp_path / "check.toml").write_text('backward = "hmm"\n')
    assert command.check_program(path, command.make_wishes(path, "", {}), log=False).verdict == "mistake"
    (tmp_path / "check.toml").write_text('backwards = "hmm"\n')
    with pytest.raises(UsageError, match="unknown key 'backwards'"):
        command.make_wishes(path, "", {})


EXAMPLE = """
import numpy as np

def example():
    W = np.array([1.0, -2.0, 3.0])
    return (lambda: float((W ** 3).sum())), {"W": W}, {"W": FACTOR * W ** 2}
"""


@pytest.mark.parametrize(("factor", "verdict"), [("3", "right"), ("2", "mistake")])
def test_an_example_in_the_file(tmp_path: Path, factor: str, verdict: str) -> None:
    path = write(tmp_path, EXAMPLE.replace("FACTOR", factor))
    assert command.check_program(path, Wishes(), log=False).verdict == verdict


def test_a_program_that_does_not_end(tmp_path: Path) -> None:
    path = write(tmp_path, "while_ = [i for i in range(10 ** 12)]\ndef backward(x, y):\n    return x\n")
    with pytest.raises(NotReadError, match=r"not done after 3 s|broke down|memory|no backward pass"):
        command.check_program(path, Wishes(), log=False, seconds=3)


def test_no_network_and_no_working_folder(tmp_path: Path) -> None:
    socket = "import socket as s\n"
    path = write(
        tmp_path, socket + "def example():\n    import urllib.request as u\n    return u.urlopen('http://127.0.0.1')\n"
    )
    with pytest.raises(NotReadError, match=r"urllib.request.urlopen was not loaded"):
        command.check_program(path, Wishes(), log=False)
    path = write(
        tmp_path, EXAMPLE.replace("FACTOR", "3").replace("    W =", "    open('here.txt', 'w').write('x')\n    W =")
    )
    assert command.check_program(path, Wishes(), log=False).verdict == "right"
    assert not (tmp_path / "here.txt").exists()


def test_a_configured_net() -> None:
    result = command.check_anything("digits-mlp-constant", "", {}, level=None, more=False, log=False)
    assert result.verdict == "right"
    assert [line["name"] for line in result.data["lines"]] == ["x", "1.W", "1.b", "3.W", "3.b", "5.W", "5.b"]


@pytest.mark.parametrize("form", command.TEMPLATES)
def test_templates_are_python(form: str) -> None:
    compile(command.template(form), form, "exec")


class Shell:
    """As much of IPython's shell as the magic uses."""

    def __init__(self) -> None:
        self.user_ns: dict[str, list[str]] = {"In": [""]}
        self.magic = None

    def register_magic_function(self, function, kind, name) -> None:
        assert (kind, name) == ("line_cell", "handgrad")
        self.magic = function

    def run_cell(self, cell: str) -> None:
        exec(cell, {})


def test_the_cell_magic(capsys: pytest.CaptureFixture[str]) -> None:
    import handgrad

    shell = Shell()
    handgrad.load_ipython_extension(shell)
    shell.user_ns["In"] += ["import numpy as np\n%matplotlib inline", "%%handgrad check\n" + WRONG]
    shell.magic("check --level 3", WRONG)
    assert "cell 3, line" in capsys.readouterr().out
    with pytest.raises(UsageError, match="expected `%%handgrad check`"):
        shell.magic("chek", WRONG)


def test_handgrad_check_can_be_called() -> None:
    import handgrad

    result = handgrad.check(STYLE / "list_of_lists.py")
    assert result.verdict == "right"
    assert repr(result) == result.text


SAVES = """
import os
import numpy as np

x, y = [[0.2, 0.7], [0.5, 0.1]], [1.0, 0.0]
w, b = [0.1, -0.3], 0.2
for epoch in range(20):
    for xi, yi in zip(x, y):
        err = w[0] * xi[0] + w[1] * xi[1] + b - yi
        w[0] -= 0.1 * err * xi[0]
        w[1] -= 0.1 * err * xi[1]
        b -= 0.1 * err
    np.save("FILE", np.array(w))
    open("FILE", "w").write(str(w))
np.array(w).tofile("FILE")
os.remove("FILE")
"""


def test_a_program_that_is_run_whole_writes_over_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "weights.npy"
    kept.write_text("trained for a week")
    path = write(tmp_path, SAVES.replace("FILE", str(kept)))
    assert command.check_program(path, Wishes(), log=False).verdict == "right"
    assert kept.read_text() == "trained for a week"


def test_the_child_refuses_to_change_files(tmp_path: Path) -> None:
    tried = """
import sys
from handgrad.check.child import keep_files
keep_files("answer.json")
for change in ("open('../new.txt', 'w')", "__import__('os').remove('old.txt')", "__import__('os').system('true')"):
    try:
        eval(change)
        sys.exit(change)
    except OSError:
        pass
open("answer.json", "w").write("{}")
"""
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    done = subprocess.run([sys.executable, "-c", tried], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["answer.json", "old.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]
