"""Finding the layers of a program, each confirmed by its forward pass where it can be."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np

from handgrad.check.diagnosis.layers.truth import output_of
from handgrad.check.reading.layers.arguments import UPSTREAM
from handgrad.check.reading.layers.formats import IMAGES, Axes, formats_of, options_for
from handgrad.check.reading.layers.layer import ProgramLayer, fixed_sizes, owns_weights
from handgrad.check.reading.patience import patience
from handgrad.check.reading.program import Function, Program
from handgrad.kernels.types import Array

_NAMES = (
    ("batchnorm", r"batch_?norm|^bn"), ("layernorm", r"layer_?norm|^ln"), ("dropout", r"drop_?out"),
    ("avgpool", r"(avg|average|mean)_?pool|pool\w*(avg|average|mean)"),
    ("maxpool", r"pool"), ("conv", r"conv"), ("embedding", r"embed"),
    ("elementwise", r"leaky|(^|_)(e|pre|se|ge|ce|si)lu|softplus|swish|softsign|hard_?(tanh|sigmoid)|mish"),
    ("relu", r"^relu|[^k]relu$|_relu|^re_lu|rectif"),
    ("sigmoid", r"sigmoid|^logistic"),
    ("tanh", r"tanh"), ("softmax", r"softmax(?!.*(loss|entropy|ce))"), ("flatten", r"flatten|reshape"),
    ("dense", r"dense|linear|affine|fully|^fc|dot_?layer|inner_product"),
)  # fmt: skip
_FORWARD = (
    "forward", "__call__", "forward_propagation", "forward_pass", "fprop", "forward_prop", "feedforward", "fwd", "call",
    "apply", "convolve", "run", "activate", "feed_forward", "propagate", "f",
)  # fmt: skip
_BACKWARD = (
    "backward", "backprop", "backward_propagation", "backward_pass", "bprop", "back", "backpropagation", "grad", "bwd",
    "back_prop", "backpropagate", "backward_prop", "gradient", "back_propagation", "propagate_back", "feedbackward",
)  # fmt: skip
_NET = re.compile(
    r"train|(?<!single_)step|fit|update|loss|cost|entropy|back|grad|init|predict|forward|model|net|nn|main|run|mlp|classif|layer",
    re.IGNORECASE,
)
_SECONDS = 5.0  # for one layer as one kind
_ALL = 15.0  # for all of them
_UNNAMED = ("relu", "sigmoid", "tanh", "elementwise", "dense", "softmax", "maxpool", "avgpool")


def find_layers(program: Program, thing: str = "", kind: str = "") -> Iterator[tuple[ProgramLayer, list[str]]]:
    """Classes with forward and backward, then function pairs, each confirmed by its forward pass where it can be."""
    end = time.process_time() + _ALL
    for name, forward, backward, is_class in _pairs(program):
        if time.process_time() > end and not thing:
            return
        if thing and thing.split(".")[0] not in (name, forward, backward):
            continue
        named = kind or kind_of(name)
        if not named and re.search(r"net|model|cnn|mlp|loss|entropy|optim|criterion", name, re.IGNORECASE):
            continue
        kinds = [named] if named else list(_UNNAMED)
        if named == "maxpool":  # "pool" alone says little
            kinds = ["maxpool", "avgpool", "maxpool"]
        for turn, found in enumerate(kinds):
            sure = bool(named) and turn == len(kinds) - 1
            best = _best(program, name, found, forward, backward, is_class, sure=sure)
            if best is not None:
                said = [f"{name}: {forward}() and {backward}() read as {found}" + _said(best)]
                yield best, said
                if found in ("maxpool", "avgpool") and not is_class:
                    yield from _other_mode(best)
                break


def only_layers(program: Program) -> bool:
    """Whether a program holds nothing but layers with their helpers: no net, no loss, no training."""
    pairs = [pair for pair in _pairs(program) if kind_of(pair[0]) in (*IMAGES, "batchnorm", "layernorm", "dropout")]
    if not pairs:
        return False
    known = {name for pair in _pairs(program) for name in pair[:3]}
    others = [name for name in (*program.functions, *program.methods) if name not in known]
    return not any(_NET.search(name) for name in others)


def _other_mode(layer: ProgramLayer) -> Iterator[tuple[ProgramLayer, list[str]]]:
    """A pooling function with a mode is both."""
    function = layer.program.functions.get(layer.forward_name)
    if function is None or "mode" not in function.parameters:
        return
    other = replace(layer, kind="avgpool" if layer.kind == "maxpool" else "maxpool")
    with suppress(Exception), np.errstate(all="ignore"):
        inputs = _sample(other, False)
        if np.allclose(other.forward(inputs), output_of(other.kind, inputs, other.options)):
            yield other, [f"{other.name}: read as {other.kind} too" + _said(other)]


def _said(layer: ProgramLayer) -> str:
    words = [f"{k.replace('_', ' ')} {v:g}" for k, v in layer.options.items()]
    words += ["samples are columns"] if layer.axes.x == "D,N" else []
    words += ["channels last"] if layer.axes.x.endswith("W,C") else []
    words += ["one image a call"] if layer.axes.alone and layer.kind in IMAGES else []
    return f" ({', '.join(words)})" if words else ""


def kind_of(name: str) -> str:
    """The kind of layer that a name says, "" where it says none."""
    return next((kind for kind, pattern in _NAMES if re.search(pattern, name, re.IGNORECASE)), "")


_PAIR = re.compile(
    r"(.*?)_?(backward|back|backprop|bwd|grad|gradient|bprop|backward_pass|backward_naive|backward_fast|backward_alt|vjp|prime|"
    r"deriv|derivative)(_.*|\d*)?",
    re.IGNORECASE,
)


def _pairs(program: Program) -> Iterator[tuple[str, str, str, bool]]:
    for name, methods in program.methods.items():
        forward = next((m for m in _FORWARD if m in methods), "")
        backward = next((m for m in _BACKWARD if m in methods), "")
        if forward and backward and _takes_upstream(methods[backward]):
            yield name, forward, backward, True
    functions = program.functions
    for name in functions:
        match = _PAIR.fullmatch(name) or re.fullmatch(r"(?:backward|back|grad|d|bwd|backprop)_?(\w+?)()()", name)
        stem, tail = (match.group(1), match.group(3) or "") if match else ("", "")
        if not stem or re.fullmatch(r"(prime|deriv|derivative)", match.group(2) if match else ""):
            continue
        options = (
            f"{stem}_forward{tail}", f"{stem}_fwd{tail}", f"{stem}_forward", f"{stem}_forward_naive", f"{stem}forward",
            f"{stem}Forward", f"{stem}_fwd", f"{stem}_fprop", f"{stem}_feedforward", f"forward_{stem}", f"fwd_{stem}",
            stem,
        )  # fmt: skip
        forward = next((o for o in options if o in functions and o != name), "")
        if forward and _takes_upstream(functions[name]):
            yield stem, forward, name, False


def _does_something(function: Function) -> bool:
    """Not just a docstring, `pass` or a NotImplementedError, as in a base class."""
    idle = (ast.Pass, ast.Raise, ast.Expr)
    return not all(isinstance(node, idle) for node in function.node.body)


def _takes_upstream(function: Function) -> bool:
    """Whether it is a backward pass: one argument alone is an upstream gradient only where a name says so."""
    if not function.parameters or not _does_something(function):
        return False
    if any(UPSTREAM.fullmatch(p.lower().strip("_")) for p in function.parameters):
        return True
    alone = len(function.required) < 2
    return re.search("back|bprop|bwd", function.name.lower()) is not None and (bool(function.owner) or not alone)


def _best(
    program: Program, name: str, kind: str, forward: str, backward: str, is_class: bool, *, sure: bool
) -> ProgramLayer | None:
    """The layout and options in which the forward pass is the definition's; else (`sure`) the first that runs."""
    end = time.process_time() + _SECONDS
    fallback: ProgramLayer | None = None
    for flavour in ("plain", "pair", "word") if kind in ("conv", "maxpool", "avgpool") else ("plain",):
        for axes, options in product(_layouts(kind, is_class), options_for(kind)):
            layer = ProgramLayer(program, name, kind, forward, backward, options, axes, is_class, flavour)
            layer.sizes = {**({"C": 1} if axes.gray else {}), **({"F": 1} if axes.one_filter else {})}
            for square in (False, True):
                fits = _try(layer, square)
                if fits == "exact":
                    return layer
                fallback = fallback or (replace(layer) if fits == "runs" else None)
            if time.process_time() > end:
                return fallback if sure else None
        if fallback is not None and flavour == "plain":
            return fallback if sure else None
    return fallback if sure else None


