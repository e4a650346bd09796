import numpy as np
def sgd_weight_decay(W, dW, lr=0.1, weight_decay=1e-3):
    W = W * (1 - lr * weight_decay) - lr * dW
    return W
class SGD:
    def __init__(self, lr=0.1, momentum=0.9, weight_decay=5e-4):
        self.lr = lr; self.momentum = momentum; self.weight_decay = weight_decay
        self.v = None
    def step(self, params, grads):
        if self.v is None:
            self.v = [np.zeros_like(p) for p in params]
        for i in range(len(params)):
            g = grads[i] + self.weight_decay * params[i]
            self.v[i] = self.momentum * self.v[i] - self.lr * g
            params[i] += self.v[i]
