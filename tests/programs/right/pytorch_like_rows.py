from __future__ import annotations
from dataclasses import dataclass, field
import numpy as np


@dataclass
class Linear:
    in_features: int
    out_features: int
    weight: np.ndarray = field(init=False)
    bias: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        k = 1 / np.sqrt(self.in_features)
        self.weight = np.random.uniform(-k, k, (self.out_features, self.in_features))
        self.bias = np.random.uniform(-k, k, self.out_features)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return x @ self.weight.T + self.bias


class Model:
    """Two fully connected layers with tanh, `weight` is (out, in) like in torch."""

    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        self.fc1 = Linear(n_in, n_hidden)
        self.fc2 = Linear(n_hidden, n_out)

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        self.h = np.tanh(self.fc1(x))
        return self.fc2(self.h)

    def loss(self, logits: np.ndarray, y: np.ndarray) -> float:
        logits = logits - logits.max(axis=-1, keepdims=True)
        log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        return float(-log_probs[np.arange(len(y)), y].mean())

    def backward(self, logits: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        n = logits.shape[0]
        e = np.exp(logits - logits.max(axis=-1, keepdims=True))
        g = e / e.sum(axis=-1, keepdims=True)
        g[np.arange(n), y] -= 1
        g /= n
        dh = g @ self.fc2.weight
        dz = dh * (1 - np.square(self.h))
        return {
            "fc2.weight": g.T @ self.h,
            "fc2.bias": g.sum(axis=0),
            "fc1.weight": dz.T @ self.x,
            "fc1.bias": dz.sum(axis=0),
        }
