import numpy as np

np.random.seed(7)

# ----- activation functions, each as (f, f') -----
def relu(z):
    return np.maximum(z, 0)

def relu_prime(z):
    return (z > 0).astype(float)

def sigmoid(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))

def sigmoid_prime(z):
    s = sigmoid(z)
    return s * (1 - s)

def tanh(z):
    return np.tanh(z)

def tanh_prime(z):
    return 1 / np.cosh(z) ** 2

def swish(z):
    return z * sigmoid(z)

def swish_prime(z):
    s = sigmoid(z)
    return s + z * s * (1 - s)

def gelu(z):
    return 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))

def gelu_prime(z):
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (z + 0.044715 * z**3))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t**2) * c * (1 + 3 * 0.044715 * z**2)

ACTIVATIONS = {
    "relu": (relu, relu_prime),
    "sigmoid": (sigmoid, sigmoid_prime),
    "tanh": (tanh, tanh_prime),
    "swish": (swish, swish_prime),
    "gelu": (gelu, gelu_prime),
}

# ----- losses -----
def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / np.size(y_true)

def binary_cross_entropy(y_true, y_pred):
    return np.mean(-y_true * np.log(y_pred) - (1 - y_true) * np.log(1 - y_pred))

def binary_cross_entropy_prime(y_true, y_pred):
    return ((1 - y_true) / (1 - y_pred) - y_true / y_pred) / np.size(y_true)

# ----- optimiser -----
class Adam:
    def __init__(self, alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.alpha, self.beta1, self.beta2, self.eps = alpha, beta1, beta2, eps
        self.m = None
        self.v = None
        self.n = 0

    def __call__(self, weights, grads):
        if self.m is None:
            self.m = [np.zeros_like(w) for w in weights]
            self.v = [np.zeros_like(w) for w in weights]
        self.n += 1
        rate = self.alpha * np.sqrt(1 - self.beta2**self.n) / (1 - self.beta1**self.n)
        for i, (w, g) in enumerate(zip(weights, grads)):
            self.m[i] += (1 - self.beta1) * (g - self.m[i])
            self.v[i] += (1 - self.beta2) * (g**2 - self.v[i])
            w -= rate * self.m[i] / (np.sqrt(self.v[i]) + self.eps)
