"""What every contestant is given: the images, the order in which they are shown, the initial weights, the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.build import make_network, read_data
from handgrad.config import Config
from handgrad.config_file import load_config
from handgrad.data import Data
from handgrad.data.batches import epoch_order
from handgrad.network import Network


@dataclass
class Problem:
    """An experiment that comes with handgrad, in the parts that a rival needs."""

    config: Config
    data: Data
    network: Network

    @classmethod
    def load(cls, experiment: str, overrides: list[str]) -> Problem:
        """Data and freshly drawn weights of an experiment's config."""
        config = load_config(experiment, overrides)[1]
        data = read_data(config.data, config.seed_for("split"))
        network = make_network(config).build(data.input_shape, seed=config.seed_for("init"))
        return cls(config, data, network)

    @property
    def batch(self) -> int:
        size = self.config.training.batch_size
        return len(self.data.train.labels) if size == "all" else size

    def batches(self, iterations: int) -> np.ndarray:
        """Indices (iterations, batch) of the training images, as handgrad's trainer shows them."""
        training, labels = self.config.training, self.data.train.labels
        seed = self.config.seed_for("order")
        each = training.batches_per_epoch or len(labels) // self.batch
        epochs = -(-iterations // each)
        length = each * self.batch
        orders = [epoch_order(labels, training.order, seed, epoch, length) for epoch in range(epochs)]
        return np.concatenate(orders).reshape(-1, self.batch)[:iterations]

    def images(self, name: str) -> np.ndarray:
        """A set as float32, scaled; the rivals get it so, and need not scale any more."""
        found = getattr(self.data, name).images
        return found.astype(np.float32) * np.float32(self.data.scale) + np.float32(self.data.offset)

    def labels(self, name: str) -> np.ndarray:
        return getattr(self.data, name).labels

    def layers(self) -> list[tuple[Any, dict[str, np.ndarray]]]:
        """Each layer with its initial arrays by short name (W, b)."""
        arrays = self.network.parameters
        return [
            (layer, {name.split(".")[1]: a for name, a in arrays.items() if name.startswith(f"{i}.")})
            for i, layer in enumerate(self.network.layers)
        ]

    @property
    def rate(self) -> float:
        return self.config.optimizer.learning_rate
