"""Random nets with random mistakes: which mistakes go with which nets, and what they should be called."""

from __future__ import annotations

import numpy as np
from diagnosis_plants import PlantedNet

from handgrad.check.diagnosis import diagnose_net
from handgrad.check.subject import NetSpec

#: plant -> (the explanation's key, what the net needs of losses, functions, layers and penalties)
NET_PLANTS: dict[str, tuple[str, str]] = {
    "sign": ("sign", ""),
    "one_over_n_missing": ("one_over_n_missing", "mean"),
    "one_over_n_twice": ("one_over_n_twice", "mean"),
    "factor_two": ("factor_two", ""),
    "factor_half": ("factor_two", ""),
    "mean_over_everything": ("mean_over_everything", "wide mean"),
    "learning_rate_inside": ("learning_rate_inside", ""),
    "divided_by_constant": ("divided_by_constant", "mean"),
    "factor_constant": ("factor_constant", ""),
    "softmax_axis_0": ("softmax_axis_0", "ce"),
    "softmax_whole_array": ("softmax_whole_array", "ce"),
    "softmax_twice": ("softmax_twice", "ce"),
    "softmax_shifted_by_class": ("softmax_shifted_by_class", "ce wide"),
    "softmax_of_minus": ("softmax_of_minus", "ce wide"),
    "jacobian_left_out": ("jacobian_left_out", "ce"),
    "jacobian_diagonal": ("jacobian_diagonal", "softmax"),
    "two_class_loss": ("two_class_loss", "ce"),
    "sigmoid_slope_after_delta": ("sigmoid_slope_after_delta", "ce"),
    "cross_entropy_delta": ("cross_entropy_delta", "squared softmax"),
    "squared_error_delta": ("squared_error_delta", "ce"),
    "softmax_twice_backward": ("softmax_twice_backward", "ce"),
    "hidden_slope_at_output": ("hidden_slope_at_output", "not relu out"),
    "output_slope_missing": ("output_slope_missing", "squared sigmoid"),
    "slope_of_output_value_top": ("slope_of_output_value", "squared sigmoid"),
    "targets_missing": ("targets_missing", "ce"),
    "predictions_missing": ("predictions_missing", "ce"),
    "labels_off_by_one": ("labels_off_by_one", "ce"),
    "logits_for_probabilities": ("logits_for_probabilities", "ce"),
    "second_class_missing": ("second_class_missing", "bce"),
    "averaged_delta": ("averaged_delta", ""),
    "only_true_class": ("jacobian_diagonal", "ce wide"),
    "last_sample_only": ("last_sample_only", ""),
    "divided_by_inputs": ("divided_by_other_number", "mean"),
    "slope_missing": ("slope_missing", "layer"),
    "slope_added": ("slope_added", "layer"),
    "cache_overwritten": ("cache_overwritten", "layer relu"),
    "mask_inverted": ("mask_inverted", "layer relu"),
    "mask_from_gradient": ("mask_from_gradient", "layer relu"),
    "activation_as_slope": ("activation_as_slope", "layer"),
    "z_as_slope": ("z_as_slope", "layer"),
    "slope_of_output_value": ("slope_of_output_value", "layer smooth"),
    "slope_formula_on_z": ("slope_formula_on_z", "layer smooth"),
    "sigmoid_slope": ("slope_of_other_function", "layer relu"),
    "relu_slope": ("slope_of_other_function", "layer smooth"),
    "leaky_slope": ("slope_leak", "layer relu"),
    "slope_twice": ("slope_twice", "layer smooth"),
    "half_of_slope": ("half_of_slope", "layer smooth"),
    "weights_reshaped": ("weights_reshaped", "layer wide"),
    "gradient_for_weights": ("gradient_for_weights", "layer"),
    "stale_weights": ("stale_weights", "hidden updates"),
    "one_over_n_every_layer": ("one_over_n_every_layer", "hidden"),
    "handover_sign": ("handover_sign", "layer"),
    "dw_reshaped": ("dw_reshaped", "any layer wide"),
    "input_before_activation": ("input_before_activation", "upper layer"),
    "layer_skipped": ("layer_skipped", "any layer"),
    "first_sample_only_w": ("first_sample_only", "any layer"),
    "slope_missing_in_weights": ("slope_missing_in_weights", "layer"),
    "means_multiplied": ("means_multiplied", "any layer"),
    "samples_mixed": ("samples_mixed", "any layer"),
    "input_squared": ("input_changed", "any layer"),
    "bias_added": ("bias_added_to_gradient", "any layer no penalty"),
    "constant_added": ("constant_added", "any layer no penalty"),
    "update_assigned": ("update_assigned", "any layer updates no penalty"),
    "bias_total": ("bias_total", ""),
    "bias_mean": ("bias_mean_weights_sum", ""),
    "bias_first": ("bias_last_sample", "any layer"),
    "bias_zero": ("bias_zero", ""),
    "missing_bias_gradients": ("bias_zero", ""),
    "bias_slope_missing": ("bias_slope_missing", "layer"),
    "bias_from_weights": ("bias_from_weights", "any layer"),
    "bias_added_to_itself": ("bias_added_to_gradient", "layer wide no penalty"),
    "bias_subtracted": ("sign_one_tensor", "any layer"),
    "bias_not_used": ("bias_not_used", "any layer"),
    "bias_becomes_matrix": ("bias_becomes_matrix", ""),
    "never_cleared": ("never_cleared", "returned"),
    "argument_changed": ("argument_changed", ""),
    "clipped": ("clipped", "no penalty"),
    "norm_one": ("rescaled_gradient", "any layer"),
    "whole_numbers": ("whole_numbers", "no penalty returned"),
    "dropout_mask": ("random_gradient", ""),
    "penalty_missing": ("penalty_missing", "l2"),
    "penalty_twice": ("penalty_factor", "l2"),
    "penalty_sign": ("penalty_factor", "l2"),
    "penalty_over_n": ("penalty_factor", "l2"),
    "l2_on_biases": ("l2_on_biases", "l2"),
    "l1_without_sign": ("l1_without_sign", "l1"),
    "penalty_itself": ("penalty_not_differentiated", "any layer no penalty"),
    "bias_not_summed": ("bias_not_summed", ""),
    "p_minus_two_t": ("found_output_delta", "ce"),
    "p_squared_minus_t": ("found_output_delta", "ce"),
    "bias_row": ("weights_row_shifted", "layer"),
    "units_summed": ("found_product", "layer"),
    "slope_cubic": ("found_slope", "layer smooth"),
}  # fmt: skip

