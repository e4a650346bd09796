"""Deep learning exercise 5: layers as objects."""
import numpy as np


class Layer:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class Linear(Layer):
    def __init__(self, fan_in, fan_out):
        self.W = np.random.randn(fan_in, fan_out) * np.sqrt(2.0 / fan_in)
        self.b = np.zeros((1, fan_out))

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, grad):
        self.dW = np.dot(self.x.T, grad)
        self.db = np.sum(grad, axis=0, keepdims=True)
        return np.dot(grad, self.W.T)


class ReLU(Layer):
    def forward(self, x):
        self.mask = (x > 0)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class SoftmaxCrossEntropy:
    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        ez = np.exp(z)
        self.p = ez / ez.sum(axis=1, keepdims=True)
        self.labels = labels
        n = logits.shape[0]
        return -np.log(self.p[range(n), labels]).sum() / n

    def backward(self):
        n = self.p.shape[0]
        g = self.p.copy()
        g[range(n), self.labels] -= 1.0
        return g / n


class Net:
    def __init__(self, sizes=(784, 64, 10)):
        self.layers = []
        for i in range(len(sizes) - 1):
            self.layers.append(Linear(sizes[i], sizes[i + 1]))
            if i < len(sizes) - 2:
                self.layers.append(ReLU())
        self.criterion = SoftmaxCrossEntropy()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self):
        grad = self.criterion.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def train_step(self, x, y, lr=0.1):
        loss = self.criterion.forward(self.forward(x), y)
        self.backward()
        for layer in self.layers:
            if isinstance(layer, Linear):
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db
        return loss
