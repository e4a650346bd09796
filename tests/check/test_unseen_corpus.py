"""The unseen corpus: its programs are what its manifest says, and no right one of them is accused."""

from pathlib import Path

import pytest

from handgrad.run_folder import available_cores
from programs.verify.manifest import Wrong, corpus
from programs.verify.running import Question, ask_all
from programs.verify.verdicts import objection, trouble_with

UNSEEN = corpus("unseen")
FOURTH_PART = ("unseen_nets", "unseen_scripts", "unseen_layers", "unseen_tools")


def test_it_is_as_large_as_promised() -> None:
    assert len(UNSEEN.right) >= 40
    assert len(UNSEEN.wrong) >= 120
    assert {w.expect for w in UNSEEN.wrong} <= set(UNSEEN.explanations)
    assert len({w.name for w in UNSEEN.wrong}) == len(UNSEEN.wrong)
    assert sum(not w.in_catalogue for w in UNSEEN.wrong) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("path", UNSEEN.right, ids=lambda p: p.name)
def test_right_program_is_right(path: Path) -> None:
    assert not trouble_with(path, path.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", UNSEEN.wrong, ids=lambda w: w.name)
def test_wrong_program_is_wrong(wrong: Wrong) -> None:
    assert not objection(wrong)


@pytest.mark.parametrize("name", FOURTH_PART)
def test_the_fourth_part_is_whole(name: str) -> None:
    part = corpus(name)
    assert len(part.right) >= 12
    assert len(part.wrong) >= 50
    assert {w.expect for w in part.wrong} <= set(part.explanations)
    assert len({w.name for w in part.wrong}) == len(part.wrong)
    assert all(w.text != w.fixed for w in part.wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unseen", *FOURTH_PART])
def test_no_right_program_is_accused(name: str) -> None:
    outcomes = ask_all([Question(p.name, p) for p in corpus(name).right], available_cores())
    assert not [str(o) for o in outcomes if o.code == 1]
