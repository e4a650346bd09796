import numpy as np

def relu_(z): return (z > 0) * z

def run(X, T, P, lam1=0.0, lam2=0.0):
    """cost and gradients of a 2 hidden layer net.  P: list W1 b1 W2 b2 W3 b3"""
    W1, b1, W2, b2, W3, b3 = P
    n = len(X)
    s1 = X @ W1 + b1;  h1 = relu_(s1)
    s2 = h1 @ W2 + b2; h2 = relu_(s2)
    s3 = h2 @ W3 + b3
    s3 = s3 - s3.max(axis=1, keepdims=True)
    Q = np.exp(s3); Q = Q / Q.sum(axis=1, keepdims=True)

    cost = -np.sum(T * np.log(Q)) / n
    for W in (W1, W2, W3):
        cost += lam1 * np.abs(W).sum() + lam2 / 2 * (W * W).sum()

    g3 = (Q - T) / n
    dW3 = h2.T @ g3 + lam1 * np.sign(W3) + lam2 * W3
    db3 = g3.sum(0)
    g2 = g3 @ W3.T * (s2 > 0)
    dW2 = h1.T @ g2 + lam1 * np.sign(W2) + lam2 * W2
    db2 = g2.sum(0)
    g1 = g2 @ W2.T * (s1 > 0)
    dW1 = X.T @ g1 + lam1 * np.sign(W1) + lam2 * W1
    db1 = g1.sum(0)
    return cost, [dW1, db1, dW2, db2, dW3, db3]