OUTPUTS = {
    "ce": [("softmax", "softmax_cross_entropy"), ("softmax", "cross_entropy")],
    "squared": [
        ("sigmoid", "squared_error"),
        ("identity", "squared_error"),
        ("softmax", "squared_error"),
        ("tanh", "squared_error"),
    ],
    "bce": [("sigmoid", "binary_cross_entropy")],
}


def draw_spec(rng: np.random.Generator, need: str) -> NetSpec:
    """A random net that has what a mistake needs."""
    hidden = int(rng.integers(1, 4))
    kinds = (
        ["relu"]
        if "relu" in need and "not relu" not in need
        else ["sigmoid", "tanh"]
        if "smooth" in need
        else ["relu", "sigmoid", "tanh", "leaky_relu"]
    )
    acts = [str(rng.choice(kinds)) for _ in range(hidden)]
    if "ce" in need.split():
        out = OUTPUTS["ce"][rng.integers(2)]
    elif "bce" in need.split():
        out = OUTPUTS["bce"][0]
    elif "squared softmax" in need:
        out = ("softmax", "squared_error")
    elif "squared sigmoid" in need:
        out = ("sigmoid", "squared_error")
    elif "softmax" in need.split():
        out = [*OUTPUTS["ce"], ("softmax", "squared_error")][rng.integers(3)]
    else:
        every = [o for group in OUTPUTS.values() for o in group]
        out = every[rng.integers(len(every))]
    single = out[1] == "binary_cross_entropy" and rng.random() < 0.5 and "wide" not in need
    sizes = (
        int(rng.integers(8, 30)),
        *(int(s) for s in rng.integers(6, 20, hidden)),
        1 if single else int(rng.integers(2, 8)),
    )
    by = "N" if "mean" in need else str(rng.choice(["N", "none", "N"] if "n_" in need else ["N", "none", "N*P"]))
    l2 = float(rng.choice([0.01, 0.1])) if "l2" in need else float(rng.choice([0.0, 0.0, 0.02]))
    l1 = 0.01 if "l1" in need else 0.0
    if "l1" in need:
        l2 = 0.0
    if "no penalty" in need:
        l1 = l2 = 0.0
    factor = float(rng.choice([1.0, 0.5]))
    return NetSpec(sizes, (*acts, out[0]), out[1], by, factor, l1, l2)


