import numpy as np


def sgd_step(w, dw, lr=0.01, weight_decay=0.0):
    return w - lr * (dw + weight_decay * w)


def momentum_step(w, dw, v, lr=0.01, beta=0.9):
    v = beta * v + dw
    return w - lr * v, v


def nesterov_step(w, dw, v, lr=0.01, mu=0.9):
    v_prev = v
    v = mu * v - lr * dw
    w = w - mu * v_prev + (1 + mu) * v
    return w, v


def adagrad_step(w, dw, cache, lr=0.01, eps=1e-8):
    cache = cache + dw ** 2
    return w - lr * dw / (np.sqrt(cache) + eps), cache


def rmsprop_step(w, dw, cache, lr=0.01, decay=0.99, eps=1e-8):
    cache = decay * cache + (1 - decay) * dw ** 2
    return w - lr * dw / (np.sqrt(cache) + eps), cache


def adam_step(w, dw, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * (dw ** 2)
    m_hat = m / (1 - beta1 ** t)
    v_hat = v / (1 - beta2 ** t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, m, v
