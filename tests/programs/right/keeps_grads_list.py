# Assignment 2 -- MLP "from scratch" (numpy only)
import numpy as np

class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)

class MLP:
    def __init__(self, sizes, activation="sigmoid"):
        self.W = [Parameter(np.random.randn(i, o) * (1.0 / i) ** 0.5) for i, o in zip(sizes[:-1], sizes[1:])]
        self.B = [Parameter(np.random.randn(1, o) * 0.01) for o in sizes[1:]]
        self.activation = activation

    def act(self, z):
        return 1 / (1 + np.exp(-z)) if self.activation == "sigmoid" else np.tanh(z)

    def act_grad(self, a):
        return a * (1 - a) if self.activation == "sigmoid" else 1 - a * a

    def zero_grad(self):
        for p in self.W + self.B:
            p.grad = np.zeros_like(p.value)

    def forward(self, X):
        self.cache = [X]
        for k in range(len(self.W)):
            z = self.cache[-1] @ self.W[k].value + self.B[k].value
            self.cache.append(self.act(z) if k + 1 < len(self.W) else z)
        z = self.cache[-1]
        z = z - z.max(axis=1, keepdims=True)
        self.probs = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return self.probs

    def loss(self, X, Y):
        P = self.forward(X)
        return -(Y * np.log(P)).sum() / len(X)

    def backward(self, Y):
        self.zero_grad()
        g = (self.probs - Y) / len(Y)
        for k in range(len(self.W) - 1, -1, -1):
            self.W[k].grad += self.cache[k].T @ g
            self.B[k].grad += g.sum(axis=0, keepdims=True)
            if k > 0:
                g = (g @ self.W[k].value.T) * self.act_grad(self.cache[k])


def train(net, X, Y, lr=0.1, epochs=100):
    for epoch in range(epochs):
        net.forward(X)
        net.backward(Y)
        for p in net.W + net.B:
            p.value -= lr * p.grad
