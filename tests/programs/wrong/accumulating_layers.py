import numpy as np

class Dense:
    def __init__(self, n_in, n_out, act):
        self.kernel = np.random.normal(scale=(1 / n_in) ** .5, size=(n_in, n_out))
        self.bias = np.zeros(n_out)
        self.act = act
        self.kernel_grad = np.zeros_like(self.kernel)
        self.bias_grad = np.zeros_like(self.bias)

    def __call__(self, x):
        self.x = x
        self.z = x @ self.kernel + self.bias
        return np.tanh(self.z) if self.act == "tanh" else self.z

    def pull(self, g):
        if self.act == "tanh":
            g = g / np.cosh(self.z) ** 2
        self.kernel_grad += self.x.T @ g
        self.bias_grad += g.sum(0)
        return g @ self.kernel.T


class Sequential:
    def __init__(self, *widths):
        self.layers = [Dense(a, b, "tanh") for a, b in zip(widths[:-2], widths[1:-1])]
        self.layers.append(Dense(widths[-2], widths[-1], "linear"))

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def xent(self, x, onehot):
        z = self(x)
        z = z - z.max(1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        return -(onehot * np.log(self.p)).sum() / len(x)

    def pull(self, onehot):
        g = (self.p - onehot) / len(onehot)
        for layer in self.layers[::-1]:
            g = layer.pull(g)

    def push(self, lr):
        for layer in self.layers:
            layer.kernel -= lr * layer.kernel_grad
            layer.bias -= lr * layer.bias_grad
