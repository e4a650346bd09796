# expect: optimizer_state_shared

import numpy as np
class Adam:
    m = {}
    v = {}
    t = 0
    def __init__(self, lr=0.001):
        self.lr = lr
    def update(self, params, grads):
        Adam.t += 1
        for k in params:
            self.m[k] = 0.9 * self.m.get(k, 0) + 0.1 * grads[k]
            self.v[k] = 0.999 * self.v.get(k, 0) + 0.001 * grads[k] ** 2
            params[k] -= self.lr * (self.m[k] / (1 - 0.9 ** self.t)) / (np.sqrt(self.v[k] / (1 - 0.999 ** self.t)) + 1e-8)
