"""Class by class, as plain data for the templates: errors, confusions, the mistakes a net is surest of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handgrad.kernels.types import Indices
from handgrad.report.facts import SETS, Facts
from handgrad.report.pictures import data_uri, picture, pixel_range, surest_mistakes
from handgrad.report.published import compare_classes
from handgrad.report.results import SET_NAMES, Section
from handgrad.report.words import MISSING, count, percent, points

MISTAKES = 24
GALLERY = 24
LARGEST_MATRIX = 30  # classes; beyond it nobody reads single cells


def classes(facts: Facts) -> Section | None:
    """Final error of each class in every set, with the published list beside it."""
    if not facts.class_names:
        return None
    sets = [name for name in SETS if facts.results.get(f"{name}_class_errors")]
    published = compare_classes(facts.published, facts.results, facts.class_names) if facts.published else []
    comparable = not facts.sampled and facts.state == "done"
    shown = _shown(facts)
    rows: list[Section] = []
    for index, name in enumerate(facts.class_names):
        theirs = published[index] if published else None
        rows.append(
            {
                "name": name,
                "images": count(shown[index]) if shown is not None else None,
                "errors": [percent(_class_error(facts, which, index)) for which in sets],
                "bar": _class_error(facts, sets[-1], index) if sets else None,
                "published": percent(theirs.theirs) if theirs else None,
                "printed": theirs.printed if theirs and theirs.corrected else None,
                "corrected": theirs.corrected if theirs else None,
                "difference": points(theirs.difference) if theirs and comparable else MISSING,
            }
        )
    highest = max((row["bar"] or 0.0 for row in rows), default=0.0) or 1.0
    for row in rows:
        row["bar"] = round(100 * (row["bar"] or 0.0) / highest, 1)
    means = [facts.results.get(f"{name}_mean_class_error") for name in sets]
    published_mean = float(np.mean([c.theirs for c in published])) if published else None
    difference = means[-1] - published_mean if means and means[-1] and published_mean and comparable else None
    return {
        "rows": rows,
        "sets": [SET_NAMES[name] for name in sets],
        "counted": shown is not None,
        "published": bool(published),
        "comparable": comparable,
        "means": [percent(mean) for mean in means],
        "published_mean": percent(published_mean),
        "mean_difference": points(difference),
    }


def confusion(facts: Facts) -> Section | None:
    """Counts by true and predicted class, each mistake with its share of the row."""
    matrix = confusion_counts(facts)
    if matrix is None or len(facts.class_names) > LARGEST_MATRIX:
        return None
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shares = matrix / totals
    off_diagonal = matrix - np.diag(np.diag(matrix))
    strongest = float(np.sqrt((off_diagonal / totals).max())) or 1.0
    rows = [
        {
            "name": name,
            "cells": [
                {
                    "count": int(matrix[i, j]),
                    "right": i == j,
                    "shade": round(100 * float(np.sqrt(shares[i, j])) / strongest) if i != j else 0,
                    "title": f"{name} read as {other}: {int(matrix[i, j]):,} of {int(totals[i, 0]):,}",
                }
                for j, other in enumerate(facts.class_names)
            ],
            "total": int(matrix[i].sum()),
        }
        for i, name in enumerate(facts.class_names)
    ]
    return {"names": facts.class_names, "rows": rows, "commonest": _commonest(facts, off_diagonal)}


def confusion_counts(facts: Facts) -> Indices | None:
    """The confusion matrix (P, P) of the test set as integers, None where it cannot be known."""
    from handgrad.metrics import confusion_matrix

    if facts.probabilities is None or facts.data is None or facts.data.test is None or not facts.class_names:
        return None
    predicted = facts.probabilities.argmax(axis=1)
    return confusion_matrix(facts.data.test.labels, predicted, len(facts.class_names))


def mistakes(facts: Facts) -> Section | None:
    """The misread test images the net was surest of, as pictures."""
    if facts.probabilities is None or facts.data is None or facts.data.test is None:
        return None
    labels = facts.data.test.labels
    found = surest_mistakes(facts.probabilities, labels, MISTAKES)
    shown = _pictures(facts, [(m.index, m.predicted, m.probability) for m in found])
    wrong = int((facts.probabilities.argmax(axis=1) != labels).sum())
    return None if shown is None else {"shown": shown, "wrong": count(wrong), "images": count(len(labels))}


def gallery(facts: Facts) -> Section | None:
    """The first test images with true and predicted class and the net's confidence, for a person to judge."""
    if facts.probabilities is None or facts.data is None or facts.data.test is None:
        return None
    rows = facts.probabilities[:GALLERY]
    shown = _pictures(facts, [(i, int(row.argmax()), float(row.max())) for i, row in enumerate(rows)])
    return None if shown is None else {"shown": shown, "images": count(len(facts.data.test))}


def _pictures(facts: Facts, chosen: Sequence[tuple[int, int, float]]) -> list[Section] | None:
    """Test images (index, predicted class, probability) with what is said of them; None where none can be drawn."""
    test = facts.data.test if facts.data is not None else None
    if test is None or not facts.class_names:
        return None
    low, high = pixel_range(test.images)
    shown = []
    for index, predicted, probability in chosen:
        pixels = picture(test.images[index], low, high)
        if pixels is None:
            return None
        true = int(test.labels[index])
        shown.append(
            {
                "source": data_uri(pixels),
                "grey": pixels.ndim == 2,
                "true": facts.class_names[true],
                "predicted": facts.class_names[predicted],
                "right": true == predicted,
                "probability": percent(probability, 1),
                "index": index,
            }
        )
    return shown


def _class_error(facts: Facts, which: str, index: int) -> float | None:
    errors = facts.results.get(f"{which}_class_errors") or ()
    return errors[index] if index < len(errors) else None


def _shown(facts: Facts) -> Indices | None:
    if facts.data is None or facts.data.test is None:
        return None
    return np.bincount(facts.data.test.labels, minlength=len(facts.class_names))


def _commonest(facts: Facts, off_diagonal: Indices) -> list[Section]:
    order = np.argsort(-off_diagonal, axis=None, kind="stable")[:3]
    pairs = [divmod(int(cell), len(facts.class_names)) for cell in order]
    return [
        {"true": facts.class_names[i], "predicted": facts.class_names[j], "count": int(off_diagonal[i, j])}
        for i, j in pairs
        if off_diagonal[i, j]
    ]
