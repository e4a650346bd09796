"""The diagnosis of a net: ask, settle what is computed, judge every tensor, explain the wrong ones, say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from handgrad.check.diagnosis.compare import EXACT, FLOAT32, at_worst, least_squares_factor, relative
from handgrad.check.diagnosis.conventions import ALWAYS, convention_of, is_convention
from handgrad.check.diagnosis.in_place import overwrites_z
from handgrad.check.diagnosis.items import Item, items_of
from handgrad.check.diagnosis.measured import compare_slopes, items_by_own_loss, right_by_own_loss, shared_factor
from handgrad.check.diagnosis.model import trace
from handgrad.check.diagnosis.probes import Asked, ask
from handgrad.check.diagnosis.search import LayerFound, walk
from handgrad.check.diagnosis.settle import Settled, settle
from handgrad.check.diagnosis.signs import net_signs
from handgrad.check.diagnosis.state import (
    cut_items,
    not_finite,
    overflow_items,
    random_items,
    state_items,
    whole_when_larger,
)
from handgrad.check.diagnosis.texts import finding, introduced, net_names, ruled_out
from handgrad.check.diagnosis.unknown import ONLY_DELTA, expression_item
from handgrad.check.diagnosis.view import View
from handgrad.check.subject import Diagnosis, Finding, NetSubject, TensorVerdict
from handgrad.kernels.types import Array

_SEED = 20240
_SINGLE = 1e-4  # float32: what remains of a fit that is right


def diagnose_net(subject: NetSubject, seed: int = _SEED) -> Diagnosis:
    """Which mistakes are in a net's gradients, and what they are called.

    The program is asked at three fresh places whose sizes, batches and learning rates differ; every explanation
    has to fit all three.

    Args:
        subject: the program.
        seed: of the places.

    Raises:
        Exception: the program's own, where it can run at none of the sizes.
    """
    # Thousands of small products: a second BLAS thread makes them slower, many times so on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        return _diagnose(subject, seed)


def _diagnose(subject: NetSubject, seed: int) -> Diagnosis:
    asked = ask(subject, subject.spec, np.random.default_rng(seed))
    settled = settle(subject, asked)
    if settled.loss_known is False:
        measured = _by_measuring(subject, asked, settled)
        if measured is not None:
            return measured
    tolerance = noise_of(asked)
    items = [Item(key, (f"W{len(subject.spec.activations)}",), len(subject.spec.activations)) for key in settled.keys]
    hidden = not_finite(asked) or random_items(subject, asked) or cut_items(subject, asked)
    settled.turned = bool(getattr(subject, "update_adds", False)) and _turn(asked)
    items += hidden
    views = _views(asked)
    found: list[LayerFound] = []
    if not hidden and not all(_relative(asked, name) <= tolerance for name in _answered(asked)):
        found = walk(views, tolerance)
        items += [_by_evidence(item, subject, asked) for item in items_of(found, settled.spec)]
        innocent = _innocent(subject, asked, settled, items)
        if innocent is not None:
            return innocent
    _override_truth(asked, settled)
    items += _missing(asked, settled)
    items += state_items(subject, asked, views[0].own)
    items += overflow_items(subject, asked, settled.spec)
    return _report(subject, asked, views, settled, found, items)


def _turn(asked: Sequence[Asked]) -> bool:
    """The descent direction, which the program's update adds, as the gradient; whether it was that."""
    name = f"W{asked[0].truth.depth}"
    for one in asked:
        given, truth = one.answer.gradients.get(name), one.truth.gradients[name]
        if given is None or given.shape != truth.shape or float((given * truth).sum()) >= 0:
            return False
    for one in asked:
        one.answer = replace(one.answer, gradients={n: -np.asarray(g) for n, g in one.answer.gradients.items()})
    return True


def _by_measuring(subject: NetSubject, asked: Sequence[Asked], settled: Settled) -> Diagnosis | None:
    """What the slopes of the program's own loss say, where it is none that we can describe; None for nothing sure."""
    if random_items(subject, asked):
        return None
    compared = compare_slopes(subject, asked[0])
    fine = right_by_own_loss(subject, asked, settled.notes, compared)
    items = items_by_own_loss(compared)
    if not items and fine is None and compared:
        scaled = shared_factor(asked, [compared, compare_slopes(subject, asked[1])])
        items = [scaled] if scaled is not None else []
    if fine is not None or not items:
        return fine
    findings = tuple(_finding(subject, asked, item, "mistake", {i.key for i in items}) for item in items)
    wrong = {name for item in items for name in item.tensors}
    note = "against the slopes of the program's own loss"
    lines = tuple(TensorVerdict(c.name, c.shape, c.apart, c.name not in wrong, note) for c in compared)
    return Diagnosis(lines, tuple(replace(f, expected=None, received=None) for f in findings), tuple(settled.notes))


def _innocent(subject: NetSubject, asked: Sequence[Asked], settled: Settled, items: Sequence[Item]) -> Diagnosis | None:
    """The last word before an accusation: gradients that are the slopes of the program's own loss are right."""
    if not items or settled.loss_known is None or settled.keys:
        return None
    return right_by_own_loss(subject, asked, settled.notes, compare_slopes(subject, asked[0]))


