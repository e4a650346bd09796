# expect: momentum_not_kept
import numpy as np


class SGD:
    def __init__(self, lr=0.05, momentum=0.0):
        self.lr = lr
        self.momentum = momentum
        self.velocities = {}

    def update(self, params, grads):
        for key in params:
            velocity = self.velocities.get(key, np.zeros_like(params[key]))
            velocity = self.momentum * velocity + grads[key]
            self.velocities[key] = velocity
            params[key] -= self.lr * grads[key]
