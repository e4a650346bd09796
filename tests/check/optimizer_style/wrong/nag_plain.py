# expect: nesterov_is_momentum

import numpy as np
class NAG:
    """Nesterov accelerated gradient"""
    def __init__(self, eta=0.01, gamma=0.9):
        self.eta, self.gamma = eta, gamma
        self.v = {}
    def step(self, weights, gradients):
        for i in range(len(weights)):
            self.v[i] = self.gamma * self.v.get(i, 0) + self.eta * gradients[i]
            weights[i] = weights[i] - self.v[i]
        return weights
