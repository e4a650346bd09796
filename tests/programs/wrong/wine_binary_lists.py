# wine quality good / bad
import numpy as np

def logistic(x): return 1/(1+np.exp(-x))

class Classifier:
    def __init__(self, dims):
        self.Ws = [np.random.randn(dims[i], dims[i+1])*0.5 for i in range(len(dims)-1)]
        self.bs = [np.zeros((1, d)) for d in dims[1:]]

    def run(self, X):
        self.hs = [X]
        for W, b in zip(self.Ws, self.bs):
            self.hs.append(logistic(self.hs[-1] @ W + b))
        return self.hs[-1]

    def loss(self, y):
        p = self.hs[-1]
        return np.mean(-y*np.log(p) - (1-y)*np.log(1-p))

    def grads(self, y):
        dWs, dbs = [], []
        p = self.hs[-1]
        delta = (p - y) * p * (1 - p) / len(y)
        for i in range(len(self.Ws)-1, -1, -1):
            dWs.insert(0, self.hs[i].T @ delta)
            dbs.insert(0, np.sum(delta, axis=0, keepdims=True))
            delta = delta @ self.Ws[i].T * self.hs[i] * (1 - self.hs[i])
        return dWs, dbs
