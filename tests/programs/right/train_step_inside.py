import numpy as np

class FeedForward:
    def __init__(self, input_dim=784, hidden=(100, 100), classes=10, lr=0.1, seed=1):
        np.random.seed(seed)
        dims = [input_dim, *hidden, classes]
        self.weights = [np.random.normal(0, 0.1, (a, b)) for a, b in zip(dims[:-1], dims[1:])]
        self.biases = [np.zeros(b) for b in dims[1:]]
        self.lr = lr

    def predict(self, X):
        a = X
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = a @ w + b
            a = np.maximum(z, 0) if i < len(self.weights) - 1 else self._softmax(z)
        return a

    @staticmethod
    def _softmax(z):
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def train_step(self, X, Y):
        """one sgd step, returns the mean cross entropy before it"""
        acts, zs = [X], []
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            zs.append(acts[-1] @ w + b)
            acts.append(np.maximum(zs[-1], 0) if i < len(self.weights) - 1 else self._softmax(zs[-1]))
        loss = -np.mean(np.sum(Y * np.log(acts[-1] + 1e-15), axis=1))
        delta = (acts[-1] - Y) / X.shape[0]
        dws, dbs = [], []
        for i in reversed(range(len(self.weights))):
            dws.insert(0, acts[i].T @ delta)
            dbs.insert(0, delta.sum(axis=0))
            if i:
                delta = (delta @ self.weights[i].T) * (zs[i - 1] > 0)
        for i in range(len(self.weights)):
            self.weights[i] -= self.lr * dws[i]
            self.biases[i] -= self.lr * dbs[i]
        return loss
