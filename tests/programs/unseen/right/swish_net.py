import math

import numpy as np

act_name = "swish"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def swish(x):
    return x * sigmoid(x)


def swish_grad(x):
    s = sigmoid(x)
    return s + x * s * (1 - s)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_grad(x):
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2)


class TwoActivations:
    """x -> swish -> gelu -> softmax"""

    def __init__(self, d_in, d_h1, d_h2, d_out):
        rng = np.random.RandomState(42)
        self.W1 = rng.randn(d_in, d_h1) / np.sqrt(d_in)
        self.b1 = np.zeros(d_h1)
        self.W2 = rng.randn(d_h1, d_h2) / np.sqrt(d_h1)
        self.b2 = np.zeros(d_h2)
        self.W3 = rng.randn(d_h2, d_out) / np.sqrt(d_h2)
        self.b3 = np.zeros(d_out)

    def forward(self, X):
        self.X = X
        self.z1 = X.dot(self.W1) + self.b1
        self.h1 = swish(self.z1)
        self.z2 = self.h1.dot(self.W2) + self.b2
        self.h2 = gelu(self.z2)
        self.logits = self.h2.dot(self.W3) + self.b3
        z = self.logits - self.logits.max(axis=1, keepdims=True)
        self.probs = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return self.probs

    def compute_loss(self, labels):
        n = labels.shape[0]
        return -np.sum(np.log(self.probs[np.arange(n), labels])) / n

    def backward(self, labels):
        n = labels.shape[0]
        dlogits = self.probs.copy()
        dlogits[np.arange(n), labels] -= 1
        dlogits /= n
        grads = {}
        grads['W3'] = self.h2.T.dot(dlogits)
        grads['b3'] = dlogits.sum(axis=0)
        dz2 = dlogits.dot(self.W3.T) * gelu_grad(self.z2)
        grads['W2'] = self.h1.T.dot(dz2)
        grads['b2'] = dz2.sum(axis=0)
        dz1 = dz2.dot(self.W2.T) * swish_grad(self.z1)
        grads['W1'] = self.X.T.dot(dz1)
        grads['b1'] = dz1.sum(axis=0)
        return grads
