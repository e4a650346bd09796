import numpy as np

def loss_and_grads(params, x, y):
    W1, b1, W2, b2 = params
    z = x @ W1 + b1
    h = np.maximum(z, 0)
    s = h @ W2 + b2
    s = s - s.max(axis=1, keepdims=True)
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    n = len(x)
    loss = -np.log(p[range(n), y]).mean()
    d = p.copy()
    d[range(n), y] -= 1
    dW2 = h.T @ d
    db2 = d.sum(0)
    dh = d @ W2.T
    dh[z <= 0] = 0
    return loss, (x.T @ dh, dh.sum(0), dW2, db2)
