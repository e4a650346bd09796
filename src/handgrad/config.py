"""The schema of an experiment's file. What it means is in docs/config.md; reading and writing it in config_file.py.

Every key is checked, unknown ones are errors, and nothing named here is imported or evaluated.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A table of the file: unknown keys and wrong types are refused, numbers must be finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Side = Count | Annotated[list[Count], Field(min_length=2, max_length=2)]

# ------------------------------------------------------------------------------------------------ data


class AugmentConfig(Section):
    """How training images are varied, each time anew: at most so many pixels, degrees, pixels of stroke."""

    shift: NonNegative = 0.0
    rotate: NonNegative = 0.0
    thickness: NonNegative = 0.0


class DataConfig(Section):
    """Which images, how many, and how they are scaled."""

    source: str
    classes: list[int | str] = []
    train_images: Count | Fraction | None = None
    valid_images: Annotated[int, Field(ge=0)] | Fraction | None = None
    test_images: Annotated[int, Field(ge=0)] | Fraction | None = None
    subset: Literal["first", "random"] = "first"
    normalize: Literal["0..1", "standard", "none"] = "0..1"
    augment: AugmentConfig | None = None


# ------------------------------------------------------------------------------------------------ network


class NormalConfig(Section):
    type: Literal["normal"]
    std: NonNegative


class UniformConfig(Section):
    type: Literal["uniform"]
    low: float
    high: float


class PlainInitConfig(Section):
    type: Literal["xavier_normal", "xavier_uniform", "he_normal", "he_uniform", "identity", "zeros"]


InitConfig = Annotated[NormalConfig | UniformConfig | PlainInitConfig, Field(discriminator="type")]


class ParameterLayerConfig(Section):
    """What every layer with weights can be told."""

    init: InitConfig | None = None
    learning_rate_multiplier: NonNegative = 1.0
    frozen: bool = False
    l1: NonNegative | None = None
    l2: NonNegative | None = None


class DenseConfig(ParameterLayerConfig):
    type: Literal["Dense"]
    units: Count


class Conv2DConfig(ParameterLayerConfig):
    type: Literal["Conv2D"]
    filters: Count
    kernel: Side
    stride: Side = 1
    padding: Literal["valid", "same"] | Annotated[int, Field(ge=0)] = "valid"


class PoolConfig(Section):
    type: Literal["MaxPool2D", "AvgPool2D"]
    kernel: Side
    stride: Side | None = None


class BatchNormConfig(Section):
    type: Literal["BatchNorm"]
    scale_and_shift: bool = True
    epsilon: Positive = 1e-5
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    batch_statistics_at_test: bool = False
    learning_rate_multiplier: NonNegative = 1.0
    frozen: bool = False


class DropoutConfig(Section):
    type: Literal["Dropout"]
    keep_probability: Annotated[float, Field(gt=0, le=1)]


class PlainLayerConfig(Section):
    type: Literal["Flatten", "ReLU", "Tanh", "Sigmoid", "Softmax", "Identity"]


LayerConfig = Annotated[
    DenseConfig | Conv2DConfig | PoolConfig | BatchNormConfig | DropoutConfig | PlainLayerConfig,
    Field(discriminator="type"),
]


class NetworkConfig(Section):
    layers: Annotated[list[LayerConfig], Field(min_length=1)]


# ------------------------------------------------------------------------------------------------ loss, optimiser


class LossConfig(Section):
    type: Literal["softmax_cross_entropy", "cross_entropy", "binary_cross_entropy", "squared_error"]
    reduction: Literal["mean", "sum"] = "mean"
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0


class PlainScheduleConfig(Section):
    type: Literal["constant", "inverse_sqrt"]
    per: Literal["epoch", "iteration"] = "epoch"


class StepConfig(Section):
    type: Literal["step"]
    factor: Positive
    every: Count
    per: Literal["epoch", "iteration"] = "epoch"


class ExponentialConfig(Section):
    type: Literal["exponential"]
    factor: Positive
    per: Literal["epoch", "iteration"] = "epoch"


class CosineConfig(Section):
    type: Literal["cosine"]
    over: Count
    minimum: NonNegative = 0.0
    per: Literal["epoch", "iteration"] = "epoch"


ScheduleConfig = Annotated[
    PlainScheduleConfig | StepConfig | ExponentialConfig | CosineConfig, Field(discriminator="type")
]


class AnyOptimizerConfig(Section):
    learning_rate: NonNegative
    schedule: ScheduleConfig = PlainScheduleConfig(type="constant")


class SGDConfig(AnyOptimizerConfig):
    type: Literal["sgd"]


class MomentumConfig(AnyOptimizerConfig):
    type: Literal["momentum"]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    initial_velocity: float = 0.0


class NesterovConfig(AnyOptimizerConfig):
    type: Literal["nesterov"]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9


class RMSPropConfig(AnyOptimizerConfig):
    type: Literal["rmsprop"]
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.9
    epsilon: Positive = 1e-8


class AdamConfig(AnyOptimizerConfig):
    type: Literal["adam"]
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: Positive = 1e-8


class AdamWConfig(AnyOptimizerConfig):
    type: Literal["adamw"]
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.01


OptimizerConfig = Annotated[
    SGDConfig | MomentumConfig | NesterovConfig | RMSPropConfig | AdamConfig | AdamWConfig,
    Field(discriminator="type"),
]

# ------------------------------------------------------------------------------------------------ training


class StopConfig(Section):
    """Stop once a measure of the named set is at or below every value given here."""

    on: Literal["train", "valid", "test"] = "test"
    loss: NonNegative | None = None
    error: NonNegative | None = None
    mean_class_error: NonNegative | None = None


class EarlyStoppingConfig(Section):
    """Stop after `patience` evaluations without a new best."""

    on: Literal["valid_loss", "valid_error", "valid_mean_class_error"] = "valid_loss"
    patience: Count = 10
    restore_best: bool = True


class TrainingConfig(Section):
    """How long, in which order, and what is measured on the way."""

    batch_size: Count | Literal["all"] = 50
    epochs: Count | None = None
    iterations: Count | None = None
    batches_per_epoch: Count | None = None
    order: Literal["shuffle", "fixed", "alternate"] = "shuffle"
    evaluate: list[Literal["train", "valid", "test"]] = ["test"]
    evaluate_every: Count | Literal["epoch"] = "epoch"
    stop: StopConfig | None = None
    early_stopping: EarlyStoppingConfig | None = None
    checkpoint_every: Annotated[str, Field(pattern=r"^\d+(\.\d+)? (s|min|iterations|epochs)$")] = "30 s"
    threads: Count | None = None

    @model_validator(mode="after")
    def _has_an_end(self) -> "TrainingConfig":
        if self.epochs is None and self.iterations is None:
            raise ValueError("give epochs or iterations (or both; the first reached stops)")
        return self


class SeedsConfig(Section):
    split: Annotated[int, Field(ge=0)] | None = None
    init: Annotated[int, Field(ge=0)] | None = None
    order: Annotated[int, Field(ge=0)] | None = None


class DisplayConfig(Section):
    loss: Literal["mean", "sum"] = "mean"


class RangeConfig(Section):
    """Values from low to high, both included; whole numbers where both are, evenly in the logarithm where `log`."""

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> "RangeConfig":
        if not self.low < self.high:
            raise ValueError(f"low must be below high; received {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"log = true needs low above 0; received {self.low}")
        return self


class ChoicesConfig(Section):
    """One of these values."""

    choices: Annotated[list[Any], Field(min_length=1)]


SpaceConfig = Annotated[dict[str, RangeConfig | ChoicesConfig], Field(min_length=1)]
Measure = Literal[
    "valid_loss", "valid_error", "valid_mean_class_error", "test_loss", "test_error", "test_mean_class_error"
]


class RandomSearchConfig(Section):
    """Points drawn at random: each depends on the seed and its number alone."""

    type: Literal["random"]
    points: Count
    space: SpaceConfig
    seed: Annotated[int, Field(ge=0)] = 0


class TPESearchConfig(Section):
    """Points proposed from the results of the generations before (Optuna's tree of Parzen estimators)."""

    type: Literal["tpe"]
    points: Count
    space: SpaceConfig
    seed: Annotated[int, Field(ge=0)] = 0
    generation: Count = 4
    minimize: Measure = "valid_error"
    prune: bool = False


class SweepConfig(Section):
    """Which keys are varied over which values, or searched; `trials` seeds a point; how its trials are looked after."""

    grid: dict[str, list[Any]] = {}
    search: Annotated[RandomSearchConfig | TPESearchConfig, Field(discriminator="type")] | None = None
    trials: Count = 1
    vary: list[Literal["init", "order", "split"]] = ["init", "order"]
    keep: Literal["metrics", "all"] = "metrics"
    timeout: Annotated[str, Field(pattern=r"^\d+(\.\d+)? (s|min|h)$")] = "10 min"
    retries: Annotated[int, Field(ge=0)] = 2

    @model_validator(mode="after")
    def _is_one_kind(self) -> "SweepConfig":
        if self.search and self.grid:
            raise ValueError("give grid or search, not both; a list of values in a search is { choices = [...] }")
        return self


class Config(Section):
    """A whole experiment."""

    format: Literal[1] = 1
    title: str = ""
    seed: Annotated[int, Field(ge=0)] = 0
    seeds: SeedsConfig = SeedsConfig()
    data: DataConfig
    network: NetworkConfig
    loss: LossConfig
    optimizer: OptimizerConfig
    training: TrainingConfig
    display: DisplayConfig = DisplayConfig()
    sweep: SweepConfig | None = None

    def seed_for(self, purpose: Literal["split", "init", "order"]) -> int:
        """The seed of one purpose: its own where it has one, else the experiment's."""
        own = getattr(self.seeds, purpose)
        return self.seed if own is None else int(own)

    @model_validator(mode="after")
    def _fits_together(self) -> "Config":
        problems = [*self._loss_problems(), *self._set_problems()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _loss_problems(self) -> list[str]:
        last, loss = self.network.layers[-1].type, self.loss.type
        wanted = {"cross_entropy": "Softmax", "binary_cross_entropy": "Sigmoid"}.get(loss)
        if wanted and last != wanted:
            return [f"loss.type = {loss!r} reads probabilities: the last layer must be {wanted}, it is {last}"]
        if loss == "softmax_cross_entropy" and last == "Softmax":
            return [
                "loss.type = 'softmax_cross_entropy' contains the softmax: "
                "leave out the last layer Softmax, or take the loss 'cross_entropy'"
            ]
        return []

    def _set_problems(self) -> list[str]:
        has_valid = bool(self.data.valid_images)
        stop, early = self.training.stop, self.training.early_stopping
        problems = []
        if "valid" in self.training.evaluate and not has_valid:
            problems.append("training.evaluate names 'valid', but data.valid_images is 0")
        if early and not (has_valid and "valid" in self.training.evaluate):
            problems.append("training.early_stopping needs data.valid_images and 'valid' in training.evaluate")
        if stop and stop.on not in self.training.evaluate:
            problems.append(f"training.stop is on {stop.on!r}, which training.evaluate does not name")
        if self.training.batch_size == "all" and self.training.batches_per_epoch is not None:
            problems.append("training.batches_per_epoch has no meaning with batch_size = 'all'")
        search = self.sweep.search if self.sweep else None
        if isinstance(search, TPESearchConfig):
            measured = search.minimize.partition("_")[0]
            if measured not in self.training.evaluate:
                problems.append(f"sweep.search.minimize is {search.minimize!r}: add {measured!r} to training.evaluate")
        return problems
