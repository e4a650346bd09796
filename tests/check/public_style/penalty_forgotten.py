import numpy as np

class Net:
    def __init__(self, input_dim, hidden_dim, num_classes, reg=0.0):
        self.reg = reg
        self.params = {}
        self.params['W1'] = 1e-3 * np.random.randn(input_dim, hidden_dim)
        self.params['b1'] = np.zeros(hidden_dim)
        self.params['W2'] = 1e-3 * np.random.randn(hidden_dim, num_classes)
        self.params['b2'] = np.zeros(num_classes)

    def loss(self, X, y):
        W1, b1, W2, b2 = (self.params[k] for k in ('W1', 'b1', 'W2', 'b2'))
        h = np.maximum(0, X @ W1 + b1)
        s = h @ W2 + b2
        s -= s.max(axis=1, keepdims=True)
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        N = X.shape[0]
        loss = -np.log(p[np.arange(N), y]).sum() / N + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))
        ds = p
        ds[np.arange(N), y] -= 1
        ds /= N
        grads = {'W2': h.T @ ds + self.reg * W2, 'b2': ds.sum(0)}
        dh = ds @ W2.T
        dh[h == 0] = 0
        grads['W1'] = X.T @ dh
        grads['b1'] = dh.sum(0)
        return loss, grads
