"""Update rules as students write them, against the rules they are meant to be."""

import numpy as np
import pytest

from handgrad.check.diagnosis import diagnose_optimizer, diagnose_update


class Rule:
    def __init__(self, kind, step, **options):
        self.kind, self.step, self.options = kind, step, options

    def run(self, theta, gradients):
        memory, found = {"m": 0.0, "v": 0.0, "t": 0}, []
        for g in gradients:
            theta = theta - self.step(memory, g, theta)
            found.append(theta)
        return found


def adam(*, back=False, root=True, correct=True, start=1, inside=False, exchanged=False):
    b1, b2 = (0.999, 0.9) if exchanged else (0.9, 0.999)

    def step(s, g, theta):
        t = s["t"] + start
        s["t"] += 1
        s["m"] = b1 * s["m"] + (1 - b1) * g
        s["v"] = b2 * s["v"] + (1 - b2) * g * g
        m, v = (s["m"] / (1 - b1**t), s["v"] / (1 - b2**t)) if correct else (s["m"], s["v"])
        if back:
            s["m"], s["v"] = m, v
        below = (np.sqrt(v + 1e-8) if inside else np.sqrt(v) + 1e-8) if root else v + 1e-8
        return 0.001 * m / below

    return step


def momentum(keep=0.9, take=1.0):
    def step(s, g, theta):
        s["v"] = keep * s["v"] + take * g
        return 0.01 * s["v"]

    return step


def nesterov(s, g, theta):
    s["v"] = 0.9 * s["v"] - 0.01 * g
    return -(0.9 * s["v"] - 0.01 * g)


def rmsprop(s, g, theta, inside=False):
    s["v"] = 0.9 * s["v"] + 0.1 * g**2
    return 0.01 * g / (np.sqrt(s["v"] + 1e-8) if inside else np.sqrt(s["v"]) + 1e-8)


def adamw(s, g, theta):
    return adam()(s, g, theta) + 0.001 * 0.01 * theta


RATE = {"learning_rate": 0.01}
ADAM = {"learning_rate": 0.001}


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (Rule("adam", adam(back=True), **ADAM), "adam_correction_written_back"),
        (Rule("adam", adam(root=False), **ADAM), "adam_no_root"),
        (Rule("adam", adam(correct=False), **ADAM), "adam_no_correction"),
        (Rule("adam", adam(start=2), **ADAM), "adam_steps_wrong"),
        (Rule("adam", adam(exchanged=True), **ADAM), "adam_betas_exchanged"),
        (Rule("momentum", momentum(take=0.1), **RATE), "momentum_average"),
        (Rule("momentum", momentum(keep=1.0), **RATE), "momentum_never_fades"),
        (Rule("momentum", momentum(keep=0.0), **RATE), "momentum_not_kept"),
        (Rule("sgd", lambda s, g, theta: -0.01 * g, **RATE), "optimizer_climbs"),
        (Rule("nesterov", momentum(), **RATE), "nesterov_is_momentum"),
        (Rule("adamw", lambda s, g, th: adam()(s, g, th) + 0.01 * th, learning_rate=0.001), "decay_without_rate"),
        (Rule("adamw", adam(), **ADAM), "decay_missing"),
        (Rule("adamw", lambda s, g, th: adam()(s, g + 0.01 * th, th), **ADAM), "adamw_decay_in_gradient"),
    ],
)
def test_a_slip_in_a_rule_is_named(rule: Rule, key: str) -> None:
    diagnosis = diagnose_optimizer(rule)
    assert [f.explanation for f in diagnosis.findings] == [key]
    assert diagnosis.verdict == "mistake"


