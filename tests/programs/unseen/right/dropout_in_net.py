import numpy as np


class MLPWithDropout:
    def __init__(self, sizes, keep_prob=0.8, seed=None):
        self.sizes = sizes
        self.keep_prob = keep_prob
        self.training = True
        if seed is not None:
            np.random.seed(seed)
        self.params = {}
        for i in range(1, len(sizes)):
            self.params[f"W{i}"] = np.random.randn(sizes[i - 1], sizes[i]) * np.sqrt(2 / sizes[i - 1])
            self.params[f"b{i}"] = np.zeros(sizes[i])

    @property
    def depth(self):
        return len(self.sizes) - 1

    def forward(self, X):
        self.cache = {"A0": X}
        A = X
        for i in range(1, self.depth):
            Z = A @ self.params[f"W{i}"] + self.params[f"b{i}"]
            A = np.maximum(Z, 0)
            self.cache[f"Z{i}"] = Z
            if self.training and self.keep_prob < 1:
                mask = (np.random.rand(*A.shape) < self.keep_prob) / self.keep_prob
                A = A * mask
                self.cache[f"M{i}"] = mask
            self.cache[f"A{i}"] = A
        scores = A @ self.params[f"W{self.depth}"] + self.params[f"b{self.depth}"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def loss(self, y):
        return -np.log(self.probs[np.arange(len(y)), y]).mean()

    def backward(self, y):
        grads = {}
        dZ = self.probs.copy()
        dZ[np.arange(len(y)), y] -= 1
        dZ /= len(y)
        for i in range(self.depth, 0, -1):
            grads[f"W{i}"] = self.cache[f"A{i - 1}"].T @ dZ
            grads[f"b{i}"] = dZ.sum(axis=0)
            if i > 1:
                dA = dZ @ self.params[f"W{i}"].T
                if self.training and self.keep_prob < 1:
                    dA = dA * self.cache[f"M{i - 1}"]
                dZ = dA * (self.cache[f"Z{i - 1}"] > 0)
        return grads

    def predict(self, X):
        self.training = False
        out = self.forward(X).argmax(axis=1)
        self.training = True
        return out
