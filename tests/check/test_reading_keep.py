"""Only definitions, constants and arrays made of them are executed."""

from pathlib import Path

import pytest

from handgrad.check.reading.program import load_program
from handgrad.check.reading.source import NotReadError, Source, read_source

PROGRAM = """
import numpy as np
import torch
from somewhere import load_everything
SIZES = [4, 3, 2]
W = [np.random.randn(a, b) for a, b in zip(SIZES, SIZES[1:])]
data = load_everything("x")
open("made.txt", "w").write("run")

def f(x):
    return x @ W[0]

for epoch in range(3):
    f(data)
print(f(data))
if __name__ == "__main__":
    RATE = 0.1
    train()
"""


def test_loading_and_training_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = load_program(Source(tmp_path / "net.py", PROGRAM))
    namespace = program.fresh()
    assert [w.shape for w in namespace["W"]] == [(4, 3), (3, 2)]
    assert namespace["RATE"] == 0.1
    assert "data" not in namespace
    assert not (tmp_path / "made.txt").exists()
    assert {s.kind for s in program.skipped} >= {"loading", "training"}


def test_a_module_that_is_not_loaded_says_so_when_used(tmp_path: Path) -> None:
    program = load_program(Source(tmp_path / "net.py", "import torch\ndef f():\n    return torch.zeros(3)\n"))
    with pytest.raises(ImportError, match=r"torch\.zeros was not loaded"):
        program.fresh()["f"]()


def test_a_module_beside_the_file_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text("import numpy as np\ndef relu(z): return np.maximum(z, 0)\nopen('made', 'w')\n")
    program = load_program(Source(tmp_path / "net.py", "from layers import relu\ndef f(z): return relu(z)\n"))
    assert program.fresh()["f"](-1.0) == 0.0


def test_python_2_is_named(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text("def f(x):\n    print 'x', x\n")
    with pytest.raises(NotReadError, match=r"old\.py, line 2.*(?s:.*)Python 2: print needs brackets"):
        load_program(read_source(path))


def test_a_notebooks_lines_are_told_by_cell() -> None:
    source = read_source(Path(__file__).parent / "public_style" / "columns_notebook.ipynb")
    line = next(i for i, text in enumerate(source.text.splitlines(), start=1) if "self.dW1 =" in text)
    assert source.place(line) == "cell 5, line 18"
    assert "pip install" not in source.text
    assert "never finished" not in source.text


def test_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(NotReadError, match="no function and no class"):
        load_program(Source(tmp_path / "net.py", "x = 1\n"))
