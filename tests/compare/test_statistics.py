"""Statistics against SciPy's own tests, known values, and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from handgrad.compare.statistics import (
    corrected_against,
    estimate,
    holm,
    paired_test,
    power_of,
    seeds_needed,
    t_quantile,
)


def by_number(values: np.ndarray) -> dict[int, float]:
    return {number: float(value) for number, value in enumerate(values)}


def test_the_paired_test_is_scipys() -> None:
    rng = np.random.default_rng(1)
    for n in (2, 3, 5, 20):
        first, second = rng.normal(size=n), rng.normal(0.3, 1, size=n)
        ours, theirs = paired_test(by_number(first), by_number(second)), stats.ttest_rel(second, first)
        assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)
        low, high = theirs.confidence_interval(0.95)
        assert (ours.low, ours.high) == pytest.approx((low, high))
        assert ours.method == "paired t test"


def test_only_shared_trials_are_paired() -> None:
    test = paired_test({0: 1.0, 1: 2.0, 5: 9.0}, {1: 2.5, 0: 1.25, 7: 0.0})
    assert test.pairs == 2
    assert test.difference == pytest.approx(0.375)


def test_without_pairs_or_with_one_nothing_is_tested() -> None:
    assert paired_test({0: 1.0}, {1: 1.0}).pairs == 0
    single = paired_test({0: 1.0}, {0: 1.5})
    assert (single.p, single.low, single.difference) == (None, None, 0.5)


def test_equal_differences_are_tested_by_their_signs() -> None:
    """Errors on 98 images: k/98 differ in their last bits, so equal differences are not exactly equal floats."""
    first = {i: k / 98 for i, k in enumerate((3, 5, 8))}
    second = {i: (k + 2) / 98 for i, k in enumerate((3, 5, 8))}
    test = paired_test(first, second)
    assert test.method == "sign test"
    assert test.p == pytest.approx(stats.binomtest(3, 3).pvalue)
    assert test.low is None
    assert paired_test(first, first).p == 1.0


def test_the_interval_of_a_mean_is_students() -> None:
    values = [0.09, 0.1, 0.12, 0.095]
    found = estimate(values)
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert estimate([0.1]).deviation is None


def test_holm_on_a_worked_example() -> None:
    assert holm([0.001, 0.01, 0.02, 0.04]) == pytest.approx([0.004, 0.03, 0.04, 0.04])
    assert holm([0.5, 0.9]) == [1.0, 1.0]


def test_corrected_values_are_holms_over_all_pairs() -> None:
    rng = np.random.default_rng(2)
    points = [by_number(rng.normal(m, 1, size=6)) for m in (0, 0.1, 3)]
    corrected, pairs = corrected_against(0, points)
    raw = [paired_test(points[i], points[j]).p for i, j in ((0, 1), (0, 2), (1, 2))]
    assert pairs == 3
    assert corrected[0] is None
    assert corrected[1:] == pytest.approx(holm(raw)[:2])


def test_points_without_enough_pairs_take_no_part_in_the_correction() -> None:
    corrected, pairs = corrected_against(0, [{0: 1.0, 1: 1.1}, {0: 2.0, 1: 2.3}, {0: 3.0}, {}])
    assert pairs == 1
    assert corrected[2:] == [None, None]
    assert corrected[1] == pytest.approx(paired_test({0: 1.0, 1: 1.1}, {0: 2.0, 1: 2.3}).p)


def false_findings(k: int, n: int, repeats: int, seed: int) -> tuple[float, float]:
    """How often anything is found against the best of k equal points: corrected over all pairs, and over k − 1 only."""
    rng = np.random.default_rng(seed)
    all_pairs = best_only = 0
    for _ in range(repeats):
        shared = rng.normal(0, 1, size=n)  # a seed's luck, the same for all points
        values = [by_number(shared + rng.normal(0, 1, size=n)) for _ in range(k)]
        best = int(np.argmin([np.mean(list(v.values())) for v in values]))
        corrected, _ = corrected_against(best, values)
        all_pairs += any(p is not None and p <= 0.05 for p in corrected)
        others = [paired_test(values[best], v).p for i, v in enumerate(values) if i != best]
        best_only += min(holm(others)) <= 0.05
    return all_pairs / repeats, best_only / repeats


def test_under_no_difference_a_finding_is_rarer_than_the_level() -> None:
    found, best_only = false_findings(k=5, n=6, repeats=800, seed=3)
    assert found <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 800)
    assert best_only > 0.07  # why all pairs count: the best was picked by looking at them all


@pytest.mark.slow
@pytest.mark.parametrize(("k", "n"), [(2, 3), (4, 4), (8, 10)])
def test_under_no_difference_in_more_cases(k: int, n: int) -> None:
    found, _ = false_findings(k, n, repeats=2000, seed=10 * k + n)
    assert found <= 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / 2000)


def test_power_is_that_of_the_noncentral_t() -> None:
    for n, effect in ((5, 1.0), (12, 0.8), (40, 0.3), (3, 4.0)):
        q, shift = stats.t.ppf(0.975, n - 1), effect * math.sqrt(n)
        exact = stats.nct.sf(q, n - 1, shift) + stats.nct.cdf(-q, n - 1, shift)
        assert power_of(n, effect) == pytest.approx(exact, abs=2e-3)


def test_power_holds_at_the_small_levels_of_many_comparisons() -> None:
    """Two pairs and a level of 0.05/630: t must exceed 8000, whatever the effect."""
    assert power_of(2, 9.0, 0.05 / 630) < 0.01
    assert power_of(2, -9.0, 0.05 / 630) == pytest.approx(power_of(2, 9.0, 0.05 / 630))


def test_seeds_needed_is_the_textbooks() -> None:
    assert seeds_needed(0.5, 1.0) == 34  # Cohen (1988): d = 0.5, paired, 80 %, two-sided 5 %
    assert seeds_needed(-0.8, 1.0) == 15
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(0.001, 1.0) is None
    assert seeds_needed(0.1, 0.0) == 6  # the sign test: 2 · 0.5⁶ < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("effect", "level"), [(0.5, 0.05), (1.0, 0.05 / 6), (2.5, 0.05 / 15)])
def test_so_many_seeds_do_tell_them_apart(effect: float, level: float) -> None:
    n = seeds_needed(effect, 1.0, level)
    assert n is not None
    rng = np.random.default_rng(7)

    def found(trials: int) -> float:
        differences = rng.normal(effect, 1, size=(20_000, trials))
        t = differences.mean(axis=1) / differences.std(axis=1, ddof=1) * math.sqrt(trials)
        return float(np.mean(np.abs(t) > t_quantile(trials - 1, level)))

    assert found(n) > 0.79
    assert found(n - 1) < 0.81
