import numpy as np
class SGD:
    def __init__(self, lr=0.01, momentum=0.9, nesterov=True, decay=1e-3):
        self.lr, self.momentum, self.nesterov, self.decay = lr, momentum, nesterov, decay
        self.v = None
        self.it = 0
    def update(self, params, grads):
        if self.v is None: self.v = [np.zeros_like(p) for p in params]
        lr = self.lr / (1 + self.decay * self.it)
        self.it += 1
        for i in range(len(params)):
            self.v[i] = self.momentum * self.v[i] - lr * grads[i]
            params[i] += self.momentum * self.v[i] - lr * grads[i] if self.nesterov else self.v[i]
class Adam:
    def __init__(self, lr=0.01, decay=1e-2):
        self.lr, self.decay, self.t, self.m, self.v = lr, decay, 0, {}, {}
    def update(self, params, grads):
        self.t += 1
        lr = self.lr / (1 + self.decay * self.t)
        for k in params:
            self.m[k] = 0.9 * self.m.get(k, 0) + 0.1 * grads[k]
            self.v[k] = 0.999 * self.v.get(k, 0) + 0.001 * grads[k]**2
            params[k] -= lr * self.m[k] / (1 - 0.9**self.t) / (np.sqrt(self.v[k] / (1 - 0.999**self.t)) + 1e-8)
