"""Arguments for a layer's constructor, forward and backward, by their names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.check.reading.layers.formats import Axes
from handgrad.check.subject import Arrays
from handgrad.kernels.types import Array

_OPTIONS = {
    "stride": r"strides?|s|step|stride_?[hw]|s[hw]",
    "padding": r"pad(ding|s)?|p|zero_?pad(ding)?|pad_?[hw]|p[hw]|mode",
    "kernel": r"k|f|ksize|(kernel|filter|pool|window|patch|conv)_?(size|dims?|shape)?|filter_?(height|width|h|w)|hh|ww|"
    r"size|pool(_?size|_?height|_?width|_?h|_?w)?|kernel_?(h|w|height|width)|k_?[hw]|f_?[hw]|ph|pw|n_?f",
    "keep_probability": r"keep_?prob\w*|p_keep|keep|retain\w*|keep_rate",
    "drop": r"p|rate|drop\w*|prob\w*|ratio|p_drop",
}
_WEIGHT = r"w\d?|weights?|filters?|kernels?|k|theta|f|filt|conv_w|embeddings?|table|emb|v"
_BIAS = r"b\d?|bias(es)?"
UPSTREAM = re.compile(
    r"d_?l_?d_?\w+|d(out|[a-z]{1,2}|prev|next|values|_?out\w*|_?y|_?z|_?a|elta)?(\d|_\w+)?|\w*grad\w*|delta\w*|err(or)?\w*|upstream|g|"
    r"output_(gradient|grad|error|delta)|djd\w+|top_diff|next_\w*|back\w*",
    re.IGNORECASE,
)
_X = re.compile(
    r"x\w{0,3}|in|inputs?(_\w+)?|a_?prev|a_?\d|images?|img|im|last_?input|bottom|a_?in|features?|data|prev\w*|idx|tokens?|matrix|arr|inp",
    re.I,
)
_Y = re.compile(r"a|y|out|outputs?|activations?|probs?|p|s|h", re.I)
_IN = re.compile(
    r"(in|input|prev|n_?c|img|image|source)_?_?(c|ch|chan\w*|channels?|depth|maps?|planes|filters|feature_maps)?|c_?in|(num_?)?channels?|c|n_?c\w*|inputs?_depth|depth_in|in_?dim",
    re.I,
)
_OUT = re.compile(
    r"(out|output)_?(c|ch|chan\w*|channels?|depth|maps?|planes|filters)|c_?out|n_?f|(num|n|nb|no|count)_?(of_)?(filters?|kernels?|maps?)|filters?(_num|_count)?|kernels?|depth|features?|num",
    re.I,
)


@dataclass
class Known:
    """What arguments may be filled with.

    Attributes:
        kind, options, axes: of the layer.
        inputs: x and the parameters in handgrad's layout.
        namespace: the program's names.
        x, y, dy: in the program's layout, None where not known yet.
        cache: what forward returned beside its output.
        named: values by the names that forward's return statement gives them.
        flavour: "plain", "pair" (a kernel is a tuple), "word" (padding is "same" or "valid").
        p_means_keep: a dropout's p is the share that it keeps.
        training: which mode is asked for.
        given: a dict that the program keeps its state in, the same one at each call.
    """

    kind: str
    options: Mapping[str, float]
    axes: Axes
    inputs: Arrays
    namespace: Mapping[str, Any]
    x: Any = None
    y: Any = None
    dy: Any = None
    cache: Any = None
    named: dict[str, Any] = field(default_factory=dict)
    flavour: str = "plain"
    p_means_keep: bool = False
    training: bool = True
    given: dict[str, Any] = field(default_factory=dict)

    def keep(self, option: str) -> float:
        """A dropout's argument: the share kept, or the share dropped."""
        kept = self.options["keep_probability"]
        return kept if option == "keep_probability" or self.p_means_keep else 1.0 - kept

    def tensor(self, name: str) -> Any:
        """A parameter in the program's layout."""
        return self.axes.out(name, self.inputs[name]) if name in self.inputs else None

    def hyper(self, name: str, default: Any = None) -> Any:
        """A hyperparameter by an argument's name."""
        if self.kind == "dropout":
            option = next((o for o in ("keep_probability", "drop") if re.fullmatch(_OPTIONS[o], name)), "")
            return self.keep(option) if option else None
        option = option_name(name)
        if option not in self.options:
            return None
        value = int(self.options[option])
        if option == "padding" and (isinstance(default, str) or self.flavour == "word" or name == "mode"):
            return _word_of(value, int(self.options["kernel"]))
        if self.flavour == "pair" and not re.search(r"(height|width|[_\b]?[hw])$", name):
            return (value, value)
        return value


def _word_of(padding: int, kernel: int) -> str:
    if padding and 2 * padding != kernel - 1:
        raise TypeError("there is no word for this padding")
    return "same" if padding else "valid"


