"""MLP with batch normalisation after the hidden layer."""
import numpy as np


class BatchNormMLP:
    def __init__(self, n_in, n_hidden, n_out, eps=1e-5, momentum=0.9):
        self.W1 = np.random.randn(n_in, n_hidden) * 0.1
        self.gamma = np.ones(n_hidden)
        self.beta = np.zeros(n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out) * 0.1
        self.b2 = np.zeros(n_out)
        self.eps = eps
        self.momentum = momentum
        self.running_mean = np.zeros(n_hidden)
        self.running_var = np.ones(n_hidden)

    def forward(self, x, train=True):
        self.x = x
        a = x @ self.W1
        if train:
            mu = a.mean(axis=0)
            var = a.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.inv_std = 1 / np.sqrt(var + self.eps)
        self.a_hat = (a - mu) * self.inv_std
        self.u = self.gamma * self.a_hat + self.beta
        self.h = np.maximum(0, self.u)
        scores = self.h @ self.W2 + self.b2
        scores = scores - scores.max(axis=1, keepdims=True)
        self.p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return self.p

    def loss(self, x, y):
        p = self.forward(x)
        return -np.log(p[np.arange(len(y)), y]).mean()

    def grads(self, x, y):
        self.forward(x)
        n = len(y)
        d = self.p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        dW2 = self.h.T @ d
        db2 = d.sum(axis=0)
        du = (d @ self.W2.T) * (self.u > 0)
        dgamma = (du * self.a_hat).sum(axis=0)
        dbeta = du.sum(axis=0)
        da_hat = du * self.gamma
        da = self.inv_std / n * (n * da_hat - da_hat.sum(axis=0) - self.a_hat * (da_hat * self.a_hat).sum(axis=0))
        dW1 = self.x.T @ da
        return {'W1': dW1, 'gamma': dgamma, 'beta': dbeta, 'W2': dW2, 'b2': db2}
