"""The diagnosis of the other functions of a program: measuring, data, initialisation, activations, losses, checkers.

What `call` is given, by kind (the reader puts the arguments in the program's own order), stands in the checks:
tool_measuring · tool_data, tool_batches (with tool_samples) · tool_initial · tool_stopping · tool_softmax,
tool_activations (with tool_functions) · tool_losses · checker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.texts import finding, introduced
from handgrad.check.diagnosis.tools import (
    activations,
    batches,
    checker,
    data,
    initial,
    losses,
    measuring,
    softmax,
    stopping,
)
from handgrad.check.diagnosis.tools.found import UNKNOWN, Found
from handgrad.check.subject import Diagnosis, TensorVerdict, ToolSubject

CONVENTIONS = {
    "accuracy_in_percent", "accuracy_is_count", "one_hot_columns", "checker_one_sided", "init_same_each_call",
    "init_too_large", "init_positive_small", "exp_overflow", "activation_overflow", "activation_in_place",
    "softmax_derivative_diagonal", "softmax_logarithm", "log_of_zero",
}  # fmt: skip
_CHECKS: dict[str, Callable[[ToolSubject, np.random.Generator], Found]] = {
    "accuracy": measuring.accuracy,
    "binary_accuracy": measuring.binary_accuracy,
    "error_rate": measuring.error_rate,
    "accuracy_of_net": measuring.accuracy_of_net,
    "error_rate_of_net": measuring.error_rate_of_net,
    "predictions_of_net": measuring.predictions_of_net,
    "top_k": measuring.top_k,
    "confusion": measuring.confusion,
    "evaluate": measuring.evaluate,
    "one_hot": data.one_hot,
    "normalize": data.normalize,
    "normalize_pair": data.normalize_pair,
    "shuffle": data.shuffle,
    "batch": batches.batch,
    "batches": batches.batches,
    "split": batches.split,
    "folds": batches.folds,
    "decode": data.decode,
    "initialize": initial.initialize,
    "keep": stopping.keep,
    "early_stopping": stopping.early_stopping,
    "schedule": stopping.schedule,
    "schedule_between": stopping.schedule_between,
    "schedule_in_steps": stopping.schedule_in_steps,
    "softmax": softmax.softmax,
    "softmax_vector": softmax.softmax_vector,
    "activation": activations.activation,
    "activation_derivative": activations.activation_derivative,
    "softmax_derivative": activations.softmax_derivative,
    "softmax_jacobian": activations.softmax_jacobian,
    "loss": losses.loss,
    "loss_derivative": losses.loss_derivative,
    "gradient_checker": checker.gradient_checker,
    "gradient_checker_of_array": checker.gradient_checker_of_array,
    "relative_error": checker.relative_error,
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
    for part in ("_pair", "_vector", "_of_net", "binary_", "_between", "_in_steps"):
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
