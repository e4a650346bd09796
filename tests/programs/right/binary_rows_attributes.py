# breast cancer, 30 features -> 16 -> 1
import numpy as np

class BinaryNet:
    def __init__(self, n_features, n_hidden=16, lr=0.05):
        self.lr = lr
        self.w1 = np.random.randn(n_features, n_hidden) / np.sqrt(n_features)
        self.b1 = np.zeros(n_hidden)
        self.w2 = np.random.randn(n_hidden, 1) / np.sqrt(n_hidden)
        self.b2 = np.zeros(1)

    def _sig(self, t):
        return 1. / (1. + np.exp(-t))

    def forward(self, X):
        self.X = X
        self.z1 = X @ self.w1 + self.b1
        self.a1 = np.maximum(self.z1, 0.)
        self.z2 = self.a1 @ self.w2 + self.b2
        self.yhat = self._sig(self.z2)
        return self.yhat

    def bce(self, y):
        eps = 1e-9
        p = self.yhat
        return -np.mean(y * np.log(p + eps) + (1 - y) * np.log(1 - p + eps))

    def backward(self, y):
        n = len(y)
        err = (self.yhat - y.reshape(-1, 1)) / n
        self.grad_w2 = self.a1.T @ err
        self.grad_b2 = err.sum(axis=0)
        back = err @ self.w2.T
        back = back * (self.z1 > 0)
        self.grad_w1 = self.X.T @ back
        self.grad_b1 = back.sum(axis=0)

    def fit(self, X, y, epochs=200):
        for _ in range(epochs):
            self.forward(X)
            self.backward(y)
            for name in ['w1', 'b1', 'w2', 'b2']:
                setattr(self, name, getattr(self, name) - self.lr * getattr(self, 'grad_' + name))
        return self
