"""Synthetic data, configs and records in the format of the design."""

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.data import Data, Examples
from handgrad.runs import Run

CLASSES = 3  # few, for speed; ten where a published list is compared
MakeRun = Callable[..., Run]


def digits(count: int, seed: int, classes: int = CLASSES) -> Examples:
    """Random bytes with every class among the labels."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)
    return Examples(images, np.arange(count, dtype=np.int64) % classes)


def synthetic_data(classes: int = CLASSES, **changes: Any) -> Data:
    values: dict[str, Any] = {
        "name": "mnist",
        "class_names": tuple(str(i) for i in range(classes)),
        "train": digits(200, 1, classes),
        "valid": None,
        "test": digits(100, 2, classes),
        "scale": 1 / 255,
        "offset": 0.0,
        "origin": "made for the test",
    }
    return Data(**(values | changes))


def config_table(classes: int = CLASSES, **changes: Any) -> dict[str, Any]:
    table: dict[str, Any] = {
        "title": "A synthetic net",
        "data": {"source": "mnist"},
        "network": {
            "layers": [
                {"type": "Flatten"},
                {"type": "Dense", "units": 12, "init": {"type": "normal", "std": 0.1}},
                {"type": "ReLU"},
                {"type": "Dense", "units": classes, "init": {"type": "normal", "std": 0.1}},
            ]
        },
        "loss": {"type": "softmax_cross_entropy"},
        "optimizer": {"type": "sgd", "learning_rate": 0.1},
        "training": {"iterations": 1000},
    }
    return table | changes


def evaluations(count: int, sets: tuple[str, ...] = ("test",), classes: int = CLASSES) -> list[dict[str, Any]]:
    """`count` lines of metrics.jsonl of a net that learns."""
    lines = []
    for k in range(count):
        loss, error = 2.3 / (1 + k / 20), 0.9 / (1 + k / 20)
        line: dict[str, Any] = {"iteration": k, "epoch": k / 100, "learning_rate": 0.1, "seconds": 0.01 * k}
        for name in ("batch", *sets):
            line[f"{name}_loss"] = loss
            if classes:
                line[f"{name}_error"] = error
                line[f"{name}_mean_class_error"] = error
                line[f"{name}_class_errors"] = [error * (1 + i / 100) for i in range(classes)]
        lines.append(line)
    return lines


def summary_of(line: dict[str, Any], **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"state": "done", "iterations": 1000, "epochs": 10.0, "seconds": 12.5, "parameters": 910}
    values |= {key: value for key, value in line.items() if key.startswith(("train_", "valid_", "test_"))}
    values["data"] = {"name": "mnist", "sampled": False, "train": 200, "valid": 0, "test": 100}
    return values | changes
