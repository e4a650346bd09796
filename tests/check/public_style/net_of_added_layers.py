import numpy as np
def tanh(x): return np.tanh(x)
def tanh_prime(x): return 1-np.tanh(x)**2
def mse(y_true, y_pred): return np.mean(np.power(y_true-y_pred, 2))
def mse_prime(y_true, y_pred): return 2*(y_pred-y_true)/y_true.size
class FC:
    def __init__(self, i, o):
        self.weights = np.random.rand(i, o) - 0.5
        self.bias = np.random.rand(1, o) - 0.5
    def forward(self, x):
        self.input = x
        return np.dot(x, self.weights) + self.bias
    def backward(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        self.weights -= learning_rate * np.dot(self.input.T, output_error)
        self.bias -= learning_rate * output_error.sum(0)
        return input_error
class Act:
    def __init__(self, f, fp): self.f, self.fp = f, fp
    def forward(self, x):
        self.input = x
        return self.f(x)
    def backward(self, e, lr): return self.fp(self.input) * e
class Network:
    def __init__(self):
        self.layers = []
    def add(self, layer): self.layers.append(layer)
    def forward(self, x):
        for l in self.layers: x = l.forward(x)
        return x
    def backward(self, grad, lr):
        for l in reversed(self.layers): grad = l.backward(grad, lr)
net = Network()
net.add(FC(784, 100))
net.add(Act(tanh, tanh_prime))
net.add(FC(100, 10))
net.add(Act(tanh, tanh_prime))
