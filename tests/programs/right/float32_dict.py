import numpy as np

dtype = np.float32


def init_net(D, H1, H2, C):
    p = {}
    p['w1'] = (np.random.randn(D, H1) * np.sqrt(2. / D)).astype(dtype)
    p['w2'] = (np.random.randn(H1, H2) * np.sqrt(2. / H1)).astype(dtype)
    p['w3'] = (np.random.randn(H2, C) * np.sqrt(2. / H2)).astype(dtype)
    p['b1'] = np.zeros(H1, dtype)
    p['b2'] = np.zeros(H2, dtype)
    p['b3'] = np.zeros(C, dtype)
    return p


def forward(p, X):
    X = X.astype(dtype)
    z1 = X.dot(p['w1']) + p['b1']
    a1 = np.where(z1 > 0, z1, dtype(0))
    z2 = a1.dot(p['w2']) + p['b2']
    a2 = np.where(z2 > 0, z2, dtype(0))
    z3 = a2.dot(p['w3']) + p['b3']
    z3 = z3 - z3.max(1)[:, None]
    ex = np.exp(z3)
    out = ex / ex.sum(1)[:, None]
    return out, (X, z1, a1, z2, a2)


def cross_entropy(out, Y):
    return -np.mean(np.sum(Y * np.log(np.clip(out, 1e-10, 1.0)), axis=1))


def backward(p, cache, out, Y):
    X, z1, a1, z2, a2 = cache
    n = dtype(X.shape[0])
    g = {}
    d3 = (out - Y.astype(dtype)) / n
    g['w3'] = a2.T.dot(d3)
    g['b3'] = d3.sum(0)
    d2 = d3.dot(p['w3'].T)
    d2 = d2 * (z2 > 0)
    g['w2'] = a1.T.dot(d2)
    g['b2'] = d2.sum(0)
    d1 = d2.dot(p['w2'].T)
    d1 = d1 * (z1 > 0)
    g['w1'] = X.T.dot(d1)
    g['b1'] = d1.sum(0)
    return g


def update(p, g, lr):
    for k in p:
        p[k] -= dtype(lr) * g[k]
