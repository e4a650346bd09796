"""Whole CNNs: a right one is let through, each planted mistake is named on the program's own upstream gradient."""

import numpy as np
import pytest

from handgrad.check.diagnosis.cnns.diagnose import diagnose_cnn, draw_parameters
from handgrad.check.diagnosis.cnns.model import CnnSpec, Stage, penalty_of, probe_of, trace_cnn
from handgrad.check.diagnosis.layers.guesses import guesses_for
from handgrad.check.subject import Answer

pytestmark = pytest.mark.slow

STAGES = (
    Stage("conv", {"kernel": 3, "stride": 1, "padding": 1}, 1),
    Stage("relu"),
    Stage("maxpool", {"kernel": 2, "stride": 2}),
    Stage("conv", {"kernel": 2, "stride": 1, "padding": 0}, 2),
    Stage("tanh"),
    Stage("flatten"),
    Stage("dense", {}, 3),
)


SHAPES = {"W1": (4, 2, 3, 3), "b1": (4,), "W2": (3, 4, 2, 2), "b2": (3,), "W3": (18, 5), "b3": (5,)}


class Cnn:
    """The exact CNN with one gradient of one stage replaced; what is below gets the wrong δ."""

    form, images, classes, alone = "returned", (2, 6, 8), 5, False
    shapes = SHAPES

    def __init__(self, place=None, tensor="x", change=None, top=None, penalty=1.0, **spec):
        self.spec, self.penalty = CnnSpec(STAGES, **spec), penalty
        self.place, self.tensor, self.change, self.top = place, tensor, change, top

    def answer(self, parameters, x, t, *, learning_rate=1e-3, calls=1):
        trace = trace_cnn(self.spec, parameters, x, t)
        delta, made = trace.delta if self.top is None else self.top(trace), {}
        for place in reversed(range(len(STAGES))):
            stage = STAGES[place]
            probe = probe_of(stage, trace.values[place], trace.values[place + 1], delta, trace.parameters)
            given = dict(probe.truth)
            if place == self.place:
                given[self.tensor] = self.change(probe)
            for own, name in stage.names.items():
                made[name] = given[own] + self.penalty * penalty_of(self.spec, name, parameters[name])
            delta = given["x"]
        return [Answer(made, trace.loss) for _ in range(calls)]

    def line_of(self, tensor):
        return None


def guess(kind, tensor, key):
    return next(g for g in guesses_for(kind, tensor) if g.key == key).make


CASES = [
    (1, "relu", "x", "slope_missing"),
    (1, "relu", "x", "mask_from_gradient"),
    (2, "maxpool", "x", "pool_as_average"),
    (2, "maxpool", "x", "pool_corner"),
    (3, "conv", "x", "conv_dx_not_turned"),
    (3, "conv", "x", "conv_overlaps_overwritten"),
    (3, "conv", "W", "conv_dw_flipped"),
    (4, "tanh", "x", "half_of_slope"),
    (0, "conv", "W", "assigned_for_added"),
    (0, "conv", "W", "first_image_only"),
    (0, "conv", "b", "bias_total"),
    (6, "dense", "b", "bias_last_sample"),
    (6, "dense", "W", "dw_reshaped"),
]


@pytest.mark.parametrize(("place", "kind", "tensor", "key"), CASES, ids=[f"{c[1]}-{c[2]}-{c[3]}" for c in CASES])
def test_a_mistake_inside_a_cnn_is_named_first_and_alone(place, kind, tensor, key) -> None:
    diagnosis = diagnose_cnn(Cnn(place, tensor, guess(kind, tensor, key)))
    assert [f.explanation for f in diagnosis.findings] == [key]
    assert diagnosis.verdict == "mistake"


@pytest.mark.parametrize(
    ("top", "key"),
    [
        (lambda tr: -tr.delta, "sign"),
        (lambda tr: tr.p - tr.t, "one_over_n_missing"),
        (lambda tr: tr.delta * tr.p * (1 - tr.p), "sigmoid_slope_after_delta"),
    ],
)
def test_a_mistake_at_the_loss_of_a_cnn(top, key) -> None:
    assert diagnose_cnn(Cnn(top=top)).findings[0].explanation == key


def test_a_reshape_in_another_order() -> None:
    def other(probe):
        N, C, H, W = probe.inputs["x"].shape
        return probe.dy.reshape(N, H, W, C).transpose(0, 3, 1, 2)

    assert [f.explanation for f in diagnose_cnn(Cnn(5, "x", other)).findings] == ["flatten_order"]


def test_a_convolutions_bias_averaged() -> None:
    diagnosis = diagnose_cnn(Cnn(3, "b", lambda p: p.dy.mean(axis=(0, 2, 3))))
    assert [(f.explanation, f.tensor) for f in diagnosis.findings] == [("conv_bias_averaged", "b2")]


@pytest.mark.parametrize(
    "spec", [{}, {"divided_by": "none"}, {"l2": 0.1}, {"output": "sigmoid", "loss": "squared_error"}]
)
def test_a_right_cnn_is_not_accused(spec) -> None:
    diagnosis = diagnose_cnn(Cnn(**spec))
    assert (diagnosis.verdict, diagnosis.findings) == ("right", ())


@pytest.mark.parametrize(("penalty", "key"), [(0.0, "penalty_missing"), (2.0, "penalty_factor")])
def test_a_penalty_forgotten_or_doubled(penalty, key) -> None:
    found = diagnose_cnn(Cnn(penalty=penalty, l2=0.1)).findings
    assert [(f.explanation, f.tensor) for f in found] == [(key, "W3")]


def test_without_a_loss_a_factor_is_a_convention() -> None:
    diagnosis = diagnose_cnn(Cnn(top=lambda tr: tr.p - tr.t, loss_is_assumed=True))
    assert diagnosis.verdict == "right"
    assert [f.verdict for f in diagnosis.findings] == ["convention"]


def test_the_exact_gradients_are_slopes_of_the_loss() -> None:
    rng = np.random.default_rng(3)
    parameters = draw_parameters(SHAPES, rng)
    x, t = rng.uniform(-1, 1, (2, *Cnn.images)), np.eye(5)[[1, 3]]
    spec = CnnSpec(STAGES, l2=0.2)
    exact = trace_cnn(spec, parameters, x, t).gradients
    for name in ("W1", "b2", "W3"):
        moved = {k: v.copy() for k, v in parameters.items()}
        place = tuple(0 for _ in moved[name].shape)
        ends = []
        for step in (1e-6, -1e-6):
            moved[name][place] = parameters[name][place] + step
            ends.append(trace_cnn(spec, moved, x, t).loss)
        assert abs((ends[0] - ends[1]) / 2e-6 - exact[name][place]) < 1e-7
