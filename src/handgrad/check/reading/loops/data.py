"""What a training loop outside of all functions works on: which names are images and targets, and stand-ins for them.

A script that loads its data makes its weights from the data's shape; data are not loaded: stand-ins take their place.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from handgrad.kernels.types import Array

_TARGET = re.compile(
    r"y\d?|ys|yy|t\d?|tr?y|targets?|labels?|onehot|hot|truth|true|expected|desired|ziele?|soll\w*|cibles?|salidas?|objetivos?|"
    r"etiquetas?|sorties?|out|outputs?|class(es)?|gt|answers?|goals?|ziffern|etichette|etiquettes?",
    re.IGNORECASE,
)
_INPUT = re.compile(
    r"x\d?|xs|inputs?|data|daten|dati|features?|images?|imgs?|bild(er)?|samples?|eingaben?|entradas?|entrees?|pixels?|"
    r"datos|donnees|examples?|dataset|points?|beispiele|ejemplos|muestras?",
    re.IGNORECASE,
)
_NO_DATA = re.compile(
    r"w\d?|weights?\d?|gewichte?\d?|poids|pesos?|bias(es)?\d?|b\d|grads?|gradients?|deltas?|errors?|size|num|n|count|dim|"
    r"len|preds?|predicted|prediction|mean|std|activation|velocity|momentum",
    re.IGNORECASE,
)  # fmt: skip
_INDEX = re.compile(
    r"(idx|ind|index|indices|indexes|perm\w*|order|shuffle\w*|mask|batch_?(idx|ind\w*|mask)|i|j|k|n|r|"
    r"start|end|begin|rand\w*|sel\w*|choice|lot|s)(_\w+)?", re.IGNORECASE
)  # fmt: skip

SAMPLES, INPUTS, CLASSES = 6, 11, 4
VARIANTS = ("onehot", "numbers", "column", "flat", "columns", "columns_row")


def data_role(name: str) -> str:
    """ "x", "t", or "" by the words in a name.

    >>> data_role("x_train"), data_role("one_hot_labels"), data_role("trainY"), data_role("W1"), data_role("hidden")
    ('x', 't', 't', '', '')
    """
    words = re.findall(r"[A-Z]?[a-z]+\d?|[A-Z]+\d?", name)
    if any(_NO_DATA.fullmatch(w) for w in words):
        return ""
    if any(_TARGET.fullmatch(w) for w in words):
        return "t"
    return "x" if any(_INPUT.fullmatch(w) for w in words) else ""


def looks_like_index(name: str) -> bool:
    """A permutation, a batch's indices, a place."""
    return _INDEX.fullmatch(name) is not None


def stand_in(role: str, variant: str) -> Array:
    """Six images of eleven pixels, or their targets, in one of the usual forms."""
    rng = np.random.default_rng(17)
    if role == "x":
        made = rng.standard_normal((SAMPLES, INPUTS))
        return np.ascontiguousarray(made.T) if variant.startswith("columns") else made
    labels = np.arange(SAMPLES) % CLASSES
    binary = (labels % 2).astype(float)
    forms: dict[str, Any] = {
        "onehot": np.eye(CLASSES)[labels],
        "numbers": labels,
        "column": binary[:, None],
        "flat": binary,
        "columns": np.ascontiguousarray(np.eye(CLASSES)[labels].T),
        "columns_row": binary[None],
    }
    return np.array(forms[variant])


_SCALARS = (
    (r"(n_?|num_?)?(epochs?|iter\w*|steps?|epoques?|epochen|epocas)(_\w+)?", 1),
    (r"lr|eta|alpha|\w*rate|taux\w*|lern\w*|tasa\w*|step_?size", 0.05),
    (r"lam\w*|reg\w*|l2\w*|l1\w*|lmbda|weight_decay|mu|momentum", 0.0),
    (r"\w*(batch|bs)\w*", SAMPLES),
    (r"\w*(hid|ocult|cach|verst|units|neur)\w*|n_?h|h", 7),
    (r"\w*(in|inputs?|features?|entr\w*|d|x)", INPUTS),
    (r"\w*(out|outputs?|class\w*|sal\w*|labels|k|c|y)", CLASSES),
    (r"m|n|num_?samples|n_?samples", SAMPLES),
    (r"seed|random_state", 0),
    (r"verbose|plot\w*|print\w*|debug", False),
)


def scalar_for(name: str) -> Any:
    """A value for an argument that is no data: a rate, a size, a count; None where its name says nothing."""
    for pattern, value in _SCALARS:
        if re.fullmatch(pattern, name, re.IGNORECASE):
            return value
    return None
