import numpy as np
class GradientDescent:
    def __init__(self, eta=0.5):
        self.eta = eta
    def update(self, layers):
        for layer in layers:
            layer.W -= self.eta * layer.dW
            layer.b -= self.eta * layer.db
class Momentum:
    def __init__(self, eta=0.5, mu=0.9):
        self.eta = eta
        self.mu = mu
    def update(self, layers):
        for layer in layers:
            if not hasattr(layer, 'vW'):
                layer.vW = np.zeros_like(layer.W)
                layer.vb = np.zeros_like(layer.b)
            layer.vW = self.mu * layer.vW - self.eta * layer.dW
            layer.vb = self.mu * layer.vb - self.eta * layer.db
            layer.W += layer.vW
            layer.b += layer.vb
