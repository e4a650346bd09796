"""Whether a round's updates go down one of the losses that may be meant, and which of its tensors do not."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.reading.loops.script_steps import adaptive_gradients
from handgrad.check.reading.rounds.launch import Launch
from handgrad.check.reading.rounds.measure import Measured, Tensor, claims_before
from handgrad.kernels.types import Array

_CLOSE = 2e-4
_MEMORY = r"momentum|velocity|\badam|rmsprop|adagrad|beta_?1|sqrt\((\w*v|\w*mem|\w*cache|s_)"
_NAMED = re.compile(r"loss|cost|mse|^[LJ]$", re.IGNORECASE)


@dataclass
class Compared:
    """A tensor beside one loss: right, a multiple of the slope, too small to tell, or something else."""

    tensor: Tensor
    claims: Array
    slopes: Array
    right: bool
    ratio: float | None  # claims = ratio · slopes
    silent: bool  # both are (nearly) zero here


@dataclass
class Verdict:
    """What is said of a round: "right", "wrong", "undecided"; `key` is the explanation where the numbers tell it."""

    kind: str
    loss: str
    measured: Measured
    compared: list[Compared] = field(default_factory=list)
    key: str = ""
    scale: float = 1.0

    @property
    def hits(self) -> int:
        """Tensors that do follow it."""
        return sum(_agrees(c, self.scale) and not c.silent for c in self.compared)

    @property
    def wrong(self) -> list[Compared]:
        """Tensors that do not follow the loss."""
        return [c for c in self.compared if not _agrees(c, self.scale)]


def verdict(launch: Launch, measured: Measured) -> Verdict:
    """The most favourable reading of a round: some loss of the program's own, else one that its errors imply."""
    beside = {name: compare(measured, name) for name in measured.slopes}
    beside = {name: found for name, found in beside.items() if not all(c.silent for c in found)}
    own = {name: found for name, found in beside.items() if name.startswith("own ")}
    for name, found in own.items():
        own_scale = 1.0 if measured.rated else _common(found) or 1.0
        if own_scale > 0 and all(_agrees(c, own_scale) for c in found):
            return Verdict("right", name, measured, found, scale=own_scale)
    if measured.repeated:
        standing = {name: compare(measured, name, frozen=True) for name in measured.slopes}
        for name, found in standing.items():
            if not all(c.silent for c in found) and _common(found) is not None:
                return Verdict("right", name, measured, found, scale=_common(found) or 1.0)
        return Verdict("undecided", "", measured)
    factor = _own_factor(measured, own)
    if factor is not None:
        return factor
    named = {name: found for name, found in own.items() if _is_named(name)}
    if measured.rated and any(c.right and not c.silent for found in named.values() for c in found):
        return _partly(launch, measured, named)
    for name, found in beside.items():
        scale = _common(found)
        if scale is not None and not name.startswith("own "):
            if scale > 0 and any(not c.silent for f in named.values() for c in f):
                return _other_loss(measured, named, name, found, scale)
            return Verdict("right" if scale > 0 else "wrong", name, measured, found, "sign" if scale < 0 else "", scale)
    return _partly(launch, measured, beside)


def likely_losses(measured: Measured) -> list[str]:
    """Losses that may be meant where no tensor follows any: named ones, then squared errors."""
    named = [name for name in measured.slopes if _is_named(name)]
    return named or [name for name in measured.slopes if not name.startswith("own ")]


def adaptive(nodes: Sequence[ast.stmt]) -> bool:
    """Whether steps are no multiples of gradients here: Adam and its like, a momentum."""
    text = "\n".join(ast.unparse(node) for node in nodes)
    return adaptive_gradients(nodes) is not None or re.search(_MEMORY, text) is not None


def compare(measured: Measured, name: str, frozen: bool = False) -> list[Compared]:
    """Every tensor beside one loss."""
    noise = 1e-9 * max(1.0, abs(measured.losses[name]))
    made = []
    for tensor, slopes in zip(measured.tensors, measured.slopes[name], strict=True):
        claims = tensor.frozen if frozen else tensor.claims
        usable = np.isfinite(slopes)
        made.append(_compared(tensor, claims[usable], slopes[usable], noise))
    return made


def _compared(tensor: Tensor, claims: Array, slopes: Array, noise: float) -> Compared:
    size = float(np.abs(slopes).max(initial=0.0))
    given = float(np.abs(claims).max(initial=0.0))
    silent = not claims.size or max(size, given) < 50 * noise
    right = silent or _equal(claims, slopes, noise)
    ratio = None
    if not silent and size > 50 * noise:
        factor = float(claims @ slopes) / float(slopes @ slopes)
        ratio = factor if _equal(claims, factor * slopes, noise * max(1.0, abs(factor))) and factor else None
    return Compared(tensor, claims, slopes, right, ratio, silent)


def _equal(a: Array, b: Array, noise: float) -> bool:
    return bool(np.isfinite(a).all() and np.linalg.norm(a - b) <= _CLOSE * np.linalg.norm(b) + noise * a.size)


def _agrees(c: Compared, scale: float) -> bool:
    if scale == 1.0:
        return c.right
    return c.silent or (c.ratio is not None and abs(c.ratio - scale) <= 1e-3 * abs(scale))


