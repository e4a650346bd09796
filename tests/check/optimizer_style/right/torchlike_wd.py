import numpy as np
class SGD:
    def __init__(self, parameters, lr=0.1, momentum=0.0, weight_decay=0.0, nesterov=False):
        self.parameters = parameters
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.buf = [None] * len(parameters)
    def zero_grad(self):
        for p in self.parameters:
            p.grad = None
    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is None:
                continue
            g = p.grad
            if self.weight_decay:
                g = g + self.weight_decay * p.data
            if self.momentum:
                if self.buf[i] is None:
                    self.buf[i] = g.copy()
                else:
                    self.buf[i] = self.momentum * self.buf[i] + g
                g = g + self.momentum * self.buf[i] if self.nesterov else self.buf[i]
            p.data = p.data - self.lr * g
