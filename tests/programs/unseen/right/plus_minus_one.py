"""Binary classification with labels -1 / +1 and the logistic loss log(1 + exp(-y f))."""
import numpy as np


def scores(params, X):
    (W, b), (v, c) = params
    return np.tanh(X @ W + b) @ v + c


def logistic_loss(params, X, y):
    f = scores(params, X)
    return np.mean(np.log1p(np.exp(-y * f)))


def logistic_loss_grad(params, X, y):
    (W, b), (v, c) = params
    n = X.shape[0]
    h = np.tanh(X @ W + b)
    f = h @ v + c
    df = -y / (1 + np.exp(y * f)) / n
    dv = h.T @ df
    dc = df.sum()
    dh = np.outer(df, v)
    dpre = dh * (1 - h ** 2)
    dW = X.T @ dpre
    db = dpre.sum(axis=0)
    return [(dW, db), (dv, dc)]


def init_params(d, m, rng):
    return [(rng.normal(size=(d, m)) / np.sqrt(d), np.zeros(m)), (rng.normal(size=m) / np.sqrt(m), 0.0)]


def train(X, y, m=16, lr=0.5, steps=500, seed=0):
    params = init_params(X.shape[1], m, np.random.default_rng(seed))
    for _ in range(steps):
        grads = logistic_loss_grad(params, X, y)
        params = [(A - lr * dA, a - lr * da) for (A, a), (dA, da) in zip(params, grads)]
    return params
