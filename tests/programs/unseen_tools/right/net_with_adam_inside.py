import numpy as np


class NeuralNet:
    """Two-layer classifier that trains itself with Adam."""

    def __init__(self, n_in, n_hidden, n_out, lr=0.001, seed=42):
        rng = np.random.RandomState(seed)
        self.W1 = rng.randn(n_in, n_hidden) * np.sqrt(2.0 / n_in)
        self.b1 = np.zeros(n_hidden)
        self.W2 = rng.randn(n_hidden, n_out) * np.sqrt(2.0 / n_hidden)
        self.b2 = np.zeros(n_out)
        self.lr = lr
        self.t = 0
        names = ["W1", "b1", "W2", "b2"]
        self.m = {k: np.zeros_like(getattr(self, k)) for k in names}
        self.v = {k: np.zeros_like(getattr(self, k)) for k in names}

    def forward(self, X):
        self.X = X
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.maximum(0, self.z1)
        logits = self.a1 @ self.W2 + self.b2
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def loss(self, y):
        n = len(y)
        return -np.mean(np.log(self.probs[np.arange(n), y] + 1e-12))

    def backward(self, y):
        n = len(y)
        d2 = self.probs.copy()
        d2[np.arange(n), y] -= 1
        d2 /= n
        grads = {}
        grads["W2"] = self.a1.T @ d2
        grads["b2"] = d2.sum(axis=0)
        d1 = d2 @ self.W2.T
        d1[self.z1 <= 0] = 0
        grads["W1"] = self.X.T @ d1
        grads["b1"] = d1.sum(axis=0)
        return grads

    def adam_step(self, grads, beta1=0.9, beta2=0.999, eps=1e-8):
        self.t += 1
        for k, g in grads.items():
            self.m[k] = beta1 * self.m[k] + (1 - beta1) * g
            self.v[k] = beta2 * self.v[k] + (1 - beta2) * g**2
            m_hat = self.m[k] / (1 - beta1**self.t)
            v_hat = self.v[k] / (1 - beta2**self.t)
            setattr(self, k, getattr(self, k) - self.lr * m_hat / (np.sqrt(v_hat) + eps))

    def train(self, X, y, epochs=50, batch_size=32):
        history = []
        for epoch in range(epochs):
            order = np.random.permutation(len(X))
            total = 0.0
            for start in range(0, len(X), batch_size):
                idx = order[start : start + batch_size]
                self.forward(X[idx])
                total += self.loss(y[idx]) * len(idx)
                self.adam_step(self.backward(y[idx]))
            history.append(total / len(X))
        return history

    def predict(self, X):
        return np.argmax(self.forward(X), axis=1)


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 8))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0)
    net = NeuralNet(8, 32, 3, lr=0.01)
    h = net.train(X, y)
    print(h[0], "->", h[-1], "accuracy", np.mean(net.predict(X) == y))