def _by_evidence(item: Item, subject: NetSubject, asked: Sequence[Asked]) -> Item:
    """The item under the name that more than its numbers gives it.

    Biases that are zero up to rounding only: their sum over the classes cancelled, nobody left them out. Zeros that
    are whole numbers in larger gradients come from integer arrays. A ReLU's missing mask, where the program changes z
    in place and has a mask: its z was overwritten before the mask was made.
    """
    if item.key in ("bias_zero", "bias_skipped", "layer_skipped"):
        values = np.concatenate([np.ravel(asked[0].answer.gradients[name]) for name in item.tensors])
        if values.any():
            return replace(item, key="bias_total") if len(item.tensors) == 1 and values.size > 1 else item
        return replace(item, key="whole_numbers") if whole_when_larger(subject, asked[0], item.tensors) else item
    if item.key == "slope_missing" and overwrites_z(str(getattr(subject, "text", ""))):
        return replace(item, key="cache_overwritten", others=("slope_missing", *item.others))
    return item


def _override_truth(asked: Sequence[Asked], settled: Settled) -> None:
    """What is right, where forward pass or loss are wrong: the proper softmax's gradient, or the odd loss's own."""
    for one in asked:
        if settled.forward.key:
            one.truth = trace(settled.spec, one.probe.parameters, one.probe.x, one.probe.t)
        elif settled.delta is not None:
            one.truth.replace_output_delta(settled.delta(one.truth))


def _views(asked: Sequence[Asked]) -> list[View]:
    views = []
    for one in asked:
        gradients = {}
        for name, values in one.answer.gradients.items():
            expected = one.probe.parameters[name].shape
            made = np.asarray(values, float)
            gradients[name] = made.reshape(expected) if made.size == int(np.prod(expected)) and name[0] == "b" else made
        views.append(View(one.probe, one.truth, gradients))
    return views


def _answered(asked: Sequence[Asked]) -> list[str]:
    return [name for name in asked[0].truth.gradients if name in asked[0].answer.gradients]


def noise_of(asked: Sequence[Asked]) -> float:
    """The tolerance that the program's precision asks for: what the cleanest tensor is off by, with room.

    A factor is no noise, so each tensor is compared up to one. Values that all fit into single precision count as
    float32 even where no tensor is right.
    """
    rests = []
    for name in _answered(asked):
        truth = asked[0].truth.gradients[name]
        given = _shaped(np.asarray(asked[0].answer.gradients[name], float), truth)
        if given.shape == truth.shape and given.any() and np.isfinite(given).all():
            rests.append(least_squares_factor(given, truth)[1])
    cleanest = min(rests, default=0.0)
    least = _SINGLE if _single_precision(asked[0]) else 2 * EXACT
    return float(max(least, min(50 * cleanest, FLOAT32))) if cleanest < FLOAT32 / 10 else least


def _single_precision(one: Asked) -> bool:
    """Whether all gradients, or all weights after a step of their own, are float32 numbers."""
    given = {name: np.asarray(g, float) for name, g in one.answer.gradients.items()}

    def single(values: list[Array]) -> bool:
        with np.errstate(all="ignore"):
            return all(np.allclose(v, v.astype(np.float32), rtol=1e-12, atol=1e-14, equal_nan=True) for v in values)

    before = [one.probe.parameters[name].reshape(g.shape) for name, g in given.items() if _fits(one, name, g)]
    steps = [one.probe.learning_rate * g for name, g in given.items() if _fits(one, name, g)]
    pairs = list(zip(before, steps, strict=True))
    return (
        single(list(given.values()))
        or single([w - s for w, s in pairs])
        or single([w.astype(np.float32) - s for w, s in pairs])
    )


def _fits(one: Asked, name: str, given: Array) -> bool:
    return given.size == one.probe.parameters[name].size


def _relative(asked: Sequence[Asked], name: str) -> float:
    worst = 0.0
    for one in asked:
        truth = one.truth.gradients[name]
        given = np.asarray(one.answer.gradients[name], float)
        given = given.reshape(truth.shape) if given.size == truth.size and name[0] == "b" else given
        worst = max(worst, relative(given, truth))
    return worst


def _missing(asked: Sequence[Asked], settled: Settled) -> list[Item]:
    """Parameters that the program has no gradient for."""
    have, all_names = asked[0].answer.gradients, asked[0].truth.gradients
    missing = [name for name in all_names if name not in have and not (name[0] == "b" and not settled.forward.biases)]
    weights = tuple(name for name in missing if name[0] == "W")
    skipped = tuple(name for name in missing if f"W{name[1:]}" in weights)
    biases = tuple(name for name in missing if name not in skipped)
    items = []
    if biases:
        every = not any(name[0] == "b" for name in have)
        items.append(Item("bias_zero" if every else "bias_skipped", biases, int(biases[0][1:])))
    if skipped:
        items.append(Item("layer_skipped", skipped, int(skipped[0][1:])))
    return items


