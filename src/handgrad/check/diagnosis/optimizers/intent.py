"""Which rule an update is meant to be, where its name does not say so or says it loosely."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from handgrad.check.diagnosis.compare import least_squares_factor
from handgrad.check.diagnosis.optimizers.fit import Known, exact, steps_of
from handgrad.check.diagnosis.optimizers.rules import Variant
from handgrad.check.diagnosis.optimizers.seen import Seen, together
from handgrad.check.diagnosis.optimizers.variants import AVERAGE, decayed, variants
from handgrad.check.subject import UpdateSubject

_LOOSE = {  # a class called SGD often has a momentum, one called Adam a weight decay of either kind
    "": ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "adadelta", "amsgrad", "nadam",
         "adamax", "lion"),
    "sgd": ("sgd", "momentum", "nesterov"), "momentum": ("momentum",), "nesterov": ("nesterov",),
    "adam": ("adam", "adamw"),
}  # fmt: skip
_CORRECTION = r"1(\.0?)?\s*-\s*[\w.]+\s*\*\*\s*\(?(self\.)?[a-z]"  # 1 - beta ** t
_HINTS = (
    ("adam", r"beta_?2|\bb2\b|adam|\b[mv]_?hat|v_?corr|" + _CORRECTION),
    ("rmsprop", r"rms_?prop"),
    ("adagrad", r"adagrad"),
    ("rmsprop", r"sqrt"),
    ("nesterov", r"nesterov|\bnag\b"),
    ("momentum", r"veloc|momentum"),
)
_KIN: dict[str, tuple[tuple[str, str], ...]] = {
    "adam": (("adamw", r"decay|wd|lambda|reg"), ("amsgrad", "max"), ("adamax", "max"), ("nadam", "nadam|nesterov")),
    "rmsprop": (("adagrad", ""), ("adadelta", "delta"), ("adam", r"\bm\w*\b")),
    "adagrad": (("rmsprop", ""),),
}  # with the words that speak for each relative
_SAYS_MOMENTUM = r"momentum|veloc"
_VELOCITY = r"(?i)momentum|veloc|inerti|vitesse|\bv_?(d?[wb]\w?)?\d?(\[[^=\n]*\])?\s*="
_AVERAGES = r"averag|\bema\b|smooth|exponential|mean of the grad"


def intended(subject: UpdateSubject, seen: Sequence[Seen], moved: Sequence[str], known: Known) -> str:
    """The kind whose right form gives the steps of all tensors or of one; else what name and words say."""
    kinds = _LOOSE.get(subject.kind, (subject.kind,))
    if len(kinds) == 1:
        return kinds[0]
    if not subject.kind:
        if all(_follows_gradient(s, name) for s in seen for name in moved):
            return "momentum" if _keeps_velocity(subject, known) else "sgd"
        rooted = re.search(r"sqrt|\*\*\s*\(?(0?\.5|1\s*/)|sign|max|" + _CORRECTION, subject.source) is not None
        kinds = tuple(k for k in kinds if rooted or k in _LOOSE["sgd"])
    if subject.kind == "sgd" and known.given.get("momentum") and re.search(_SAYS_MOMENTUM, subject.source):
        kinds = ("momentum", "nesterov")  # handed a momentum, it has to use it
    said = (k for k, p in _HINTS if k in kinds and re.search(p, subject.source, re.IGNORECASE))
    hint = subject.kind or next(said, "sgd")
    if hint == "sgd" and not subject.kind and _keeps_velocity(subject, known):
        hint = "momentum"
    ranked = _ranked(kinds, hint, subject)
    alone = [[name] for name in moved if len(moved) > 1]
    asked = [*((moved, kind) for kind in ranked), *((one, hint) for one in alone if hint in kinds)]
    likely = [kind for kind in ranked if kind == hint or kind in _LOOSE["sgd"]]
    for names, kind in [*asked, *((one, kind) for one in alone for kind in likely)]:
        forms = [f for f in (*variants(kind), *decayed(kind)) if not f.key or f.convention]
        if kind == "momentum":
            forms.append(Variant("", AVERAGE))
        if exact(kind, forms, [together(s, names) for s in seen], known, usual=len(names) == len(moved)) is not None:
            return kind
    if hint not in kinds:
        return kinds[0]
    return hint if hint != "sgd" or not subject.kind else _by_words(subject)


def _ranked(kinds: Sequence[str], hint: str, subject: UpdateSubject) -> list[str]:
    """The kind that the words mean first; where they mean an adaptive one, only its kin and the plain ones besides."""
    if subject.kind or hint not in _KIN:
        return sorted(kinds, key=lambda k: k != hint)
    kin = [k for k, words in _KIN[hint] if re.search(words, subject.source, re.IGNORECASE)]
    return [hint, *(k for k in kinds if k in (*kin, *_LOOSE["sgd"]))]


def _keeps_velocity(subject: UpdateSubject, known: Known) -> bool:
    """Whether a constant for a velocity stands in a rule that assigns one, with nothing that may switch it off."""
    code = re.sub(r"#.*", "", subject.source)
    switch = re.search(r"\bif\b[^\n]*(==|optim|method|mode|kind|use_|momentum\b)", code)
    return known.given.get("momentum", 0.0) > 0.3 and bool(re.search(_VELOCITY, code)) and not switch


def _follows_gradient(seen: Seen, name: str) -> bool:
    """Whether every step of a tensor is its gradient times one number."""
    theta, gradients, after = together(seen, [name])
    steps, given = steps_of(theta, after), np.stack(gradients)
    factor, rest = least_squares_factor(steps, given)
    return factor != 0.0 and rest < 1e-5


def _by_words(subject: UpdateSubject) -> str:
    """SGD whose text speaks of a velocity is meant to have one."""
    found = re.search(r"\bv(el\w*)?\b\s*=|velocit", subject.source)
    return "momentum" if found else subject.kind


def means_average(subject: UpdateSubject) -> bool:
    """Whether a velocity that is an average is meant: its words say so, or its constant is called β, or the rule is
    not called momentum at all."""
    named = subject.kind == "momentum"
    return not named or bool(re.search(_AVERAGES + r"|\bbeta\b", subject.source, re.IGNORECASE))
