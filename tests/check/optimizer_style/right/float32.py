import numpy as np
class Adam(object):
    def __init__(self, params, lr=3e-4, betas=(0.9, 0.98), eps=1e-9):
        self.params = [p.astype(np.float32) for p in params]
        self.lr = np.float32(lr)
        self.b1, self.b2 = betas
        self.eps = eps
        self.t = 0
        self.m = [np.zeros_like(p) for p in self.params]
        self.v = [np.zeros_like(p) for p in self.params]
    def step(self, grads):
        self.t += 1
        for i, g in enumerate(grads):
            g = g.astype(np.float32)
            self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * g
            self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * np.square(g)
            mh = self.m[i] / (1 - self.b1 ** self.t)
            vh = self.v[i] / (1 - self.b2 ** self.t)
            self.params[i] = (self.params[i] - self.lr * mh / (np.sqrt(vh) + self.eps)).astype(np.float32)
        return self.params