def draw_net(rng: np.random.Generator, plant: str) -> tuple[PlantedNet, str]:
    """A random net with a mistake, and the mistake's key."""
    key, need = NET_PLANTS[plant]
    spec = draw_spec(rng, need)
    depth = len(spec.activations)
    where = plant
    if plant == "layer_skipped" or ("any layer" in need and rng.random() < 0.6):
        where = f"{plant}@{rng.integers(1, depth + 1)}"
    elif "upper layer" in need and rng.random() < 0.6:
        where = f"{plant}@{rng.integers(2, depth + 1)}"
    elif plant == "handover_sign" or (need.split()[:1] == ["layer"] and rng.random() < 0.6):
        # In two layers following one another the signs would cancel.
        where = f"{plant}@{rng.integers(1, depth)}"
    form = "updates inside" if "updates" in need or ("returned" not in need and rng.random() < 0.3) else "returned"
    has_outputs = bool(rng.random() < 0.8) or plant.startswith(("softmax", "bias_subtracted", "bias_not_used"))
    dtype = np.float32 if rng.random() < 0.2 else np.float64
    return PlantedNet(
        spec, (where,), form=form, has_outputs=has_outputs, seed=int(rng.integers(1000)), dtype=dtype
    ), key


def draw_right(rng: np.random.Generator) -> PlantedNet:
    """A random net without a mistake, with or without loss, outputs and biases."""
    spec = draw_spec(rng, str(rng.choice(["", "l2", "l1", "mean"])))
    plants = tuple(plant for plant in ("log_epsilon", "exp_overflow") if rng.random() < 0.2)
    return PlantedNet(
        spec,
        plants,
        form=str(rng.choice(["returned", "updates inside"])),
        dtype=np.float32 if rng.random() < 0.4 else np.float64,
        has_loss=bool(rng.random() < 0.7),
        has_outputs=bool(rng.random() < 0.7),
        biases=bool(rng.random() < 0.85),
    )


def measure(seed: int, each: int) -> tuple[int, int, int, int, int]:
    """Draws with a mistake, of these named first, caught; right ones, of these accused: as docs/diagnosis.md has it."""
    rng = np.random.default_rng(seed)
    drawn = first = caught = accused = 0
    with np.errstate(all="ignore"):
        for plant in NET_PLANTS:
            for _ in range(each):
                net, key = draw_net(rng, plant)
                diagnosis = diagnose_net(net)
                drawn += 1
                first += [f.explanation for f in diagnosis.findings][:1] == [key]
                caught += diagnosis.verdict != "right"
        right = 5 * each * 8
        accused = sum(diagnose_net(draw_right(rng)).verdict != "right" for _ in range(right))
    return drawn, first, caught, right, accused


if __name__ == "__main__":
    print("{} with a mistake: {} named first, {} caught; {} right: {} accused".format(*measure(2026, 10)))
