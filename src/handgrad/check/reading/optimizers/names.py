"""What the names in an update rule's definition say: parameters, gradients, constants, counters, memory."""

from __future__ import annotations

import re

from handgrad.check.diagnosis.optimizers.variants import KINDS

_KIND_NAMES = (
    ("adamw", r"adam_?w(?![a-z])"), ("adamax", r"ada_?max"), ("nadam", r"nadam"), ("amsgrad", r"ams_?grad"),
    ("adam", r"adam"), ("rmsprop", r"rms"), ("adadelta", r"ada_?delta"), ("adagrad", r"ada_?grad"),
    ("lion", r"^lion|_lion"), ("nesterov", r"nesterov|(^|_)nag($|_)|^NAG"),
    ("momentum", r"momentum|heavy_?ball|inerti|inercia"),
    ("sgd", r"(^|_)sgd($|_|(?-i:[A-Z]))|^SGD|(^|_)b?gd$|gradient_?descent|vanilla"),
)  # fmt: skip
_OPTIONS = (
    (
        "learning_rate",
        r"lr|eta|learning_?rate|rate|step_?size|l_rate|lrate|learn_rate|η|lernrate|base_lr|lr_?0?"
        r"|tasa\w*|taux\w*",
    ),
    ("beta1", r"beta_?1|b_?1|rho_?1|beta_?(m|v)|decay_?1|beta_one|β1"),
    ("beta2", r"beta_?2|b_?2|rho_?2|beta_?(s|r)|decay_?2|beta_two|β2"),
    ("weight_decay", r"weight_?decay|wd|lambda_?|lam|lmbda|l2(_reg|_lambda|_penalty)?|reg(_strength|ulari[sz]ation)?"),
    ("epsilon", r"eps(ilon)?|delta|ε"),
)
_FADING = r"momentum|mu|gamma|beta|rho|decay(_rate)?|alpha|friction|mom|smoothing|inerti\w*|inercia|γ|β"
_GRADIENT = re.compile(
    r"(d_?[a-z]\w*|g|grads?|gradients?|\w*grad\w*|dparams|nabla\w*|deltas?|derivatives?|g_t|gt|g[wb]s?"
    r"|g_[wb]\w*|∇\w*)",
    re.IGNORECASE,
)
_THETA = re.compile(
    r"(next_)?(w|weights?|thetas?|params?|parameters|x|vars?|p|variables|W1?|model|values?|layers?|net(work)?|tensor"
    r"|coef\w*|wb|ws|θ|pesos|poids|gewichte|old_\w+|current_\w+|variable|par|trainable\w*"
    r"|weights?_and_biases)", re.IGNORECASE,
)  # fmt: skip
_STEP = re.compile(
    r"t|i|it|iter\w*|step(s|_?num|_?count)?|epoch|n|time_?step|k|n_?iter\w*|num_?updates?", re.IGNORECASE
)
_STATE = re.compile(
    r"config|state|cache\w*|m|v|s|h|vel\w*|moment\w*|mean_?\w*|\w*_avg|G|r|u|[mvshr]_?[dtwbp]\w*|memory|accum\w*"
    r"|optim\w*|opt_?\w*|history|[mvs]s|sq\w*|prev\w*|last\w*|e?avg\w*|first\w*|second\w*|\w*_(cache|velocity|moment)"
    r"|v_?prev\w*|vw|vb|mw|mb|sw|sb", re.IGNORECASE,
)  # fmt: skip
_KEY = re.compile(r"name|key|param_?name|id|idx|index|layer_?(id|name|idx|index|num)|p?_?id|which", re.IGNORECASE)
_COUNT = re.compile(r"m|n|batch_?size|bs|n_?samples|num_samples|mini_batch_size|N|size|count", re.IGNORECASE)
_PREFIX = r"(?:dl_?d|dj_?d|dc_?d|d_|d|grads?_|gradient_|grad|g_|g|delta_|delta|nabla_|del_|derivative_|update_)"
_SUFFIX = r"(?:_?grads?|_?gradients?|_g|_deltas?|_derivative|_prime)"
_NEVER = {"s", "t", "m", "v", "n", "i", "k", "lr", "_", "r", "h", "config"}
_CALLABLE = re.compile(
    r"(grads?|gradients?)_?(fn|func|function|f|of|at)|(compute|get|eval\w*|calc\w*)_?grad\w*|df|f_?prime|grad_J|dJ",
    re.IGNORECASE,
)
DEFAULT = {
    "learning_rate": 0.0137, "momentum": 0.9, "decay": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
    "weight_decay": 0.02,
}  # fmt: skip


