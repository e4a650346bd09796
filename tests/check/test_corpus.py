"""`handgrad check` over programs as people write them: right ones are let through, wrong ones named."""

import pytest

from handgrad.run_folder import available_cores
from programs.verify.manifest import Wrong, corpus
from programs.verify.running import Outcome, Question, ask_all, run
from programs.verify.verdicts import objection, trouble_with

CORE_RIGHT = (
    "columns_dict.py", "two_layer_net.py", "nielsen_lists.py", "xor_toy.py", "mean_over_everything.py",
    "layers_and_net.py", "digits_script.py", "kaggle_digits.ipynb", "diagonal_but_right.py", "conv_im2col.py",
)  # fmt: skip
CORE_WRONG = (
    "columns, Y - A2", "lists, sum for mean", "L layers, 1/m at every hand-over", "layer class, no mask",
    "sigmoid twice, lists", "notebook, sum without axis", "stale, training function", "reg missing",
    "conv dx kernel not turned", "BN constants", "momentum averaged", "variance as sigma",
)  # fmt: skip


def told(outcomes: list[Outcome]) -> str:
    return "\n".join(str(o) for o in outcomes)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The core's programs, asked once."""
    folder, c = tmp_path_factory.mktemp("core"), corpus()
    right = [Question(p.name, p) for p in c.right if p.name in CORE_RIGHT]
    wrong = [w for w in c.wrong if w.name in CORE_WRONG]
    asked = [Question(w.name, w.written(folder / str(i)), w.thing, w.kind, w) for i, w in enumerate(wrong)]
    return {o.question.name: o for o in ask_all([*right, *asked], available_cores())}


@pytest.fixture(scope="module")
def everything() -> list[Outcome]:
    """The whole corpus, asked once: some minutes."""
    return run(processes=available_cores())


@pytest.mark.parametrize("name", CORE_RIGHT)
def test_right_program_is_let_through(core: dict[str, Outcome], name: str) -> None:
    assert core[name].code == 0, core[name]


@pytest.mark.parametrize("name", CORE_WRONG)
def test_mistake_is_named_first(core: dict[str, Outcome], name: str) -> None:
    assert core[name].named_first(corpus()), core[name]


def test_corpus_is_as_large_as_promised() -> None:
    c = corpus()
    assert len(c.right) >= 40
    assert len(c.wrong) >= 110
    assert {w.expect for w in c.wrong} == set(c.explanations)
    assert len({w.name for w in c.wrong}) == len(c.wrong)
    assert len({w.path for w in c.wrong}) >= 40


@pytest.mark.parametrize("wrong", corpus().wrong, ids=lambda w: w.name)
def test_edit_changes_its_program(wrong: Wrong) -> None:
    assert wrong.text != wrong.fixed


@pytest.mark.slow
@pytest.mark.parametrize("path", corpus().right, ids=lambda p: p.name)
def test_right_program_is_right(path) -> None:
    assert trouble_with(path, path.read_text(encoding="utf-8")) == ""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", corpus().wrong, ids=lambda w: w.name)
def test_wrong_program_is_wrong(wrong: Wrong) -> None:
    assert objection(wrong) == ""


@pytest.mark.slow
def test_no_right_program_is_accused(everything: list[Outcome]) -> None:
    accused = [o for o in everything if o.question.wrong is None and (o.code == 1 or o.keys)]
    assert not accused, told(accused)


NAMED_FIRST = 0.95  # of the wrong programs; what each got is in docs/evidence/check.md


@pytest.mark.slow
def test_right_programs_are_read(everything: list[Outcome]) -> None:
    unread = [o for o in everything if o.question.wrong is None and o.code != 0]
    assert not unread, told(unread)


@pytest.mark.slow
def test_wrong_programs_are_caught(everything: list[Outcome]) -> None:
    missed = [o for o in everything if o.question.wrong and o.code != 1]
    assert not missed, told(missed)


@pytest.mark.slow
def test_the_right_explanation_comes_first(everything: list[Outcome]) -> None:
    wrong = [o for o in everything if o.question.wrong]
    unnamed = [o for o in wrong if not o.named_first(corpus())]
    assert len(wrong) - len(unnamed) >= NAMED_FIRST * len(wrong), told(unnamed)
