"""Which sweeps belong to which experiment."""

_REPORT_D = ("orders", "activations", "rates", "frozen-filters", "frozen-perceptron", "initializations")
_BELONG = {
    "digits-mlp-inverse-sqrt": ["digits-mlp-rates"],
    "digits-mlp-l1-halving": ["digits-mlp-l1-comparisons"],
    "letters-mlp-momentum": ["letters-mlp-units"],
    "letters-cnn-adam": ["letters-cnn-l2", "letters-cnn-dropout"],
    "threes-ones-conv-perceptron": [f"threes-ones-{what}" for what in _REPORT_D],
}


def sweeps_of(experiment: str) -> list[str]:
    """The sweeps that belong to an experiment: those of the same report.

    >>> sweeps_of("digits-mlp-inverse-sqrt")
    ['digits-mlp-rates']
    """
    return list(_BELONG.get(experiment, []))
