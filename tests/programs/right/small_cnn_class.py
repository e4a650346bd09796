import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

class SmallCNN:
    """conv k x k -> relu -> flatten -> dense -> softmax.   x: (N, C, H, W), y: integer labels"""

    def __init__(self, in_shape=(1, 8, 8), n_filters=4, k=3, n_classes=5, scale=0.1):
        C, H, W = in_shape
        self.params = {
            'K': scale * np.random.randn(n_filters, C, k, k),
            'c': np.zeros(n_filters),
            'W': scale * np.random.randn(n_filters * (H - k + 1) * (W - k + 1), n_classes),
            'b': np.zeros(n_classes),
        }

    def forward(self, x):
        K, c, W, b = (self.params[n] for n in 'KcWb')
        self.win = sliding_window_view(x, K.shape[2:], axis=(2, 3))      # N C H' W' k k
        self.z = np.einsum('nchwij,fcij->nfhw', self.win, K) + c[:, None, None]
        self.a = np.maximum(self.z, 0)
        self.flat = self.a.reshape(len(x), -1)
        return self.flat @ W + b

    def loss(self, x, y):
        s = self.forward(x)
        s = s - s.max(1, keepdims=True)
        logp = s - np.log(np.exp(s).sum(1, keepdims=True))
        N = len(x)
        loss = -logp[np.arange(N), y].mean()
        ds = np.exp(logp)
        ds[np.arange(N), y] -= 1
        ds /= N
        g = {'W': self.flat.T @ ds, 'b': ds.sum(0)}
        da = (ds @ self.params['W'].T).reshape(self.a.shape)
        dz = da * (self.z > 0)
        g['K'] = np.einsum('nfhw,nchwij->fcij', dz, self.win)
        g['c'] = dz.sum(axis=(0, 2, 3))
        return loss, g
