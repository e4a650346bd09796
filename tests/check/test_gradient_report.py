"""The report of a gradient check: verdicts, the table for people, the dict for programs."""

import json
import math
from dataclasses import replace

import pytest

from handgrad.check import GradientReport, TensorLine, check_layer
from handgrad.layers import Dense

RIGHT = TensorLine("1.W", (3, 2), 6, 0, 0, 2e-9, (0, 1), -0.25, -0.2500000005, "right")
WRONG = TensorLine("1.b", (2,), 2, 0, 0, 0.5, (1,), 0.125, 0.25, "wrong")
SAMPLED = TensorLine("0.W", (784, 100), 198, 20, 3, 3e-8, None, 1.5, 1.5, "right")
FROZEN = TensorLine("2.W", (2, 2), 0, 0, 0, 0.0, None, 0.0, 0.0, "frozen")


def report(*lines: TensorLine) -> GradientReport:
    return GradientReport("a net", 1e-6, lines)


def test_passes_when_all_lines_do() -> None:
    assert report(RIGHT, SAMPLED, FROZEN).passed
    assert not report(RIGHT, WRONG).passed
    assert not report(RIGHT, replace(FROZEN, verdict="wrong")).passed
    assert not report(RIGHT, replace(RIGHT, coordinates=0, verdict="unchecked")).passed


def test_nothing_compared_is_not_passed() -> None:
    assert not report().passed
    assert not report(FROZEN).passed


def test_worst_is_a_line_that_failed_before_one_that_did_not() -> None:
    assert report(RIGHT, SAMPLED).worst is SAMPLED
    small = replace(WRONG, error=1e-9)
    assert report(RIGHT, small, SAMPLED).worst is small


def test_line_by_name() -> None:
    assert report(RIGHT, WRONG).line("1.b") is WRONG
    with pytest.raises(KeyError, match=r"1\.c: checked were 1\.W, 1\.b"):
        report(RIGHT, WRONG).line("1.c")


def test_table_names_tensor_index_and_both_numbers() -> None:
    text = report(RIGHT, WRONG, SAMPLED, FROZEN).format().splitlines()
    assert text[0] == "a net: NOT RIGHT (tolerance 1e-06)"
    assert text[1].split()[:3] == ["tensor", "shape", "checked"]
    assert text[2].split() == ["1.W", "3×2", "6", "2.0e-09", "[0,", "1]", "-0.25", "-0.25", "right"]
    assert text[3].split() == ["1.b", "2", "2", "5.0e-01", "[1]", "0.125", "0.25", "WRONG"]
    assert "198 + 20 directions (3 redrawn)" in text[4]
    assert "a direction" in text[4]
    assert text[5].endswith("frozen: no gradient wanted")
    assert report(RIGHT).format().startswith("a net: right")


def test_json() -> None:
    infinite = replace(WRONG, error=math.inf, analytic=math.nan)
    made = json.loads(json.dumps(report(RIGHT, infinite, SAMPLED).to_json(), allow_nan=False))
    assert (made["subject"], made["passed"], made["worst"], made["tolerance"]) == ("a net", False, "1.b", 1e-6)
    assert made["lines"][0] == {
        "name": "1.W",
        "shape": [3, 2],
        "coordinates": 6,
        "directions": 0,
        "redrawn": 0,
        "error": 2e-9,
        "index": [0, 1],
        "analytic": -0.25,
        "numeric": -0.2500000005,
        "verdict": "right",
        "passed": True,
    }
    assert made["lines"][1]["error"] is None
    assert made["lines"][2]["index"] is None


def test_a_real_check_goes_through_both() -> None:
    made = check_layer(Dense(3), (4,))
    assert json.loads(json.dumps(made.to_json()))["passed"] is True
    assert len(made.format().splitlines()) == 2 + len(made.lines)
