"""Which functions of a program are helpers, by their names: the kind of tool, the function of a derivative."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from handgrad.check.reading.program import Function, Program, describe

_KINDS = (
    ("relative_error", r"^rel(ative)?_?(err(or)?|diff(erence)?)$"),
    ("gradient_checker", r"numeric\w*_?(grad|deriv)|grad\w*_numeric|approx\w*_grad|finite_?diff|num_?grad"
                         r"|central_diff"),
    ("top_k", r"top_?(k|n|\d)"),
    ("confusion", r"confusion|konfusion"),
    ("error_rate", r"err(or)?_?rate|misclass|classification_error|fehlerrate|fehlerquote|zero_one|test_error"
                   r"|tasa_de_error"),
    ("accuracy", r"accura|(^|_)acc(_|$)|genauigkeit|exactitud|trefferquote|percent_correct|^score$|^num_correct"
                 r"|precision_global"),
    ("decode", r"from_categorical|(one_?hot|labels?)_?(decode|inverse)|(decode|undo)_?(one_?hot|labels?)"
               r"|(^|_)(un|de)_one_?hot|one_?hot_to_\w+"),
    ("folds", r"(^|_)k_?folds?(_|$)|make_folds|cross_val\w*_(split|indices|folds)"),
    ("one_hot", r"one_?hot|to_categorical|vectori[sz]ed?_(result|label|y)|indicator_matrix"
                r"|^encode_labels"),
    ("split", r"(train|test|val\w*)_?(and_)?(test|val\w*|train)_?split|split_?(data|train|set|into)|^split$|hold_?out"),
    ("batches", r"batches|shuffled?_?(mini_?)?batch|iterate_mini|batch\w*_?(gen\w*|iter\w*)$|(gen\w*"
                r"|iter\w*)_?(mini_?)?batch"
                r"|(data|batch)_?loader|bloques|lotes"),
    ("batch", r"(get|next|sample|random|make|draw|fetch|take|choose|pick|select)_?(a_|random_"
              r"|next_)?(mini_?)?batch$|^(mini_?)?batch$"),
    ("shuffle", r"shuffle|^permute|unison|mische|baraja"),
    ("normalize", r"normali[sz]e|normali[sz]ation|standardi[sz]e|^(re)?scale|preprocess|z_?score|min_?max_?(scal|norm)"
                  r"|feature_scal|normier"),
    ("early_stopping", r"early_?stop|should_?stop|stopper"),
    ("schedule", r"schedul|(lr|rate)_?decay|decay(ed)?_?(lr|rate|learning)|(step|exp\w*|time\w*|inverse)_decay"
                 r"|anneal|update_lr"),
    ("initialize", r"xavier|glorot|kaiming|lecun|^he($|_)|_he$|_init(iali[sz]er)?$|init\w*_?(w|weights?|params?"
                   r"|parameters|layers?"
                   r"|net\w*|matri)"
                   r"|^init(iali[sz]e)?(_deep)?$|(random|make|create|new)_?(weights?|w|matrix|params"
                   r"|parameters)|init_normal|^initiali[sz]ation$"),
    ("keep", r"(^|_)(copy|clone|backup|snapshot|remember|keep|checkpoint)(_|$)|save_(best|w|p)|best_(weights"
             r"|params)|deep_?copy"),
)  # fmt: skip
_NOT = {
    "normalize": r"row|vector|l2|unit|weight|grad|softmax|batch_?norm|norm_?batch|layer_?norm|confus|forward"
    r"|backward|de_?normal",
    "initialize": r"bias|velo|moment|adam|cache|grad|state|optim|rms|mask|seed|data|history|plot",
    "schedule": r"warm|cycl|weight_decay|find",
    "batches": r"train|fit|num|count|accura|loss",
    "batch": r"train|norm|size",
    "keep": r"data|file|image",
    "shuffle": r"batch",
    "accuracy": r"plot|print|show|history|list",
    "split": r"plot|line|string",
}
_ACTIVATIONS = (
    ("softmax", r"soft_?max(_(rows?|cols?|columns?|batch|1d|2d))?"), ("softplus", r"soft_?plus"),
    ("softsign", r"soft_?sign"),
    ("leaky_relu", r"leaky(_?re_?lu)?|lre?lu"), ("gelu", r"gelu"), ("swish", r"swish|silu"), ("elu", r"elu"),
    ("relu", r"re_?lu|rectif\w*?"), ("sigmoid", r"sigmoide?|sigm|logistic|expit|sig"),
    ("tanh", r"tan_?h|hyperbolic_tan\w*?|tangens\w*?"), ("identity", r"identity|linear"),
)  # fmt: skip
_LOSSES = (
    ("mse", r"mse|mean_?squared?(_?(error|loss))?|quadratic(_?(cost|loss))?|(half_)?squared?_?(error|loss)|sse"
            r"|l2_loss|sum_squared?_error"),
    ("mae", r"mae|mean_?abs\w*?_?(error|loss|deviation)|l1_loss|abs\w*?_error"),
    ("binary_cross_entropy", r"binary_?cross_?entropy(_with_logits)?|bce(_with_logits)?"
                             r"|bin\w*?_ce"),
    ("cross_entropy", r"softmax_(loss|cost)|(softmax_|categorical_|multi\w*?_)?cross_?entropy(_with_logits)?"
                      r"|xent|ce|cce"
                      r"|log_?loss|logistic_loss"
                      r"|kreuzentropie|entropia_cruzada"),
    ("nll", r"nll|neg\w*?_log_?(likelihood|prob\w*)"), ("huber", r"huber|smooth_l1"), ("hinge", r"hinge"),
)  # fmt: skip
_BEFORE = (
    r"(?P<before>(grad(ient)?|delta|deriv\w*?|der|abl\w*?|d|prime)_?(of_|de_)?)?"
    r"(_|my_|np_|vec_|stable_|safe_|batch_|f_|act(ivation)?_|calc_|compute_|get_)?"
)
_BETWEEN = {
    "activation": r"(_?(function|funktion|func|fn|act(ivation)?|af|np|vec\w*?|layer|stable|safe))?",
    "loss": r"(_?(function|funktion|func|fn|loss|cost|error|score|np|vec\w*?|batch|stable|safe))?",
}
_AFTER = (
    r"(?P<after>_?(prime|deriv\w*|der|grad(ient)?s?|slope|dash|ableitung|backward|backprop|back|bwd|diff|delta"
    r"|dx|d|p))?"
    r"_*"
)
_FLAG = re.compile(r"deriv\w*|derive|prime|grad(ient)?|der|d|ableitung|abl|backward|diff|dash", re.IGNORECASE)
VALUES = ("__call__", "forward", "function", "fn", "f", "func", "activate", "activation", "value", "compute", "apply",
          "loss", "calculate", "evaluate", "cost")  # fmt: skip
DERIVATIVES = (
    "derivative",
    "prime",
    "gradient",
    "grad",
    "deriv",
    "df",
    "d",
    "fprime",
    "f_prime",
    "slope",
    "dfn",
    "diff",
    "der",
)


@dataclass(frozen=True)
class Candidate:
    """Something that can be called: a function, a lambda with a name, a method that needs no state.

    Attributes:
        shown: for people, `name` or `Class.name`.
        get: the callable out of a fresh namespace.
    """

    shown: str
    function: Function
    get: Callable[[dict[str, Any]], Any]

    @property
    def name(self) -> str:
        """Without its class."""
        return self.function.name


def snake(name: str) -> str:
    """sigmoidPrime, SigmoidPrime and sigmoid_prime as one.

    >>> snake("sigmoidPrime"), snake("ReLU_deriv"), snake("dReLU")
    ('sigmoid_prime', 're_lu_deriv', 'd_re_lu')
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip("_"))
    return re.sub(r"_+", "_", split).lower()


