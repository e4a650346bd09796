import numpy as np

# one image at a time, vectors not matrices (so np.outer)

def softmax(v):
    v = np.exp(v - np.max(v))
    return v / v.sum()

def one_image(x, label, W1, b1, W2, b2):
    z = W1 @ x + b1
    h = np.maximum(z, 0)
    p = softmax(W2 @ h + b2)
    loss = -np.log(p[label])
    # back
    dp = p.copy()
    dp[label] -= 1
    gW2 = np.outer(dp, h)
    gb2 = dp
    dh = W2.T @ dp
    dh = np.where(z > 0, dh, 0)
    gW1 = np.outer(dh, x)
    gb1 = dh
    return loss, gW1, gb1, gW2, gb2

def batch(X, labels, W1, b1, W2, b2):
    tot = 0
    G1 = np.zeros(W1.shape); g1 = np.zeros(b1.shape)
    G2 = np.zeros(W2.shape); g2 = np.zeros(b2.shape)
    for x, label in zip(X, labels):
        loss, gW1, gb1, gW2, gb2 = one_image(x, label, W1, b1, W2, b2)
        tot += loss
        G1 += gW1
        g1 += gb1
        G2 += gW2
        g2 += gb2
    n = len(X)
    return tot / n, G1 / n, g1 / n, G2 / n, g2 / n
