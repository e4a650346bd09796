import numpy as np

ALPHA = 0.01

def lrelu(z):
    return np.maximum(ALPHA * z, z)

def dlrelu(z):
    d = np.ones_like(z)
    d[z < 0] = ALPHA
    return d

class Regressor:
    '''columns are samples. linear output. J = 1/(2m) sum (yhat - y)^2'''

    def __init__(self, layer_dims):
        self.dims = layer_dims
        self.W = {}
        self.b = {}
        for l in range(1, len(layer_dims)):
            self.W[l] = np.random.randn(layer_dims[l], layer_dims[l-1]) * np.sqrt(2/layer_dims[l-1])
            self.b[l] = np.zeros((layer_dims[l], 1))
        self.L = len(layer_dims) - 1

    def forward(self, X):
        self.A = {0: X}
        self.Z = {}
        for l in range(1, self.L + 1):
            self.Z[l] = self.W[l] @ self.A[l-1] + self.b[l]
            self.A[l] = lrelu(self.Z[l]) if l < self.L else self.Z[l]
        return self.A[self.L]

    def cost(self, Yhat, Y):
        m = Y.shape[1]
        return 1/(2*m) * np.sum((Yhat - Y)**2)

    def backward(self, Y):
        m = Y.shape[1]
        self.dW = {}
        self.db = {}
        dZ = (self.A[self.L] - Y) / m
        for l in range(self.L, 0, -1):
            self.dW[l] = dZ @ self.A[l-1].T
            self.db[l] = np.sum(dZ, axis=1, keepdims=True)
            if l > 1:
                dA = self.W[l].T @ dZ
                dZ = dA * dlrelu(self.Z[l-1])
        return self.dW, self.db

    def gd(self, X, Y, lr=0.01, it=1000):
        for i in range(it):
            Yhat = self.forward(X)
            self.backward(Y)
            for l in range(1, self.L + 1):
                self.W[l] -= lr*self.dW[l]
                self.b[l] -= lr*self.db[l]
