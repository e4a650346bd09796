"""What learning curves say: where training parts from validation."""

import math
from collections.abc import Sequence
from typing import Any


def parting_point(records: Sequence[dict[str, Any]], valid_images: int) -> int | None:
    """The iteration from which on the validation error stays above the training error by more than chance.

    Chance is 1.645 standard errors √(e(1 − e)/n) of an error e measured on n images (a one-sided 95 % bound of the
    binomial distribution in its normal approximation). From there on the net learns what is true of the training
    images only; early stopping belongs near it.

    Args:
        records: evaluations in order, with train_error and valid_error.
        valid_images: n.

    Returns:
        the iteration, or None if they never part for good.

    >>> errors = [0.5 / (i + 1) for i in range(30)]
    >>> records = [{"iteration": i, "train_error": e, "valid_error": max(e, 0.1)} for i, e in enumerate(errors)]
    >>> parting_point(records, 500)
    6
    """
    found = None
    for record in records:
        train, valid = record.get("train_error"), record.get("valid_error")
        if train is None or valid is None:
            continue
        error = max(valid, 1.0 / valid_images)
        if valid - train > 1.645 * math.sqrt(error * (1.0 - error) / valid_images):
            found = record["iteration"] if found is None else found
        else:
            found = None
    return found
