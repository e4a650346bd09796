"""`handgrad explain`: the number that people quote is a code, and it is read right."""

import json
import subprocess
import sys

import numpy as np
import pytest

from handgrad.check.explain import explain, relative_of_factor
from handgrad.errors import UsageError


def relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))


@pytest.mark.parametrize("k", [2.0, 0.5, 10.0, 50.0, 0.02, 500.0, -1.0, -3.0, 0.0])
def test_a_factor_gives_its_number(k: float) -> None:
    a = np.random.default_rng(0).normal(size=(4, 5))
    expected = relative_of_factor(k) if k >= 0 else 1.0
    assert relative(a, k * a) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "options", "first"),
    [
        (0.333, {}, "a factor 2, or ½"),
        (0.818, {}, "a factor P = 10, or 1/P"),
        (0.961, {}, "a factor N = 50, or 1/N"),
        (0.6, {"batch": 4}, "a factor N = 4, or 1/N"),
        (0.707, {}, "an unrelated direction of the same length"),
        (1.0, {}, "the opposite sign, or all zeros on one side"),
        (3e-10, {}, "rounding in float64"),
        (2e-4, {}, "rounding in float32, a kink, or a small missing term"),
    ],
)
def test_meanings(value: float, options: dict, first: str) -> None:
    assert explain(value, **options).meanings[0].cause == first


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e-4, 0.005, 0.05, 0.333, 0.5, 0.707, 0.818, 0.961, 1.0, 1.4, 2.0])
def test_messages_are_short_and_never_say_right_of_a_wrong_one(value: float) -> None:
    found = explain(value)
    assert 80 <= len(found.words.split()) <= 160, len(found.words.split())
    assert (found.verdict == "right") == (value <= 1e-7)


@pytest.mark.parametrize("value", [-0.1, 2.5, float("nan"), float("inf")])
def test_what_is_no_relative_difference_is_refused(value: float) -> None:
    with pytest.raises(UsageError):
        explain(value)


def test_the_command() -> None:
    command = [sys.executable, "-m", "handgrad", "explain"]
    shown = subprocess.run([*command, "0.333"], capture_output=True, text=True, check=True).stdout
    assert "factor 2" in shown
    answer = subprocess.run([*command, "0.6", "--batch", "4", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["meanings"][0]["value"] == pytest.approx(0.6)
    assert subprocess.run([*command, "7"], capture_output=True, check=False).returncode == 2
