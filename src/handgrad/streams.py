"""Random streams: one independent generator for each purpose, so that no draw disturbs another.

A stream depends on its seed, its purpose and an index (layer or epoch) alone. Two experiments that share a seed
therefore share initial weights even when one of them uses dropout, and the order of epoch 7 can be had without
playing epochs 0 to 6.
"""

import numpy as np

PURPOSES = {"split": 0, "init": 1, "order": 2, "dropout": 3, "augment": 4, "sample": 5, "check": 6}


def stream(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """The generator of one purpose.

    Args:
        seed: the experiment's seed, a non-negative integer.
        purpose: a key of `PURPOSES`; adding one there leaves the others' numbers as they are.
        index: which of them, such as the layer (init, dropout) or the epoch (order, augment).

    Raises:
        KeyError: if the purpose is not in the table.

    >>> bool(stream(0, "init", 1).random() == stream(0, "init", 1).random())
    True
    >>> bool(stream(0, "init", 1).random() == stream(0, "init", 2).random())
    False
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(PURPOSES[purpose], *index)))
