"""The diagnosis of the other functions of a program: measuring, data, initialisation, activations, losses, checkers.

What `call` is given, by kind (the reader puts the arguments in the program's own order), stands in the checks:
tool_measuring · tool_data, tool_batches (with tool_samples) · tool_initial · tool_stopping · tool_softmax,
tool_activations (with tool_functions) · tool_losses · tool_checker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from handgrad.check.diagnosis import (
    tool_activations,
    tool_batches,
    tool_checker,
    tool_data,
    tool_initial,
    tool_losses,
    tool_measuring,
    tool_softmax,
    tool_stopping,
)
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.texts import finding, introduced
from handgrad.check.diagnosis.tool_found import UNKNOWN, Found
from handgrad.check.subject import Diagnosis, TensorVerdict, ToolSubject

CONVENTIONS = {
    "accuracy_in_percent", "accuracy_is_count", "one_hot_columns", "checker_one_sided", "init_same_each_call",
    "init_too_large", "init_positive_small", "exp_overflow", "activation_overflow", "activation_in_place",
    "softmax_derivative_diagonal", "softmax_logarithm", "log_of_zero",
}  # fmt: skip
_CHECKS: dict[str, Callable[[ToolSubject, np.random.Generator], Found]] = {
    "accuracy": tool_measuring.accuracy,
    "binary_accuracy": tool_measuring.binary_accuracy,
    "error_rate": tool_measuring.error_rate,
    "accuracy_of_net": tool_measuring.accuracy_of_net,
    "error_rate_of_net": tool_measuring.error_rate_of_net,
    "predictions_of_net": tool_measuring.predictions_of_net,
    "top_k": tool_measuring.top_k,
    "confusion": tool_measuring.confusion,
    "evaluate": tool_measuring.evaluate,
    "one_hot": tool_data.one_hot,
    "normalize": tool_data.normalize,
    "normalize_pair": tool_data.normalize_pair,
    "shuffle": tool_data.shuffle,
    "batch": tool_batches.batch,
    "batches": tool_batches.batches,
    "split": tool_batches.split,
    "initialize": tool_initial.initialize,
    "keep": tool_stopping.keep,
    "early_stopping": tool_stopping.early_stopping,
    "schedule": tool_stopping.schedule,
    "softmax": tool_softmax.softmax,
    "softmax_vector": tool_softmax.softmax_vector,
    "activation": tool_activations.activation,
    "activation_derivative": tool_activations.activation_derivative,
    "softmax_derivative": tool_activations.softmax_derivative,
    "softmax_jacobian": tool_activations.softmax_jacobian,
    "loss": tool_losses.loss,
    "loss_derivative": tool_losses.loss_derivative,
    "gradient_checker": tool_checker.gradient_checker,
    "relative_error": tool_checker.relative_error,
}
KINDS = tuple(kind for kind in _CHECKS if not kind.endswith("_of_net"))


def diagnose_tool(subject: ToolSubject, seed: int = 20243) -> Diagnosis:
    """Whether a helper function does what its name says, and if not, what it does instead.

    Args:
        subject: the function; its kind is one of KINDS.
        seed: of what it is given.

    Raises:
        ValueError: for a kind that there is no check of.

    >>> class Accuracy:
    ...     kind = "accuracy"
    ...
    ...     def call(self, outputs, targets, labels):
    ...         return (outputs.argmax(0) == targets.argmax(0)).mean()
    >>> diagnose_tool(Accuracy()).findings[0].explanation
    'accuracy_axis_0'
    """
    if subject.kind not in _CHECKS:
        raise ValueError(f"no check for functions of kind {subject.kind!r}; there are {', '.join(sorted(_CHECKS))}")
    with np.errstate(all="ignore"):
        key, detail = _CHECKS[subject.kind](subject, np.random.default_rng(seed))
    return told_of(subject.kind, key, detail)


def in_words(kind: str) -> str:
    """A kind as people call it.

    >>> in_words("normalize_pair"), in_words("one_hot"), in_words("accuracy_of_net")
    ('normalize', 'one hot', 'accuracy')
    """
    for part in ("_pair", "_vector", "_of_net", "binary_"):
        kind = kind.replace(part, "")
    return kind.replace("_", " ")


def told_of(kind: str, key: str, detail: str, line: int | None = None) -> Diagnosis:
    """An explanation in words: "" for right, else a mistake, a convention, or nothing that is known.

    `line`: where it was read in the source and not found by running.
    """
    convention = key in CONVENTIONS
    name = in_words(kind)
    verdict_line = TensorVerdict(name, (), 0.0, not key or convention, "")
    if not key:
        return Diagnosis((verdict_line,), ())
    known = key != UNKNOWN[0]
    verdict = "convention" if convention else "mistake" if known else "undecided"
    item = Item(key if known else "", (name,), None, detail)
    made = finding(item, verdict, {"kind": name, "l": "", "h": "", "f": ""}, (), "unexplained_tool")
    told = introduced(made, "tool" if line is None else "source")
    return Diagnosis((verdict_line,), (replace(told, line=line),))
