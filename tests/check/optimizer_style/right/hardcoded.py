import numpy as np
class Momentum:
    def __init__(self):
        self.vW = 0
        self.vb = 0
    def update(self, W, b, dW, db):
        self.vW = 0.85 * self.vW + 0.02 * dW
        self.vb = 0.85 * self.vb + 0.02 * db
        return W - self.vW, b - self.vb
def adam(w, g, m, v, t):
    m = 0.8 * m + 0.2 * g
    v = 0.95 * v + 0.05 * g * g
    return w - 0.003 * (m / (1 - 0.8 ** t)) / (np.sqrt(v / (1 - 0.95 ** t)) + 1e-6), m, v
