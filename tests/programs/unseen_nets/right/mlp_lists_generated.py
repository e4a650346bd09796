"""
Multi-Layer Perceptron implemented from scratch using only NumPy.

Features:
- Arbitrary number of hidden layers
- ReLU / tanh / sigmoid hidden activations, softmax output
- Mini-batch gradient descent
- He / Xavier initialization
"""

from typing import Dict, List, Tuple

import numpy as np


class MLP:
    def __init__(self, layer_sizes: List[int], activation: str = "relu", learning_rate: float = 0.01, seed: int = 42):
        self.layer_sizes = layer_sizes
        self.num_layers = len(layer_sizes) - 1
        self.activation_name = activation
        self.learning_rate = learning_rate
        self.rng = np.random.default_rng(seed)
        self.weights: List[np.ndarray] = []
        self.biases: List[np.ndarray] = []
        self._initialize_parameters()

    def _initialize_parameters(self) -> None:
        for fan_in, fan_out in zip(self.layer_sizes[:-1], self.layer_sizes[1:]):
            scale = np.sqrt(2.0 / fan_in) if self.activation_name == "relu" else np.sqrt(1.0 / fan_in)
            self.weights.append(self.rng.standard_normal((fan_in, fan_out)) * scale)
            self.biases.append(np.zeros((1, fan_out)))

    def _activation(self, z: np.ndarray) -> np.ndarray:
        if self.activation_name == "relu":
            return np.maximum(0, z)
        if self.activation_name == "tanh":
            return np.tanh(z)
        if self.activation_name == "sigmoid":
            return 1 / (1 + np.exp(-z))
        raise ValueError(f"Unknown activation: {self.activation_name}")

    def _activation_derivative(self, z: np.ndarray) -> np.ndarray:
        if self.activation_name == "relu":
            return (z > 0).astype(float)
        if self.activation_name == "tanh":
            return 1 - np.tanh(z) ** 2
        if self.activation_name == "sigmoid":
            s = 1 / (1 + np.exp(-z))
            return s * (1 - s)
        raise ValueError(f"Unknown activation: {self.activation_name}")

    @staticmethod
    def _softmax(z: np.ndarray) -> np.ndarray:
        exp_z = np.exp(z - np.max(z, axis=1, keepdims=True))
        return exp_z / np.sum(exp_z, axis=1, keepdims=True)

    def forward(self, X: np.ndarray) -> Tuple[np.ndarray, Dict[str, List[np.ndarray]]]:
        """Forward pass. Returns the predictions and a cache for backprop."""
        cache: Dict[str, List[np.ndarray]] = {"activations": [X], "pre_activations": []}
        a = X
        for i in range(self.num_layers):
            z = a @ self.weights[i] + self.biases[i]
            cache["pre_activations"].append(z)
            a = self._softmax(z) if i == self.num_layers - 1 else self._activation(z)
            cache["activations"].append(a)
        return a, cache

    def compute_loss(self, y_pred: np.ndarray, y_true: np.ndarray) -> float:
        """Categorical cross-entropy loss."""
        eps = 1e-12
        y_pred = np.clip(y_pred, eps, 1 - eps)
        return float(-np.mean(np.sum(y_true * np.log(y_pred), axis=1)))

    def backward(
        self, y_true: np.ndarray, cache: Dict[str, List[np.ndarray]]
    ) -> Tuple[List[np.ndarray], List[np.ndarray]]:
        """Backward pass. Returns gradients of weights and biases."""
        m = y_true.shape[0]
        activations, pre_activations = cache["activations"], cache["pre_activations"]
        dW: List[np.ndarray] = [np.empty(0)] * self.num_layers
        db: List[np.ndarray] = [np.empty(0)] * self.num_layers

        dz = activations[-1] - y_true
        for i in range(self.num_layers - 1, -1, -1):
            dW[i] = activations[i].T @ dz / m
            db[i] = np.sum(dz, axis=0, keepdims=True) / m
            if i > 0:
                da = dz @ self.weights[i].T
                dz = da * self._activation_derivative(pre_activations[i - 1])
        return dW, db

    def update_parameters(self, dW: List[np.ndarray], db: List[np.ndarray]) -> None:
        for i in range(self.num_layers):
            self.weights[i] -= self.learning_rate * dW[i]
            self.biases[i] -= self.learning_rate * db[i]

    def fit(self, X: np.ndarray, y: np.ndarray, epochs: int = 100, batch_size: int = 32, verbose: bool = True) -> None:
        n_samples = X.shape[0]
        for epoch in range(1, epochs + 1):
            indices = self.rng.permutation(n_samples)
            X_shuffled, y_shuffled = X[indices], y[indices]
            for start in range(0, n_samples, batch_size):
                X_batch = X_shuffled[start : start + batch_size]
                y_batch = y_shuffled[start : start + batch_size]
                _, cache = self.forward(X_batch)
                dW, db = self.backward(y_batch, cache)
                self.update_parameters(dW, db)
            if verbose and epoch % 10 == 0:
                y_pred, _ = self.forward(X)
                print(f"Epoch {epoch:4d} | Loss: {self.compute_loss(y_pred, y):.4f}")

    def predict(self, X: np.ndarray) -> np.ndarray:
        probs, _ = self.forward(X)
        return np.argmax(probs, axis=1)


def make_spirals(n_per_class: int = 100, n_classes: int = 3) -> Tuple[np.ndarray, np.ndarray]:
    X, y = [], []
    for c in range(n_classes):
        r = np.linspace(0.0, 1.0, n_per_class)
        t = np.linspace(c * 4, (c + 1) * 4, n_per_class) + np.random.randn(n_per_class) * 0.2
        X.append(np.c_[r * np.sin(t), r * np.cos(t)])
        y.append(np.full(n_per_class, c))
    return np.vstack(X), np.concatenate(y)


if __name__ == "__main__":
    X, labels = make_spirals()
    model = MLP([2, 64, 32, 3], activation="relu", learning_rate=0.1)
    model.fit(X, np.eye(3)[labels], epochs=200)
    print("accuracy:", np.mean(model.predict(X) == labels))
