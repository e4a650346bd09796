"""
FFNN for MNIST, project 1.
Trains with mini batch gradient descent, relu hidden layers, softmax output.
"""
import numpy as np

class FFNN:
    def __init__(self, layers=[784, 256, 64, 10], learning_rate=0.05):
        self.lr = learning_rate
        self.n = len(layers) - 1
        self.weights = [0.1 * np.random.randn(layers[k], layers[k + 1]) for k in range(self.n)]
        self.biases = [np.zeros(layers[k + 1]) for k in range(self.n)]

    def forward(self, batch):
        self.inputs = []
        self.outputs = batch
        for k in range(self.n):
            self.inputs.append(self.outputs)
            self.outputs = self.outputs @ self.weights[k] + self.biases[k]
            if k != self.n - 1:
                self.outputs = np.maximum(0, self.outputs)
        ex = np.exp(self.outputs - self.outputs.max(axis=1, keepdims=True))
        self.probs = ex / ex.sum(axis=1, keepdims=True)
        return self.probs

    def cross_entropy(self, labels):
        return -np.log(self.probs[np.arange(len(labels)), labels]).mean()

    def backward(self, labels):
        gradient = self.probs.copy()
        gradient[np.arange(len(labels)), labels] -= 1
        gradient /= len(labels)
        self.weight_grads, self.bias_grads = [], []
        for k in range(self.n - 1, -1, -1):
            self.weight_grads.append(self.inputs[k].T @ gradient)
            self.bias_grads.append(gradient.sum(axis=0))
            gradient = gradient @ self.weights[k].T
            # relu derivative
            gradient[gradient < 0] = 0
        self.weight_grads.reverse()
        self.bias_grads.reverse()

    def step(self):
        for k in range(self.n):
            self.weights[k] -= self.lr * self.weight_grads[k]
            self.biases[k] -= self.lr * self.bias_grads[k]
