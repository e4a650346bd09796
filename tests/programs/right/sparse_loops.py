# no matrix products at all, I wanted to understand every index
import math
import numpy as np


def forward_one(x, w1, b1, w2, b2):
    nh = len(b1)
    no = len(b2)
    h = [0.0] * nh
    for j in range(nh):
        s = b1[j]
        for i in range(len(x)):
            s += x[i] * w1[i][j]
        h[j] = 1.0 / (1.0 + math.exp(-s))
    o = [0.0] * no
    for k in range(no):
        s = b2[k]
        for j in range(nh):
            s += h[j] * w2[j][k]
        o[k] = 1.0 / (1.0 + math.exp(-s))
    return h, o


def error(x, t, w1, b1, w2, b2):
    h, o = forward_one(x, w1, b1, w2, b2)
    return sum(0.5 * (t[k] - o[k]) ** 2 for k in range(len(o)))


def backward_one(x, t, w1, b1, w2, b2):
    h, o = forward_one(x, w1, b1, w2, b2)
    g_w1 = np.zeros((len(x), len(h)))
    g_b1 = np.zeros(len(h))
    g_w2 = np.zeros((len(h), len(o)))
    g_b2 = np.zeros(len(o))
    dk = [0.0] * len(o)
    for k in range(len(o)):
        dk[k] = (o[k] - t[k]) * o[k] * (1 - o[k])
        g_b2[k] = dk[k]
        for j in range(len(h)):
            g_w2[j, k] = dk[k] * h[j]
    for j in range(len(h)):
        s = 0.0
        for k in range(len(o)):
            s += w2[j][k] * dk[k]
        dj = s * h[j] * (1 - h[j])
        g_b1[j] = dj
        for i in range(len(x)):
            g_w1[i, j] = dj * x[i]
    return g_w1, g_b1, g_w2, g_b2