def _layouts(kind: str, is_class: bool) -> list[Axes]:
    """A class says itself how its bias lies."""
    layouts = formats_of(kind)
    if is_class and kind == "conv":
        return [a for i, a in enumerate(layouts) if all((a.x, a.y, a.W) != (o.x, o.y, o.W) for o in layouts[:i])]
    return layouts


def _try(layer: ProgramLayer, square: bool) -> str:
    """ "exact" where a layer runs and its output is the definition's, "runs" where only the shapes fit."""
    with suppress(Exception), np.errstate(all="ignore"), patience(3.0):
        if layer.is_class and layer.kind in ("conv", "dense") and not square:
            layer.sizes = {**layer.sizes, **fixed_sizes(layer, _sample(layer, square))}
            if "K" in layer.sizes:
                layer.options = {**layer.options, "kernel": layer.sizes["K"]}
        if layer.kind == "dropout":
            layer.p_means_keep = _keeps(layer, layer.options["keep_probability"])
        inputs = _sample(layer, square)
        y = layer.forward(inputs)
        if layer.kind in ("elementwise", "flatten", "layernorm", "embedding"):
            return "exact" if _plausible(layer, inputs, y) and _answers(layer, inputs, y) else ""
        if layer.is_class and "W" not in inputs and "gamma" not in inputs and owns_weights(layer, inputs):
            return ""  # a softmax with weights of its own is an output layer, and knows more than its dy
        expected = output_of(layer.kind, inputs, layer.options) if layer.kind != "dropout" else inputs["x"]
        if y.shape != expected.shape or not _answers(layer, inputs, y):
            return ""
        if layer.kind == "dropout" or np.allclose(y, expected, rtol=1e-3, atol=1e-4):
            return "exact"
        plain = {**inputs, "b": np.zeros_like(inputs["b"])} if "b" in inputs else inputs
        if "b" in inputs and np.allclose(y, output_of(layer.kind, plain, layer.options), rtol=1e-3, atol=1e-4):
            layer.bias = False
            return "exact"
        if layer.kind == "conv":
            turned = {**inputs, "W": np.ascontiguousarray(inputs["W"][:, :, ::-1, ::-1])}
            if np.allclose(y, output_of("conv", turned, layer.options), rtol=1e-3, atol=1e-4):
                return "exact"
        return "runs"
    return ""


