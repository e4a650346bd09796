"""Schedules: the factor at each step, from the formulas of the reports."""

import math

import pytest

from handgrad.schedules import SCHEDULES, Constant, Cosine, Exponential, InverseSqrt, Schedule, Step


def test_constant() -> None:
    assert {Constant().factor(t) for t in (0, 1, 1000)} == {1.0}


def test_inverse_sqrt_is_report_a() -> None:
    """η¹ = 0.008 and ηᵗ = η¹/√t for epochs t = 1 … 8."""
    rates = [0.008 * InverseSqrt().factor(epoch - 1) for epoch in range(1, 9)]
    assert rates == pytest.approx([0.008 / math.sqrt(epoch) for epoch in range(1, 9)])
    assert rates[3] == pytest.approx(0.004)


def test_step_is_report_c() -> None:
    """Halved every 2 epochs."""
    assert [Step(multiplier=0.5, every=2).factor(t) for t in range(6)] == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_exponential() -> None:
    assert [Exponential(multiplier=0.9).factor(t) for t in range(3)] == pytest.approx([1.0, 0.9, 0.81])


def test_cosine() -> None:
    schedule = Cosine(over=8, minimum=0.1)
    factors = [schedule.factor(t) for t in range(12)]
    assert factors[0] == 1.0
    assert factors[4] == pytest.approx(0.55)
    assert factors[8:] == pytest.approx([0.1] * 4)
    assert factors[:9] == sorted(factors[:9], reverse=True)
    assert factors[2] == pytest.approx(0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_starts_at_one_and_counts_epochs_by_default(name: str) -> None:
    schedule: Schedule = SCHEDULES[name]()
    assert schedule.factor(0) == 1.0
    assert schedule.per == "epoch"
    assert SCHEDULES[name](per="iteration").per == "iteration"
    assert schedule.type == name
