"""Optimizers for the final project"""
import numpy as np

class Optimizer:
    def __init__(self, lr):
        self.lr = lr
        self.t = 0
        self.state = {}

    def step(self, name, theta, g):
        raise NotImplementedError

class RMSProp(Optimizer):
    def __init__(self, lr=1e-3, rho=0.9, eps=1e-8):
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def step(self, name, theta, g):
        s = self.state.get(name, np.zeros_like(theta))
        s = self.rho * s + (1 - self.rho) * g
        self.state[name] = s
        return theta - self.lr * g / (np.sqrt(np.abs(s)) + self.eps)

class Adam(Optimizer):
    def __init__(self, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
        super().__init__(lr)
        self.b1, self.b2, self.eps = b1, b2, eps

    def step(self, name, theta, g):
        m, v = self.state.get(name, (np.zeros_like(theta), np.zeros_like(theta)))
        self.t += 1
        m = self.b1 * m + (1 - self.b1) * g
        v = self.b2 * v + (1 - self.b2) * g * g
        m = m / (1 - self.b1 ** self.t)
        v = v / (1 - self.b2 ** self.t)
        self.state[name] = (m, v)
        return theta - self.lr * m / (np.sqrt(v) + self.eps)
