"""What came out, as plain data for the templates: key numbers, final results, published numbers beside ours."""

from __future__ import annotations

from typing import Any

from handgrad.report.facts import SETS, Facts
from handgrad.report.published import Comparison, PublishedRange, compare
from handgrad.report.verdict import chance, headline, main_set
from handgrad.report.words import MISSING, count, duration, loss, percent, points

Section = dict[str, Any]
SET_NAMES = {"batch": "last batch", "train": "training", "valid": "validation", "test": "test"}


def key_numbers(facts: Facts) -> list[Section]:
    """Four or five numbers under the title: label, value, and a remark."""
    results, which = facts.results, main_set(facts)
    tiles = []
    if which and facts.classifies:
        compared = headline(facts)
        for measure, label in (("error", f"{SET_NAMES[which]} error"), ("mean_class_error", "average class error")):
            remark = "every class alike" if measure == "mean_class_error" else ""
            if compared and compared.metric == f"{which}_{measure}":
                remark = f"published {percent(compared.theirs)}"
            value = percent(results.get(f"{which}_{measure}"))
            tiles.append({"label": label, "value": value, "remark": remark})
    if which:
        value = loss(results.get(f"{which}_loss"))
        tiles.append({"label": f"{SET_NAMES[which]} loss", "value": value, "remark": "per image"})
    if facts.iterations:
        timed = duration(results.get("seconds"))
        tiles.append({"label": "iterations", "value": count(facts.iterations), "remark": timed})
    parameters = results.get("parameters") or (facts.network and facts.network.parameter_count)
    if parameters:
        tiles.append({"label": "parameters", "value": count(parameters), "remark": ""})
    return tiles


def final_results(facts: Facts) -> Section | None:
    """Loss and errors of every set, per image, and as sums too where the experiment asks for them."""
    sums = facts.config is not None and facts.config.display.loss == "sum"
    rows = []
    for name in ("batch", *SETS):
        value = facts.results.get(f"{name}_loss")
        if value is None:
            continue
        images = _batch_size(facts) if name == "batch" else facts.images_in(name)
        total = f"{value * images:,.2f}" if images else MISSING
        rows.append(
            {
                "name": SET_NAMES[name],
                "images": count(images),
                "loss": loss(value),
                "sum": total if sums else None,
                "error": percent(facts.results.get(f"{name}_error")),
                "mean_class_error": percent(facts.results.get(f"{name}_mean_class_error")),
            }
        )
    penalised = bool(facts.results.get("penalty"))
    found = {"rows": rows, "sums": sums, "classifies": facts.classifies, "penalised": penalised}
    return found if rows else None


def published_numbers(facts: Facts) -> Section | None:
    """Published numbers beside ours, others' ranges, and what is wrong in the report."""
    published = facts.published
    if published is None:
        return None
    comparable = not facts.sampled and facts.state == "done"
    reason = "data are a small sample" if facts.sampled else f"run is {facts.state}"
    return {
        "report": published.report,
        "about": published.about,
        "comparable": comparable,
        "reason": "" if comparable else reason,
        "rows": [_comparison_row(c, comparable) for c in compare(published, facts.results)],
        "ranges": [_range_row(facts, r, comparable) for r in published.ranges],
        "flags": published.flags,
        "chance": _chance_note(facts) if comparable else "",
    }


def _batch_size(facts: Facts) -> int | None:
    size = facts.config.training.batch_size if facts.config else None
    return size if isinstance(size, int) else facts.images_in("train")


def _comparison_row(compared: Comparison, comparable: bool) -> Section:
    if compared.metric == "seconds":
        return _time_row(compared)
    is_loss = "loss" in (compared.metric or "")
    said = loss if is_loss else percent
    difference = MISSING
    if comparable and compared.difference is not None:
        signed = f"{compared.difference:+.3f}".replace("-", "−")
        difference = signed if is_loss else f"{points(compared.difference)} points"
    return {
        "label": compared.label,
        "ours": said(compared.ours),
        "theirs": said(compared.theirs) + (" per image" if is_loss else ""),
        "printed": compared.printed,
        "difference": difference,
    }


def _time_row(compared: Comparison) -> Section:
    """Times of two machines stand side by side; their difference says nothing."""
    return {
        "label": compared.label,
        "ours": duration(compared.ours),
        "theirs": duration(compared.theirs),
        "printed": compared.printed,
        "difference": MISSING,
    }


def _range_row(facts: Facts, published_range: PublishedRange, comparable: bool) -> Section:
    low, high = published_range.ends
    ours = facts.results.get(published_range.metric)
    said = loss if "loss" in published_range.metric else percent
    place = ""
    if comparable and ours is not None:
        place = "ours is below it" if ours < low else "ours is above it" if ours > high else "ours lies within"
    return {"about": published_range.about, "low": said(low), "high": said(high), "place": place}


def _chance_note(facts: Facts) -> str:
    error, images = facts.results.get("test_error"), facts.images_in("test")
    if not error or not images:
        return ""
    return (
        f"Drawing {count(images)} other test images would move an error of {percent(error)} by about "
        f"±{100 * chance(error, images):.2f} points (95 %); another seed moves it too."
    )
