import numpy as np
class Optimizer:
    def __init__(self, method='adam', lr=0.01):
        self.method = method
        self.lr = lr
        self.cache = {}
        self.t = 0
    def update(self, params, grads):
        self.t += 1
        for k in params:
            if self.method == 'sgd':
                params[k] -= self.lr * grads['d' + k]
            elif self.method == 'momentum':
                v = self.cache.get(k, 0)
                v = 0.9 * v - self.lr * grads['d' + k]
                self.cache[k] = v
                params[k] += v
            elif self.method == 'adam':
                m, v = self.cache.get(k, (0, 0))
                m = 0.9 * m + 0.1 * grads['d' + k]
                v = 0.999 * v + 0.001 * grads['d' + k] ** 2
                self.cache[k] = (m, v)
                params[k] -= self.lr * (m / (1 - 0.9 ** self.t)) / (np.sqrt(v / (1 - 0.999 ** self.t)) + 1e-8)
