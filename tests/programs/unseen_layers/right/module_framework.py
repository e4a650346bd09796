"""
A tiny PyTorch-like framework written from scratch with NumPy only.

Modules keep Parameters, a Sequential container chains them, and backward() fills `param.grad`.
"""

from __future__ import annotations

import math
from typing import Iterator, List, Tuple

import numpy as np


class Parameter:
    """A tensor with a gradient."""

    def __init__(self, data: np.ndarray):
        self.data = data
        self.grad = np.zeros_like(data)

    def zero_grad(self) -> None:
        self.grad = np.zeros_like(self.data)


class Module:
    def __init__(self):
        self.training = True

    def forward(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def backward(self, grad: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def parameters(self) -> Iterator[Parameter]:
        for value in self.__dict__.values():
            if isinstance(value, Parameter):
                yield value
            elif isinstance(value, Module):
                yield from value.parameters()

    def train(self, mode: bool = True) -> "Module":
        self.training = mode
        for value in self.__dict__.values():
            if isinstance(value, Module):
                value.train(mode)
        return self

    def eval(self) -> "Module":
        return self.train(False)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.forward(x)


class Linear(Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        bound = 1.0 / math.sqrt(in_features)
        self.weight = Parameter(np.random.uniform(-bound, bound, (out_features, in_features)))
        self.bias = Parameter(np.random.uniform(-bound, bound, out_features)) if bias else None
        self._x = None

    def forward(self, x):
        self._x = x
        out = x @ self.weight.data.T
        if self.bias is not None:
            out = out + self.bias.data
        return out

    def backward(self, grad):
        self.weight.grad += grad.T @ self._x
        if self.bias is not None:
            self.bias.grad += grad.sum(axis=0)
        return grad @ self.weight.data


class ReLU(Module):
    def forward(self, x):
        self._mask = x > 0
        return np.where(self._mask, x, 0.0)

    def backward(self, grad):
        return grad * self._mask


class LeakyReLU(Module):
    def __init__(self, negative_slope: float = 0.01):
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, x):
        self._x = x
        return np.where(x > 0, x, self.negative_slope * x)

    def backward(self, grad):
        return grad * np.where(self._x > 0, 1.0, self.negative_slope)


class BatchNorm1d(Module):
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.gamma = Parameter(np.ones(num_features))
        self.beta = Parameter(np.zeros(num_features))
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x):
        if self.training:
            mean = x.mean(axis=0)
            var = x.var(axis=0)
            n = x.shape[0]
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var
        self._inv_std = 1.0 / np.sqrt(var + self.eps)
        self._x_hat = (x - mean) * self._inv_std
        return self.gamma.data * self._x_hat + self.beta.data

    def backward(self, grad):
        self.gamma.grad += np.sum(grad * self._x_hat, axis=0)
        self.beta.grad += np.sum(grad, axis=0)
        dx_hat = grad * self.gamma.data
        if not self.training:
            return dx_hat * self._inv_std
        return self._inv_std * (dx_hat - dx_hat.mean(axis=0) - self._x_hat * (dx_hat * self._x_hat).mean(axis=0))


class Dropout(Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            self._mask = None
            return x
        self._mask = (np.random.rand(*x.shape) >= self.p) / (1 - self.p)
        return x * self._mask

    def backward(self, grad):
        return grad if self._mask is None else grad * self._mask


class Sequential(Module):
    def __init__(self, *layers: Module):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def parameters(self):
        for layer in self.layers:
            yield from layer.parameters()

    def train(self, mode: bool = True):
        self.training = mode
        for layer in self.layers:
            layer.train(mode)
        return self


class CrossEntropyLoss:
    """Softmax + negative log likelihood, averaged over the batch."""

    def __call__(self, logits: np.ndarray, targets: np.ndarray) -> float:
        return self.forward(logits, targets)

    def forward(self, logits, targets):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self._probs = np.exp(log_probs)
        self._targets = targets
        return -log_probs[np.arange(len(targets)), targets].mean()

    def backward(self):
        grad = self._probs.copy()
        grad[np.arange(len(self._targets)), self._targets] -= 1.0
        return grad / len(self._targets)


class SGD:
    def __init__(self, params, lr: float = 0.01, momentum: float = 0.0, weight_decay: float = 0.0):
        self.params: List[Parameter] = list(params)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocity = [np.zeros_like(p.data) for p in self.params]

    def zero_grad(self) -> None:
        for p in self.params:
            p.zero_grad()

    def step(self) -> None:
        for p, v in zip(self.params, self.velocity):
            g = p.grad + self.weight_decay * p.data
            v *= self.momentum
            v += g
            p.data -= self.lr * v


def batches(X: np.ndarray, y: np.ndarray, size: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
    order = np.random.permutation(len(X))
    for start in range(0, len(X), size):
        idx = order[start : start + size]
        yield X[idx], y[idx]


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 20))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0).astype(int)

    model = Sequential(
        Linear(20, 32),
        BatchNorm1d(32),
        ReLU(),
        Dropout(0.2),
        Linear(32, 16),
        LeakyReLU(0.1),
        Linear(16, 3),
    )
    criterion = CrossEntropyLoss()
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

    for epoch in range(20):
        model.train()
        total = 0.0
        for xb, yb in batches(X, y, 32):
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            model.backward(criterion.backward())
            optimizer.step()
            total += loss * len(xb)
        model.eval()
        accuracy = (model(X).argmax(axis=1) == y).mean()
        print(f"epoch {epoch + 1:2d}  loss {total / len(X):.4f}  accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
