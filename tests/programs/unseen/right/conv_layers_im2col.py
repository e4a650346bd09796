import numpy as np


def get_indices(X_shape, HF, WF, stride, pad):
    m, n_C, n_H, n_W = X_shape
    out_h = int((n_H + 2 * pad - HF) / stride) + 1
    out_w = int((n_W + 2 * pad - WF) / stride) + 1
    level1 = np.repeat(np.arange(HF), WF)
    level1 = np.tile(level1, n_C)
    everyLevels = stride * np.repeat(np.arange(out_h), out_w)
    i = level1.reshape(-1, 1) + everyLevels.reshape(1, -1)
    slide1 = np.tile(np.arange(WF), HF)
    slide1 = np.tile(slide1, n_C)
    everySlides = stride * np.tile(np.arange(out_w), out_h)
    j = slide1.reshape(-1, 1) + everySlides.reshape(1, -1)
    d = np.repeat(np.arange(n_C), HF * WF).reshape(-1, 1)
    return i, j, d


def im2col(X, HF, WF, stride, pad):
    X_padded = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    i, j, d = get_indices(X.shape, HF, WF, stride, pad)
    cols = X_padded[:, d, i, j]
    cols = np.concatenate(cols, axis=-1)
    return cols


def col2im(dX_col, X_shape, HF, WF, stride, pad):
    N, D, H, W = X_shape
    H_padded, W_padded = H + 2 * pad, W + 2 * pad
    X_padded = np.zeros((N, D, H_padded, W_padded))
    i, j, d = get_indices(X_shape, HF, WF, stride, pad)
    dX_col_reshaped = np.array(np.hsplit(dX_col, N))
    np.add.at(X_padded, (slice(None), d, i, j), dX_col_reshaped)
    if pad == 0:
        return X_padded
    return X_padded[:, :, pad:-pad, pad:-pad]


class Conv():
    def __init__(self, nb_filters, filter_size, nb_channels, stride=1, padding=0):
        self.n_F = nb_filters
        self.f = filter_size
        self.n_C = nb_channels
        self.s = stride
        self.p = padding
        self.W = np.random.randn(self.n_F, self.n_C, self.f, self.f) * np.sqrt(1. / self.f)
        self.b = np.random.randn(self.n_F) * np.sqrt(1. / self.n_F)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)
        self.cache = None

    def forward(self, X):
        m, n_C_prev, n_H_prev, n_W_prev = X.shape
        n_H = int((n_H_prev + 2 * self.p - self.f) / self.s) + 1
        n_W = int((n_W_prev + 2 * self.p - self.f) / self.s) + 1
        X_col = im2col(X, self.f, self.f, self.s, self.p)
        w_col = self.W.reshape((self.n_F, -1))
        b_col = self.b.reshape(-1, 1)
        out = w_col @ X_col + b_col
        out = np.array(np.hsplit(out, m)).reshape((m, self.n_F, n_H, n_W))
        self.cache = X, X_col, w_col
        return out

    def backward(self, dout):
        X, X_col, w_col = self.cache
        m, _, _, _ = X.shape
        self.db = np.sum(dout, axis=(0, 2, 3))
        dout = dout.reshape(dout.shape[0] * dout.shape[1], dout.shape[2] * dout.shape[3])
        dout = np.array(np.vsplit(dout, m))
        dout = np.concatenate(dout, axis=-1)
        dX_col = w_col.T @ dout
        dw_col = dout @ X_col.T
        dX = col2im(dX_col, X.shape, self.f, self.f, self.s, self.p)
        self.dW = dw_col.reshape((dw_col.shape[0], self.n_C, self.f, self.f))
        return dX


class AvgPool():
    def __init__(self, filter_size, stride=1, padding=0):
        self.f = filter_size
        self.s = stride
        self.p = padding
        self.cache = None

    def forward(self, X):
        self.cache = X
        m, n_C, n_H_prev, n_W_prev = X.shape
        n_H = int((n_H_prev + 2 * self.p - self.f) / self.s) + 1
        n_W = int((n_W_prev + 2 * self.p - self.f) / self.s) + 1
        X_col = im2col(X, self.f, self.f, self.s, self.p)
        X_col = X_col.reshape(n_C, X_col.shape[0] // n_C, -1)
        A_pool = np.mean(X_col, axis=1)
        A_pool = np.array(np.hsplit(A_pool, m))
        return A_pool.reshape(m, n_C, n_H, n_W)

    def backward(self, dout):
        X = self.cache
        m, n_C, n_H_prev, n_W_prev = X.shape
        dout_flatten = dout.reshape(n_C * m, -1) / (self.f * self.f)
        dout_flatten = np.array(np.split(dout_flatten, m))
        dout_cols = np.concatenate(np.repeat(dout_flatten, self.f * self.f, axis=1), axis=-1)
        return col2im(dout_cols, X.shape, self.f, self.f, self.s, self.p)
