import numpy as np

class Model:
    """Predicts one-hot classes with softmax and *MSE* (the teaching assistant said it works too)"""

    def __init__(self, d, h, k):
        s = np.random.default_rng(11)
        self.p = {"hidden/w": s.normal(size=(d, h)) * .2, "hidden/b": np.zeros(h),
                  "out/w": s.normal(size=(h, k)) * .2, "out/b": np.zeros(k)}

    def __call__(self, x):
        self.x = x
        self.u = x @ self.p["hidden/w"] + self.p["hidden/b"]
        self.r = np.fmax(self.u, 0)
        z = self.r @ self.p["out/w"] + self.p["out/b"]
        z -= z.max(axis=1, keepdims=True)
        z = np.exp(z)
        self.y = z / z.sum(axis=1, keepdims=True)
        return self.y

    def mse(self, x, t):
        return ((self(x) - t) ** 2).sum(axis=1).mean() / 2

    def gradients(self, x, t):
        y = self(x)
        dz = (y - t) / len(x)
        du = (dz @ self.p["out/w"].T) * (self.u > 0)
        return {"hidden/w": x.T @ du, "hidden/b": du.sum(0), "out/w": self.r.T @ dz, "out/b": dz.sum(0)}
