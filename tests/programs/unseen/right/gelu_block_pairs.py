import numpy as np
from scipy.special import erf


def linear_forward(x, w, b):
    return x @ w + b, (x, w)


def linear_backward(dy, cache):
    x, w = cache
    return dy @ w.T, x.T @ dy, dy.sum(0)


def gelu_forward(x):
    return 0.5 * x * (1 + erf(x / np.sqrt(2))), x


def gelu_backward(dy, cache):
    x = cache
    cdf = 0.5 * (1 + erf(x / np.sqrt(2)))
    pdf = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    return dy * (cdf + x * pdf)


def mlp_forward(p, x):
    a, c1 = linear_forward(x, p["w_in"], p["b_in"])
    h, c2 = gelu_forward(a)
    y, c3 = linear_forward(h, p["w_out"], p["b_out"])
    return y, (c1, c2, c3)


def mlp_backward(dy, caches):
    c1, c2, c3 = caches
    g = {}
    dh, g["w_out"], g["b_out"] = linear_backward(dy, c3)
    da = gelu_backward(dh, c2)
    dx, g["w_in"], g["b_in"] = linear_backward(da, c1)
    return dx, g


def mse_loss(p, x, t):
    y, caches = mlp_forward(p, x)
    loss = 0.5 * np.mean(np.sum((y - t) ** 2, axis=-1))
    dx, grads = mlp_backward((y - t) / len(x), caches)
    return loss, grads
