import numpy as np
# E = 1/2 sum (y - t)^2,  column vectors, X is (d, N)

phi = np.tanh
def dphi(v): return 1.0 - np.tanh(v)**2

def fwd(X, V1, c1, V2, c2):
    v1 = V1.dot(X) + c1
    y1 = phi(v1)
    v2 = V2.dot(y1) + c2
    y2 = phi(v2)
    return v1, y1, v2, y2

def E(X, T, V1, c1, V2, c2):
    return 0.5*((fwd(X, V1, c1, V2, c2)[3] - T)**2).sum()

def grad_E(X, T, V1, c1, V2, c2):
    v1, y1, v2, y2 = fwd(X, V1, c1, V2, c2)
    d2 = (y2 - T)*dphi(v2)
    d1 = V2.T.dot(d2)*dphi(v1)
    gV2 = d2.dot(y1.T)
    gc2 = d2.sum(axis=1).reshape(-1, 1)
    gV1 = d1.dot(X.T)
    gc1 = d1.sum(axis=1).reshape(-1, 1)
    return gV1, gc1, gV2, gc2
