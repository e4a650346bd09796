"""Programs written as public ones are: read without any option, and judged."""

from pathlib import Path

import pytest

from handgrad.check.reading.examine import examine
from handgrad.check.reading.source import read_source
from handgrad.check.reading.wishes import Wishes

PROGRAMS = Path(__file__).parent / "public_style"

#: program → what the first lines must say, and the explanation ("" where the program is right)
EXPECTED = {
    "assignment_of_report.py": ("(written in it)", "mask_of_other_layer"),
    "attributes_wrong_slope.py": ("samples are rows", "slope_of_output_value"),
    "bias_total.py": ("samples are columns", "bias_total"),
    "columns_notebook.ipynb": ("samples are columns", ""),
    "dict_of_grads_columns.py": ("parameters from init()", ""),
    "eleven_lines.py": ("one round of the training loop", ""),
    "float32_prints.py": ("assumed from its last δ", ""),
    "given_data_at_birth.py": ("η = 1, fitted", ""),
    "globals_only.py": ("parameters in global names", ""),
    "layer_objects.py": ("class Model", ""),
    "list_of_lists.py": ("class numbers as targets", ""),
    "loop_without_functions.py": ("confirmed by its value", ""),
    "loss_and_grads_missing_n.py": ("parameters in params", "one_over_n_missing"),
    "net_of_added_layers.py": ("mean over samples and outputs", ""),
    "penalty_forgotten.py": ("confirmed by its value", "penalty_missing"),
    "per_sample_book.py": ("one sample a call, as a column", ""),
    "sequential_and_criterion.py": ("then CrossEntropy.backward()", ""),
    "stale_weights_step.py": ("(before − after) / η", "stale_weights"),
    "transposed_rows.py": ("no biases were found", "weights_not_transposed"),
    "tuple_from_functions.py": ("samples are rows", ""),
    "two_lists.py": ("samples are columns", ""),
    "updates_inside_no_loss.py": ("½ squared error, sum over the samples", ""),
}


def test_every_program_is_expected() -> None:
    assert sorted(path.name for path in PROGRAMS.iterdir() if path.suffix in (".py", ".ipynb")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_read_without_options(name: str) -> None:
    said, explanation = EXPECTED[name]
    part = examine(read_source(PROGRAMS / name), Wishes()).parts[0]
    assert part.kind == "net"
    assert said in "\n".join(part.said)
    mistakes = [found.explanation for found in part.diagnosis.findings if found.verdict == "mistake"]
    assert mistakes[:1] == ([explanation] if explanation else [])
    assert part.diagnosis.verdict == ("mistake" if explanation else "right")
