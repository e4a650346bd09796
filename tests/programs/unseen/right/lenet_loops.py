# my CNN in pure numpy: conv -> relu -> maxpool -> fc -> softmax.  x: (batch, channel, height, width)
import numpy as np

np.random.seed(0)


def conv2d(x, w, b):
    n, c, h, wd = x.shape
    f, _, k, _ = w.shape
    out = np.zeros((n, f, h - k + 1, wd - k + 1))
    for i in range(n):
        for q in range(f):
            for r in range(h - k + 1):
                for s in range(wd - k + 1):
                    out[i, q, r, s] = np.sum(x[i, :, r:r + k, s:s + k] * w[q]) + b[q]
    return out


def conv2d_backward(dout, x, w):
    n, f, ho, wo = dout.shape
    k = w.shape[2]
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros(f)
    for i in range(n):
        for q in range(f):
            for r in range(ho):
                for s in range(wo):
                    g = dout[i, q, r, s]
                    dw[q] += g * x[i, :, r:r + k, s:s + k]
                    dx[i, :, r:r + k, s:s + k] += g * w[q]
                    db[q] += g
    return dx, dw, db


def maxpool(x):
    n, c, h, w = x.shape
    out = np.zeros((n, c, h // 2, w // 2))
    for r in range(h // 2):
        for s in range(w // 2):
            out[:, :, r, s] = x[:, :, 2 * r:2 * r + 2, 2 * s:2 * s + 2].max(axis=(2, 3))
    return out


def maxpool_backward(dout, x):
    n, c, h, w = dout.shape
    dx = np.zeros_like(x)
    for i in range(n):
        for j in range(c):
            for r in range(h):
                for s in range(w):
                    window = x[i, j, 2 * r:2 * r + 2, 2 * s:2 * s + 2]
                    a, b = np.unravel_index(window.argmax(), window.shape)
                    dx[i, j, 2 * r + a, 2 * s + b] = dout[i, j, r, s]
    return dx


class LeNetSmall:
    def __init__(self, channels=1, size=28, filters=8, k=5, classes=10):
        self.w_conv = np.random.randn(filters, channels, k, k) * 0.1
        self.b_conv = np.zeros(filters)
        side = (size - k + 1) // 2
        self.w_fc = np.random.randn(filters * side * side, classes) * 0.1
        self.b_fc = np.zeros(classes)

    def forward(self, x):
        self.x = x
        self.z = conv2d(x, self.w_conv, self.b_conv)
        self.a = np.maximum(self.z, 0)
        self.pooled = maxpool(self.a)
        self.flat = self.pooled.reshape(len(x), -1)
        scores = self.flat @ self.w_fc + self.b_fc
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, x, t):
        return -np.sum(t * np.log(self.forward(x) + 1e-12)) / len(x)

    def backward(self, t):
        d = (self.p - t) / len(t)
        self.dw_fc = self.flat.T @ d
        self.db_fc = d.sum(axis=0)
        d = (d @ self.w_fc.T).reshape(self.pooled.shape)
        d = maxpool_backward(d, self.a)
        d = d * (self.z > 0)
        _, self.dw_conv, self.db_conv = conv2d_backward(d, self.x, self.w_conv)
        return self.dw_conv, self.db_conv, self.dw_fc, self.db_fc

    def step(self, lr):
        self.w_conv -= lr * self.dw_conv
        self.b_conv -= lr * self.db_conv
        self.w_fc -= lr * self.dw_fc
        self.b_fc -= lr * self.db_fc
