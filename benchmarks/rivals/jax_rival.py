"""JAX as a contestant: the whole loop in one compiled scan."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from problem import Problem

from handgrad.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, ReLU, Sigmoid, Tanh


def forward(layers: list[Any], arrays: list[dict[str, Any]], x: Any) -> Any:
    for layer, a in zip(layers, arrays, strict=True):
        if isinstance(layer, Flatten):
            x = x.reshape(len(x), -1)
        elif isinstance(layer, ReLU):
            x = jax.nn.relu(x)
        elif isinstance(layer, Tanh):
            x = jnp.tanh(x)
        elif isinstance(layer, Sigmoid):
            x = jax.nn.sigmoid(x)
        elif isinstance(layer, Dense):
            x = x @ a["W"] + a["b"]
        elif isinstance(layer, Conv2D):
            padding = layer.padding.upper()
            x = jax.lax.conv_general_dilated(x, a["W"], layer.stride, padding) + a["b"][:, None, None]
        elif isinstance(layer, MaxPool2D):
            window = (1, 1, *layer.kernel)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, (1, 1, *layer.stride), "VALID")
        elif isinstance(layer, BatchNorm):
            mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
            x = (x - mean) / jnp.sqrt(variance + layer.epsilon)
        else:
            raise TypeError(f"no rival for {layer!r}")
    return x


class Jax:
    """Trains the problem's net with SGD, momentum or Adam written in jax.numpy, all iterations in one scan."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.layers = problem.network.layers
        self.start = [{n: jnp.asarray(a.copy()) for n, a in arrays.items()} for _, arrays in problem.layers()]
        self.multipliers = [
            dict.fromkeys(arrays, layer.learning_rate_multiplier)
            for layer, arrays in zip(self.layers, self.start, strict=True)
        ]
        classes = problem.network.output_shape[-1]
        self.sets = {
            name: (jnp.asarray(problem.images(name)), jax.nn.one_hot(problem.labels(name), classes))
            for name in ("train", "test")
        }
        self.everything = problem.config.training.batch_size == "all"
        self.compiled: dict[int, Any] = {}

    def _objective(self, arrays: Any, x: Any, t: Any) -> Any:
        y = forward(self.layers, arrays, x)
        if self.problem.config.loss.type == "squared_error":
            losses = 0.5 * jnp.square(y - t).sum(1)
        else:
            losses = -(t * jax.nn.log_softmax(y)).sum(1)
        return losses.mean() if self.problem.config.loss.reduction == "mean" else losses.sum()

    def _update(self, theta: Any, memory: Any, grad: Any, step: Any) -> tuple[Any, Any]:
        settings, rate, each = self.problem.config.optimizer, self.problem.rate, jax.tree.map
        if settings.type == "sgd":
            return each(lambda p, g, m: p - rate * m * g, theta, grad, self.multipliers), memory
        if settings.type == "momentum":
            velocity = each(lambda v, g: settings.momentum * v + rate * g, memory, grad)
            return each(lambda p, v: p - v, theta, velocity), velocity
        first = each(lambda m, g: settings.beta1 * m + (1 - settings.beta1) * g, memory[0], grad)
        second = each(lambda v, g: settings.beta2 * v + (1 - settings.beta2) * g * g, memory[1], grad)
        c1, c2 = 1 - settings.beta1 ** (step + 1.0), 1 - settings.beta2 ** (step + 1.0)
        theta = each(lambda p, m, v: p - rate * (m / c1) / (jnp.sqrt(v / c2) + settings.epsilon), theta, first, second)
        return theta, (first, second)

    def _memory(self) -> Any:
        settings = self.problem.config.optimizer
        zeros = jax.tree.map(jnp.zeros_like, self.start)
        if settings.type == "momentum":
            return jax.tree.map(lambda z: z + settings.initial_velocity, zeros)
        return (zeros, zeros) if settings.type == "adam" else ()

    def _loop(self, theta: Any, memory: Any, order: Any, x: Any, t: Any) -> Any:
        def step(carried: Any, batch: Any) -> Any:
            theta, memory, k = carried
            shown = (x, t) if self.everything else (x[batch], t[batch])
            grad = jax.grad(self._objective)(theta, *shown)
            return (*self._update(theta, memory, grad, k), k + 1), None

        return jax.lax.scan(step, (theta, memory, 0), order)[0][0]

    def reset(self, iterations: int) -> None:
        order = self.problem.batches(iterations)
        self.order = jnp.asarray(order[:, :1] if self.everything else order)
        self.arguments = (self.start, self._memory(), self.order, *self.sets["train"])
        if iterations not in self.compiled:
            self.compiled[iterations] = jax.jit(self._loop).lower(*self.arguments).compile()
        self.run = self.compiled[iterations]

    def train(self) -> None:
        self.theta = jax.block_until_ready(self.run(*self.arguments))

    def loss(self) -> float:
        """Mean loss of the test images; not for nets with batch normalisation, whose averages are not kept here."""
        x, t = self.sets["test"]
        total = float(self._objective(self.theta, x, t))
        return total if self.problem.config.loss.reduction == "mean" else total / len(np.asarray(t))
