import numpy as np
class Optimizer:
    pass
class SGDMomentum(Optimizer):
    def __init__(self, lr=0.1, momentum=0.8):
        self.lr, self.momentum = lr, momentum
        self.v = {}
    def step(self, name, param, grad):
        if name not in self.v:
            self.v[name] = np.zeros_like(param)
        self.v[name] = self.momentum * self.v[name] + grad
        return param - self.lr * self.v[name]
class AdamOptimizer(Optimizer):
    def __init__(self, lr=0.001):
        self.lr = lr
        self.m, self.v, self.t = {}, {}, {}
    def __call__(self, key, w, dw):
        self.m.setdefault(key, np.zeros_like(w)); self.v.setdefault(key, np.zeros_like(w)); self.t.setdefault(key, 0)
        self.t[key] += 1
        self.m[key] = 0.9 * self.m[key] + 0.1 * dw
        self.v[key] = 0.999 * self.v[key] + 0.001 * dw**2
        a = self.lr * np.sqrt(1 - 0.999 ** self.t[key]) / (1 - 0.9 ** self.t[key])
        w -= a * self.m[key] / (np.sqrt(self.v[key]) + 1e-8)
        return w
