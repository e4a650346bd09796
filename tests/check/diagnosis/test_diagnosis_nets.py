"""Nets: every mistake of the catalogue found and named first; right programs never accused."""

from itertools import product

import numpy as np
import pytest
from diagnosis_draws import NET_PLANTS, draw_net, measure
from diagnosis_plants import PlantedNet

from handgrad.check.diagnosis import diagnose_net
from handgrad.check.diagnosis.activations import OTHERS
from handgrad.check.subject import NetSpec

CLASSES = NetSpec((12, 9, 8, 4), ("relu", "relu", "softmax"), "softmax_cross_entropy")
REPORT_E = NetSpec((784, 100, 100, 10), ("relu", "relu", "softmax"), "softmax_cross_entropy", fixed_sizes=True)
SQUARE = NetSpec((9, 9, 9, 9), ("relu", "sigmoid", "softmax"), "softmax_cross_entropy", fixed_sizes=True)


def keys(net: PlantedNet) -> list[str]:
    with np.errstate(all="ignore"):
        return [f.explanation for f in diagnose_net(net).findings]


@pytest.mark.parametrize("plant", NET_PLANTS)
def test_a_planted_mistake_is_named_first(plant: str) -> None:
    net, key = draw_net(np.random.default_rng(sorted(NET_PLANTS).index(plant)), plant)
    with np.errstate(all="ignore"):
        diagnosis = diagnose_net(net)
    assert diagnosis.findings[0].explanation == key
    assert diagnosis.verdict == "mistake"


@pytest.mark.parametrize("plant", ["weights_not_transposed", "dw_transposed", "mask_of_other_layer@1"])
def test_square_layers_hide_nothing(plant: str) -> None:
    assert keys(PlantedNet(SQUARE, (plant,))) == [plant.split("@")[0]]


def test_another_layers_input() -> None:
    assert keys(PlantedNet(SQUARE, ("input_of_other_layer@2",))) == ["input_of_other_layer"]


@pytest.mark.parametrize(
    ("plants", "expected"),
    [
        (("slope_missing@1", "bias_mean@3"), ["bias_mean_weights_sum", "slope_missing"]),
        (("one_over_n_missing", "slope_missing@2"), ["one_over_n_missing", "slope_missing"]),
        (("jacobian_diagonal", "input_before_activation@2"), ["jacobian_diagonal", "input_before_activation"]),
        (("weights_reshaped@1", "bias_first@1"), ["weights_reshaped", "bias_last_sample"]),
        (("dw_reshaped@3", "mask_inverted@1"), ["dw_reshaped", "mask_inverted"]),
    ],
)
def test_two_mistakes_are_found_one_by_one(plants: tuple[str, ...], expected: list[str]) -> None:
    assert keys(PlantedNet(CLASSES, plants)) == expected


