import numpy as np
# tanh network in columns, lists; batch gradient; loss = sum of squares / 2m

class TanhNet:
    def __init__(self, *sizes):
        self.w = [np.random.randn(b, a) / np.sqrt(a) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros((b, 1)) for b in sizes[1:]]

    def forward(self, x):
        self.z, self.a = [], [x]
        for w, b in zip(self.w, self.b):
            self.z.append(w @ self.a[-1] + b)
            self.a.append(np.tanh(self.z[-1]))
        return self.a[-1]

    def half_mse(self, x, t):
        return 0.5 * np.sum((self.forward(x) - t) ** 2) / x.shape[1]

    def tanh_prime(self, z):
        return 1 - z ** 2

    def gradient(self, x, t):
        y = self.forward(x)
        m = x.shape[1]
        gw, gb = [None] * len(self.w), [None] * len(self.b)
        d = (y - t) * self.tanh_prime(self.z[-1]) / m
        for k in reversed(range(len(self.w))):
            gw[k] = d @ self.a[k].T
            gb[k] = d.sum(axis=1, keepdims=True)
            if k > 0:
                d = (self.w[k].T @ d) * self.tanh_prime(self.z[k - 1])
        return gw, gb