def _report(
    subject: NetSubject,
    asked: Sequence[Asked],
    views: list[View],
    settled: Settled,
    found: list[LayerFound],
    items: list[Item],
) -> Diagnosis:
    factors = convention_of(subject, settled, found)
    findings: list[Finding] = []
    for item in items:
        if item.key == "":
            item = expression_item(views, item, found)
        verdict = "convention" if is_convention(item, subject, settled, found) else "mistake"
        sure = settled.outputs_known or bool(settled.loss_known)
        if not sure or (item.key == "" and not settled.loss_known and not _top_is_right(subject, asked, found)):
            verdict = "undecided"
        findings.append(_finding(subject, asked, item, verdict, {i.key for i in items}))
    excused, blamed = _tensors(items, findings, "convention"), _tensors(items, findings, "mistake")
    lines = _lines(asked, settled, factors, excused - blamed, blamed)
    wrong = [line for line in lines if not line.right]
    explained = {f.tensor for f in findings if f.explanation and f.verdict == "mistake"}
    puzzling = {line.tensor for line in wrong} - explained
    findings = [f for f in findings if f.explanation or f.tensor in puzzling]
    signs = (*settled.notes, *(net_signs(asked, settled) if wrong else ()))
    return Diagnosis(tuple(lines), tuple(findings), signs)


_HIDDEN_TERMS = re.compile(r"rho|spars|(^|_)kl|contract|penal|regul|auxil", re.IGNORECASE)


def _top_is_right(subject: NetSubject, asked: Sequence[Asked], found: Sequence[LayerFound]) -> bool:
    """Whether the last layer's dW is that of some loss and the outputs are seen: what differs below is wrong.

    Not where the program may ask for more than its outputs to be right, as a sparse autoencoder does.
    """
    if subject.spec.target_is_input or _HIDDEN_TERMS.search(str(getattr(subject, "text", ""))):
        return False
    if not found or found[0].guess is None or found[0].guess.keys or found[0].weights is None:
        return False
    seen = all(one.answer.outputs is not None for one in asked)
    return seen and found[0].weights.form is None and found[0].weights.fit is not None


def _tensors(items: Sequence[Item], findings: Sequence[Finding], verdict: str) -> set[str]:
    """The tensors that findings of one verdict speak of; what is no matter of a tensor's numbers aside."""
    pairs = zip(items, findings, strict=True)
    return {name for item, f in pairs if f.verdict == verdict and item.key not in ALWAYS for name in item.tensors}


def _finding(subject: NetSubject, asked: Sequence[Asked], item: Item, verdict: str, found: set[str]) -> Finding:
    nameless = "unexplained_delta" if item.detail == ONLY_DELTA else "unexplained"
    spec = replace(subject.spec, loss="another function") if asked[0].truth.measured else subject.spec
    made = finding(item, verdict, net_names(item, spec), ruled_out(item, found), nameless)
    return introduced(_with_numbers(subject, asked, item, made), "net")


def _with_numbers(subject: NetSubject, asked: Sequence[Asked], item: Item, made: Finding) -> Finding:
    """The finding with its line of source and both numbers at the worst entry."""
    name = item.tensors[0] if item.tensors else ""
    if not name:
        return made
    made = replace(made, line=subject.line_of(name))
    truth = asked[0].truth.gradients.get(name)
    given = asked[0].answer.gradients.get(name)
    if truth is None or given is None:
        return made
    given = _shaped(np.asarray(given, float), truth)
    if given.shape != truth.shape:
        return made
    return at_worst(made, given, truth, relative(given, truth))


def _shaped(given: Array, truth: Array) -> Array:
    return given.reshape(truth.shape) if given.size == truth.size and truth.ndim == 1 else given


def _lines(
    asked: Sequence[Asked], settled: Settled, factors: list[float] | None, excused: set[str], blamed: set[str]
) -> list[TensorVerdict]:
    """One line a tensor; what a convention explains is right, with a note."""
    lines = []
    for name, truth in asked[0].truth.gradients.items():
        if name not in asked[0].answer.gradients:
            if name[0] == "W" or settled.forward.biases:
                lines.append(TensorVerdict(name, truth.shape, 1.0, False, "the program has no gradient for it"))
            continue
        size = _relative(asked, name)
        note, right = "", size <= EXACT
        if not right and factors is not None and _up_to(asked, name, factors) <= FLOAT32:
            right, note = True, "right, up to a convention"
        elif not right and size <= FLOAT32 and name not in blamed:
            right, note = True, f"agrees to {size:.0e}, as single precision or an ε does"
        elif not right and name in excused:
            right, note = True, "right, up to a convention"
        lines.append(TensorVerdict(name, truth.shape, size, right, note))
    return lines


def _up_to(asked: Sequence[Asked], name: str, factors: list[float]) -> float:
    worst = 0.0
    for one, factor in zip(asked, factors, strict=True):
        truth = one.truth.gradients[name]
        given = _shaped(np.asarray(one.answer.gradients[name], float), truth)
        worst = max(worst, relative(given, factor * truth))
    return worst
