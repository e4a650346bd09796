import numpy as np

# X: (n_x, m). Y one-hot (n_y, m)

def initialize(n_x, n_1, n_2, n_y):
    W1 = np.random.randn(n_1, n_x) * np.sqrt(2/n_x); b1 = np.zeros((n_1, 1))
    W2 = np.random.randn(n_2, n_1) * np.sqrt(2/n_1); b2 = np.zeros((n_2, 1))
    W3 = np.random.randn(n_y, n_2) * np.sqrt(1/n_2); b3 = np.zeros((n_y, 1))
    return W1, b1, W2, b2, W3, b3

def forward(X, params):
    W1, b1, W2, b2, W3, b3 = params
    Z1 = W1 @ X + b1
    A1 = np.where(Z1 > 0, Z1, 0)
    Z2 = W2 @ A1 + b2
    A2 = np.where(Z2 > 0, Z2, 0)
    Z3 = W3 @ A2 + b3
    E = np.exp(Z3 - Z3.max(axis=0))
    A3 = E / E.sum(axis=0)
    return A3, (Z1, A1, Z2, A2)

def cost(A3, Y):
    return -np.sum(Y * np.log(A3)) / Y.shape[1]

def backward(X, Y, A3, cache, params):
    W1, b1, W2, b2, W3, b3 = params
    Z1, A1, Z2, A2 = cache
    m = X.shape[1]
    dZ3 = A3 - Y
    dW3 = dZ3 @ A2.T / m
    db3 = dZ3.sum(axis=1, keepdims=True) / m
    dA2 = W3.T @ dZ3 / m
    dZ2 = dA2 * (Z2 > 0)
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2 / m
    dZ1 = dA1 * (Z1 > 0)
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2, dW3, db3
