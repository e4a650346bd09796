import numpy as np
class Momentum:
    def __init__(self, lr=0.1, mu=0.9):
        self.lr, self.mu = lr, mu
        self.v = {}
    def update(self, params, grads):
        for k in params:
            if k not in self.v: self.v[k] = 0
            self.v[k] = self.mu * self.v[k] - self.lr * grads[k]
            params[k] += self.v[k]
def momentum(params, grads, lr, mu, velocity):
    for i in range(len(params)):
        velocity[i][:] = mu * velocity[i] + lr * grads[i]
        params[i][:] -= velocity[i]
