import numpy as np
class SGD:
    def __init__(self, lr=0.1, decay=1e-2):
        self.lr = lr
        self.decay = decay
        self.iterations = 0
    def step(self, params, grads):
        lr = self.lr / (1 + self.decay * self.iterations)
        for k in params:
            params[k] = params[k] - lr * grads[k]
        self.iterations += 1
