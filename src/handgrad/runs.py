"""Reading run folders: find one by what people type, list many, load one with its net, data and records."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.build import make_loss, make_network, read_data
from handgrad.config import Config
from handgrad.config_file import make_config
from handgrad.data import Data, Examples, load_source
from handgrad.errors import LoadError, UsageError
from handgrad.kernels.types import Array
from handgrad.listing import find_run as find_run
from handgrad.listing import run_folders
from handgrad.metrics import Evaluator, Measurement
from handgrad.network import Network
from handgrad.run_state import is_locked, read_json, read_status
from handgrad.storage import arrays_from_bytes
from handgrad.weights import load_weights


class Run:
    """A run folder, read: what was asked, what happened, and the net it left.

    Attributes are read when first used: `config`, `status`, `summary` ({} for a run that did not finish), `metrics`
    (one dict an evaluation), `network` (built, with its final weights), `data`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def status(self) -> dict[str, Any]:
        """`status.json`; a run that says running while no process holds its lock is `killed`, one without a folder
        `pending`: a trial that a sweep has not come to."""
        if not self.folder.exists():
            return {"state": "pending"}
        status = read_status(self.folder)
        if status.get("state", "running") == "running" and not is_locked(self.folder):
            status["state"] = "killed"
        return status

    @property
    def name(self) -> str:
        """The experiment."""
        return str(self.status.get("experiment", self.folder.name))

    @property
    def state(self) -> str:
        """running, done, interrupted, failed, diverged, killed, timeout or pending."""
        return str(self.status["state"])

    @cached_property
    def config(self) -> Config:
        """The resolved config.

        Raises:
            LoadError: if it is missing or unreadable.
        """
        path = self.folder / "config.toml"
        try:
            return make_config(tomllib.loads(path.read_text("utf-8")), str(path))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise LoadError(f"{path}: the run's config cannot be read: {error}") from error

    @cached_property
    def summary(self) -> dict[str, Any]:
        """`summary.json`, or {}."""
        return read_json(self.folder / "summary.json")

    @cached_property
    def metrics(self) -> list[dict[str, Any]]:
        """The whole lines of `metrics.jsonl`; a torn last line is left out."""
        try:
            lines = (self.folder / "metrics.jsonl").read_bytes().splitlines(keepends=True)
        except OSError:
            return []
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    @cached_property
    def data(self) -> Data:
        """The data, split as it was for training.

        Raises:
            DataError or UsageError: if it is no longer there.
        """
        return read_data(self.config.data, self.config.seed_for("split"))

    @cached_property
    def network(self) -> Network:
        """The net with its final weights.

        Raises:
            LoadError: if there are none, or they are damaged, or of another net.
        """
        path = self.folder / "weights.safetensors"
        try:
            content = path.read_bytes()
        except OSError:
            raise LoadError(
                f"{path}: there are no weights: the run is {self.state}; `handgrad train --resume` goes on with it"
            ) from None
        expected = self.summary.get("weights_sha256")
        if expected and hashlib.sha256(content).hexdigest() != expected:
            raise LoadError(f"{path}: its SHA-256 is not the one in summary.json; the file is damaged")
        arrays = arrays_from_bytes(content, str(path))
        network = make_network(self.config).build(self._input_shape(arrays))
        load_weights(network, arrays, str(path))
        return network

    def _input_shape(self, arrays: dict[str, Array]) -> tuple[int, ...]:
        shape = self.summary.get("input_shape")
        return tuple(shape) if shape else self.data.input_shape

    def evaluate(self, examples: Examples | None = None) -> Measurement:
        """Measure the final net, by default on the run's test images."""
        chosen = examples or self.data.test
        if chosen is None:
            raise UsageError(f"{self.folder}: the run has no test images; name others")
        return self._evaluator()(chosen)

    def examples_of(self, source: str | None = None) -> tuple[Examples, list[str]]:
        """Images to measure the net on, and the classes' names: the run's test images, or all of another source.

        Raises:
            UsageError: if there are none, or the source has other shapes or classes than the net was trained for.
        """
        if source is None:
            if self.data.test is None:
                raise UsageError(f"{self.folder}: the run has no test images; name others with --data")
            return self.data.test, [str(c) for c in self.data.class_names]
        found = load_source(source)
        examples = found.test if found.test is not None else found.pool
        if examples is None:
            raise UsageError(f"{source}: there are no images to measure on")
        shape, P = examples.images.shape[1:], len(found.class_names)
        if shape != self.network.input_shape or max(2, self.network.output_shape[-1]) < P:
            raise UsageError(
                f"{source}: expected images {self.network.input_shape} of at most {self.network.output_shape[-1]} "
                f"classes, found {shape} of {P}"
            )
        return examples, [str(c) for c in found.class_names]

    @property
    def scaling(self) -> tuple[float, float]:
        """(scale, offset): the net was trained on scale · image + offset, and must be shown the same."""
        stored = self.summary.get("data", {})
        if "scale" in stored:
            return float(stored["scale"]), float(stored["offset"])
        return self.data.scale, self.data.offset

    def _evaluator(self) -> Evaluator:
        return Evaluator(self.network, make_loss(self.config), *self.scaling)

    def probabilities(self, which: str = "test") -> Array:
        """Class probabilities (N, P) of the final net on one of the run's sets."""
        examples = getattr(self.data, which)
        if examples is None:
            raise UsageError(f"{self.folder}: the run has no {which} images")
        return self.probabilities_of(examples)

    def probabilities_of(self, examples: Examples) -> Array:
        """Class probabilities (N, P) of the final net on these images, bytes or floats as the training images were."""
        y = np.empty((len(examples), self.network.output_shape[-1]), self.network.dtype)
        self._evaluator().outputs(examples, y)
        return make_loss(self.config).probabilities(self.network.k, y)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.state})"


def list_runs(out: str | Path = "runs") -> list[Run]:
    """The runs in a folder, newest first."""
    return [Run(folder) for folder in run_folders(out)]


def load_run(name: str | Path = "last", out: str | Path = "runs") -> Run:
    """A run by path, unique prefix, `last` or `@2`.

    Raises:
        UsageError: if there is no such run.
    """
    return Run(find_run(name, out))
