"""docs/reports-formulas.md and docs/sheet.md: every sheet is checked, and the answer printed below it is the answer."""

import re
from pathlib import Path

import pytest

from handgrad.check.sheet import check_sheet

DOCS = Path(__file__).parents[2] / "docs"
PAIR = re.compile(r"^```sheet\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pairs(name: str) -> list[tuple[str, str]]:
    return PAIR.findall((DOCS / name).read_text("utf-8"))


CASES = [(name, *pair) for name in ("reports-formulas.md", "sheet.md") for pair in pairs(name)]


@pytest.mark.parametrize(("name", "sheet", "answer"), CASES)
def test_the_printed_answer_is_the_answer(name: str, sheet: str, answer: str) -> None:
    assert check_sheet(sheet).text(4) + "\n" == answer


def test_the_four_slips_are_there_and_told_apart() -> None:
    kinds = [[f.explanation for f in check_sheet(sheet).findings] for sheet, _ in pairs("reports-formulas.md")]
    assert kinds == [
        ["renamed"],
        ["slope_at_output"],
        ["update_sign"],
        [],
        ["batch_factor_missing", "bias_not_summed"],
        [],
        ["sign"],
    ]