def option_name(name: str) -> str:
    """The hyperparameter that a name stands for: stride, padding or kernel."""
    low = name.lower().strip("_")
    return next((o for o in ("stride", "padding", "kernel") if re.fullmatch(_OPTIONS[o], low)), "")


def _required(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty


def constructor_arguments(made: Any, known: Known) -> dict[str, Any]:
    """Values for a class's constructor.

    Raises:
        TypeError: a required argument that nothing is known for.
    """
    found: dict[str, Any] = {}
    unknown: list[str] = []
    parameters = [
        p for p in inspect.signature(made).parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    has_kernel = sum(bool(re.search("kernel|filter_?(size|h|w)|^k$|ksize|size", p.name.lower())) for p in parameters)
    for parameter in parameters:
        default = None if _required(parameter) else parameter.default
        value = _of_constructor(parameter.name.lower().strip("_"), parameter.name, default, known, bool(has_kernel))
        if value is not None and (_required(parameter) or _worth(parameter.name, default)):
            found[parameter.name] = value
        elif _required(parameter):
            unknown.append(parameter.name)
    for name, value in zip(unknown, _by_place(known, len(parameters)), strict=False):
        found[name] = value
    if any(name not in found for name in unknown):
        raise TypeError(f"no value for the argument {', '.join(unknown)}")
    return found


def _worth(name: str, default: Any) -> bool:
    """Whether an optional argument is given a value of ours."""
    low = name.lower().strip("_")
    if isinstance(default, bool) or (default is None and not option_name(name)):
        return bool(re.search(r"bias$", low)) and False
    sized = isinstance(default, int) and bool(
        _IN.fullmatch(low) or _OUT.fullmatch(low) or re.search("feat|dim|unit|neuron|size", low)
    )
    return (
        bool(option_name(name))
        or bool(re.fullmatch(_OPTIONS["drop"] + "|" + _OPTIONS["keep_probability"], low))
        or sized
        or (isinstance(default, tuple) and "shape" in low)
    )


def _by_place(known: Known, count: int) -> list[Any]:
    """Values in the usual order, for names that say nothing."""
    inputs, o = known.inputs, known.options
    if known.kind == "dense":
        return [inputs["x"].shape[1], inputs["W"].shape[1]]
    if known.kind == "conv":
        F, C = inputs["W"].shape[:2]
        rest = [int(o["kernel"]), int(o["stride"]), int(o["padding"])]
        return [C, F, *rest] if count >= 3 else [F, *rest]
    if known.kind in ("maxpool", "avgpool"):
        return [int(o["kernel"]), int(o["stride"])]
    return [known.keep("drop")] if known.kind == "dropout" else [inputs["x"].shape[1]]


def _of_constructor(low: str, name: str, default: Any, known: Known, has_kernel: bool) -> Any:
    inputs, x, W = known.inputs, known.inputs["x"], known.inputs.get("W")
    for own, pattern in (
        ("W", r"w|weights?|w_?init|initial_weights"),
        ("b", _BIAS),
        ("gamma", "gamma"),
        ("beta", "beta"),
    ):
        if re.fullmatch(pattern, low) and own in inputs and default is None:
            return known.tensor(own)
    if known.kind == "dropout":
        return known.hyper(low)
    if W is not None and W.ndim == 4:
        if re.search(r"shape|input_dims?|input_size|in_dim", low) and re.search("in|img|image|x|^shape|^dim", low):
            return _image_shape(known)
        if _OUT.fullmatch(low) and not (low == "f" and not has_kernel):
            return W.shape[0]
        if low == "f" and has_kernel and not re.search("filter|kernel", low):
            return W.shape[0] if low == "n_f" else int(known.options["kernel"])
        if _IN.fullmatch(low):
            return W.shape[1]
    if (value := known.hyper(low, default)) is not None:
        return value
    if re.search(r"shape", low):
        return _image_shape(known) if x.ndim == 4 else x.shape[1:]
    if re.fullmatch(r"lr|eta|alpha|learn\w*rate|learning_?rate|rate|step_size", low):
        return 1.0
    if re.search(r"rng|random_state", low):
        return np.random.default_rng(0)
    if W is not None and W.ndim == 2:
        if re.search(
            r"out|units|^m$|neurons|^no$|nodes|hidden|dim_y|classes|embed|^d$|to$|n_?l$|size$", low
        ) and not re.search("^in|_in|input|prev|vocab", low):
            return W.shape[1]
        if re.search(r"in|feat|dim|^d$|num|size|^n$|ni$|len|vocab|prev|from$|voc", low):
            return W.shape[0]
    if re.search(r"in|feat|dim|^d$|num|size|^n$|ni$|channels|^c$|units|shape|len", low) and default is None:
        return x.shape[1]
    return _of_namespace(low, name, known)


def _image_shape(known: Known) -> tuple[int, ...]:
    sizes = dict(zip("NCHW", known.inputs["x"].shape, strict=True))
    return tuple(sizes[axis] for axis in known.axes.x.split(",") if axis != "N")


def _of_namespace(low: str, name: str, known: Known) -> Any:
    namespace = known.namespace
    if name in namespace and callable(namespace[name]):
        return namespace[name]
    if re.fullmatch(r"activation(_function|_fn)?|act|func(tion)?|f", low):
        return namespace.get(known.kind)
    if re.search(r"prime|deriv|grad|back", low):
        names = (
            f"{known.kind}_prime",
            f"{known.kind}_derivative",
            f"d{known.kind}",
            f"{known.kind}_grad",
            f"{known.kind}_backward",
        )
        return next((namespace[k] for k in names if k in namespace), None)
    return None


def call_arguments(function: Callable[..., Any], known: Known, *, backward: bool) -> dict[str, Any]:
    """Values for forward or backward.

    Raises:
        TypeError: a required argument that nothing is known for.
    """
    parameters = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)
    ]
    main = _main_place([p.name for p in parameters], backward)
    found: dict[str, Any] = {}
    for place, parameter in enumerate(parameters):
        name, low = parameter.name, parameter.name.lower().strip("_")
        default = None if _required(parameter) else parameter.default
        value = (
            (known.dy if backward else known.x)
            if place == main
            else _of_call(low, name, default, known, backward, _required(parameter))
        )
        if value is not None:
            found[name] = value
        elif _required(parameter):
            raise TypeError(f"no value for the argument {name}")
    return found


