# expect: learning_rate_twice

import numpy as np
class SGD:
    def __init__(self, lr=0.05, momentum=0.9):
        self.lr, self.momentum = lr, momentum
        self.velocity = None
    def update(self, layer):
        if self.velocity is None:
            self.velocity = [np.zeros_like(layer.W), np.zeros_like(layer.b)]
        self.velocity[0] = self.momentum * self.velocity[0] - self.lr * layer.dW
        self.velocity[1] = self.momentum * self.velocity[1] - self.lr * layer.db
        layer.W += self.lr * self.velocity[0]
        layer.b += self.lr * self.velocity[1]
