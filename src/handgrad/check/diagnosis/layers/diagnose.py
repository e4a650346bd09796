"""The diagnosis of a layer pair: forward against the definition, each gradient against its explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handgrad.check.diagnosis.compare import (
    EXACT,
    FLOAT32,
    Factor,
    least_squares_factor,
    name_factor,
    relative,
    worst_index,
)
from handgrad.check.diagnosis.items import Item, joined
from handgrad.check.diagnosis.layers.factors import layer_context, layer_factor_key
from handgrad.check.diagnosis.layers.forward import settle_layer
from handgrad.check.diagnosis.layers.guess import LayerGuess
from handgrad.check.diagnosis.layers.guesses import guesses_for
from handgrad.check.diagnosis.layers.modes import mode_items
from handgrad.check.diagnosis.layers.probes import ask_layer
from handgrad.check.diagnosis.layers.truth import LayerProbe
from handgrad.check.diagnosis.texts import finding, introduced, name_of
from handgrad.check.subject import Diagnosis, Finding, LayerSubject, TensorVerdict
from handgrad.kernels.types import Array

_CONVENTIONS = {"pool_ties_shared", "convolution_proper", "forward_differs", "dropout_not_scaled", "mean_in_layer"}


@dataclass(frozen=True)
class _Explained:
    guess: LayerGuess | None
    factor: Factor


def diagnose_layer(subject: LayerSubject, seed: int = 20241) -> Diagnosis:
    """Which mistakes are in a layer's forward and backward pair, and what they are called.

    Args:
        subject: the pair.
        seed: of the inputs and of the random upstream gradient.

    Raises:
        Exception: the program's own, where it takes none of the sizes.

    >>> from handgrad.check.subject import LayerAnswer
    >>> class Leaky:
    ...     kind, options = "relu", {}
    ...
    ...     def forward(self, inputs):
    ...         return np.maximum(inputs["x"], 0)
    ...
    ...     def answer(self, inputs, dy, *, calls=1):
    ...         return [LayerAnswer(self.forward(inputs), {"x": dy}) for _ in range(calls)]
    >>> diagnose_layer(Leaky()).findings[0].explanation
    'slope_missing'
    """
    probes = ask_layer(subject, np.random.default_rng(seed))
    items = settle_layer(subject, probes)
    items += _changed(probes) + _repeated(subject, probes) + mode_items(subject, probes)
    lines: list[TensorVerdict] = []
    hidden = any(item.key == "random_gradient" for item in items)
    for tensor in probes[0].truth:
        line, found = _judge(subject, probes, tensor, hidden)
        lines.append(line)
        items += found
    items = _as_conventions(joined(items))
    excused = {name for item in items if item.key == "mean_in_layer" for name in item.tensors}
    lines = [replace(li, right=True, note="a convention") if li.tensor in excused else li for li in lines]
    findings = [_finding(probes[0], item) for item in items]
    return Diagnosis(tuple(lines), tuple(findings))


def _judge(
    subject: LayerSubject, probes: Sequence[LayerProbe], tensor: str, hidden: bool
) -> tuple[TensorVerdict, list[Item]]:
    shape = probes[0].truth[tensor].shape
    if any(tensor not in p.answer.gradients for p in probes):
        return TensorVerdict(tensor, shape, 0.0, True, "the layer gives none, not checked"), []
    given = [_fitted(p, tensor) for p in probes]
    if any(g.shape != p.truth[tensor].shape for g, p in zip(given, probes, strict=True)):
        return TensorVerdict(tensor, shape, 1.0, False, f"its shape is {given[0].shape}"), [
            _shape_item(probes[0], tensor, given[0].shape)
        ]
    size = max(relative(g, p.truth[tensor]) for g, p in zip(given, probes, strict=True))
    if hidden:
        return TensorVerdict(tensor, shape, size, False), []
    if not all(np.isfinite(g).all() for g in given):
        return TensorVerdict(tensor, shape, 1.0, False, "not finite"), [Item("not_finite", (tensor,))]
    tolerance = _tolerance(given)
    if size <= max(EXACT, tolerance):
        return TensorVerdict(tensor, shape, size, True), []
    explained = _explain(probes, tensor, given, tolerance)
    items = _items(subject, tensor, probes, given, explained)
    if not items:  # another of several equal maxima
        return TensorVerdict(tensor, shape, size, True, "another of several equal maxima"), []
    convention = all(item.key in _CONVENTIONS for item in items)
    return TensorVerdict(tensor, shape, size, convention, "a convention" if convention else ""), items


def _shape_item(probe: LayerProbe, tensor: str, shape: tuple[int, ...]) -> Item:
    pad = int(probe.options.get("padding", 0)) if probe.kind == "conv" else 0
    wide = tuple(n + 2 * pad if i > 1 else n for i, n in enumerate(probe.truth[tensor].shape))
    if tensor == "x" and pad and shape == wide:
        return Item("conv_padding_off", (tensor,), None, "the padding is still around it")
    return Item("wrong_shape", (tensor,), None, str(shape))


def _fitted(probe: LayerProbe, tensor: str) -> Array:
    """The gradient in the parameter's shape where only axes of length 1 differ."""
    given, truth = np.asarray(probe.answer.gradients[tensor], float), probe.truth[tensor]
    return given.reshape(truth.shape) if given.size == truth.size and truth.ndim == 1 else given


