"""JAX as an outside judge: layers, losses and penalty written once more, for automatic differentiation."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handgrad.layers import Layer
from handgrad.network import Network

LAYERS = {
    "Dense": lambda x, W, b: x @ W + b,
    "Flatten": lambda x: x.reshape(len(x), -1),
    "Identity": lambda x: x,
    "ReLU": jax.nn.relu,
    "Sigmoid": jax.nn.sigmoid,
    "Softmax": lambda x: jax.nn.softmax(x, axis=1),
    "Tanh": jnp.tanh,
}

LOSSES = {
    "softmax_cross_entropy": lambda y, t: -(t * jax.nn.log_softmax(y, axis=1)).sum(axis=1),
    "cross_entropy": lambda y, t: -(t * jnp.log(y)).sum(axis=1),
    "binary_cross_entropy": lambda y, t: -(t * jnp.log(y) + (1 - t) * jnp.log(1 - y)).sum(axis=1),
    "squared_error": lambda y, t: ((y - t) ** 2).sum(axis=1) / 2,
}


def reduce(losses: Any, reduction: str, weights: Any = None) -> Any:
    """Σwℓ/Σw or Σwℓ."""
    w = jnp.ones_like(losses) if weights is None else weights
    total = (w * losses).sum()
    return total / w.sum() if reduction == "mean" else total


def forward(layers: Sequence[Layer], parameters: dict[str, Any], x: Any) -> Any:
    """The network's output."""
    for i, layer in enumerate(layers):
        own = {name.split(".")[1]: a for name, a in parameters.items() if name.split(".")[0] == str(i)}
        x = LAYERS[type(layer).__name__](x, **own)
    return x


def gradient(
    net: Network,
    loss: str,
    reduction: str,
    x: Any,
    t: Any,
    weights: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[float, dict[str, np.ndarray]]:
    """Loss with penalty of the network's present parameters, and its gradient by each of them and by "x"."""

    def value(inputs: dict[str, Any]) -> Any:
        parameters = {name: a for name, a in inputs.items() if name != "x"}
        losses = LOSSES[loss](forward(net.layers, parameters, inputs["x"]), t)
        W = [a for name, a in parameters.items() if name.endswith(".W")]
        penalty = sum(l1 * jnp.abs(a).sum() + l2 / 2 * (a**2).sum() for a in W)
        return reduce(losses, reduction, weights) + penalty

    found, gradients = jax.value_and_grad(value)({**net.parameters, "x": x})
    return float(found), {name: np.asarray(a) for name, a in gradients.items()}