def _common(found: Sequence[Compared]) -> float | None:
    """The factor that all tensors share; None where they share none."""
    told = [c for c in found if not c.silent]
    ratios = [c.ratio for c in told]
    first = ratios[0] if ratios else None
    if first is None or not all(_agrees(c, first) for c in told):
        return None
    return first


def _own_factor(measured: Measured, own: dict[str, list[Compared]]) -> Verdict | None:
    """A loss called loss or cost, of which every gradient is the same multiple: -1, 2, a half, N."""
    for name, found in own.items():
        scale = _common(found)
        if scale is None or not _is_named(name):
            continue
        key = _factor_key(scale, measured)
        if key and (measured.rated or key == "sign"):
            return Verdict("wrong", name, measured, found, key, 1.0)
    return None


def _is_named(name: str) -> bool:
    """Whether a loss of the program's own is called a loss, and not an error that is only shown."""
    label = re.split(r"[:.]", name.removeprefix("own "))[-1].strip("()")
    return name.startswith("own ") and _NAMED.search(name if label == "append" else label) is not None


def _other_loss(
    measured: Measured, named: dict[str, list[Compared]], name: str, found: list[Compared], scale: float
) -> Verdict:
    """The updates follow one loss and the program computes another: a mistake only where it can be shown."""
    for own, beside in named.items():
        if _common(beside) is not None:
            return Verdict("right", name, measured, found, scale=scale)  # the same but for a factor
        return Verdict("undecided" if measured.entry else "right", own if measured.entry else name, measured,
                       beside if measured.entry else found, scale=1.0 if measured.entry else scale)  # fmt: skip
    return Verdict("right", name, measured, found, scale=scale)


def _factor_key(scale: float, measured: Measured) -> str:
    for key, values in (("sign", (-1.0 if measured.rated else -abs(scale),)), ("factor_two", (2.0, 0.5)),
                        ("one_over_n_missing", measured.counts), ("one_over_n_twice",
                                                                  [1 / n for n in measured.counts])):  # fmt: skip
        if any(abs(scale - value) <= 1e-3 * abs(value) for value in values):
            return key
    return ""


def _partly(launch: Launch, measured: Measured, beside: dict[str, list[Compared]]) -> Verdict:
    """No loss fits all tensors: the one that fits the most of them is the one meant."""
    best: tuple[float, Verdict] | None = None
    for name, found in beside.items():
        own = name.startswith("own ")
        for scale in _scales(found, own):
            hits = sum(_agrees(c, scale) and not c.silent for c in found)
            rank = hits + 0.5 * own - 0.1 * (scale not in (1.0, 2.0))
            made = Verdict("wrong", name, measured, found, "", scale)
            if hits and measured.rated and (own or plausible(scale, measured)) and (best is None or rank > best[0]):
                best = (rank, made)
    if best is None:
        named = next((name for name in beside if _is_named(name)), next(iter(beside), ""))
        key = _added_up(launch, measured, beside)
        return Verdict("wrong" if key else "undecided", named, measured, beside.get(named, []), key)
    meant = best[1]
    meant.key = _told_by_numbers(launch, meant)
    if not meant.key and not meant.loss.startswith("own "):
        meant.kind = "undecided"
    return meant


def _scales(found: Sequence[Compared], own: bool) -> list[float]:
    return [1.0] if own else list(dict.fromkeys(c.ratio for c in found if c.ratio is not None and c.ratio > 0))


def _told_by_numbers(launch: Launch, found: Verdict) -> str:
    """Explanations that need no look at the text: standing still, one round late, a sign, a factor, zero."""
    measured, scale = found.measured, found.scale
    standing = compare(measured, found.loss, frozen=True)
    if all(_agrees(c, scale) for c in standing):
        return "stale_weights"
    if _added_up(launch, measured, {found.loss: found.compared}):
        return "never_cleared"
    keys = {_key_of(c, scale) for c in found.wrong}
    return keys.pop() if len(keys) == 1 else ""


def plausible(scale: float, measured: Measured) -> bool:
    """A factor between a loss that is only implied and the gradient: 2, a half, numbers of samples."""
    numbers = [1.0, 2.0, 0.5]
    sizes = [1.0, *measured.counts, *(1 / n for n in measured.counts)]
    return any(abs(scale - n * m) <= 1e-3 * n * m for n in numbers for m in sizes)


def _added_up(launch: Launch, measured: Measured, beside: dict[str, list[Compared]]) -> str:
    """Whether a round's claims are its slopes and the round's before together."""
    if not measured.entry:
        return ""
    before = claims_before(launch, measured)
    for name, found in beside.items():
        noise = 1e-9 * max(1.0, abs(measured.losses[name]))
        told = [(c, old) for c, old in zip(found, before, strict=True) if not c.silent]
        rest = [(c.tensor.claims - old, slopes) for (c, old), slopes in zip(told, measured.slopes[name], strict=False)]
        added = any(np.abs(old).max() > 50 * noise for _, old in told)
        if added and rest and all(_equal(a[np.isfinite(s)], s[np.isfinite(s)], noise) for a, s in rest):
            return "never_cleared"
    return ""


def _key_of(c: Compared, scale: float) -> str:
    if not np.isfinite(c.claims).all():
        return "not_finite"
    if not c.claims.any():
        return "bias_skipped" if re.search(r"bias|(^|[._])b", c.tensor.name) else "layer_skipped"
    if c.ratio is None:
        return ""
    return "update_sign" if abs(c.ratio + scale) < 1e-3 * abs(scale) else ""
