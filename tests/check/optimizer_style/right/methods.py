import numpy as np
class Optimizers:
    @staticmethod
    def sgd(w, dw, lr):
        return w - lr * dw
    @staticmethod
    def momentum(w, dw, v, lr, beta):
        v = beta * v + lr * dw
        return w - v, v
    @staticmethod
    def rmsprop(w, dw, s, lr, beta, eps=1e-8):
        s = beta * s + (1 - beta) * dw ** 2
        return w - lr * dw / (np.sqrt(s) + eps), s
