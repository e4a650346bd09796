# expect: memory_for_all

import numpy as np
class RMSprop:
    def __init__(self, lr=0.01, rho=0.9, eps=1e-8):
        self.lr, self.rho, self.eps, self.s = lr, rho, eps, 0.0
    def step(self, params, grads):
        out = []
        for p, g in zip(params, grads):
            self.s = self.rho * self.s + (1 - self.rho) * g * g
            out.append(p - self.lr * g / (np.sqrt(self.s) + self.eps))
        return out
