import numpy as np
m_train = 60000
def gradient_descent(params, grads, lr=0.1):
    return [[W - lr / m_train * dW, b - lr / m_train * db] for (W, b), (dW, db) in zip(params, grads)]
class RMSProp:
    def __init__(self, lr=0.001, rho=0.9, eps=1e-6, momentum=0.5):
        self.lr, self.rho, self.eps, self.momentum = lr, rho, eps, momentum
        self.s, self.v = {}, {}
    def update(self, params, grads):
        for k in params:
            self.s[k] = self.rho * self.s.get(k, 0) + (1 - self.rho) * grads[k] ** 2
            self.v[k] = self.momentum * self.v.get(k, 0) + self.lr * grads[k] / np.sqrt(self.s[k] + self.eps)
            params[k] -= self.v[k]
class AdaGrad:
    def __init__(self, lr=0.01):
        self.lr, self.h = lr, None
    def update(self, params, grads):
        if self.h is None:
            self.h = {k: np.full_like(v, 0.1) for k, v in params.items()}
        for k in params:
            self.h[k] += grads[k] * grads[k]
            params[k] -= self.lr * grads[k] / (np.sqrt(self.h[k]) + 1e-7)
class Adam:
    def __init__(self, lr=0.001):
        self.lr = lr
        self.mw = self.vw = self.mb = self.vb = 0
    def update(self, t, w, b, dw, db):
        self.mw = 0.9 * self.mw + 0.1 * dw
        self.mb = 0.9 * self.mb + 0.1 * db
        self.vw = 0.999 * self.vw + 0.001 * dw ** 2
        self.vb = 0.999 * self.vb + 0.001 * db ** 2
        c1, c2 = 1 - 0.9 ** t, 1 - 0.999 ** t
        w = w - self.lr * (self.mw / c1) / (np.sqrt(self.vw / c2) + 1e-8)
        b = b - self.lr * (self.mb / c1) / (np.sqrt(self.vb / c2) + 1e-8)
        return w, b
def perceptron_update(w, x, error, lr):
    return w + lr * error * x
def adam_layer(layer, t, lr=1e-3, b1=0.9, b2=0.999):
    for p, g, m, v in (("W", "dW", "mW", "vW"), ("b", "db", "mb", "vb")):
        grad = getattr(layer, g)
        mm = b1 * getattr(layer, m, 0) + (1 - b1) * grad
        vv = b2 * getattr(layer, v, 0) + (1 - b2) * grad ** 2
        setattr(layer, m, mm); setattr(layer, v, vv)
        setattr(layer, p, getattr(layer, p) - lr * mm / (1 - b1 ** t) / (np.sqrt(vv / (1 - b2 ** t)) + 1e-8))
