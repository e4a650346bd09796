import numpy as np
class SGD:
    def __init__(self, lr):
        self.lr = lr
    def step(self, params, grads):
        for p, g in zip(params, grads):
            p -= self.lr * g
class RMSProp:
    def __init__(self, lr, decay=0.99, eps=1e-6):
        self.lr = lr; self.decay = decay; self.eps = eps
        self.cache = None
    def step(self, params, grads):
        if self.cache is None:
            self.cache = [np.zeros_like(p) for p in params]
        for c, p, g in zip(self.cache, params, grads):
            c *= self.decay
            c += (1 - self.decay) * g * g
            p -= self.lr * g / (np.sqrt(c) + self.eps)
