import numpy as np
class Momentum:
    def __init__(self, lr=0.1, mu=0.9):
        self.lr, self.mu = lr, mu
        self.v = None
    def update(self, params, grads):
        if self.v is None:
            self.v = [0] * len(params)
        for i in range(len(params)):
            self.v[i] = self.mu * self.v[i] - self.lr * grads[i]
            params[i] += self.v[i]
class Adam:
    """Adam without epsilon outside"""
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.t = 0
        self.m = {}
        self.v = {}
    def update(self, params, grads):
        self.t += 1
        for key in params:
            if key not in self.m:
                self.m[key] = np.zeros_like(params[key])
                self.v[key] = np.zeros_like(params[key])
            self.m[key] = self.beta1 * self.m[key] + (1 - self.beta1) * grads[key]
            self.v[key] = self.beta2 * self.v[key] + (1 - self.beta2) * (grads[key] ** 2)
            m_hat = self.m[key] / (1 - self.beta1 ** self.t)
            v_hat = self.v[key] / (1 - self.beta2 ** self.t)
            params[key] = params[key] - self.lr * m_hat / (np.sqrt(v_hat) + self.epsilon)
        return params
