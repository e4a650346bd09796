import numpy as np

class MLP:
    """W is (out, in), X is (N, in). The hand-over forgets which way round."""
    def __init__(self, n_features, n_hidden, n_classes):
        self.W1 = np.random.randn(n_hidden, n_features) * .1
        self.W2 = np.random.randn(n_hidden, n_hidden) * .1
        self.W3 = np.random.randn(n_classes, n_hidden) * .1

    def forward(self, X):
        self.A0 = X
        self.A1 = np.tanh(X @ self.W1.T)
        self.A2 = np.tanh(self.A1 @ self.W2.T)
        Z = self.A2 @ self.W3.T
        Z = Z - Z.max(axis=1, keepdims=True)
        self.P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        return self.P

    def loss(self, P, Y):
        return -(Y * np.log(P)).sum() / Y.shape[0]

    def backward(self, Y):
        D3 = (self.P - Y) / Y.shape[0]
        D2 = (D3 @ self.W3) * (1 - self.A2**2)
        D1 = (D2 @ self.W2.T) * (1 - self.A1**2)
        return {"W1": D1.T @ self.A0, "W2": D2.T @ self.A1, "W3": D3.T @ self.A2}
