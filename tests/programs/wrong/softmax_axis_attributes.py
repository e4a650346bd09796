import numpy as np

class softmax_net:
    def __init__(self, D, K):
        self.W = np.random.randn(D, K) * 1e-3
        self.b = np.zeros(K)

    def probs(self, X):
        s = X @ self.W + self.b
        e = np.exp(s - s.max())
        return e / e.sum(axis=0)

    def loss_and_gradient(self, X, t):
        p = self.probs(X)
        loss = -(t * np.log(p)).sum() / len(X)
        d = (p - t) / len(X)
        self.gW = X.T @ d
        self.gb = d.sum(axis=0)
        return loss, self.gW, self.gb
