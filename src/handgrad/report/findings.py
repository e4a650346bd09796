"""What the numbers of a comparison say, as sentences: the best point, what is a difference and what is chance.

Nothing here is written down beforehand: every sentence is computed, and one that the numbers do not carry is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.compare.judgement import Comparison, Judged, images_of
from handgrad.compare.points import Point
from handgrad.report import words
from handgrad.settings import freezes, key_names, value_name

MAX_SENTENCES = 8
_WORDS = {
    "worse": "more than chance",
    "better": "more than chance",
    "alone": "a difference by itself, but not once all pairs are corrected for",
    "not told apart": "within chance, no finding",
}
_SETS = {"test": "test images", "valid": "validation images", "train": "training images"}


def findings(comparison: Comparison) -> list[str]:
    """Sentences on the points, the best one first."""
    best = comparison.best
    if best is None:
        return ["No trial finished."]
    others = [judged for judged in comparison.judged if judged is not best and judged.estimate is not None]
    said = [_best(comparison, best), *_standing(comparison, others)]
    if len(others) <= MAX_SENTENCES:
        said += [_difference(comparison, best, other) for other in sorted(others, key=_mean)]
    else:
        said += _in_groups(comparison, others)
    said += _frozen(comparison)
    said += _times([judged.point for judged in comparison.judged if judged.estimate])
    return said + _lost(comparison.points)


def headline(comparison: Comparison) -> str:
    """What stands under the title: the best point, and whether it stands out."""
    return " ".join(findings(comparison)[: 2 if comparison.pairs else 1])


def figure_of(measure: str, value: float) -> str:
    """A measure as people read it: errors as percent right, losses per image."""
    return f"{words.percent(1 - value)} right" if measure.endswith("_error") else f"a loss of {words.loss(value)}"


def gap_of(measure: str, value: float | None) -> str:
    """A difference of a measure with its sign: points of percent, or loss per image."""
    if value is None:
        return words.MISSING
    return words.points(value) if measure.endswith("_error") else f"{value:+.3g}".replace("-", "−")


def _mean(judged: Judged) -> float:
    return judged.estimate.mean if judged.estimate else float("inf")


def _best(comparison: Comparison, best: Judged) -> str:
    measure, found = comparison.measure, best.estimate
    where = _SETS[measure.partition("_")[0]]
    if found is None:
        return ""
    figure = figure_of(measure, found.mean)
    spread = ""
    if found.count > 1:
        values = best.point.values(measure)
        ends = [1 - v for v in (max(values), min(values))] if measure.endswith("_error") else [min(values), max(values)]
        low, high = (words.percent(v) if measure.endswith("_error") else words.loss(v) for v in ends)
        spread = f" on average over {found.count} trials, from {low} to {high}"
    else:
        spread = " in one run"
    if len(comparison.judged) == 1:
        return f"{best.point.label}: {figure} on the {where}{spread}."
    spread += _level_with(comparison, best)
    if comparison.chosen_by != measure:
        chosen = _SETS[comparison.chosen_by.partition("_")[0]]
        return f"Best on the {chosen}: {best.point.label}; on the {where} {figure}{spread}."
    return f"Best on the {where}: {best.point.label}, {figure}{spread}."


def _level_with(comparison: Comparison, best: Judged) -> str:
    """The points with the very same mean; which of them is called best is the order of the grid."""
    level = [judged.point.label for judged in comparison.judged if judged is not best and _equal(judged, best)]
    return f", level with {_listed(level)}" if level else ""


def _equal(one: Judged, other: Judged) -> bool:
    """The same mean but for rounding."""
    return abs(_mean(one) - _mean(other)) < 1e-12


def _standing(comparison: Comparison, others: Sequence[Judged]) -> list[str]:
    """Whether the best point stands out from the others."""
    tested = [judged for judged in others if judged.corrected is not None]
    if not tested:
        return []
    apart = sum(judged.verdict in ("worse", "better") for judged in tested)
    alone = sum(judged.verdict == "alone" for judged in tested)
    single = f", though taken one by one {alone} {'differs' if alone == 1 else 'differ'} from it" if alone else ""
    correction = f" once corrected for all {comparison.pairs} pairs" if comparison.pairs > 1 else ""
    if apart == len(tested):
        return [f"It differs from {'the other' if apart == 1 else f'all {apart} others'} by more than chance."]
    if apart == 0:
        who = "the other one" if len(tested) == 1 else f"any of the {len(tested)} others"
        return [f"It is not told apart from {who}{correction}{single or ': the differences are within chance'}."]
    return [f"It differs by more than chance from {apart} of the {len(tested)} others{correction}{single}."]


def _difference(comparison: Comparison, best: Judged, other: Judged) -> str:
    """How far another point lies from the best, and whether that is more than chance."""
    measure, gap = comparison.measure, _mean(other) - _mean(best)
    if _equal(other, best):
        return f"{other.point.label} has the same mean."
    below = "worse" if gap > 0 else "better"
    text = f"{other.point.label} is {gap_of(measure, abs(gap)).lstrip('+')} {_unit(measure)}{below}"
    images = images_of(best.point, measure)
    if measure.endswith("_error") and images:
        text += f", {abs(gap) * images:.1f} of {images:,} images"
    if other.test is None or other.corrected is None:
        return f"{text}: {_single(other)}."
    return f"{text}: {_tested(comparison, other)}"


def _single(other: Judged) -> str:
    """What can be said of two single runs: whether the number of images alone explains their difference."""
    if other.test is None or other.test.pairs == 0:
        return "no seed in common, so nothing is tested"
    if other.chance is None:
        return "one seed in common, so nothing is tested"
    within = "within" if abs(other.test.difference) <= other.chance else "beyond"
    bound = words.points(other.chance).lstrip("+")
    return f"{within} the ±{bound} points that the number of images leaves open; other seeds are not looked at"


def _tested(comparison: Comparison, other: Judged) -> str:
    test, measure = other.test, comparison.measure
    if test is None or other.corrected is None:
        return ""
    verdict = _WORDS[other.verdict]
    interval = ""
    if test.low is not None:
        ends = f"{gap_of(measure, test.low)} to {gap_of(measure, test.high)}"
        interval = f", 95 % interval {ends}{' points' if measure.endswith('_error') else ''}"
    corrected = " corrected" if comparison.pairs > 1 else ""
    text = f"{verdict} ({test.method} over {test.pairs} trials, {corrected.strip()}{' ' if corrected else ''}p "
    text += f"{probability(other.corrected)}{interval})."
    return text + needed_sentence(other)


def needed_sentence(other: Judged) -> str:
    """How many trials would tell a point from the best; empty where it is told apart or nothing can be said."""
    if other.verdict not in ("not told apart", "alone") or other.test is None or other.test.difference == 0:
        return ""
    if other.needed is None:
        return " Even a thousand trials would hardly tell them apart."
    rough = ", a rough figure from so few trials" if other.test.pairs < 5 else ""
    return f" About {other.needed} trials each would tell such a difference apart{rough}."


def probability(p: float) -> str:
    """A p value with its relation.

    >>> probability(0.04321), probability(1e-9)
    ('= 0.043', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"= {p:.2g}" if p < 0.995 else "= 1"


def _unit(measure: str) -> str:
    return "points " if measure.endswith("_error") else "of loss "


def _in_groups(comparison: Comparison, others: Sequence[Judged]) -> list[str]:
    """Many points: those that the best is not told apart from, and how the others lie."""
    close = sorted((judged for judged in others if judged.verdict == "not told apart"), key=_mean)
    alone = sorted((judged for judged in others if judged.verdict == "alone"), key=_mean)
    apart = sorted((judged for judged in others if judged.verdict in ("worse", "better")), key=_mean)
    said: list[str] = []
    for group, what in (
        (apart, "Worse by more than chance"),
        (alone, "Different from the best by themselves, but not once all pairs are corrected for"),
        (close, "Within chance of the best"),
    ):
        if group:
            said.append(f"{what}: {_listed([_with_figure(comparison, judged) for judged in group], MAX_SENTENCES)}.")
    if close and (needed := needed_sentence(close[0])):
        said.append(f"The nearest is {close[0].point.label}.{needed}")
    worst = max(others, key=_mean)
    said.append(f"Worst of all: {worst.point.label}, {figure_of(comparison.measure, _mean(worst))}.")
    return said


def _with_figure(comparison: Comparison, judged: Judged) -> str:
    return f"{judged.point.label} ({figure_of(comparison.measure, _mean(judged))})"


def _frozen(comparison: Comparison) -> list[str]:
    """The best that was reached with a layer kept as it was drawn, for every value that freezes one."""
    said, names = [], key_names(comparison.keys, comparison.wording)
    for key in comparison.keys:
        held = [j for j in comparison.judged if j.estimate and freezes(key, j.point.settings[key])]
        if not held or len(comparison.judged) < 3:
            continue
        best = min(held, key=_mean)
        value = value_name(key, best.point.settings[key], comparison.wording)
        reached = figure_of(comparison.measure, _mean(best))
        at = f" (at {best.point.label})" if len(comparison.keys) > 1 else ""
        said.append(f"With {names[key]} {value}, which keeps its weights as they were drawn, at best {reached}{at}.")
    return said


def _times(points: Sequence[Point]) -> list[str]:
    timed = [(float(np.mean(p.values("seconds"))), p) for p in points if p.values("seconds")]
    times = sorted(timed, key=lambda pair: pair[0])
    if len(times) < 2 or times[-1][0] < 1.5 * times[0][0] or times[-1][0] < 1:
        return []
    (short, fast), (long, slow) = times[0], times[-1]
    return [
        f"{slow.label} takes {words.duration(long)}, {long / short:.1f} times as long as {fast.label} "
        f"({words.duration(short)})."
    ]


def _lost(points: Sequence[Point]) -> list[str]:
    """What diverged, wholly or in part, and what has no finished run for another reason."""
    always = [p.label for p in points if p.states and p.count("diverged") == len(p.states)]
    partly = [(p.label, p.count("diverged"), len(p.states)) for p in points if 0 < p.count("diverged") < len(p.states)]
    missing = [p.label for p in points if not p.runs and p.label not in always]
    said = [f"Diverged in every trial: {_listed(always)}."] if always else []
    said += (
        [f"Diverged in some trials: {_listed([f'{name} ({n} of {m})' for name, n, m in partly])}."] if partly else []
    )
    return said + ([f"Without a finished run: {_listed(missing)}."] if missing else [])


def _listed(labels: Sequence[str], limit: int = 12) -> str:
    more = f"; and {len(labels) - limit} more" if len(labels) > limit else ""
    return "; ".join(labels[:limit]) + more
