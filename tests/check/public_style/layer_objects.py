import numpy as np

class Layer:
    pass

class Dense(Layer):
    def __init__(self, n_in, n_out):
        self.weights = np.random.randn(n_in, n_out) * 0.1
        self.biases = np.zeros(n_out)
    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = np.sum(dvalues, axis=0)
        return dvalues @ self.weights.T

class ReLU(Layer):
    def forward(self, inputs):
        self.inputs = inputs
        return np.maximum(0, inputs)
    def backward(self, dvalues):
        d = dvalues.copy()
        d[self.inputs <= 0] = 0
        return d

class Model:
    def __init__(self, n_in=784, n_hidden=64, n_out=10):
        self.layers = [Dense(n_in, n_hidden), ReLU(), Dense(n_hidden, n_out)]

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def loss_and_backward(self, X, y):
        z = self.forward(X)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(len(y)), y]))
        p[np.arange(len(y)), y] -= 1
        d = p / len(y)
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return loss
