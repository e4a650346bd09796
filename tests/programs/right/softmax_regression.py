import numpy as np

def softmax(z):
    """rows"""
    z = z - np.max(z, axis=1, keepdims=True)
    return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)

def cost(W, b, X, y, lam):
    N = X.shape[0]
    p = softmax(X @ W + b)
    return -np.sum(np.log(p[np.arange(N), y])) / N + lam / 2 * np.sum(W ** 2)

def gradient(W, b, X, y, lam=0.0):
    N = X.shape[0]
    p = softmax(X @ W + b)
    Y = np.zeros_like(p)
    Y[np.arange(N), y] = 1
    dW = X.T @ (p - Y) / N + lam * W
    db = np.mean(p - Y, axis=0)
    return dW, db

def fit(X, y, n_classes, lr=0.1, lam=0.0, epochs=20, batch=32):
    W = np.zeros((X.shape[1], n_classes))
    b = np.zeros(n_classes)
    for e in range(epochs):
        perm = np.random.permutation(len(X))
        for i in range(0, len(X), batch):
            j = perm[i:i + batch]
            dW, db = gradient(W, b, X[j], y[j], lam)
            W -= lr * dW
            b -= lr * db
    return W, b