@pytest.mark.parametrize(
    "rule",
    [
        Rule("sgd", lambda s, g, theta: 0.01 * g, **RATE),
        Rule("momentum", momentum(), **RATE),
        Rule("momentum", momentum(), lr=0.01, beta=0.9),
        Rule("nesterov", nesterov, **RATE),
        Rule("rmsprop", rmsprop, **RATE),
        Rule("rmsprop", rmsprop),
        Rule("adam", adam(), **ADAM),
        Rule("adam", adam()),
        Rule("adamw", adamw, **ADAM),
        Rule("adamw", adamw),
    ],
)
def test_a_right_rule_is_not_accused(rule: Rule) -> None:
    diagnosis = diagnose_optimizer(rule)
    assert (diagnosis.verdict, diagnosis.findings) == ("right", ())


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (Rule("adam", adam(inside=True), **ADAM), "epsilon_inside_root"),
        (Rule("rmsprop", lambda s, g, th: rmsprop(s, g, th, True), **RATE), "epsilon_inside_root"),
        (Rule("momentum", momentum(keep=0.95), **RATE), "optimizer_other_constants"),
    ],
)
def test_conventions_are_called_so(rule: Rule, key: str) -> None:
    diagnosis = diagnose_optimizer(rule)
    assert [(f.explanation, f.verdict) for f in diagnosis.findings] == [(key, "convention")]
    assert diagnosis.verdict == "right"


def test_memory_that_survives_a_run_is_seen() -> None:
    class Shared(Rule):
        memory = {"m": 0.0, "v": 0.0, "t": 0}  # noqa: RUF012

        def run(self, theta, gradients):
            found = []
            for g in gradients:
                theta = theta - self.step(self.memory, g, theta)
                found.append(theta)
            return found

    assert (
        diagnose_optimizer(Shared("momentum", momentum(), **RATE)).findings[0].explanation == "optimizer_state_shared"
    )


def test_what_is_no_known_form_is_undecided() -> None:
    odd = Rule("sgd", lambda s, g, theta: 0.01 * np.tanh(g) + 0.001 * theta**2, **RATE)
    diagnosis = diagnose_optimizer(odd)
    assert (diagnosis.verdict, diagnosis.findings[0].explanation) == ("undecided", "")


class Several:
    """An update of two layers by a function of names, tensors and gradients."""

    kind, source, literals = "", "", ()
    shapes = {"W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)}  # noqa: RUF012
    options = {"learning_rate": 0.05}  # noqa: RUF012

    def __init__(self, **steps):
        self.steps = steps

    def run(self, tensors, gradients):
        found, now = [], dict(tensors)
        for g in gradients:
            now = {n: a - self.steps.get(n, lambda g, n: 0.05 * g[n])(g, n) for n, a in now.items()}
            found.append(now)
        return found


def still(g, n):
    return 0.0 * g[n]


@pytest.mark.parametrize(
    ("steps", "key", "tensors"),
    [
        ({"W2": lambda g, n: -0.05 * g[n]}, "update_sign", "W2"),
        ({"b1": still, "b2": still}, "biases_never_move", "b1"),
        ({"W2": still}, "tensor_never_moves", "W2"),
        (dict.fromkeys(Several.shapes, still), "update_lost", "W1"),
        ({"W1": lambda g, n: 0.1 * g[n]}, "updated_twice", "W1"),
        ({"b2": lambda g, n: g[n]}, "learning_rate_missing", "b2"),
        ({"b1": lambda g, n: 0.05 * np.ones((3, 1)) * g[n]}, "update_changes_shape", "b1"),
        (dict.fromkeys(Several.shapes, lambda g, n: -0.05 * g[n]), "optimizer_climbs", "W1"),
    ],
)
def test_each_tensor_of_an_update_is_followed(steps: dict, key: str, tensors: str) -> None:
    diagnosis = diagnose_update(Several(**steps))
    assert (diagnosis.findings[0].explanation, diagnosis.findings[0].tensor) == (key, tensors)
    assert diagnosis.verdict == "mistake"
    assert [line.tensor for line in diagnosis.lines] == list(Several.shapes)


def test_a_right_update_of_several_tensors_is_right() -> None:
    assert diagnose_update(Several()).findings == ()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="there are sgd, momentum"):
        diagnose_optimizer(Rule("tiger", momentum()))
