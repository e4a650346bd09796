import numpy as np
class Adam:
    def __init__(self, alpha=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.alpha = alpha; self.beta1 = beta1; self.beta2 = beta2; self.epsilon = epsilon
        self.m = 0; self.v = 0; self.t = 0
    def get_update(self, grad):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * grad
        self.v = self.beta2 * self.v + (1 - self.beta2) * grad ** 2
        m = self.m / (1 - self.beta1 ** self.t)
        v = self.v / (1 - self.beta2 ** self.t)
        return -self.alpha * m / (np.sqrt(v) + self.epsilon)