def kind_of(name: str) -> str:
    """The update rule that a name means, "" for none.

    >>> kind_of("update_parameters_with_adam"), kind_of("SGDMomentum"), kind_of("update")
    ('adam', 'momentum', '')
    """
    return next((kind for kind, pattern in _KIND_NAMES if re.search(pattern, name, re.IGNORECASE)), "")


def option_of(name: str, kind: str = "", names: tuple[str, ...] = ()) -> str:
    """The constant that a name means in a rule of this kind; `names`: those beside it."""
    plain = name.strip("_")
    for option, pattern in _OPTIONS:
        if re.fullmatch(pattern, plain, re.IGNORECASE):
            return option
    others = [n.strip("_") for n in names if n != name]
    if plain.lower() in ("alpha", "α", "a") and not any(re.fullmatch(_OPTIONS[0][1], n, re.I) for n in others):
        return "learning_rate"
    if re.fullmatch(_FADING, plain, re.IGNORECASE):
        if plain.lower() in ("decay", "decay_rate") and kind in ("sgd", "momentum", "nesterov", "adam", ""):
            return ""  # mostly of the learning rate
        return "decay" if kind in ("rmsprop", "adadelta") else "momentum"
    return ""


def partner(name: str, names: tuple[str, ...]) -> str:
    """The parameter whose gradient this name is: dW1 → W1, grad_b → b, w_grad → w; "" for none.

    >>> partner("dW1", ("W1", "b1", "dW1")), partner("grads", ("params", "grads")), partner("db", ("biases", "db"))
    ('W1', '', 'biases')
    """
    others = [n for n in names if n != name and n not in _NEVER]
    for other in others:
        core = re.escape(other)
        if re.fullmatch(rf"{_PREFIX}{core}(?:_?t)?|{core}{_SUFFIX}", name, re.IGNORECASE):
            return other
    stem = re.fullmatch(rf"{_PREFIX}(\w+?)|(\w+?){_SUFFIX}", name, re.IGNORECASE)
    group = _group((stem.group(1) or stem.group(2)) if stem else "")
    return next((other for other in others if group and _group(other) == group), "")


def _group(name: str) -> str:
    """W for weights, b for biases, with the layer's number: however they are written."""
    found = re.fullmatch(r"(?:(w|weights?|ws|kernels?)|(?:b|bias(?:es)?|bs))_?(\d*)", name, re.IGNORECASE)
    return "" if found is None else ("W" if found.group(1) else "b") + found.group(2)


def looks_like_theta(name: str) -> bool:
    return _THETA.fullmatch(name.strip("_")) is not None


def looks_like_gradient(name: str) -> bool:
    return _GRADIENT.fullmatch(name.strip("_")) is not None


def looks_like_function(name: str) -> bool:
    """A function that gives the gradient at a point."""
    return _CALLABLE.fullmatch(name) is not None


def looks_like_step(name: str) -> bool:
    return _STEP.fullmatch(name.strip("_")) is not None


def looks_like_state(name: str) -> bool:
    return _STATE.fullmatch(name.strip("_")) is not None


def looks_like_key(name: str) -> bool:
    return _KEY.fullmatch(name.strip("_")) is not None


def looks_like_count(name: str) -> bool:
    return _COUNT.fullmatch(name.strip("_")) is not None


__all__ = [
    "DEFAULT", "KINDS", "kind_of", "looks_like_count", "looks_like_function", "looks_like_gradient", "looks_like_key",
    "looks_like_state", "looks_like_step", "looks_like_theta", "option_of", "partner",
]  # fmt: skip
