"""Choosing runs by what is typed: `state=done`, `test_error<5%`, `optimizer.learning_rate=0.1`, `since=2026-11-01`."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from handgrad.errors import UsageError
from handgrad.listing import Row

_FILTER = re.compile(r"([A-Za-z_][\w.]*)\s*(<=|>=|!=|=|<|>)\s*(.*)", re.DOTALL)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TIMES = {"since": ">=", "before": "<"}
_ALWAYS = {"state", "kind", "name", "started", "experiment", "since", "before"}


@dataclass(frozen=True)
class Filter:
    """One condition: key, operator (=, !=, <, <=, >, >=) and the text it is compared with."""

    key: str
    operator: str
    text: str

    def matches(self, row: Row) -> bool:
        """Whether a row fulfils it; a row without such a value only fulfils !=."""
        value = row.value(self.key)
        if self.operator in _COMPARE:
            return _is_ordered(value, self.text, _COMPARE[self.operator])
        return _is_equal(value, self.text) == (self.operator == "=")


def parse_filter(word: str) -> Filter | None:
    """The condition that a word says, or None where it is a name.

    Raises:
        UsageError: if a time is none, or something is to be less than a word.

    >>> parse_filter("test_error<5%")
    Filter(key='test_error', operator='<', text='0.05')
    >>> parse_filter("since=2026-11-01")
    Filter(key='started', operator='>=', text='2026-11-01')
    >>> parse_filter("digits-mlp-constant") is None
    True
    """
    found = _FILTER.fullmatch(word)
    if not found:
        return None
    key, sign, text = found[1], found[2], found[3].strip().strip("\"'")
    if key in _TIMES:
        if sign != "=":
            raise UsageError(f"{word}: expected {key}=DATE, such as {key}=2026-11-01")
        return Filter("started", _TIMES[key], _time(word, text))
    if key == "started":
        return Filter(key, sign, _time(word, text))
    number = _number(text)
    if sign in _COMPARE and number is None:
        raise UsageError(f"{word}: expected a number behind {sign}, received {text!r}")
    return Filter(key, sign, str(number) if text.endswith("%") and number is not None else text)


def _time(word: str, text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{word}: expected a time such as 2026-11-01 or 2026-11-01T14:30, received {text!r}") from None
    return text.replace(" ", "T")


def _number(text: str) -> float | None:
    """A number, or percent of one."""
    try:
        value = float(text.removesuffix("%").replace("_", ""))
    except ValueError:
        return None
    if math.isnan(value):
        return None
    return float(f"{value / 100:.15g}") if text.endswith("%") else value


def _is_ordered(value: Any, text: str, compare: Callable[[Any, Any], bool]) -> bool:
    if isinstance(value, str):
        return compare(value, text)
    number = _number(text)
    return isinstance(value, int | float) and number is not None and compare(value, number)


def _is_equal(value: Any, text: str) -> bool:
    if value is None:
        return text in ("null", "none")
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    number = _number(text)
    if isinstance(value, int | float):
        return number is not None and math.isclose(value, number, rel_tol=1e-12)
    shown = value if isinstance(value, str) else str(value).replace(" ", "")
    return fnmatchcase(shown, text) or shown == text.replace(" ", "")


def choose(rows: Sequence[Row], filters: Sequence[Filter]) -> list[Row]:
    """The rows that fulfil all conditions.

    Raises:
        UsageError: if a key is known of no row, naming the nearest.
    """
    check_keys(rows, [f.key for f in filters])
    # Cheap conditions first: those of the config are read only for runs that passed the others.
    ordered = sorted(filters, key=lambda f: "." in f.key)
    return [row for row in rows if all(f.matches(row) for f in ordered)]


def check_keys(rows: Sequence[Row], keys: Sequence[str]) -> None:
    """Refuse a key that no row has.

    Raises:
        UsageError: naming the nearest key.
    """
    unknown = [key for key in keys if key not in _ALWAYS and all(row.value(key) is None for row in rows)]
    if not unknown or not rows:
        return
    known = set(_ALWAYS).union(*(row.keys() for row in rows))
    lines = [f"{key}: no run has this key; {nearest_key(key, known)}" for key in unknown if key not in known]
    if lines:
        raise UsageError("\n".join(lines))


def nearest_key(key: str, known: set[str]) -> str:
    """A hint: the nearest known key, by its whole or by its last part.

    >>> nearest_key("learning_rate", {"seed", "optimizer.learning_rate"})
    "did you mean 'optimizer.learning_rate'?"
    """
    last = {path.rpartition(".")[2]: path for path in sorted(known, reverse=True)}
    close = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.6)
    if key in last or not close:
        ends = difflib.get_close_matches(key.rpartition(".")[2], sorted(last), n=1, cutoff=0.5)
        close = [last[ends[0]]] if ends else close
    return f"did you mean {close[0]!r}?" if close else "try state, experiment, since, test_error, optimizer.type"
