import numpy as np


class AdamMLP:
    def __init__(self, n_x, n_h, n_y, lr=1e-3):
        self.theta = {
            "W1": np.random.randn(n_h, n_x) * np.sqrt(1.0 / n_x),
            "b1": np.zeros((n_h, 1)),
            "W2": np.random.randn(n_y, n_h) * np.sqrt(1.0 / n_h),
            "b2": np.zeros((n_y, 1)),
        }
        self.lr, self.t = lr, 0
        self.m = {k: np.zeros_like(v) for k, v in self.theta.items()}
        self.v = {k: np.zeros_like(v) for k, v in self.theta.items()}

    def feed_forward(self, X):
        c = {"X": X}
        c["Z1"] = self.theta["W1"] @ X + self.theta["b1"]
        c["A1"] = np.tanh(c["Z1"])
        c["Z2"] = self.theta["W2"] @ c["A1"] + self.theta["b2"]
        E = np.exp(c["Z2"] - np.max(c["Z2"], axis=0, keepdims=True))
        c["A2"] = E / np.sum(E, axis=0, keepdims=True)
        return c

    def compute_loss(self, Y, Y_hat):
        L_sum = np.sum(np.multiply(Y, np.log(Y_hat)))
        m = Y.shape[1]
        return -(1 / m) * L_sum

    def back_propagate(self, c, Y):
        m_batch = Y.shape[1]
        dZ2 = c["A2"] - Y
        dW2 = (1. / m_batch) * np.matmul(dZ2, c["A1"].T)
        db2 = (1. / m_batch) * np.sum(dZ2, axis=1, keepdims=True)
        dA1 = np.matmul(self.theta["W2"].T, dZ2)
        dZ1 = dA1 * (1 - np.square(c["A1"]))
        dW1 = (1. / m_batch) * np.matmul(dZ1, c["X"].T)
        db1 = (1. / m_batch) * np.sum(dZ1, axis=1, keepdims=True)
        return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}

    def adam(self, grads, beta1=0.9, beta2=0.999, eps=1e-8):
        self.t += 1
        for k in self.theta:
            self.m[k] = beta1 * self.m[k] + (1 - beta1) * grads[k]
            self.v[k] = beta2 * self.v[k] + (1 - beta2) * np.square(grads[k])
            m_hat = self.m[k] / (1 - np.power(beta1, self.t))
            v_hat = self.v[k] / (1 - np.power(beta2, self.t))
            self.theta[k] = self.theta[k] - self.lr * m_hat / (np.sqrt(v_hat) + eps)
