import numpy as np


class MAENet:
    """predicts several targets; mean absolute error; tanh, samples in columns"""

    def __init__(self, layer_sizes, lr=0.01):
        self.L = len(layer_sizes) - 1
        self.lr = lr
        self.params = {}
        for l in range(1, self.L + 1):
            self.params['W%d' % l] = np.random.randn(layer_sizes[l], layer_sizes[l - 1]) * 0.1
            self.params['b%d' % l] = np.zeros((layer_sizes[l], 1))

    def forward(self, X):
        self.store = {'A0': X}
        A = X
        for l in range(1, self.L + 1):
            Z = np.dot(self.params['W%d' % l], A) + self.params['b%d' % l]
            A = np.tanh(Z) if l < self.L else Z
            self.store['A%d' % l] = A
        return A

    def cost(self, Y_hat, Y):
        return np.sum(np.abs(Y_hat - Y)) / Y.shape[1]

    def backward(self, Y_hat, Y):
        grads = {}
        m = Y.shape[1]
        dZ = np.sign(Y_hat - Y) / m
        for l in range(self.L, 0, -1):
            grads['dW%d' % l] = np.dot(dZ, self.store['A%d' % (l - 1)].T)
            grads['db%d' % l] = np.sum(dZ, axis=1, keepdims=True)
            if l > 1:
                dA = np.dot(self.params['W%d' % l].T, dZ)
                dZ = dA * (1 - self.store['A%d' % (l - 1)] ** 2)
        return grads

    def update(self, grads):
        for l in range(1, self.L + 1):
            self.params['W%d' % l] -= self.lr * grads['dW%d' % l]
            self.params['b%d' % l] -= self.lr * grads['db%d' % l]
