# 784 - 100 - 100 - 10 as in the assignment, but sizes are arguments
import numpy as np

class MLP:
    def __init__(self, n_in, n_h1, n_h2, n_out, seed=0):
        rng = np.random.default_rng(seed)
        self.W1 = rng.normal(0, 0.1, (n_in, n_h1));  self.b1 = np.zeros(n_h1)
        self.W2 = rng.normal(0, 0.1, (n_h1, n_h2));  self.b2 = np.zeros(n_h2)
        self.W3 = rng.normal(0, 0.1, (n_h2, n_out)); self.b3 = np.zeros(n_out)

    def forward(self, X):
        self.X = X
        self.Z1 = X @ self.W1 + self.b1
        self.H1 = np.maximum(self.Z1, 0)
        self.Z2 = self.H1 @ self.W2 + self.b2
        self.H2 = np.maximum(self.Z2, 0)
        self.Z3 = self.H2 @ self.W3 + self.b3
        e = np.exp(self.Z3 - np.max(self.Z3, axis=1, keepdims=True))
        self.P = e / np.sum(e, axis=1, keepdims=True)
        return self.P

    def loss(self, T):
        return -np.sum(T * np.log(self.P + 1e-12)) / T.shape[0]

    def backward(self, T):
        N = T.shape[0]
        d3 = (self.P - T) / N
        self.dW3 = self.H2.T @ d3
        self.db3 = d3.sum(axis=0)
        d2 = (d3 @ self.W3.T) * (self.Z2 > 0)
        self.dW2 = self.H1.T @ d2
        self.db2 = d2.sum(axis=0)
        d1 = (d2 @ self.W2.T) * (self.Z1 > 0)
        self.dW1 = self.X.T @ d1
        self.db1 = d1.sum(axis=0)

    def step(self, lr):
        self.W1 -= lr * self.dW1; self.b1 -= lr * self.db1
        self.W2 -= lr * self.dW2; self.b2 -= lr * self.db2
        self.W3 -= lr * self.dW3; self.b3 -= lr * self.db3
