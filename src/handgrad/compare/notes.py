"""What a reader must know before believing a comparison: the test set's part in it, other data, other versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handgrad.errors import LoadError

if TYPE_CHECKING:
    from handgrad.compare.points import Point
    from handgrad.runs import Run


@dataclass(frozen=True)
class Note:
    """A remark above a comparison: `kind` is wrong, caution or note."""

    kind: str
    text: str


def notes_on(points: Sequence[Point], chosen_by: str | None) -> list[Note]:
    """Remarks on these points, the gravest first.

    Args:
        points: of one comparison.
        chosen_by: the measure that chose the best point; None where none was chosen.
    """
    runs = [run for point in points for _, run in point.trials]
    found = [*_other_data(points), *_chosen_on_test(points, chosen_by), *_stopped_on_test(runs)]
    found += [*_sampled(runs), *_unfinished(points), *_pruned(runs), *_unpaired(points), *_repeated(points)]
    found += _other_versions(runs)
    order = {"wrong": 0, "caution": 1, "note": 2}
    return sorted(found, key=lambda note: order[note.kind])


def _chosen_on_test(points: Sequence[Point], chosen_by: str | None) -> list[Note]:
    if chosen_by is None or sum(bool(point.runs) for point in points) < 2:
        return []
    if chosen_by.startswith("train_"):
        return [Note("caution", "There was no test set: points are compared on the images they learned from.")]
    if not chosen_by.startswith("test_"):
        return []
    text = (
        "The best point is chosen on the test images themselves, because the runs have no validation images: "
        "its figure is a little too good. Set data.valid_images to choose without looking at the test."
    )
    return [Note("caution", text)]


def _stopped_on_test(runs: Sequence[Run]) -> list[Note]:
    stops = [stop for run in runs if (config := _config(run)) and (stop := config.training.stop) is not None]
    if not any(stop.on == "test" for stop in stops):
        return []
    return [Note("caution", "The test set decides when training stops, so it is not an unseen judge of these nets.")]


def _sampled(runs: Sequence[Run]) -> list[Note]:
    sampled = [bool((run.status.get("data") or {}).get("sampled")) for run in runs]
    if not any(sampled):
        return []
    if all(sampled):
        return [Note("caution", "These runs saw a small sample of the data.")]
    text = f"{sum(sampled)} of {len(sampled)} runs saw a small sample of the data, the others all of it."
    return [Note("wrong", f"{text} Their errors are not comparable.")]


def _other_data(points: Sequence[Point]) -> list[Note]:
    """Runs on other images: what the summaries say of them, and else the configs."""
    runs = [run for point in points for run in point.runs.values()]
    seen = _distinct(runs, lambda run: tuple((run.summary.get("data") or {}).get(k) for k in ("name", "test", "valid")))
    if len(seen) < 2:
        return []
    told = "; ".join(f"{name}, {test or 0:,} test images" for name, test, _ in seen)
    text = f"The runs were measured on different data ({told}): a difference between them may be the data's."
    return [Note("wrong", text)]


def _unfinished(points: Sequence[Point]) -> list[Note]:
    """Trials that have no result, by what became of them; divergence is a result."""
    states = [state for point in points for state in point.states]
    found = []
    for state in dict.fromkeys(states):
        if state == "done":
            continue
        count, what = states.count(state), {"running": "still running", "diverged": "diverged"}.get(state, state)
        text = f"{count} of {len(states)} trials {'is' if count == 1 else 'are'} {what}"
        if state == "diverged":
            found.append(Note("note", f"{text.replace(' is ', ' ').replace(' are ', ' ')} and count in no mean."))
        else:
            found.append(Note("caution", f"{text}: means are over the finished ones."))
    return found


def _repeated(points: Sequence[Point]) -> list[Note]:
    count = sum(point.repeated for point in points)
    if not count:
        return []
    who = "1 run repeats" if count == 1 else f"{count} runs repeat"
    return [Note("note", f"{who} the settings and seeds of another: the one named first counts.")]


def _pruned(runs: Sequence[Run]) -> list[Note]:
    count = sum(run.summary.get("stopped_by") == "pruned" for run in runs)
    return [Note("note", f"{count} trials were pruned: their figures are those of an early end.")] if count else []


def _unpaired(points: Sequence[Point]) -> list[Note]:
    """Points without a trial in common with the first, and means over one trial alone."""
    counts = [len(point.runs) for point in points if point.runs]
    if len(counts) < 2:
        return []
    if max(counts) == 1:
        text = "One seed a point: which of them is better by more than the luck of the seed cannot be said. "
        return [Note("caution", f"{text}Give every point a few seeds (sweep.trials).")]
    first = next(point for point in points if point.runs)
    apart = [p.label for p in points if p.runs and not p.runs.keys() & first.runs.keys()]
    if apart:
        return [
            Note(
                "caution",
                f"No seed in common with {first.label}: {'; '.join(apart)}. Only runs with the same seeds are paired.",
            )
        ]
    if max(counts) == 2:
        return [Note("note", "Two trials a point: intervals are wide, and only large differences can show.")]
    return []


def _other_versions(runs: Sequence[Run]) -> list[Note]:
    """Differences in what ran them; they can move the last bits, and times."""
    facts: dict[str, Callable[[Run], Any]] = {
        "handgrad": lambda run: (run.status.get("versions") or {}).get("handgrad"),
        "numpy": lambda run: (run.status.get("versions") or {}).get("numpy"),
        "kernels": lambda run: run.status.get("kernels"),
        "threads": lambda run: run.status.get("threads"),
        "processor": lambda run: (run.status.get("machine") or {}).get("cpu"),
    }
    told = []
    for name, fact in facts.items():
        seen = _distinct([run for run in runs if fact(run) is not None], fact)
        if len(seen) > 1:
            told.append(f"{name} {' and '.join(map(str, seen))}")
    if not told:
        return []
    return [
        Note(
            "note", f"The runs were not made alike: {'; '.join(told)}. Times, and the last bits of results, may differ."
        )
    ]


def _distinct(runs: Sequence[Run], fact: Callable[[Run], Any]) -> list[Any]:
    return list(dict.fromkeys(fact(run) for run in runs))


def _config(run: Run) -> Any:
    try:
        return run.config
    except LoadError:
        return None
