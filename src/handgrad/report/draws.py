"""The same net on random draws of test images, where the run used the first ones of its source.

MNIST's first 5,000 test images are the harder half, so a figure on them is not one on MNIST. The net is not trained
again: what changes is only which test images it is asked about.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.data import Examples, load_source
from handgrad.errors import HandgradError
from handgrad.metrics import class_errors, confusion_matrix
from handgrad.report.facts import Facts
from handgrad.report.words import count, percent
from handgrad.streams import stream

DRAWS = 10


def random_draws(facts: Facts) -> dict[str, Any] | None:
    """Average class error on the first test images and on ten random draws as large; None where it does not apply."""
    config, data, network = facts.config, facts.data, facts.network
    if config is None or data is None or data.test is None or network is None or facts.sampled:
        return None
    if config.data.subset != "first" or config.data.classes:
        return None
    try:
        everything = load_source(config.data.source).test
        if everything is None or len(everything) <= len(data.test) or not _begins_with(everything, data.test):
            return None
        predicted = facts.run.probabilities_of(everything).argmax(axis=1)
    except HandgradError:
        return None
    n, P = len(data.test), len(facts.class_names)

    def average(chosen: Any) -> float:
        return float(np.mean(class_errors(confusion_matrix(everything.labels[chosen], predicted[chosen], P))))

    draws = [average(stream(draw, "split").permutation(len(everything))[:n]) for draw in range(DRAWS)]
    return {
        "images": count(n),
        "all_images": count(len(everything)),
        "first": percent(average(slice(0, n))),
        "rest": percent(average(slice(n, None))),
        "rest_images": count(len(everything) - n),
        "mean": percent(float(np.mean(draws))),
        "low": percent(min(draws)),
        "high": percent(max(draws)),
        "draws": DRAWS,
    }


def _begins_with(everything: Examples, first: Examples) -> bool:
    """Whether the source still is the one the run was measured on."""
    same_shape = everything.images.shape[1:] == first.images.shape[1:]
    return same_shape and np.array_equal(everything.labels[: len(first)], first.labels)
