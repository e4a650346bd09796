"""Update rules of programs, read without an option: right ones let through, slips named first."""

import tomllib
from pathlib import Path

import pytest

from handgrad.check.reading.optimizers.parts import optimizer_parts
from handgrad.check.reading.program import load_program
from handgrad.check.reading.source import Source
from handgrad.check.subject import Diagnosis

STYLES = Path(__file__).parent / "optimizer_style"
RIGHT = sorted(path.name for path in (STYLES / "right").glob("*.py"))
SLIPS = tomllib.loads((STYLES / "slips.toml").read_text(encoding="utf-8"))["slip"]
WRONG = sorted(path.name for path in (STYLES / "wrong").glob("*.py"))


def text_of(name: str, folder: str = "right") -> str:
    return (STYLES / folder / name).read_text(encoding="utf-8")


def diagnoses(text: str) -> list[Diagnosis]:
    return [part[3] for part in optimizer_parts(load_program(Source(Path("opt.py"), text)))]


def mistakes(text: str) -> list[str]:
    return [f.explanation for d in diagnoses(text) for f in d.findings if f.verdict != "convention"]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_update_is_read_and_let_through(name: str) -> None:
    found = diagnoses(text_of(name))
    assert found
    assert all(d.verdict == "right" for d in found)


@pytest.mark.slow
@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip['of']}-{slip['key']}")
def test_a_slip_is_named_first(slip: dict[str, str]) -> None:
    text = text_of(slip["of"])
    assert slip["right"] in text
    assert mistakes(text.replace(slip["right"], slip["wrong"], 1))[0] == slip["key"]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_update_is_named_first(name: str) -> None:
    text = text_of(name, "wrong")
    expected = text.splitlines()[0].removeprefix("# expect: ").split()
    assert mistakes(text)[: len(expected)] == expected


@pytest.mark.parametrize("path", sorted((STYLES / "innocent").glob("*.py")), ids=lambda path: path.stem)
def test_what_is_right_without_being_understood_is_not_accused(path: Path) -> None:
    assert "mistake" not in [d.verdict for d in diagnoses(path.read_text(encoding="utf-8"))]


def test_an_update_that_adds_descent_directions_is_no_mistake() -> None:
    text = text_of("samson.py").replace(" - alpha", " + alpha")
    assert mistakes(text) == ["optimizer_climbs"]
    program = load_program(Source(Path("net.py"), text))
    assert list(optimizer_parts(program, beside_net=True, descends=True)) == []
