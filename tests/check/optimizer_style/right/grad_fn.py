import numpy as np
class Nesterov:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, 0.0
    def step(self, w, grad_fn):
        lookahead = w - self.momentum * self.v
        g = grad_fn(lookahead)
        self.v = self.momentum * self.v + self.lr * g
        return w - self.v