RIGHT = [
    NetSpec((11, *hidden, outputs), (*(kind,) * len(hidden), last), loss, by, factor, l1, l2)
    for (hidden, kind), (outputs, last, loss), (by, factor, l1, l2) in product(
        [((), "relu"), ((9,), "sigmoid"), ((9, 8), "relu"), ((7, 8, 9), "tanh"), ((9,), "leaky_relu")],
        [(4, "softmax", "softmax_cross_entropy"), (4, "sigmoid", "binary_cross_entropy"),
         (3, "identity", "squared_error"),
         (5, "softmax", "squared_error"), (1, "sigmoid", "binary_cross_entropy"), (2, "sigmoid", "squared_error")],
        [("N", 1.0, 0.0, 0.0), ("none", 0.5, 0.0, 0.1), ("N*P", 1.0, 0.01, 0.0)],
    )
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("form", ["returned", "updates inside"])
def test_right_programs_are_not_accused(form: str, dtype: type) -> None:
    assert len(RIGHT) >= 40
    for spec in RIGHT:
        diagnosis = diagnose_net(PlantedNet(spec, form=form, dtype=dtype))
        assert (diagnosis.verdict, diagnosis.findings) == ("right", ()), spec


@pytest.mark.parametrize("plants", [("two_class_and_diagonal",), ("log_epsilon",), ("exp_overflow",)])
def test_what_is_equivalent_is_no_mistake(plants: tuple[str, ...]) -> None:
    diagnosis = diagnose_net(PlantedNet(CLASSES, plants))
    assert diagnosis.verdict == "right"
    assert all(f.verdict == "convention" for f in diagnosis.findings)


@pytest.mark.parametrize("plant", ["one_over_n_missing", "factor_half", "mean_over_everything", "penalty_not_in_loss"])
def test_without_a_loss_its_constants_are_free(plant: str) -> None:
    diagnosis = diagnose_net(PlantedNet(CLASSES, (plant,), has_loss=False))
    assert diagnosis.verdict == "right"
    assert [f.verdict for f in diagnosis.findings] == ["convention"]
    assert all(line.note for line in diagnosis.lines if not line.tensor.startswith("b") or "penalty" not in plant)


def test_the_descent_direction_is_a_convention_where_the_update_adds() -> None:
    assert diagnose_net(PlantedNet(CLASSES, ("sign",))).verdict == "mistake"
    assert diagnose_net(PlantedNet(CLASSES, ("sign",), update_adds=True)).verdict == "right"


def test_a_net_without_biases_is_right_and_one_that_forgets_them_is_not() -> None:
    assert diagnose_net(PlantedNet(CLASSES, biases=False)).verdict == "right"
    assert keys(PlantedNet(CLASSES, ("missing_bias_gradients",))) == ["bias_zero"]


def test_the_programs_own_loss_wins_over_the_description() -> None:
    """Described as a mean with ½, computed as a sum without it: the gradient of the sum is right."""
    told = NetSpec((12, 9, 4), ("tanh", "identity"), "squared_error", "N", 0.5)
    does = NetSpec((12, 9, 4), ("tanh", "identity"), "squared_error", "none", 1.0, l2=0.03)

    assert diagnose_net(Misread(told, PlantedNet(does))).verdict == "right"


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_other_activations_have_their_own_slopes(kind: str) -> None:
    function, derivative = OTHERS[kind]
    z = np.random.default_rng(4).normal(0.0, 2.0, 300)
    np.testing.assert_allclose(derivative(z), (function(z + 1e-6) - function(z - 1e-6)) / 2e-6, atol=1e-6)


def test_a_constant_beside_a_gradient_is_told_from_a_factor() -> None:
    spec = NetSpec((12, 9, 4), ("tanh", "softmax"), "softmax_cross_entropy")
    assert keys(PlantedNet(spec, ("constant_added@1", "bias_mean@2"))) == ["bias_mean_weights_sum", "constant_added"]


ABSOLUTE = NetSpec((12, 9, 4), ("tanh", "identity"), "squared_error", "N", 1.0, l2=0.02)


def test_a_loss_without_a_formula_is_measured_at_the_outputs() -> None:
    assert diagnose_net(PlantedNet(ABSOLUTE, ("absolute_loss",))).verdict == "right"
    assert keys(PlantedNet(ABSOLUTE, ("absolute_loss", "slope_missing@1"))) == ["slope_missing"]
    assert keys(PlantedNet(ABSOLUTE, ("absolute_loss", "squared_delta"))) == ["delta_of_other_loss"]
    assert keys(PlantedNet(ABSOLUTE, ("absolute_loss", "one_over_n_missing"))) == ["one_over_n_missing"]
    assert keys(PlantedNet(ABSOLUTE, ("absolute_loss", "penalty_missing@2"))) == ["penalty_missing"]


def test_two_mistakes_in_one_tensor() -> None:
    plain = NetSpec((12, 9, 8, 4), ("relu", "relu", "softmax"), "softmax_cross_entropy", l2=0.05)
    both = keys(PlantedNet(plain, ("penalty_missing@2", "input_before_activation@2")))
    assert set(both) == {"penalty_missing", "input_before_activation"}
    assert keys(PlantedNet(CLASSES, ("bias_mean@2", "slope_missing@2"))) == ["slope_missing", "bias_mean_weights_sum"]
    assert keys(PlantedNet(CLASSES, ("slope_missing@1", "handover_sign@1"))) == ["slope_missing", "handover_sign"]


class Misread:
    """A program described as another net than it is."""

    form = "returned"

    def __init__(self, told: NetSpec, does: PlantedNet) -> None:
        self.spec, self.does = told, does

    def answer(self, *args, **kwargs):
        return self.does.answer(*args, **kwargs)

    def loss_at(self, *args):
        return self.does.loss_at(*args)

    def line_of(self, tensor):
        return 7


def test_a_program_taken_for_another_net_is_not_accused() -> None:
    told = NetSpec((12, 9, 8, 4), ("relu", "tanh", "softmax"), "softmax_cross_entropy")
    assert diagnose_net(Misread(told, PlantedNet(CLASSES))).verdict == "right"
    unsure = diagnose_net(Misread(told, PlantedNet(CLASSES, has_loss=False)))
    assert unsure.verdict == "undecided"
    assert any("not those of the net" in sign for sign in unsure.signs)


def test_a_finding_says_where_and_by_how_much() -> None:
    [finding] = diagnose_net(PlantedNet(CLASSES, ("slope_missing@1",))).findings
    assert (finding.tensor, finding.layer) == ("W1", 1)
    assert finding.expected != finding.received
    assert f"{finding.received:.4g}" in finding.symptom
    assert f"{finding.expected:.4g}" in finding.symptom
    assert finding.mathematics == "δ1 = (δ2 W2ᵀ) ∘ f′(z1)"
    assert "8.3 %" in finding.accuracy
    assert finding.ruled_out


def test_an_unheard_of_mistake_is_expressed_in_known_terms() -> None:
    [finding] = diagnose_net(PlantedNet(CLASSES, ("slope_mixture@1",))).findings
    assert finding.explanation == "found_slope"
    assert "0.5 + 0.5·1[z > 0]" in finding.symptom
    [finding] = diagnose_net(PlantedNet(CLASSES, ("product_odd@2",))).findings
    assert "h1 (columns reversed)" in finding.symptom


def test_an_unknown_delta_is_told_from_an_unknown_product() -> None:
    class Weighted(PlantedNet):
        def top_delta(self, hs, zs, t):
            return super().top_delta(hs, zs, t) * np.arange(1, t.shape[1] + 1)

    diagnosis = diagnose_net(Weighted(CLASSES, ("slope_missing@1",)))
    assert [f.explanation for f in diagnosis.findings] == ["", "slope_missing"]
    assert "the δ in it is wrong" in diagnosis.findings[0].symptom
    assert diagnosis.verdict == "mistake"


def test_the_signs_say_where_the_layer_identity_breaks() -> None:
    diagnosis = diagnose_net(PlantedNet(CLASSES, ("slope_missing@1",)))
    assert any("from layer 2 to layer 1 breaks" in sign for sign in diagnosis.signs)
    assert not diagnose_net(PlantedNet(CLASSES)).signs


@pytest.mark.parametrize("plant", ["stale_weights", "slope_mixture@1", "layer_skipped@1", "dw_transposed@2"])
def test_a_net_of_a_reports_size_is_diagnosed(plant: str) -> None:
    expected = {"slope_mixture": "found_slope"}.get(plant.split("@")[0], plant.split("@")[0])
    assert keys(PlantedNet(REPORT_E, (plant,), form="updates inside")) == [expected]


def test_a_program_that_takes_no_size_raises_its_own_error() -> None:
    class Broken(PlantedNet):
        def answer(self, *args, **kwargs):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        diagnose_net(Broken(CLASSES))


@pytest.mark.slow
def test_precision_over_random_draws() -> None:
    drawn, first, caught, right, accused = measure(seed=1, each=3)
    assert drawn >= 200
    assert first / drawn >= 0.97
    assert (caught, accused) == (drawn, 0)
    assert right >= 100
