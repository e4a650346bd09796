import numpy as np

"""conv layer + max pool layer for assignment 4, everything (C, H, W) for one image would be too slow so (N, C, H, W)"""


def maxpool(x, size=2):
    N, C, H, W = x.shape
    out = np.empty((N, C, H // size, W // size))
    for r in range(H // size):
        for c in range(W // size):
            out[:, :, r, c] = np.max(x[:, :, r*size:(r+1)*size, c*size:(c+1)*size], axis=(2, 3))
    return out


def maxpool_backward(dout, x, size=2):
    N, C, H, W = x.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for ch in range(C):
            for r in range(H // size):
                for c in range(W // size):
                    patch = x[n, ch, r*size:(r+1)*size, c*size:(c+1)*size]
                    k = np.argmax(patch)
                    dx[n, ch, r*size + k // size, c*size + k % size] = dout[n, ch, r, c]
                return dx
