import numpy as np
rng = np.random.RandomState(0)

class MLP(object):
    def __init__(self, sizes=[784, 30, 20, 10]):
        self.sizes = sizes
        self.W = [rng.randn(n, m) / np.sqrt(n) for n, m in zip(sizes[:-1], sizes[1:])]
        self.b = [np.zeros(m) for m in sizes[1:]]

    def forward(self, x):
        self.hs = [x]
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            s = self.hs[-1].dot(W) + b
            self.hs.append(np.tanh(s) if i < len(self.W) - 1 else s)
        s = self.hs.pop()
        e = np.exp(s - s.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def gradients(self, x, labels):
        p = self.forward(x)
        d = p.copy()
        d[np.arange(len(x)), labels] -= 1
        d /= len(x)
        dWs, dbs = [], []
        for i in reversed(range(len(self.W))):
            dWs.insert(0, self.hs[i].T.dot(d))
            dbs.insert(0, d.sum(0))
            if i > 0:
                d = d.dot(self.W[i].T) * (1 - self.hs[i] ** 2)
        return dWs, dbs

    def loss(self, x, labels):
        return -np.log(self.forward(x)[np.arange(len(x)), labels]).mean()