def _answers(layer: ProgramLayer, inputs: dict[str, Array], y: Array) -> bool:
    return bool(layer.answer(inputs, np.ones_like(y))[0].gradients)


def _plausible(layer: ProgramLayer, inputs: dict[str, Array], y: Array) -> bool:
    """Whether an output is that of a function of each entry, or holds the same numbers in another shape."""
    x = inputs["x"]
    if layer.kind == "flatten":
        return y.size == x.size and bool(np.array_equal(np.sort(y, axis=None), np.sort(x, axis=None)))
    if y.shape != x.shape:
        return False
    if layer.kind == "layernorm":
        return True
    moved = x.copy()
    moved.flat[0] += 0.3
    other = layer.forward({**inputs, "x": moved})
    return bool(np.allclose(other.flat[1:], y.flat[1:]) and not np.allclose(y, x))


def _keeps(layer: ProgramLayer, keep: float) -> bool:
    """Whether a dropout's p is the share that it keeps."""
    layer.p_means_keep = True
    with suppress(Exception):
        return bool(abs(float(np.mean(layer.forward({"x": np.ones((60, 70))}) != 0.0)) - keep) < 0.05)
    return True


def _sample(layer: ProgramLayer, square: bool) -> dict[str, Array]:
    rng = np.random.default_rng(11)
    kind, sizes = layer.kind, layer.sizes
    if kind in IMAGES or "H" in layer.axes.x:
        C, K = sizes.get("C", 3), int(layer.options.get("kernel", 2))
        high = sizes.get("H", max(8, K + 3))
        wide = high if square else high + (2 if kind == "conv" or kind in ("maxpool", "avgpool") else 1)
        x = rng.permutation(2 * C * high * wide).reshape(2, C, high, wide) / 100.0 - 2.0
        made = {"x": x}
        if kind == "conv":
            F = sizes.get("F", 4)
            made |= {"W": rng.standard_normal((F, C, K, K)), "b": rng.standard_normal(F)}
        if kind == "batchnorm":
            made |= {"gamma": rng.uniform(0.5, 1.5, C), "beta": rng.standard_normal(C)}
        return made
    D = sizes.get("D", 7)
    made = {"x": rng.standard_normal((5, D))}
    if kind == "dense":
        M = sizes.get("M", D if square else 4)
        made |= {"W": rng.standard_normal((D, M)), "b": rng.standard_normal(M)}
    if kind in ("batchnorm", "layernorm"):
        made |= {"gamma": rng.uniform(0.5, 1.5, D), "beta": rng.standard_normal(D)}
    return made
