import numpy as np

class Linear:
    def __init__(self, in_dim, out_dim):
        self.params = {'W': np.random.randn(in_dim, out_dim) * 0.01, 'b': np.zeros((1, out_dim))}
        self.grads = {}
    def forward(self, x):
        self.x = x
        return x @ self.params['W'] + self.params['b']
    def backward(self, dout):
        self.grads['W'] = self.x.T @ dout
        self.grads['b'] = dout.sum(axis=0, keepdims=True)
        return dout @ self.params['W'].T

class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y
    def backward(self, dout):
        return dout * self.y * (1 - self.y)

class CrossEntropy:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.t = t
        return -np.sum(t * np.log(self.p)) / len(x)
    def backward(self):
        return (self.p - self.t) / len(self.t)

class Sequential:
    def __init__(self, layers):
        self.layers = layers
    def forward(self, x):
        for l in self.layers:
            x = l.forward(x)
        return x
    def backward(self, d):
        for l in self.layers[::-1]:
            d = l.backward(d)
        return d

net = Sequential([Linear(784, 50), Sigmoid(), Linear(50, 10)])
criterion = CrossEntropy()
x, t = load()
for i in range(10):
    loss = criterion.forward(net.forward(x), t)
    net.backward(criterion.backward())
