import numpy as np


def relu(x):
    return np.maximum(x, 0)


class ResidualMLP:
    """h1 = relu(x W1 + b1); h2 = h1 + relu(h1 W2 + b2); softmax(h2 W3 + b3)"""

    def __init__(self, d, h, k, rng=np.random.default_rng(0)):
        self.p = {
            "W1": rng.normal(0, np.sqrt(2 / d), (d, h)), "b1": np.zeros(h),
            "W2": rng.normal(0, np.sqrt(2 / h), (h, h)), "b2": np.zeros(h),
            "W3": rng.normal(0, np.sqrt(2 / h), (h, k)), "b3": np.zeros(k),
        }

    def forward(self, x):
        p = self.p
        self.x = x
        self.z1 = x @ p["W1"] + p["b1"]
        self.h1 = relu(self.z1)
        self.z2 = self.h1 @ p["W2"] + p["b2"]
        self.h2 = self.h1 + relu(self.z2)
        s = self.h2 @ p["W3"] + p["b3"]
        s = s - s.max(axis=1, keepdims=True)
        self.q = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        return self.q

    def loss(self, x, t):
        return -np.sum(t * np.log(self.forward(x))) / len(x)

    def grad(self, x, t):
        self.forward(x)
        p, g = self.p, {}
        d3 = (self.q - t) / len(x)
        g["W3"] = self.h2.T @ d3
        g["b3"] = d3.sum(0)
        dh2 = d3 @ p["W3"].T
        d2 = dh2 * (self.z2 > 0)
        g["W2"] = self.h1.T @ d2
        g["b2"] = d2.sum(0)
        dh1 = dh2 + d2 @ p["W2"].T
        d1 = dh1 * (self.z1 > 0)
        g["W1"] = x.T @ d1
        g["b1"] = d1.sum(0)
        return g
