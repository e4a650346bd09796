"""From a checked config to the objects that do the work."""

from typing import Any, cast

from handgrad import initializers, layers, optimizers, schedules
from handgrad.config import (
    BatchNormConfig,
    Config,
    Conv2DConfig,
    DataConfig,
    DenseConfig,
    DropoutConfig,
    LayerConfig,
    OptimizerConfig,
    ParameterLayerConfig,
    PoolConfig,
    ScheduleConfig,
)
from handgrad.data import Data, Source, load_data
from handgrad.losses import LOSSES, Loss
from handgrad.network import Network


def make_initializer(config: Any) -> initializers.Initializer | None:
    """The initialiser an `init = {…}` table names; None leaves the layer its default."""
    if config is None:
        return None
    return initializers.INITIALIZERS[config.type](**config.model_dump(exclude={"type"}))


def make_layer(config: LayerConfig) -> layers.Layer:
    """One layer from its table."""
    return cast(layers.Layer, _make_layer(config))


def _make_layer(config: LayerConfig) -> Any:
    kind: Any = layers.LAYERS[config.type]
    values = config.model_dump(exclude={"type", "init"})
    if isinstance(config, DenseConfig | Conv2DConfig):
        values["init"] = make_initializer(config.init)
    if isinstance(config, DenseConfig):
        return kind(values.pop("units"), **values)
    if isinstance(config, Conv2DConfig):
        return kind(values.pop("filters"), _side(values.pop("kernel")), **_sides(values))
    if isinstance(config, PoolConfig):
        return kind(_side(values.pop("kernel")), **_sides(values))
    if isinstance(config, BatchNormConfig | DropoutConfig | ParameterLayerConfig):
        return kind(**values)
    return kind()


def _side(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _sides(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _side(value) for key, value in values.items()}


def make_network(config: Config) -> Network:
    """The network of a config, not yet built."""
    return Network([make_layer(layer) for layer in config.network.layers])


def make_loss(config: Config) -> Loss:
    """The loss with its reduction; the penalty is made by `losses.Penalty` from the same section."""
    return LOSSES[config.loss.type](config.loss.reduction)


def make_optimizer(config: OptimizerConfig) -> optimizers.Optimizer:
    """The optimiser; learning rate and schedule are the trainer's."""
    values = config.model_dump(exclude={"type", "learning_rate", "schedule"})
    return cast(optimizers.Optimizer, cast(Any, optimizers.OPTIMIZERS[config.type])(**values))


def make_schedule(config: ScheduleConfig) -> schedules.Schedule:
    """The schedule."""
    values = config.model_dump(exclude={"type"})
    if "factor" in values:
        values["multiplier"] = values.pop("factor")
    return schedules.SCHEDULES[config.type](**values)


def read_data(config: DataConfig, seed: int, source: Source | None = None) -> Data:
    """The data of a config, split by this seed; `source` where what the config names was already read."""
    return load_data(
        source or config.source,
        classes=tuple(config.classes),
        train_images=config.train_images,
        valid_images=config.valid_images,
        test_images=config.test_images,
        subset=config.subset,
        normalize=config.normalize,
        seed=seed,
    )
