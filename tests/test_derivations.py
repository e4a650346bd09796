"""The derivations in docs/derivations are true: every Python block of every file runs, in order."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "derivations"
FILES = sorted(FOLDER.glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[tuple[int, str]]:
    """The Python blocks of a file, each with the number of its first line."""
    text = path.read_text(encoding="utf-8")
    return [(text[: m.start(1)].count("\n") + 1, m.group(1)) for m in BLOCK.finditer(text)]


def run(path: Path) -> int:
    """Execute the blocks in one namespace; the number of `assert` statements in them."""
    namespace: dict[str, Any] = {"__name__": path.stem}
    found = 0
    for line, source in blocks(path):
        tree = ast.parse("\n" * (line - 1) + source, str(path))  # a failure names the line in the file
        found += sum(isinstance(node, ast.Assert) for node in ast.walk(tree))
        exec(compile(tree, str(path), "exec"), namespace)
    return found


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_derivation_runs_and_asserts(path: Path) -> None:
    assert run(path) > 0, f"{path.name} asserts nothing"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_no_block_escapes(path: Path) -> None:
    """Every fence is a Python block that is run, or says what else it is."""
    opening = re.findall(r"^```(\S*)$", path.read_text(encoding="utf-8"), re.MULTILINE)[::2]
    assert "" not in opening
    assert opening.count("python") == len(blocks(path)) > 0


def test_every_derivation_that_the_sources_point_to_exists() -> None:
    sources = (FOLDER.parents[1] / "src" / "handgrad").rglob("*.py")
    named = {name for path in sources for name in re.findall(r"docs/derivations/(\w+\.md)", path.read_text("utf-8"))}
    assert {"dense.md", "activations.md", "softmax.md", "reshape.md", "losses.md"} <= named
    missing = named - {path.name for path in FILES}
    assert not missing, f"the sources point to derivations that are not there: {', '.join(sorted(missing))}"


def test_a_wrong_formula_turns_red(tmp_path: Path) -> None:
    text = (FOLDER / "dense.md").read_text(encoding="utf-8")
    wrong = text.replace("return dy @ W.T, x.T @ dy, dy.sum(axis=0)", "return dy @ W.T, x.T @ dy, dy.mean(axis=0)")
    assert wrong != text
    (tmp_path / "wrong.md").write_text(wrong, encoding="utf-8")
    with pytest.raises(AssertionError):
        run(tmp_path / "wrong.md")