def kind_of(name: str) -> str:
    """The kind of tool that a function's name promises, "" for none; activations and losses have `stem_of`."""
    plain = snake(name)
    if name.startswith("__"):
        return ""
    for kind, pattern in _KINDS:
        if re.search(pattern, plain) and not (kind in _NOT and re.search(_NOT[kind], plain)):
            return kind
    return ""


def stem_of(name: str) -> tuple[str, str, bool]:
    """ "activation" or "loss", which one, and whether it is its derivative; ("", "", False) for other names.

    >>> stem_of("sigmoid_prime"), stem_of("dReLU"), stem_of("mse"), stem_of("relu6")
    (('activation', 'sigmoid', True), ('activation', 'relu', True), ('loss', 'mse', False), ('', '', False))
    """
    plain = snake(name)
    for family, table in (("activation", _ACTIVATIONS), ("loss", _LOSSES)):
        for stem, pattern in table:
            match = re.fullmatch(f"{_BEFORE}(?:{pattern}){_BETWEEN[family]}{_AFTER}", plain)
            if match:
                return family, stem, bool(match["before"] or match["after"])
    return "", "", False


def derivative_flag(function: Function) -> str:
    """The parameter of `sigmoid(x, deriv=False)`, "" where there is none."""
    arguments = function.node.args
    defaults = dict(zip(reversed([a.arg for a in arguments.args]), reversed(arguments.defaults), strict=False))
    for name in function.parameters[1:]:
        default = defaults.get(name)
        switch = isinstance(default, ast.Constant) and default.value is False
        if _FLAG.fullmatch(name) and (switch or (default is None and name.lower().startswith("deriv"))):
            return name
    return ""


def candidates(program: Program) -> Iterator[Candidate]:
    """Functions, named lambdas, methods; private dunder methods only where classes are activations or losses."""
    for name, function in program.functions.items():
        yield Candidate(name, function, _named(name))
    for node in ast.walk(program.tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and isinstance(node.targets[0], ast.Name)
        ):
            name = node.targets[0].id
            if name not in program.functions:
                yield Candidate(name, _of_lambda(name, node.value), _named(name))
    for owner, methods in program.methods.items():
        for name, function in methods.items():
            yield Candidate(f"{owner}.{name}", function, _method(owner, name))


def _named(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda space: space[name]


def _method(owner: str, name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda space: bound(space, owner, name)


def bound(space: dict[str, Any], owner: str, name: str) -> Any:
    """A method of an object that was not initialised, unless it is an activation's or a loss's."""
    cls = space[owner]
    if isinstance(cls.__dict__.get(name), staticmethod | classmethod):
        return getattr(cls, name)
    made = object.__new__(cls)
    if stem_of(owner)[0] or "__call__" in vars(cls):
        with suppress(TypeError):
            made = cls()  # LeakyReLU(alpha=0.2)
    return getattr(made, name)


def _of_lambda(name: str, node: ast.Lambda) -> Function:
    body = ast.Return(node.body, lineno=node.lineno, col_offset=0)
    made = ast.FunctionDef(name, node.args, [body], [], lineno=node.lineno, end_lineno=node.end_lineno, col_offset=0)
    return describe(made, "", {})
