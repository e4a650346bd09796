"""What the names of parameters and functions say about their part in a program."""

from __future__ import annotations

import re

_ROLES = {
    "pairs": r"mini_?batch(es)?|training_data|train_data",
    "x": r"x\w{0,2}|x_?(train|batch|data|in|inputs?|values?|mb|tr|mini|sample)"
    r"|inputs?(_?(data|list|array|vector|x|batch))?"
    r"|data|features?|imgs?|images?|batch|batch_x|a_?0|a|samples?|entradas?|pixels?|(input_)?layer_?0|flat"
    r"|bild\w*|eingabe\w*|eingang\w*|entree\w*|ejemplos",
    "t": r"y\w{0,2}|t\w?|y_?(train|batch|true|real|labels?|onehot|one_hot|oh|target|data|mb|tr|gt|mini|vec|enc\w*)"
    r"|labels?"
    r"|t_?(train|batch|onehot)|targets?(_?(list|vector|data|y))?|(y_)?one_?hot(_?\w+)?|truth|expected(_output)?|ground_truth|desired"
    r"|true_?\w*|actual|salidas?|label_?\w*|gt|ytrue|ziel\w*|soll\w*"
    r"|cible\w*|objetivo\w*",
    "output": r"y_?_?hat|y_?h|y_?preds?|preds?|predict\w*|out(put)?s?(_activations)?|probs?|probas?"
    r"|probabilit\w*|p|q|al|a_?(last|out)|logits?|scores?|o|yp|ytilde|estimate\w*|final_outputs?|softmax_out\w*|ypred",
    "cache": r"caches?|memory|store|stored|activations?|forward_\w+|intermediate\w*|ctx|saved|fwd\w*"
    r"|values|nodes|layer_outputs?",
    "params": r"params?(_values)?|parameters?|net|network|model|weights(_and_biases)?|thetas?|p|wb|ws",
    "grads": r"grads?(_values)?|gradients?|g|dparams?|changes\w*|nablas?|deltas?|derivatives?",
    "lr": r"lr|eta|alpha|rate|lern\w*|taux\w*|learn\w*_?rate|l_?rate|step(_size)?|tasa|learn_rate|lrate|η",
    "reg": r"reg\w*|lam\w*|lmbda|l2\w*|l1\w*|weight_decay",
    "classes": r"num_?labels?|num_?classes|n_?classes|classes|k|c|num_class|nclass|num_outputs?",
    "count": r"m|n|batch_?size|bs|n_?samples|num_samples|mini_batch_size|minibatch_?size|size|n_?train\w*|batch_?len",
    "one": r"epochs?|iterations?|iters?|num_?iter\w*|n_?iter\w*|it|max_?it(er\w*)?|(num_|n_)?passes"
    r"|(max|nb|total)_?epochs?|steps|n_?epochs|num_epochs|t_step",
    "text": r"(hidden_)?activation(_function)?\w*|loss_?(type|name|function)?|mode|optimizer",
    "flag": r"train(ing)?|verbose|print_\w+|is_train\w*|debug|plot|shuffle",
    "seed": r"seed|rng|random_state|rs",
}
_COMPILED = {role: re.compile(rf"(?:{pattern})$", re.IGNORECASE) for role, pattern in _ROLES.items()}

FORWARD = re.compile(
    r"forward|fo(r?wa?r|rwo|rewa|rwa)r?d|feed|vorw|adelante|avant|fwd|predict|query|propag(?!ate_?back)|"
    r"^(net|model|run|infer\w*|evaluate|probabilities|compute_output|output|"
    r"activate|hypothesis|call|__call__|fp|ff)$|forwardprop",
    re.IGNORECASE,
)
BACKWARD = re.compile(
    r"back|grad|bwd|r(ue|ü|u)ckw|atras|arriere|retro|train|learn|fit|update|step|optimi|loss_and|propagat|directions|"
    r"deriv|cost|loss|objective|sgd|bp$|"
    r"one_image|batch$|run$|nabla|descent|delta|teach|adjust|error",
    re.IGNORECASE,
)
EXPOSES = re.compile(r"back|grad|bwd|r(ue|ü|u)ckw|atras|arriere|retro|directions|nabla|bp$|deriv", re.IGNORECASE)
UPDATES = re.compile(
    r"train|learn|fit|update|step|optimi|sgd|descent|apply|adjust|gd$|actualiz|teach|batch", re.IGNORECASE
)
LOSS = re.compile(
    r"loss|cost|cross_?entropy|huber|hinge|likelihood|divergence|verlust|kosten|fehler|perte|co[uû]t|custo|perda|"
    r"(^|_)(nll|mse|bce|ce|e|j|sse|xent|error|objective|costo|perdida|criterion|energy|log_?loss)(_|$)",
    re.IGNORECASE,
)
NOT_LOSS = re.compile(
    r"back|grad|prime|deriv|delta|^(?!.*(?:loss|cost)).*accuracy|_d$|^d_|(?-i:^d[A-Z])|error_rate|plot|"
    r"history|list",
    re.IGNORECASE,
)
INITIALIZES = re.compile(
    r"init|^make$|make_|create|build|new_net|setup|get_params|generate|random_(weights|params)"
    r"|^(he|xavier|glorot|kaiming|lecun|new|fresh|start|default|random)_?(params?|parameters?|weights?|net|model)"
    r"|^(params?|parameters?|weights?)$",
    re.IGNORECASE,
)


def role_of(name: str, *, after: frozenset[str] = frozenset()) -> str:
    """The role that a parameter's name suggests; "" where it suggests none. Roles in `after` are taken already.

    >>> role_of("y_hat"), role_of("X"), role_of("learning_rate"), role_of("W1")
    ('output', 'x', 'lr', '')
    """
    bare = name.strip("_")
    for role, pattern in _COMPILED.items():
        if role not in after and pattern.match(bare):
            return role
    return ""


def looks_like_gradient(name: str) -> bool:
    """dW1, db, grad_W, W_grad, nabla_w, gW1, delta_w, change_w."""
    return (
        re.search(
            r"(^|[._\[])(d|g|grad|gradient|nabla|delta|change)s?_?|grad|nabla|change|(?-i:^D[A-Z])", name, re.IGNORECASE
        )
        is not None
    )


def looks_like_buffer(name: str) -> bool:
    """Momentum, running averages, the last step: arrays of a parameter's shape that are none.

    >>> looks_like_buffer("vW1"), looks_like_buffer("W1"), looks_like_buffer("m_dw")
    (True, False, True)
    """
    last = name.split(".")[-1]
    return (
        re.search(
            r"^(v|m|s|h|mt|vt)_?[dwb]|velocity|momentum|^cache|prev|old|best|^last|running|mask", last, re.IGNORECASE
        )
        is not None
    )


def weight_score(name: str) -> int:
    """How much a name looks like a weight's or a bias's."""
    if looks_like_buffer(name):
        return -3
    last = re.sub(r"[^A-Za-z]", "", name.split(".")[-1]).lower()
    if re.search(r"w|weight|theta|bias|pesos|sesgo|kernel|syn|value|coef", last):
        return -1 if looks_like_gradient(name.split(".")[-1]) and not last.startswith(("w", "b")) else 2
    return 1 if last in ("a", "b", "c", "v") else 0
