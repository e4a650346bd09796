"""The exact CNN: a row of stages in float64, forward with everything in between, and each stage's gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from handgrad.check.diagnosis.layers.truth import LayerProbe, gradients_of, output_of
from handgrad.check.diagnosis.model import loss_slope, loss_sum, sigmoid, slope, softmax, through_softmax
from handgrad.check.subject import Arrays, LayerAnswer
from handgrad.kernels.types import Array

_NOTHING = LayerAnswer(np.zeros(0), {})


@dataclass(frozen=True)
class Stage:
    """One step of the forward pass.

    Attributes:
        kind: conv, dense, relu, leaky_relu, sigmoid, tanh, maxpool, avgpool, batchnorm, flatten.
        options: kernel, stride, padding, epsilon, where the kind has them.
        number: of its parameters W1, b1, …, 0 where it has none.
        order: of flatten: which of C, H, W runs slowest, "CHW" or "HWC".
    """

    kind: str
    options: Mapping[str, float] = field(default_factory=dict)
    number: int = 0
    order: str = "CHW"

    @property
    def names(self) -> dict[str, str]:
        """The layer's own names of its parameters, and the net's."""
        if not self.number:
            return {}
        own = ("gamma", "beta") if self.kind == "batchnorm" else ("W", "b")
        return {name: f"{name}{self.number}" for name in own}


@dataclass(frozen=True)
class CnnSpec:
    """A CNN as it was understood from a program's own values.

    Attributes:
        stages: from the images to the logits.
        output: of the logits: softmax, sigmoid or identity.
        loss: softmax_cross_entropy, binary_cross_entropy or squared_error.
        divided_by: "none", "N" or "N*P".
        factor: of the loss.
        l2: λ of a penalty ½λΣW² on the weights.
        loss_is_assumed: the program has none.
    """

    stages: tuple[Stage, ...]
    output: str = "softmax"
    loss: str = "softmax_cross_entropy"
    divided_by: str = "N"
    factor: float = 1.0
    l2: float = 0.0
    loss_is_assumed: bool = False


def forward_stage(stage: Stage, x: Array, parameters: Arrays) -> Array:
    """A stage's output; parameters that the program does not have are 0."""
    if stage.kind == "flatten":
        if x.ndim == 2:
            return x
        return np.ascontiguousarray(x.transpose([0, *("NCHW".index(a) for a in stage.order)])).reshape(len(x), -1)
    if stage.kind == "leaky_relu":
        return np.where(x > 0, x, 0.01 * x)
    return output_of(stage.kind, inputs_of(stage, x, parameters), stage.options)


def inputs_of(stage: Stage, x: Array, parameters: Arrays) -> dict[str, Array]:
    """What the stage as a layer takes."""
    inputs = {"x": x}
    for own, name in stage.names.items():
        if name in parameters:
            inputs[own] = parameters[name]
    if stage.number and stage.kind != "batchnorm" and "b" not in inputs:
        W = inputs["W"]
        inputs["b"] = np.zeros(W.shape[0] if W.ndim == 4 else W.shape[1])
    return inputs


def unflatten(stage: Stage, dy: Array, shape: Sequence[int]) -> Array:
    """The gradient of a flattened image as an image again."""
    if len(shape) == 2:
        return dy
    places = ["NCHW".index(a) for a in stage.order]
    spread = dy.reshape(len(dy), *(shape[i] for i in places))
    return np.ascontiguousarray(spread.transpose([0, *(1 + stage.order.index(a) for a in "CHW")]))


def probe_of(stage: Stage, x: Array, y: Array, dy: Array, parameters: Arrays) -> LayerProbe:
    """The stage as a layer that was asked with this upstream gradient, with its exact gradients."""
    inputs = inputs_of(stage, x, parameters)
    if stage.kind == "flatten":
        truth = {"x": unflatten(stage, dy, x.shape)}
    elif stage.kind == "leaky_relu":
        truth = {"x": dy * slope("leaky_relu", x)}
    else:
        truth = gradients_of(stage.kind, inputs, dy, stage.options, y)
    return LayerProbe(stage.kind, inputs, dy, stage.options, y, truth, _NOTHING)


@dataclass
class CnnTrace:
    """One batch through the exact CNN.

    Attributes:
        values: the images, then each stage's output; the last are the logits.
        p: the outputs.
        scale: what multiplies the summed loss.
        delta: ∂L/∂logits.
        gradients: W1, b1, … of the loss and its penalty.
    """

    spec: CnnSpec
    parameters: dict[str, Array]
    t: Array
    values: list[Array]
    p: Array
    scale: float
    delta: Array
    loss: float
    gradients: dict[str, Array] = field(default_factory=dict)

    def rounding(self, name: str) -> float:
        """The size below which a tensor's gradient is rounding, beside that of the weights of its layer."""
        number = "".join(letter for letter in name if letter.isdigit())
        return 1e-6 * float(np.linalg.norm(self.gradients.get(f"W{number}", np.ones(1))))


def trace_cnn(spec: CnnSpec, parameters: Arrays, x: Array, t: Array) -> CnnTrace:
    """Everything about one batch: images (N, C, H, W), one-hot t (N, P)."""
    held = {k: np.asarray(v, float) for k, v in parameters.items()}
    values = [np.asarray(x, float)]
    for stage in spec.stages:
        values.append(forward_stage(stage, values[-1], held))
    z = values[-1]
    p = {"softmax": softmax, "sigmoid": sigmoid}.get(spec.output, lambda a: a)(z)
    scale = spec.factor / {"none": 1.0, "N": float(len(x)), "N*P": float(t.size)}[spec.divided_by]
    loss = scale * loss_sum(_plain(spec.loss), p, t) + 0.5 * spec.l2 * _squares(held)
    found = CnnTrace(spec, held, t, values, p, scale, scale * _delta(spec, z, p, t), loss)
    delta = found.delta
    for place in reversed(range(len(spec.stages))):
        stage = spec.stages[place]
        probe = probe_of(stage, values[place], values[place + 1], delta, held)
        for own, name in stage.names.items():
            if name in held:
                found.gradients[name] = probe.truth[own] + penalty_of(spec, name, held[name])
        delta = probe.truth["x"]
    return found


def penalty_of(spec: CnnSpec, name: str, values: Array) -> Array:
    """The penalty's gradient by one tensor; biases have none."""
    return spec.l2 * values if name[0] == "W" else np.zeros(values.shape)


def _squares(parameters: Arrays) -> float:
    return sum(float((v**2).sum()) for name, v in parameters.items() if name[0] == "W")


def _plain(loss: str) -> str:
    return "cross_entropy" if loss == "softmax_cross_entropy" else loss


def _delta(spec: CnnSpec, z: Array, p: Array, t: Array) -> Array:
    if spec.output == "softmax":
        return p - t if spec.loss == "softmax_cross_entropy" else through_softmax(loss_slope(spec.loss, p, t), p)
    if spec.output == "sigmoid" and spec.loss == "binary_cross_entropy":
        return p - t
    return loss_slope(_plain(spec.loss), p, t) * slope(spec.output, z)
