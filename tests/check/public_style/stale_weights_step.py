import numpy as np

class Net:
    def __init__(self, d, h, k):
        self.W1, self.b1 = np.random.randn(d, h) * .1, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * .1, np.zeros(k)

    def predict(self, X):
        H = np.maximum(0, X @ self.W1 + self.b1)
        S = H @ self.W2 + self.b2
        E = np.exp(S - S.max(1, keepdims=True))
        return E / E.sum(1, keepdims=True)

    def step(self, X, Y, lr):
        Z = X @ self.W1 + self.b1
        H = np.maximum(0, Z)
        P = self.predict(X)
        D = (P - Y) / len(X)
        self.W2 = self.W2 - lr * H.T @ D
        self.b2 = self.b2 - lr * D.sum(0)
        D1 = D @ self.W2.T * (Z > 0)
        self.W1 = self.W1 - lr * X.T @ D1
        self.b1 = self.b1 - lr * D1.sum(0)
        return -np.sum(Y * np.log(P)) / len(X)
