import numpy as np
import random

ALPHA = 0.01
SIZES = [784, 128, 64, 32, 16, 10]


def leaky(z):
    return np.where(z > 0, z, ALPHA * z)


def d_leaky(z):
    g = np.ones_like(z)
    g[z < 0] = ALPHA
    return g


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def he_params(sizes=SIZES):
    ws, bs = [], []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
        ws.append(np.random.randn(fan_in, fan_out) * np.sqrt(2.0 / fan_in))
        bs.append(np.zeros((1, fan_out)))
    return ws, bs


def forward(x, ws, bs):
    zs, activations = [], [x]
    for i in range(len(ws)):
        z = activations[-1] @ ws[i] + bs[i]
        zs.append(z)
        activations.append(leaky(z) if i < len(ws) - 1 else softmax(z))
    return zs, activations


def cross_entropy(p, y):
    return -np.mean(np.sum(y * np.log(p + 1e-15), axis=1))


def backward(y, zs, activations, ws):
    m = y.shape[0]
    dws = [None] * len(ws)
    dbs = [None] * len(ws)
    delta = activations[-1] - y
    for i in range(len(ws) - 1, -1, -1):
        dws[i] = activations[i].T @ delta / m
        dbs[i] = np.sum(delta, axis=0, keepdims=True) / m
        if i != 0:
            delta = (delta @ ws[i].T) * d_leaky(zs[i - 1])
    return dws, dbs


def train(x, y, epochs=10, batch=64, lr=0.05):
    ws, bs = he_params()
    idx = list(range(len(x)))
    for epoch in range(epochs):
        random.shuffle(idx)
        for k in range(0, len(idx), batch):
            part = idx[k:k + batch]
            zs, acts = forward(x[part], ws, bs)
            dws, dbs = backward(y[part], zs, acts, ws)
            for i in range(len(ws)):
                ws[i] -= lr * dws[i]
                bs[i] -= lr * dbs[i]
        print("epoch", epoch, "loss", cross_entropy(forward(x, ws, bs)[1][-1], y))
    return ws, bs
