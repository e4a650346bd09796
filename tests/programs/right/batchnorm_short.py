import numpy as np

class BatchNorm1d:
    """training mode statistics, momentum for the running ones"""

    def __init__(self, features, eps=1e-5, momentum=0.9):
        self.gamma = np.ones(features)
        self.beta = np.zeros(features)
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(features)
        self.running_var = np.ones(features)

    def forward(self, x, train=True):
        if train:
            mean = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.x_norm = (x - mean) / self.std
        return self.gamma * self.x_norm + self.beta

    def backward(self, dy):
        n = dy.shape[0]
        self.dbeta = dy.sum(axis=0)
        self.dgamma = (dy * self.x_norm).sum(axis=0)
        dx = self.gamma / (n * self.std) * (n * dy - self.dbeta - self.x_norm * self.dgamma)
        return dx