def _main_place(names: list[str], backward: bool) -> int:
    """Which argument is the input, or the upstream gradient: by its name, else the first."""
    lows = [n.lower().strip("_") for n in names]
    if backward:
        likely = [i for i, low in enumerate(lows) if UPSTREAM.fullmatch(low)]
        return likely[0] if likely else 0
    if len(lows) > 1 and re.fullmatch(_WEIGHT, lows[0]) and not _X.fullmatch(lows[0]):
        return next((i for i, low in enumerate(lows) if _X.fullmatch(low)), 0)
    return 0


def _of_call(low: str, name: str, default: Any, known: Known, backward: bool, required: bool) -> Any:
    if re.fullmatch(_WEIGHT, low) and "W" in known.inputs and required and not (low == "f" and known.kind != "conv"):
        return known.tensor("W")
    if re.fullmatch(_BIAS, low) and "b" in known.inputs and (required or default is None):
        return known.tensor("b")
    if low in ("gamma", "beta") and low in known.inputs:
        return known.tensor(low)
    if backward and name in known.named:
        return known.named[name]
    if re.search(r"param|config|hyper|opts|kwargs", low):
        return known.given
    if re.fullmatch(r"train(ing)?|is_?train\w*|train_?(flg|flag|mode)|in_training", low):
        return known.training
    if low in ("test", "is_test", "inference", "testing", "evaluate"):
        return not known.training
    if low == "mode" and known.kind in ("maxpool", "avgpool"):
        return "max" if known.kind == "maxpool" else "average"
    if low == "mode" and known.kind in ("dropout", "batchnorm"):
        return "train" if known.training else "test"
    if backward and re.search(
        r"cache|memory|store|^z\d?$|ctx|mask|saved|tape|switch|argmax|arg_max|indices|idx|max_\w+|col", low
    ):
        return known.cache
    if backward and low not in ("f", "k") and (value := known.hyper(low, default)) is not None:
        return value
    if backward and _X.fullmatch(low):
        return known.x
    if backward and _Y.fullmatch(low) and known.y is not None:
        return known.y
    if (
        re.fullmatch(r"lr|eta|alpha|learn\w*rate|learning_?rate|rate|l_?rate|step_size", low)
        and known.kind != "dropout"
    ):
        return 1.0 if backward or required else None
    if low in ("activation", "kind", "type", "func") and required:
        return known.kind
    if re.search(r"shape", low) and required:
        return np.shape(known.x)
    return known.hyper(low, default)


def state_dict(options: Mapping[str, float], kind: str, keep: float) -> dict[str, Any]:
    """A dict of options under all the names that such dicts use."""
    stride, pad = int(options.get("stride", 1)), int(options.get("padding", 0))
    kernel = int(options.get("kernel", 2))
    found: dict[str, Any] = dict.fromkeys(
        (
            "f",
            "k",
            "size",
            "pool_size",
            "pool_height",
            "pool_width",
            "kernel_size",
            "kernel",
            "filter_size",
            "HH",
            "WW",
        ),
        kernel,
    )
    found |= {
        "stride": stride,
        "s": stride,
        "pad": pad,
        "padding": pad,
        "mode": "train",
        "eps": options.get("epsilon", 1e-5),
    }
    found |= {"momentum": 0.9, "p": keep, "keep_prob": keep, "drop_prob": 1 - keep, "kind": kind}
    return found


def flat(values: Any) -> Array:
    """Anything as an array of floats."""
    return np.asarray(values, float)
