# attributes; hidden slope takes the sigmoid of the sigmoid
import numpy as np

class Net:
    def __init__(self, layer_sizes):
        self.weights1 = np.random.randn(layer_sizes[0], layer_sizes[1])
        self.bias1 = np.zeros((1, layer_sizes[1]))
        self.weights2 = np.random.randn(layer_sizes[1], layer_sizes[2])
        self.bias2 = np.zeros((1, layer_sizes[2]))

    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def sigmoid_prime(self, z):
        return self.sigmoid(z) * (1 - self.sigmoid(z))

    def feed_forward(self, x):
        self.x = x
        self.h = self.sigmoid(x @ self.weights1 + self.bias1)
        z = self.h @ self.weights2 + self.bias2
        e = np.exp(z)
        self.out = e / np.sum(e, axis=1, keepdims=True)
        return self.out

    def compute_loss(self, y):
        return -np.mean(np.sum(y * np.log(self.out), axis=1))

    def back_propagate(self, y):
        m = y.shape[0]
        delta2 = (self.out - y) / m
        self.d_weights2 = self.h.T @ delta2
        self.d_bias2 = delta2.sum(axis=0, keepdims=True)
        delta1 = (delta2 @ self.weights2.T) * self.sigmoid_prime(self.h)
        self.d_weights1 = self.x.T @ delta1
        self.d_bias1 = delta1.sum(axis=0, keepdims=True)
