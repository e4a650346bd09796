import numpy as np
class AdamW:
    def __init__(self, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.1):
        self.lr, self.b1, self.b2, self.eps, self.wd = lr, b1, b2, eps, weight_decay
        self.t = 0
        self.ms, self.vs = None, None
    def update(self, layers, grads):
        if self.ms is None:
            self.ms = [{k: np.zeros_like(a) for k, a in l.items()} for l in layers]
            self.vs = [{k: np.zeros_like(a) for k, a in l.items()} for l in layers]
        self.t += 1
        for l, g, m, v in zip(layers, grads, self.ms, self.vs):
            for k in l:
                m[k] = self.b1 * m[k] + (1 - self.b1) * g[k]
                v[k] = self.b2 * v[k] + (1 - self.b2) * g[k] ** 2
                l[k] -= self.lr * self.wd * l[k]
                l[k] -= self.lr * (m[k] / (1 - self.b1 ** self.t)) / (np.sqrt(v[k] / (1 - self.b2 ** self.t)) + self.eps)
