import numpy as np
def make(sizes):
    W = [None]
    for a, c in zip(sizes[:-1], sizes[1:]):
        W.append(np.random.randn(a, c))
    return W
def update_weights(W, b, dW, db, lr):
    for l in range(1, len(W)):
        W[l] = W[l] - lr * dW[l]
        b[l] = b[l] - lr * db[l]
    return W, b
