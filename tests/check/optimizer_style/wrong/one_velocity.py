# expect: memory_for_all

import numpy as np
class Momentum:
    def __init__(self, lr=0.1, mu=0.9):
        self.lr, self.mu = lr, mu
        self.v = 0
    def update(self, params, grads):
        for k in params:
            self.v = self.mu * self.v - self.lr * grads[k]
            params[k] += self.v