def _tolerance(given: Sequence[Array]) -> float:
    single = all(np.array_equal(g, g.astype(np.float32)) for g in given) and any(np.any(g % 1.0) for g in given)
    return FLOAT32 / 10 if single else 2 * EXACT


def _explain(probes: Sequence[LayerProbe], tensor: str, given: Sequence[Array], tolerance: float) -> _Explained:
    """The cheapest guess that fits every probe up to a factor with a name."""
    best, cost = _Explained(None, Factor("1", 1.0, 0.0, True)), 3.5
    for guess in guesses_for(probes[0].kind, tensor):
        if guess.cost >= cost:
            break
        factor = _fit(probes, given, guess, tolerance)
        if factor is not None and guess.cost + factor.cost < cost:
            best, cost = _Explained(guess, factor), guess.cost + factor.cost
    return best


def _fit(probes: Sequence[LayerProbe], given: Sequence[Array], guess: LayerGuess, tolerance: float) -> Factor | None:
    values = []
    for probe, target in zip(probes, given, strict=True):
        made = guess.make(probe)
        if made is None or made.shape != target.shape or not np.isfinite(made).all():
            return None
        k, rest = least_squares_factor(target, made)
        if not rest <= tolerance:
            return None
        if target.any():
            values.append(k)
    if len(values) < len(probes):
        return Factor("1", 1.0, 0.0, True) if not values else None
    return name_factor(values, [layer_context(probe) for probe in probes], tolerance)


def _items(
    subject: LayerSubject, tensor: str, probes: Sequence[LayerProbe], given: Sequence[Array], explained: _Explained
) -> list[Item]:
    guess, factor = explained.guess, explained.factor
    if guess is None:
        if subject.kind == "dropout" and _two_valued(probes[0], given[0]):
            return [Item("dropout_new_mask", (tensor,))]
        return [Item("", (tensor,))]
    items = [Item(guess.key, (tensor,), None, guess.detail)] if guess.key else []
    if factor.name != "1":
        items.append(
            Item(layer_factor_key(subject.kind, tensor, factor.name), (tensor,), None, "", factor.name, factor.value)
        )
    return items


def _two_valued(probe: LayerProbe, given: Array) -> bool:
    """Whether dx is dy times a mask, but not the mask of the forward pass."""
    ratios = np.unique(np.round(given / probe.dy, 9))
    return len(ratios) == 2 and 0.0 in ratios


def _changed(probes: Sequence[LayerProbe]) -> list[Item]:
    names = sorted({name for p in probes for name in p.answer.changed})
    return [Item("argument_changed", (), None, " and ".join(names))] if names else []


def _repeated(subject: LayerSubject, probes: Sequence[LayerProbe]) -> list[Item]:
    """Asked again, and three times in a row."""
    if subject.kind == "dropout":
        return []
    probe = probes[0]
    copies = {k: v.copy() for k, v in probe.inputs.items()}
    again = subject.answer(copies, probe.dy.copy())[0].gradients
    first = probe.answer.gradients
    names = tuple(n for n in first if n not in again or relative(again[n], np.asarray(first[n])) > 1e-5)
    if names:
        return [Item("random_gradient", names)]
    row = subject.answer({k: v.copy() for k, v in probe.inputs.items()}, probe.dy.copy(), calls=3)
    if len(row) < 3:
        return []
    second, third = row[1].gradients, row[2].gradients
    names = tuple(n for n in first if n in second and relative(second[n], np.asarray(first[n])) > 1e-5)
    if not names:
        return []
    doubled = all(relative(second[n], 2 * first[n]) < 1e-5 and relative(third[n], 3 * first[n]) < 1e-5 for n in names)
    return [Item("never_cleared" if doubled else "second_call_differs", names)]


def _as_conventions(items: list[Item]) -> list[Item]:
    """dW and db averaged, dx not: the layer holds the 1/N of a mean loss; dx as well: it does so in every layer."""
    done = []
    for item in items:
        if item.key == "layer_averages" and item.factor == "1/N":
            if set(item.tensors) in ({"W", "b"}, {"gamma", "beta"}):
                item = replace(item, key="mean_in_layer")
            elif set(item.tensors) == {"x", "W", "b"}:
                item = replace(item, key="one_over_n_every_layer")
        done.append(item)
    return done


def _finding(probe: LayerProbe, item: Item) -> Finding:
    verdict = "convention" if item.key in _CONVENTIONS else "mistake"
    tried = (
        ()
        if item.key
        else tuple(dict.fromkeys(name_of(g.key) for g in guesses_for(probe.kind, item.tensors[0]) if g.key))
    )
    names = {"f": probe.kind, "kind": probe.kind, "l": "", "h": "x"}
    made = finding(item, verdict, names, tried)
    if not item.tensors or item.tensors[0] not in probe.truth:
        return introduced(made, "layer")
    truth, given = probe.truth[item.tensors[0]], _fitted(probe, item.tensors[0])
    if given.shape != truth.shape:
        return introduced(made, "layer")
    index = worst_index(given, truth)
    made = replace(
        made, index=index, expected=float(truth[index]), received=float(given[index]), relative=relative(given, truth)
    )
    return introduced(made, "layer")
