import numpy as np
class Nadam:
    def __init__(self, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = self.v = 0
        self.t = 0
    def update(self, w, g):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g ** 2
        m_hat = self.m / (1 - self.beta1 ** self.t)
        v_hat = self.v / (1 - self.beta2 ** self.t)
        return w - self.lr / (np.sqrt(v_hat) + self.eps) * (self.beta1 * m_hat + (1 - self.beta1) * g / (1 - self.beta1 ** self.t))
class AMSGrad:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = self.v = self.v_hat = 0
    def update(self, w, g):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g ** 2
        self.v_hat = np.maximum(self.v_hat, self.v)
        return w - self.lr * self.m / (np.sqrt(self.v_hat) + self.eps)
class AdaMax:
    def __init__(self, lr=0.002, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.m = self.u = 0
        self.t = 0
    def update(self, w, g):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.u = np.maximum(self.beta2 * self.u, np.abs(g))
        return w - self.lr / (1 - self.beta1 ** self.t) * self.m / (self.u + 1e-8)
class Lion:
    def __init__(self, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
        self.lr, self.beta1, self.beta2, self.wd = lr, beta1, beta2, weight_decay
        self.m = 0
    def step(self, w, grad):
        update = np.sign(self.beta1 * self.m + (1 - self.beta1) * grad)
        w = w - self.lr * (update + self.wd * w)
        self.m = self.beta2 * self.m + (1 - self.beta2) * grad
        return w
