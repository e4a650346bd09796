"""What the run came to, in a sentence or two, said from its numbers; and what a reader must know before reading on."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from handgrad.report.facts import Facts
from handgrad.report.published import Comparison, compare
from handgrad.report.words import count, duration, loss, percent

_MEASURES = {
    "error": "{misreads} {value} of the {images}{which} images",
    "mean_class_error": "{has} an average error of {value} over the classes of the {images}{which} images",
}
_NOW = {"misreads": "misreads", "has": "has"}
_THEN = {"misreads": "misread", "has": "had"}
_NAMES = {"test": "test", "valid": "validation", "train": "training"}


@dataclass(frozen=True)
class Notice:
    """A box above the report: `kind` is wrong, caution or note."""

    kind: str
    text: str


def verdict(facts: Facts) -> str:
    """One or two sentences computed from the run's numbers."""
    if not facts.metrics and not facts.run.summary:
        return f"{_state_sentence(facts)} Nothing was recorded, so there is nothing to show but the settings."
    if facts.state == "diverged":
        return f"{_state_sentence(facts)} The numbers below are the last before that, not a result."
    if facts.state != "done":
        return f"{_state_sentence(facts)} At the last evaluation the net {_result(facts, _THEN)}."
    compared = _compared_sentence(facts)
    return f"After {_effort(facts)} the net {_result(facts, _NOW)}. {compared}".rstrip()


def headline(facts: Facts) -> Comparison | None:
    """The first published number we have an answer to, when this run can be compared with it."""
    if facts.published is None or facts.sampled or facts.state != "done":
        return None
    return next((c for c in compare(facts.published, facts.results) if c.ours is not None), None)


def notices(facts: Facts) -> list[Notice]:
    """What bears on every number of the page: stand-in data, changed settings, a run that did not finish."""
    found = []
    cause = facts.run.status.get("cause")
    if facts.state not in ("done", "running"):
        text = f"This run is {facts.state}: the numbers are those recorded before it ended."
        found.append(Notice("wrong", f"{text} Cause: {cause}" if cause else text))
    elif facts.state == "running":
        found.append(Notice("caution", "This run is still going on: the report shows it as it stood when written."))
    if facts.sampled:
        told = (facts.run.status.get("data") or {}).get("notice")
        found.append(Notice("caution", f"Small sample of the data. {told or ''}".strip()))
    if facts.published is not None and facts.changed:
        listed = "; ".join(facts.changed)
        found.append(Notice("caution", f"Settings differ from the published experiment: {listed}."))
    stop = facts.config.training.stop if facts.config else None
    if stop is not None and stop.on == "test":
        found.append(
            Notice("note", "The test set decides when training stops, so it is not an unseen judge of this net.")
        )
    found += [Notice("note", text) for text in dict.fromkeys(facts.problems.values())]
    return found


def chance(fraction: float, images: int) -> float:
    """Half the 95 % interval that `images` independent draws leave around an error of `fraction`.

    >>> round(chance(0.0276, 10_000), 4)
    0.0032
    """
    return 1.96 * sqrt(fraction * (1 - fraction) / images)


def main_set(facts: Facts) -> str | None:
    """The set that judges the net: test, else validation, else training; None where none was measured."""
    return next((name for name in _NAMES if facts.results.get(f"{name}_loss") is not None), None)


def _result(facts: Facts, verbs: dict[str, str]) -> str:
    which = main_set(facts)
    if which is None:
        batch = facts.results.get("batch_loss")
        return f"{verbs['has']} a loss of {loss(batch)} per image on its last batch; no set was evaluated"
    compared = headline(facts)
    measure = "mean_class_error" if compared and compared.metric == f"{which}_mean_class_error" else "error"
    value = facts.results.get(f"{which}_{measure}")
    if value is None:
        return f"{verbs['has']} a {_NAMES[which]} loss of {loss(facts.results[f'{which}_loss'])} per image"
    images = facts.images_in(which)
    number = f"{count(images)} " if images else ""
    return _MEASURES[measure].format(value=percent(value), images=number, which=_NAMES[which], **verbs)


def _compared_sentence(facts: Facts) -> str:
    if facts.published is not None and facts.sampled:
        return "It saw a small sample of the data, so the published figures are not comparable."
    compared = headline(facts)
    if compared is None or facts.published is None or compared.ours is None or "loss" in (compared.metric or ""):
        return ""
    difference = compared.ours - compared.theirs
    where = "lower" if difference < 0 else "higher"
    text = f"Report {facts.published.report} published {percent(compared.theirs)}: ours is "
    text += f"{abs(100 * difference):.2f} points {where}" if abs(difference) >= 5e-5 else "the same"
    return f"{text}{_range_clause(facts, compared)}."


def _range_clause(facts: Facts, compared: Comparison) -> str:
    ranges = facts.published.ranges if facts.published else []
    known = next((r for r in ranges if r.metric == compared.metric), None)
    if known is None or compared.ours is None:
        return ""
    low, high = known.ends
    place = "within" if low <= compared.ours <= high else "outside"
    return f", {place} the {100 * low:.2f} to {percent(high)} of independent runs"


def _effort(facts: Facts) -> str:
    seconds = facts.results.get("seconds")
    timed = f" ({duration(seconds)})" if seconds is not None else ""
    return f"{count(facts.iterations)} iterations{timed}"


def _state_sentence(facts: Facts) -> str:
    done = f"after {count(facts.iterations)} iterations"
    return {
        "done": "The run is done.",
        "running": f"The run is still going on, {done}.",
        "interrupted": f"The run was interrupted {done}.",
        "killed": f"The run was killed {done}.",
        "timeout": f"The run ran out of time {done}.",
        "diverged": f"The run diverged {done}: its numbers stopped being finite.",
        "failed": f"The run failed {done}.",
    }.get(facts.state, f"The run's state is {facts.state}, {done}.")
