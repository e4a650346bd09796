"""The words: every explanation has its texts, in the promised length, with all blanks filled."""

import re
from pathlib import Path

import numpy as np
import pytest
from diagnosis_draws import NET_PLANTS, draw_net

import handgrad.check.diagnosis as package
from handgrad.check.diagnosis import diagnose_net, meanings
from handgrad.check.diagnosis.compare import Context, name_factor
from handgrad.check.diagnosis.items import Item
from handgrad.check.diagnosis.layers.guesses import guesses_for
from handgrad.check.diagnosis.optimizers.variants import KINDS, decayed, doubled, variants
from handgrad.check.diagnosis.texts import FIELDS, all_texts, finding, introduced, words_of

NAMES = {"l": "2", "below": "1", "above": "3", "h": "h1", "f": "relu", "loss": "squared error", "kind": "relu"}
CONVENTIONS = {
    "accuracy_in_percent", "accuracy_is_count", "one_hot_columns", "pool_ties_shared", "rmsprop_corrected",
    "epsilon_unscaled", "epsilon_inside_root", "optimizer_other_constants", "convolution_proper",
    "two_class_and_diagonal",
    "dropout_not_scaled", "init_same_each_call", "checker_one_sided", "nesterov_first_form", "momentum_is_average",
    "rate_schedule", "epsilon_nowhere", "forward_differs",
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(all_texts()))
def test_a_message_is_complete_and_neither_short_nor_long(key: str) -> None:
    texts = all_texts()[key]
    assert set(FIELDS) <= set(texts)
    item = Item(key, ("W2", "b2"), 2, "h1", "N", 5.0)
    made = introduced(finding(item, "mistake", NAMES, ()), "net")
    assert key in CONVENTIONS or 80 <= words_of(made) <= 160
    said = " ".join((made.symptom, made.question, made.words, made.change, made.mathematics, made.accuracy))
    assert not re.search(r"\{[a-z_]+\}", said)
    assert "?" in made.question or "." in made.question


def test_every_explanation_that_the_code_knows_has_texts() -> None:
    known = {guess.key for kind in ("dense", "conv", "maxpool", "avgpool", "batchnorm", "dropout", "relu", "softmax")
             for tensor in ("x", "W", "b", "gamma", "beta") for guess in guesses_for(kind, tensor)}  # fmt: skip
    known |= {v.key for kind in KINDS for v in (*variants(kind), *decayed(kind), *doubled(kind))}
    for source in Path(package.__file__).parent.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        known |= set(re.findall(r'(?:Form|Item|Penalty|Forward)\(\s*"([a-z_0-9]+)"', text))
        known |= set(re.findall(r'^\s*\(?"([a-z]+_[a-z_0-9]+)",\s*\d\.\d', text, re.MULTILINE))
    known -= {"", "weights_zero", "conv_padding_off_"}
    assert known <= set(all_texts()), sorted(known - set(all_texts()))


def test_related_explanations_are_named_by_keys_that_exist() -> None:
    for key, texts in all_texts().items():
        assert set(texts.get("not", "").split()) <= set(all_texts()), key


@pytest.mark.parametrize("plant", ["one_over_n_missing", "slope_missing", "bias_total", "stale_weights"])
def test_measured_accuracy_is_told(plant: str) -> None:
    net, _ = draw_net(np.random.default_rng(3), plant)
    assert "%" in diagnose_net(net).findings[0].accuracy or "NaN" in diagnose_net(net).findings[0].accuracy


def test_what_was_not_measured_is_said_to_be_so() -> None:
    item = Item("targets_missing", ("W2",), 2)
    assert finding(item, "mistake", NAMES, ()).accuracy == "not measured"


def test_factors_are_named_apart_when_sizes_differ() -> None:
    contexts = [Context(5, 3, 0.05, 22, 13), Context(7, 6, 0.02, 24, 14), Context(4, 8, 0.08, 26, 15)]
    for values, name in (
        ([5.0, 7.0, 4.0], "N"),
        ([-1 / 5, -1 / 7, -1 / 4], "−1/N"),
        ([0.2, 0.2, 0.2], "0.2"),
        ([1 / 3, 1 / 6, 1 / 8], "1/P"),
        ([0.05, 0.02, 0.08], "η"),
        ([5 / 60, 7 / 60, 4 / 60], "N/60"),
    ):
        factor = name_factor(values, contexts, 1e-6)
        assert factor is not None
        assert factor.name == name
    assert name_factor([0.3, 0.7, 0.1], contexts, 1e-6) is None


def test_the_number_that_students_quote_is_read_backwards() -> None:
    assert "factor 2" in meanings(0.333)[0]
    assert "1/N" in meanings(0.961)[0]
    assert "unrelated" in meanings(0.707)[0]
    assert "sign" in meanings(1.0)[0]
    assert "right" in meanings(3e-10)[0]
    assert "factor 5.667" in meanings(0.7)[0]
    with pytest.raises(ValueError, match="between 0 and 1"):
        meanings(1.5)


def test_every_plant_has_a_text() -> None:
    assert {key for key, _ in NET_PLANTS.values()} <= set(all_texts())
